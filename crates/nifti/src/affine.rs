//! From the indices of a voxel to a place in the patient.

use nifti::NiftiHeader;

/// What says how a volume lies in the patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    /// The affine of `srow_x`, `srow_y` and `srow_z`.
    Sform,
    /// The quaternion and the sizes of a voxel.
    Qform,
    /// Nothing: axes are taken to lead to the patient's left, to the front and to the head, as nibabel takes them.
    Nothing,
}

/// The place of voxel (i, j, k) in the patient is `origin + i·axes[0] + j·axes[1] + k·axes[2]`, in mm; x leads to the
/// patient's left, y to the back, z to the head, as in DICOM. NIfTI counts x to the right and y to the front.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Affine {
    pub(crate) axes: [[f64; 3]; 3],
    pub(crate) origin: [f64; 3],
}

impl Affine {
    /// The sform where there is one, else the qform, else what nibabel assumes.
    pub(crate) fn of(header: &NiftiHeader) -> (Self, Placed) {
        let sform = (header.sform_code > 0).then(|| sform(header));
        let qform = (header.qform_code > 0).then(|| qform(header));
        let scale = mm_of_unit(header.xyzt_units);
        let usable = |affine: Option<Self>| {
            let affine = affine?.scaled(scale);
            affine.is_invertible().then_some(affine)
        };
        if let Some(affine) = usable(sform) {
            (affine, Placed::Sform)
        } else if let Some(affine) = usable(qform) {
            (affine, Placed::Qform)
        } else {
            (assumed(header).scaled(scale), Placed::Nothing)
        }
    }

    /// Both forms, where a file has two: they should say the same.
    pub(crate) fn forms_differ(header: &NiftiHeader) -> bool {
        if header.sform_code <= 0 || header.qform_code <= 0 {
            return false;
        }
        let (sform, qform) = (sform(header), qform(header));
        let is_along = |(a, b): (&[f64; 3], &[f64; 3])| {
            let cosine = dot(*a, *b) / (length(*a) * length(*b));
            // NaN where one of them is no direction at all, and then the forms differ.
            cosine > 0.99
        };
        !sform.axes.iter().zip(&qform.axes).all(is_along)
    }

    fn scaled(self, by: f64) -> Self {
        let scaled = |part: [f64; 3]| part.map(|part| part * by);
        Self {
            axes: self.axes.map(scaled),
            origin: scaled(self.origin),
        }
    }

    /// Whether its axes span a volume.
    fn is_invertible(&self) -> bool {
        let [a, b, c] = self.axes;
        let volume = dot(cross(a, b), c).abs() / (length(a) * length(b) * length(c));
        let is_finite = self.origin.iter().all(|part| part.is_finite());
        is_finite && volume.is_finite() && volume > 1e-3
    }
}

/// From NIfTI's axes to those of DICOM, and from the rows of a matrix to the directions of its axes.
fn from_rows([x, y, z]: [[f64; 4]; 3]) -> Affine {
    let column = |index: usize| [-x[index], -y[index], z[index]];
    Affine {
        axes: [column(0), column(1), column(2)],
        origin: column(3),
    }
}

fn sform(header: &NiftiHeader) -> Affine {
    from_rows([header.srow_x, header.srow_y, header.srow_z].map(|row| row.map(f64::from)))
}

/// Method 2 of `nifti1.h`: a rotation by a quaternion whose real part is left out, since its length is 1.
fn qform(header: &NiftiHeader) -> Affine {
    let [mut b, mut c, mut d] = [header.quatern_b, header.quatern_c, header.quatern_d].map(f64::from);
    let mut a = 1.0 - (b * b + c * c + d * d);
    if a < 1e-7 {
        // A turn by 180°: the real part is 0 but for rounding.
        let length = (b * b + c * c + d * d).sqrt();
        (a, b, c, d) = (0.0, b / length, c / length, d / length);
    } else {
        a = a.sqrt();
    }
    let [width, height, depth] = sizes(header);
    let depth = if header.pixdim[0] < 0.0 { -depth } else { depth };
    let x = [
        a * a + b * b - c * c - d * d,
        2.0 * (b * c - a * d),
        2.0 * (b * d + a * c),
    ];
    let y = [
        2.0 * (b * c + a * d),
        a * a + c * c - b * b - d * d,
        2.0 * (c * d - a * b),
    ];
    let z = [
        2.0 * (b * d - a * c),
        2.0 * (c * d + a * b),
        a * a + d * d - b * b - c * c,
    ];
    let offsets = [header.quatern_x, header.quatern_y, header.quatern_z].map(f64::from);
    let row = |turn: [f64; 3], offset: f64| [turn[0] * width, turn[1] * height, turn[2] * depth, offset];
    from_rows([row(x, offsets[0]), row(y, offsets[1]), row(z, offsets[2])])
}

