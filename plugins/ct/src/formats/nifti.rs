//! NIfTI volumes, read by `ichflow-nifti`: each axial slice is a frame of its file, in the order in which it is stored.

use std::path::Path;
use std::sync::Arc;

use ichflow_api::data::cohort::{HeaderNotes, PixelEncoding};
use ichflow_api::prelude::*;
use ichflow_nifti::{Header, NiftiError, Survey, Volume, is_compressed, read_slice, survey};

use super::volumes::Volumes;
use super::{Format, Frame};
use crate::inspect::{self, Inspection, RescaleNote, Stored, Syntax, Tally};
use crate::kinds::{Kind, not_hu_values};

/// NIfTI-1 volumes, compressed or not.
pub(super) struct Nifti;

impl Format for Nifti {
    fn endings(&self) -> &'static [&'static str] {
        &[".nii", ".nii.gz"]
    }

    fn names_patients(&self) -> bool {
        false
    }

    /// All values are looked at: whether they are HU stands in no field of the header.
    fn read(&self, file: &Path) -> Result<Vec<Frame>> {
        let (header, survey) = survey(file).map_err(|error| refused(&error))?;
        let kinds = kinds_of(&survey);
        let frame = |(frame, position_mm): (usize, &f64)| Frame {
            slice: slice_of(file, frame as u32, *position_mm, &header),
            instance: String::new(),
            kinds: kinds.clone(),
            warnings: header.warnings.clone(),
        };
        Ok(header.positions_mm.iter().enumerate().map(frame).collect())
    }

    fn pixels(&self) -> Box<dyn PixelSource> {
        Box::new(NiftiPixels::default())
    }

    fn inspect(&self, file: &Path) -> Result<Inspection> {
        let volume = Volume::read(file).map_err(|error| refused(&error))?;
        let mut whole = Tally::default();
        let mut frames = Vec::with_capacity(volume.header.slices);
        for slice in 0..volume.header.slices {
            let hu = volume.slice(slice).map_err(|error| refused(&error))?;
            let mut own = Tally::default();
            own.add(hu);
            whole.add(hu);
            frames.push(inspect::FrameAndHu {
                frame: frame_of(&volume.header, slice),
                hu: own.finish(),
            });
        }
        let header = volume.header;
        Ok(Inspection {
            transfer_syntax: Syntax {
                uid: String::new(),
                name: if is_compressed(file) {
                    "NIfTI-1, gzip"
                } else {
                    "NIfTI-1"
                },
            },
            rows: header.rows as u32,
            columns: header.columns as u32,
            frames: header.slices as u32,
            storage: Stored {
                bits_allocated: header.bits,
                bits_stored: header.bits,
                signed: header.signed,
                photometric: String::new(),
                padding: None,
            },
            scan: inspect::Scan::default(),
            hu: whole.finish(),
            first: frame_of(&header, 0),
            per_frame: if frames.len() > 1 { frames } else { Vec::new() },
            warnings: header.warnings,
        })
    }
}

/// The reader's error as a stage's: the same words, the same advice.
fn refused(error: &NiftiError) -> Error {
    let mut text = error.to_string();
    if let Some(source) = std::error::Error::source(error) {
        text += &format!(": {source}");
    }
    match error.help() {
        Some(advice) => Error::new(text).help(advice),
        None => Error::new(text),
    }
}

/// What a volume is in place of CT in HU, by its values.
fn kinds_of(survey: &Survey) -> Vec<(Kind, String)> {
    let bounds = survey.low.zip(survey.high);
    let reason = match bounds {
        Some((low, high)) => not_hu_values(low, high),
        None => Some("all its values are NaN".to_owned()),
    };
    reason.map(|reason| (Kind::NotHu, reason)).into_iter().collect()
}

fn slice_of(file: &Path, frame: u32, position_mm: f64, header: &Header) -> Slice {
    Slice {
        id: String::new(),
        file: file.to_owned(),
        frame,
        patient: String::new(),
        study: String::new(),
        series: String::new(),
        instance: String::new(),
        accession: String::new(),
        position_mm: Some(position_mm),
        rows: header.rows as u32,
        columns: header.columns as u32,
        tags: SliceTags::default(),
        encoding: PixelEncoding {
            bits_stored: header.bits,
            signed: header.signed,
            rescale_intercept: header.intercept as f32,
            rescale_slope: header.slope as f32,
        },
        header: HeaderNotes {
            spacing_mm: Some(header.spacing_mm.map(|mm| mm as f32)),
            // NIfTI knows how far slices are apart, and not how thick they are.
            thickness_mm: Some(header.step_mm as f32),
            orientation: Some(header.orientation.map(|part| part as f32)),
            rescale_stated: header.scaled,
            ..HeaderNotes::default()
        },
        scan: Arc::default(),
        labels: None,
    }
}

fn frame_of(header: &Header, slice: usize) -> inspect::Frame {
    inspect::Frame {
        spacing_mm: Some(header.spacing_mm),
        thickness_mm: Some(header.step_mm),
        orientation: Some(header.orientation),
        position_mm: None,
        along_normal_mm: header.positions_mm.get(slice).copied(),
        rescale: RescaleNote {
            slope: header.slope,
            intercept: header.intercept,
            stated: header.scaled,
            unwrapped: false,
            table: None,
        },
        windows: Vec::new(),
    }
}

/// Reads one slice where a file allows that, else whole volumes, of which the last are kept.
#[derive(Default)]
struct NiftiPixels {
    volumes: Volumes,
}

impl PixelSource for NiftiPixels {
    fn read(&self, slice: &Slice) -> Result<HuImage> {
        let frame = slice.frame as usize;
        if !is_compressed(&slice.file)
            && let Some((header, hu)) = read_slice(&slice.file, frame).map_err(|error| refused(&error))?
        {
            let Header { rows, columns, .. } = header;
            return Ok(HuImage { rows, columns, hu });
        }
        self.volumes.with(&slice.file, |volume| {
            let volume = volume.as_ref().map_err(refused)?;
            Ok(HuImage {
                rows: volume.header.rows,
                columns: volume.header.columns,
                hu: volume.slice(frame).map_err(|error| refused(&error))?.to_vec(),
            })
        })
    }

    fn describe(&self) -> String {
        "NIfTI files".into()
    }
}
