//! A volume, read one stored plane after another.

use std::io::{Cursor, Read};
use std::path::Path;

use nifti::{InMemNiftiVolume, NiftiHeader, StreamedNiftiVolume};

use crate::error::{NiftiError, Result};
use crate::header::{Checked, Header};
use crate::source::Source;
use crate::values::{Converter, Survey};

/// The axial slices of a volume.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume {
    /// What its header says.
    pub header: Header,
    /// Between which values it lies.
    pub survey: Survey,
    /// `slices × rows × columns` values, rounded: Hounsfield units, or classes of a mask.
    values: Vec<i16>,
}

impl Volume {
    /// Reads a whole volume.
    ///
    /// # Errors
    /// As [`read_header`](crate::read_header), and where its values are damaged.
    pub fn read(path: &Path) -> Result<Self> {
        Self::of(Source::open(path)?)
    }

    /// Reads a volume whose file is in memory.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_bytes(bytes: Vec<u8>) -> Result<Self> {
        let length = bytes.len() as u64;
        Self::of(Source::of(Box::new(Cursor::new(bytes)), length)?)
    }

    fn of(source: Source) -> Result<Self> {
        let size = source.checked.size;
        let count: usize = size.iter().product();
        let mut values = Vec::new();
        // What is announced was held against the file's length, but a compressed file may still promise too much.
        values
            .try_reserve_exact(count)
            .map_err(|_| NiftiError::Header(format!("it claims to have {count} voxels")))?;
        values.resize(count, 0);
        let axes = source.checked.axes;
        let (rows, columns) = (source.checked.header.rows, source.checked.header.columns);
        let (header, survey) = each_plane(source, |stored_slice, plane| {
            let mut index = [0, 0, stored_slice];
            for (at, value) in plane.iter().enumerate() {
                (index[0], index[1]) = (at % size[0], at / size[0]);
                let turned = |place: usize, reversed: bool, side: usize| match reversed {
                    true => side - 1 - place,
                    false => place,
                };
                let row = turned(index[axes.along_column], axes.column_reversed, rows);
                let column = turned(index[axes.along_row], axes.row_reversed, columns);
                values[(index[axes.slices] * rows + row) * columns + column] = *value;
            }
        })?;
        Ok(Self {
            header,
            survey,
            values,
        })
    }

    /// The `rows × columns` values of a slice, row by row, in the order in which slices are stored.
    ///
    /// # Errors
    /// Where there is no such slice.
    pub fn slice(&self, slice: usize) -> Result<&[i16]> {
        let pixels = self.header.rows * self.header.columns;
        let found = self.values.chunks_exact(pixels.max(1)).nth(slice);
        found.ok_or(NiftiError::NoSlice {
            slices: self.header.slices,
            slice,
        })
    }

    /// Bytes that its values take in memory.
    pub fn bytes(&self) -> usize {
        self.values.len() * size_of::<i16>()
    }
}

/// Between which values a volume lies. All of it is read and checked; a plane at a time is kept.
///
/// # Errors
/// As [`Volume::read`].
pub fn survey(path: &Path) -> Result<(Header, Survey)> {
    each_plane(Source::open(path)?, |_, _| ())
}

/// Reads one slice of a file, its `rows × columns` values row by row, without reading the others; none where that
/// cannot be done, since the file is compressed or is not stored in axial slices.
///
/// # Errors
/// As [`Volume::read`].
pub fn read_slice(path: &Path, slice: usize) -> Result<Option<(Header, Vec<i16>)>> {
    let source = Source::open(path)?;
    let Checked {
        axes, size, width, ..
    } = source.checked;
    if !source.can_seek() || axes.slices != 2 {
        return Ok(None);
    }
    if slice >= size[2] {
        return Err(NiftiError::NoSlice {
            slices: size[2],
            slice,
        });
    }
    let (checked, bytes) = source.values((size[0] * size[1] * slice) as u64 * width)?;
    let plane = planes(bytes, &checked)?.read_slice();
    let plane = plane.map_err(|error| NiftiError::Values(error.to_string()))?;
    let mut converter = Converter::of(&checked.header);
    let stored = converter.convert(plane, datatype(&checked)?)?;
    let (rows, columns) = (checked.header.rows, checked.header.columns);
    let mut values = Vec::with_capacity(stored.len());
    for row in 0..rows {
        let row = if axes.column_reversed { rows - 1 - row } else { row };
        for column in 0..columns {
            let column = match axes.row_reversed {
                true => columns - 1 - column,
                false => column,
            };
            let (first, second) = match axes.along_row {
                0 => (column, row),
                _ => (row, column),
            };
            values.push(stored[second * size[0] + first]);
        }
    }
    Ok(Some((checked.header, values)))
}

/// Hands over the values of each stored plane, of `size[0]` values a line.
fn each_plane(source: Source, mut take: impl FnMut(usize, &[i16])) -> Result<(Header, Survey)> {
    let announced = source.checked.bytes();
    let (checked, mut bytes) = source.values(0)?;
    let mut converter = Converter::of(&checked.header);
    let datatype = datatype(&checked)?;
    let mut buffer = Vec::new();
    let mut planes = planes(&mut bytes, &checked)?;
    for stored_slice in 0..checked.size[2] {
        let plane: InMemNiftiVolume = planes.read_slice_inline(buffer).map_err(|error| match error {
            nifti::NiftiError::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                NiftiError::CutShort {
                    announced,
                    there: format!("they end in plane {stored_slice} of {}", checked.size[2]),
                }
            }
            nifti::NiftiError::Io(error) => NiftiError::DamagedGzip(error),
            other => NiftiError::Values(other.to_string()),
        })?;
        buffer = Vec::new();
        take(stored_slice, &converter.convert(plane, datatype)?);
    }
    // Behind the last value gzip has its checksum, and comes upon it only when somebody reads on.
    if let Err(error) = bytes.read(&mut [0])
        && error.to_string().contains("checksum")
    {
        return Err(NiftiError::DamagedGzip(error));
    }
    let survey = converter.survey();
    let mut header = checked.header;
    if survey.nan > 0 {
        header.warnings.push(format!(
            "{} of its values are NaN and count as {}",
            survey.nan,
            crate::NAN_VALUE
        ));
    }
    Ok((header, survey))
}

/// The stored planes of a volume.
fn planes<R: Read>(bytes: R, checked: &Checked) -> Result<StreamedNiftiVolume<R>> {
    // Of three dimensions, also where a file has fewer, or more of one voxel.
    let [width, height, depth] = checked.size.map(|side| side as u16);
    let header = NiftiHeader {
        dim: [3, width, height, depth, 1, 1, 1, 1],
        ..checked.raw.clone()
    };
    StreamedNiftiVolume::from_reader_rank(bytes, &header, 2)
        .map_err(|error| NiftiError::Values(error.to_string()))
}

fn datatype(checked: &Checked) -> Result<nifti::NiftiType> {
    let known = checked.raw.data_type();
    known.map_err(|error| NiftiError::Values(error.to_string()))
}
