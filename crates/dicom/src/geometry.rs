//! Where a slice lies in the patient.

use crate::turn::Turn;

/// Where a slice lies in the patient.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Geometry {
    /// PixelSpacing: between rows and between columns, in mm.
    pub spacing_mm: Option<[f64; 2]>,
    /// SliceThickness in mm.
    pub thickness_mm: Option<f64>,
    /// ImageOrientationPatient: directions of a row and of a column.
    pub orientation: Option<[f64; 6]>,
    /// ImagePositionPatient: x, y, z of the first pixel, in mm.
    pub position_mm: Option<[f64; 3]>,
}

/// The plane of the body that an image is nearest to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// Across the body, as head CT is taken, however the gantry was tilted.
    Axial,
    /// From ear to ear and from top to bottom.
    Coronal,
    /// From front to back and from top to bottom.
    Sagittal,
}

impl Geometry {
    /// The unit normal of the image plane; none where the orientation is unknown or is none.
    fn normal(&self) -> Option<[f64; 3]> {
        let [rx, ry, rz, cx, cy, cz] = self.orientation?;
        let normal = [ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx];
        let length = normal.iter().map(|n| n * n).sum::<f64>().sqrt();
        (length > 1e-6).then(|| normal.map(|n| n / length))
    }

    /// The plane that the image is nearest to; none where the orientation is unknown.
    pub fn plane(&self) -> Option<Plane> {
        let [x, y, z] = self.normal()?.map(f64::abs);
        Some(if z >= x && z >= y {
            Plane::Axial
        } else if y >= x {
            Plane::Coronal
        } else {
            Plane::Sagittal
        })
    }

    /// What brings an axial image to the orientation that all axial images get: the patient's left to the right of the
    /// image, the front at its top. Images of other planes stay as they are.
    pub fn turn(&self) -> Turn {
        match (self.plane(), self.orientation) {
            (Some(Plane::Axial), Some(orientation)) => Turn::of(orientation),
            _ => Turn::default(),
        }
    }

    /// Position along the normal of the image plane (PS3.3 C.7.6.2.1.1), in mm: that of the first pixel,
    /// or its z where the orientation is unknown. Along axial images it rises towards the head, whichever way they are
    /// stored.
    pub fn along_normal_mm(&self) -> Option<f64> {
        let [x, y, z] = self.position_mm?;
        let Some(normal) = self.normal() else {
            return Some(z);
        };
        let along = x * normal[0] + y * normal[1] + z * normal[2];
        let is_flipped = self.plane() == Some(Plane::Axial) && normal[2] < 0.0;
        Some(if is_flipped { -along } else { along })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lying(orientation: [f64; 6]) -> Geometry {
        Geometry {
            orientation: Some(orientation),
            position_mm: Some([-100.0, -100.0, 40.0]),
            ..Geometry::default()
        }
    }

    #[test]
    fn planes_are_known_by_their_cosines() {
        let (sin, cos) = 30_f64.to_radians().sin_cos();
        let planes = [
            [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
            [-1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
            [1.0, 0.0, 0.0, 0.0, cos, -sin],
            [1.0, 0.0, 0.0, 0.0, 0.0, -1.0],
            [0.0, 1.0, 0.0, 0.0, 0.0, -1.0],
        ]
        .map(|orientation| lying(orientation).plane());
        let [axial, coronal, sagittal] = [Plane::Axial, Plane::Coronal, Plane::Sagittal].map(Some);
        assert_eq!(planes, [axial, axial, axial, coronal, sagittal]);
        assert_eq!(lying([0.0; 6]).plane(), None);
    }

    #[test]
    fn axial_positions_rise_towards_the_head() {
        for orientation in [
            [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
            [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0],
            [-1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
            [1.0, 0.0, 0.0, 0.0, -1.0, 0.0],
            [0.0; 6],
        ] {
            assert_eq!(
                lying(orientation).along_normal_mm(),
                Some(40.0),
                "{orientation:?}"
            );
        }
    }
}
