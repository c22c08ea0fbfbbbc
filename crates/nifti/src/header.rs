//! What a header says of a volume, checked.

use std::path::Path;

use nifti::{NiftiHeader, NiftiType};

use crate::affine::{Affine, Placed, length};
use crate::axes::Axes;
use crate::error::{NiftiError, Result};
use crate::source::Source;

/// Rows × columns beyond which a header is not believed: 4096 × 4096.
const MAX_PIXELS: u64 = 1 << 24;
/// Number of voxels along an axis beyond which a header is not believed: a signed number of 16 bits holds no more.
const MAX_SIDE: u16 = i16::MAX as u16;

/// What a volume's header says, as its slices come out.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Number of axial slices.
    pub slices: usize,
    /// Rows of a slice.
    pub rows: usize,
    /// Columns of a slice.
    pub columns: usize,
    /// Between rows and between columns, in mm.
    pub spacing_mm: [f64; 2],
    /// From slice to slice, in mm.
    pub step_mm: f64,
    /// Directions of a row and of a column, as DICOM's ImageOrientationPatient has them.
    pub orientation: [f64; 6],
    /// Position of each slice along the normal of its plane, in mm, in the order in which slices are stored.
    pub positions_mm: Vec<f64>,
    /// What says how the volume lies in the patient.
    pub placed: Placed,
    /// Bits of a stored value.
    pub bits: u16,
    /// Whether stored values may be negative.
    pub signed: bool,
    /// Whether stored values are floating-point numbers.
    pub float: bool,
    /// Value a step of the stored number; 1 where the file has none.
    pub slope: f64,
    /// Value at a stored 0; 0 where the file has no slope.
    pub intercept: f64,
    /// Whether the file has a slope.
    pub scaled: bool,
    /// What deserves attention although the volume can be used, in words.
    pub warnings: Vec<String>,
}

/// A header and what reading the values needs of it.
pub(crate) struct Checked {
    pub(crate) header: Header,
    /// As stored.
    pub(crate) raw: NiftiHeader,
    /// Numbers of voxels along the stored axes.
    pub(crate) size: [usize; 3],
    pub(crate) axes: Axes,
    /// The first byte of the values.
    pub(crate) begin: u64,
    /// Bytes of a stored value.
    pub(crate) width: u64,
}

impl Checked {
    /// Bytes of all values.
    pub(crate) fn bytes(&self) -> u64 {
        // At most 2^45 voxels of 8 bytes.
        self.size.iter().map(|side| *side as u64).product::<u64>() * self.width
    }
}

/// Reads a volume's header.
///
/// # Errors
/// Where the file cannot be read, is something else than NIfTI-1, or holds what neither CT nor a mask is; also where it
/// is shorter than its header says.
pub fn read_header(path: &Path) -> Result<Header> {
    Ok(Source::open(path)?.checked.header)
}

/// Checks a header as it is stored.
pub(crate) fn checked(raw: NiftiHeader) -> Result<Checked> {
    if &raw.magic == b"ni1\0" {
        return Err(NiftiError::Pair);
    }
    let size = size_of(&raw)?;
    let (datatype, bits, signed, float) = datatype_of(&raw)?;
    let begin = begin_of(&raw)?;
    let (affine, placed) = Affine::of(&raw);
    let axes = Axes::of(&affine);
    let (rows, columns) = (size[axes.along_column], size[axes.along_row]);
    if rows as u64 * columns as u64 > MAX_PIXELS {
        return Err(NiftiError::Header(format!(
            "it claims to have slices of {rows} × {columns} pixels"
        )));
    }
    let scaling = scaling_of(&raw)?;
    let mut warnings = warnings_of(&raw, placed, axes);
    if scaling.is_none() && raw.scl_inter != 0.0 && raw.scl_inter.is_finite() {
        warnings.push(format!(
            "its intercept of {} is not applied: its slope is {}, which stands for none",
            raw.scl_inter, raw.scl_slope
        ));
    }
    let (slope, intercept) = scaling.unwrap_or((1.0, 0.0));
    let spacing = |axis: usize| length(affine.axes[axis]);
    let header = Header {
        slices: size[axes.slices],
        rows,
        columns,
        spacing_mm: [spacing(axes.along_column), spacing(axes.along_row)],
        step_mm: spacing(axes.slices),
        orientation: axes.orientation(&affine),
        positions_mm: (0..size[axes.slices])
            .map(|slice| axes.along_normal_mm(&affine, size, slice))
            .collect(),
        placed,
        bits,
        signed,
        float,
        slope,
        intercept,
        scaled: scaling.is_some(),
        warnings,
    };
    Ok(Checked {
        header,
        size,
        axes,
        begin,
        width: datatype.size_of() as u64,
        raw,
    })
}

