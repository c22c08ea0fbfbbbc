//! From what a header says to the slices of a cohort.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ichflow_api::data::cohort::{HeaderNotes, PixelEncoding, SliceOrder, VoiLut};
use ichflow_api::data::identity::series_of;
use ichflow_api::data::scan::ScanNotes;
use ichflow_api::prelude::*;
use ichflow_dicom::{Header, Storage};

/// A slice's id: the file's, and where it has several frames, the frame's number from 0.
pub(crate) fn id_of(id: &str, frame: u32, frames: usize) -> String {
    match frames {
        1 => id.to_owned(),
        _ => format!("{id}~frame{frame:04}"),
    }
}

/// The slice that a header describes, without id and labels.
pub(crate) fn slice_of(file: &Path, frame: u32, header: Header) -> Slice {
    let (rows, columns) = header.turn.size(header.storage.rows, header.storage.columns);
    Slice {
        id: String::new(),
        file: file.to_owned(),
        frame,
        encoding: encoding_of(&header.storage),
        header: notes_of(&header),
        scan: Arc::new(scan_of(&header)),
        tags: tags_of(&header),
        patient: header.patient,
        study: header.study,
        series: header.series,
        instance: header.instance,
        accession: header.accession,
        position_mm: header.position_mm,
        rows,
        columns,
        labels: None,
    }
}

/// Sorts slices by series, then along the series, then by id: whatever order the files came in, a cohort has one.
pub(super) fn sort(slices: &mut Vec<Slice>) {
    slices.sort_by(|a, b| a.id.cmp(&b.id));
    let mut all: Vec<Option<Slice>> = Vec::with_capacity(slices.len());
    let order = series_of(slices);
    all.extend(slices.drain(..).map(Some));
    slices.extend(order.into_iter().flatten().filter_map(|index| all[index].take()));
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
        inverted: header.storage.photometric == "MONOCHROME1",
    }
}

/// What a cohort keeps of a header for people to look over.
fn notes_of(header: &Header) -> HeaderNotes {
    let geometry = &header.geometry;
    // As the image is read, which may be turned.
    let spacing = geometry
        .spacing_mm
        .map(|[rows, columns]| header.turn.size(rows, columns));
    let orientation = geometry.orientation.map(|axes| header.turn.orientation(axes));
    HeaderNotes {
        spacing_mm: spacing.map(|(rows, columns)| [rows as f32, columns as f32]),
        thickness_mm: geometry.thickness_mm.map(|mm| mm as f32),
        orientation: orientation.map(|axes| axes.map(|part| part as f32)),
        windows: u16::try_from(header.windows.len()).unwrap_or(u16::MAX),
        padding: header.storage.padding.map(|value| value as f32),
        rescale_stated: header.storage.rescale.stated || header.storage.lut.is_some(),
        order: SliceOrder {
            instance: header.order.instance,
            acquisition: header.order.acquisition,
            temporal: header.order.temporal,
            time: header.order.time,
            is_slice_location: header.is_slice_location,
        },
    }
}

/// How the slice was taken, and of whom.
pub(crate) fn scan_of(header: &Header) -> ScanNotes {
    let acquisition = &header.acquisition;
    let unit = match &header.storage.lut {
        Some(lut) => &lut.kind,
        None => &header.rescale_type,
    };
    ScanNotes {
        modality: header.modality.clone(),
        sop_class: header.sop_class.clone(),
        image_type: header.image_type.clone(),
        unit: unit.clone(),
        manufacturer: acquisition.manufacturer.clone(),
        model: acquisition.model.clone(),
        kernel: acquisition.kernel.clone(),
        kvp: acquisition.kvp.map(|kv| kv as f32),
        contrast_agent: acquisition.contrast_agent.clone(),
        body_part: acquisition.body_part.clone(),
        protocol: acquisition.protocol.clone(),
        series_description: acquisition.series_description.clone(),
        age_years: acquisition.age_years.map(|years| years as f32),
        sex: acquisition.sex.clone(),
        columns: BTreeMap::new(),
    }
}

/// Whether the correction for overflow of fewer than 16 unsigned bits was applied.
pub(crate) fn is_wrapped(header: &Header) -> bool {
    header.repairs.negative_from.is_some() && header.storage.rescale.bits_stored < 16
}
