//! From what a header says to the slices of a cohort.

use std::path::Path;
use std::sync::Arc;

use ichflow_api::data::cohort::{HeaderNotes, PixelEncoding, VoiLut};
use ichflow_api::prelude::*;
use ichflow_dicom::{Header, Storage};

use crate::refusal::refused;

/// A slice's id: the file's, and where it has several frames, the frame's number from 0.
pub(super) fn id_of(id: &str, frame: u32, frames: usize) -> String {
    match frames {
        1 => id.to_owned(),
        _ => format!("{id}~frame{frame:04}"),
    }
}

/// The slice that a header describes, without labels.
pub(crate) fn slice_of(id: &str, file: &Path, frame: u32, frames: usize, header: Header) -> Slice {
    Slice {
        id: id_of(id, frame, frames),
        file: file.to_owned(),
        frame,
        encoding: encoding_of(&header.storage),
        header: notes_of(&header),
        tags: tags_of(&header),
        patient: header.patient,
        study: header.study,
        series: header.series,
        position_mm: header.position_mm,
        rows: header.storage.rows,
        columns: header.storage.columns,
        labels: None,
    }
}

/// The slices of one file, one a frame.
pub fn slices_of(id: &str, file: &Path) -> Result<Vec<Slice>> {
    let headers = ichflow_dicom::read_headers(file).map_err(refused)?;
    let frames = headers.len();
    let slice = |(frame, header)| slice_of(id, file, frame as u32, frames, header);
    Ok(headers.into_iter().enumerate().map(slice).collect())
}

/// Sorts slices by series, then position, then id: whatever order the files came in, a cohort has one.
pub fn sort(slices: &mut [Slice]) {
    let position = |slice: &Slice| slice.position_mm.unwrap_or(f64::NEG_INFINITY);
    slices.sort_by(|a, b| {
        a.series
            .cmp(&b.series)
            .then(position(a).total_cmp(&position(b)))
            .then_with(|| a.id.cmp(&b.id))
    });
}

/// How the numbers are stored, as a cohort keeps it.
fn encoding_of(storage: &Storage) -> PixelEncoding {
    PixelEncoding {
        bits_stored: storage.rescale.bits_stored,
        signed: storage.rescale.signed,
        rescale_intercept: storage.rescale.intercept as f32,
        rescale_slope: storage.rescale.slope as f32,
    }
}

/// What windowing may need of a header.
fn tags_of(header: &Header) -> SliceTags {
    SliceTags {
        window_center: header.window_center.map(|hu| hu as f32),
        window_width: header.window_width.map(|hu| hu as f32),
        voi_lut: header.voi_lut.as_ref().map(|lut| {
            Arc::new(VoiLut {
                first_hu: lut.first_hu,
                bits: lut.bits,
                values: lut.values.clone(),
            })
        }),
    }
}

/// What a cohort keeps of a header for people to look over.
fn notes_of(header: &Header) -> HeaderNotes {
    let geometry = &header.geometry;
    HeaderNotes {
        spacing_mm: geometry.spacing_mm.map(|mm| mm.map(|mm| mm as f32)),
        thickness_mm: geometry.thickness_mm.map(|mm| mm as f32),
        orientation: geometry.orientation.map(|axes| axes.map(|part| part as f32)),
        windows: u16::try_from(header.windows.len()).unwrap_or(u16::MAX),
        padding: header.storage.padding.map(|value| value as f32),
        rescale_stated: header.storage.rescale.stated,
        wrapped: header.storage.rescale.wrapped(),
    }
}