fn size_of(raw: &NiftiHeader) -> Result<[usize; 3]> {
    let sides = raw.dim().map_err(|_| {
        NiftiError::Header(format!(
            "its dimensions cannot be right: {:?}",
            &raw.dim[..usize::from(raw.dim[0].min(7)) + 1]
        ))
    })?;
    if let Some(side) = sides.iter().find(|side| **side > MAX_SIDE) {
        return Err(NiftiError::Header(format!(
            "it claims to have {} voxels along an axis",
            *side as i16
        )));
    }
    let volumes = sides.iter().skip(3).map(|side| u64::from(*side)).product::<u64>();
    if volumes > 1 {
        return Err(NiftiError::SeveralVolumes { volumes });
    }
    if sides.len() < 2 {
        return Err(NiftiError::Header(
            "it has one dimension; a volume has three".into(),
        ));
    }
    let side = |axis: usize| sides.get(axis).map_or(1, |side| usize::from(*side));
    Ok([side(0), side(1), side(2)])
}

/// The kind of values: bits, whether they may be negative, whether they are floats.
fn datatype_of(raw: &NiftiHeader) -> Result<(NiftiType, u16, bool, bool)> {
    let unknown = |_| NiftiError::DataType(format!("of the unknown kind {}", raw.datatype));
    let datatype = raw.data_type().map_err(unknown)?;
    let (bits, signed, float) = match datatype {
        NiftiType::Uint8 => (8, false, false),
        NiftiType::Int8 => (8, true, false),
        NiftiType::Uint16 => (16, false, false),
        NiftiType::Int16 => (16, true, false),
        NiftiType::Uint32 => (32, false, false),
        NiftiType::Int32 => (32, true, false),
        NiftiType::Uint64 => (64, false, false),
        NiftiType::Int64 => (64, true, false),
        NiftiType::Float32 => (32, true, true),
        NiftiType::Float64 => (64, true, true),
        NiftiType::Rgb24 | NiftiType::Rgba32 => return Err(NiftiError::DataType("colours".into())),
        NiftiType::Float128 => return Err(NiftiError::DataType("floats of 128 bits".into())),
        _ => return Err(NiftiError::DataType("complex numbers".into())),
    };
    Ok((datatype, bits, signed, float))
}

/// Where values begin: behind the header and the four bytes that tell of extensions.
fn begin_of(raw: &NiftiHeader) -> Result<u64> {
    let offset = raw.vox_offset;
    match offset {
        0.0 => Ok(352),
        _ if (348.0..=1e9).contains(&offset) && offset.fract() == 0.0 => Ok(offset as u64),
        _ => Err(NiftiError::Header(format!(
            "its values are said to begin at byte {offset}"
        ))),
    }
}

/// Slope and intercept, where there are some: a slope of 0 stands for none (`nifti1.h`), and so does one that is no
/// finite number, as nibabel has it.
fn scaling_of(raw: &NiftiHeader) -> Result<Option<(f64, f64)>> {
    if raw.scl_slope == 0.0 || !raw.scl_slope.is_finite() {
        return Ok(None);
    }
    if !raw.scl_inter.is_finite() {
        return Err(NiftiError::Header(format!("its intercept is {}", raw.scl_inter)));
    }
    Ok(Some((f64::from(raw.scl_slope), f64::from(raw.scl_inter))))
}

fn warnings_of(raw: &NiftiHeader, placed: Placed, axes: Axes) -> Vec<String> {
    let mut warnings = Vec::new();
    if placed == Placed::Nothing {
        warnings.push(
            "it does not say how it lies in the patient (no usable sform or qform): its axes are taken to lead to the \
             left, to the front and to the head"
                .to_owned(),
        );
    }
    if Affine::forms_differ(raw) {
        warnings.push("its sform and its qform turn it differently; the sform counts".to_owned());
    }
    if axes.slices != 2 {
        warnings.push("it is not stored in axial slices: they are cut across those it has".to_owned());
    }
    warnings
}