/// Of a file that says nothing: its first axis leads to the left, its middle voxel is at the origin (nibabel's
/// `get_base_affine`, whose `default_x_flip` is on).
fn assumed(header: &NiftiHeader) -> Affine {
    let usable = |size: f64| if size.is_finite() && size > 0.0 { size } else { 1.0 };
    let [width, height, depth] = sizes(header).map(usable);
    let middle = |axis: usize, size: f64| (f64::from(header.dim[axis]).max(1.0) - 1.0) / 2.0 * size;
    from_rows([
        [-width, 0.0, 0.0, middle(1, width)],
        [0.0, height, 0.0, -middle(2, height)],
        [0.0, 0.0, depth, -middle(3, depth)],
    ])
}

/// Sizes of a voxel along the stored axes.
fn sizes(header: &NiftiHeader) -> [f64; 3] {
    [header.pixdim[1], header.pixdim[2], header.pixdim[3]].map(|size| f64::from(size).abs())
}

/// Millimetres of the unit in which places are told: metres, millimetres or micrometres; unknown is millimetres.
fn mm_of_unit(xyzt_units: u8) -> f64 {
    match xyzt_units & 0o7 {
        1 => 1e3,
        3 => 1e-3,
        _ => 1.0,
    }
}

pub(crate) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(crate) fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

pub(crate) fn length(a: [f64; 3]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quaternion_says_what_its_matrix_says() {
        // nibabel.Nifti1Header().set_qform([[0, 0, 3, -7], [-2, 0, 0, 5], [0, 1.5, 0, 4], [0, 0, 0, 1]]) has this:
        let header = NiftiHeader {
            pixdim: [-1.0, 2.0, 1.5, 3.0, 0.0, 0.0, 0.0, 0.0],
            quatern_b: 0.5,
            quatern_c: -0.5,
            quatern_d: -0.5,
            quatern_x: -7.0,
            quatern_y: 5.0,
            quatern_z: 4.0,
            sform_code: 0,
            qform_code: 1,
            ..NiftiHeader::default()
        };
        let (affine, placed) = Affine::of(&header);
        assert_eq!(placed, Placed::Qform);
        assert_eq!(affine.origin, [7.0, -5.0, 4.0]);
        let expected = [[0.0, 2.0, 0.0], [0.0, 0.0, 1.5], [-3.0, 0.0, 0.0]];
        for (axis, expected) in affine.axes.iter().flatten().zip(expected.iter().flatten()) {
            assert!((axis - expected).abs() < 1e-6, "{affine:?}");
        }
    }

    #[test]
    fn what_spans_no_volume_is_not_believed() {
        let flat = NiftiHeader {
            srow_z: [0.0; 4],
            qform_code: 0,
            ..NiftiHeader::default()
        };
        assert_eq!(Affine::of(&flat).1, Placed::Nothing);
        let odd = NiftiHeader {
            srow_x: [f32::NAN, 0.0, 0.0, 0.0],
            ..NiftiHeader::default()
        };
        assert_eq!(Affine::of(&odd).1, Placed::Qform);
        assert!(Affine::forms_differ(&odd));
        let metres = NiftiHeader {
            xyzt_units: 1,
            ..NiftiHeader::default()
        };
        assert_eq!(Affine::of(&metres).0.axes[0], [-1000.0, -0.0, 0.0]);
    }
}
