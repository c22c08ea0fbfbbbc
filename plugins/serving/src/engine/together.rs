//! Predicting several uploads in one call, each as if it were alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use ichflow_api::bundle::{Bundle, Predictor, Reference};
use ichflow_api::context::RunContext;
use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;
use ichflow_api::slice_files;

use super::answer::{Answer, Part, within};
use super::receive::Spooled;
use crate::predict::exam_table;
use crate::predict::ood::OutOfDistribution;
use crate::predict::predicted::fill;
use crate::predict::rows::{Outcome, Row, rows_of};

/// Stands between the number of an upload and a name of its own, so that equal names of two uploads are two.
const MARK: char = '\u{1f}';

/// An upload whose headers are read.
pub(super) struct Read {
    rows: Vec<Row>,
    /// To predict; their ids are the numbers of their rows.
    slices: Vec<Slice>,
    pixels: Pixels,
    /// By what paths of this machine are called to the client.
    names: BTreeMap<String, String>,
    /// Closes no file before it is read.
    _files: Arc<Vec<Spooled>>,
}

impl Read {
    /// Reads the headers of an upload's files.
    ///
    /// # Errors
    /// When the program reads no files of slices.
    pub(super) fn new(files: Arc<Vec<Spooled>>) -> Result<Self> {
        let paths: Vec<_> = files.iter().map(|file| file.path.clone()).collect();
        let mut found = slice_files::find(&paths)?;
        for file in &mut found.files {
            // Nobody named them one by one: a text beside slices is no slice that is missed.
            file.named = false;
        }
        let names = files
            .iter()
            .map(|file| (path_text(&file.path), file.name.clone()))
            .collect();
        let (rows, slices) = rows_of(found.files, false);
        Ok(Self {
            rows,
            slices,
            pixels: found.pixels,
            names,
            _files: files,
        })
    }

    /// Slices to predict.
    pub(super) fn len(&self) -> usize {
        self.slices.len()
    }
}

/// Predicts uploads together. What each gets is what it would get alone: no series is of two of them.
///
/// # Errors
/// When the bundle's stages cannot be used; what fails for some slices stands in their rows.
pub(super) fn predict(
    uploads: Vec<Read>,
    predictor: &mut Predictor,
    (bundle, reference): (&Bundle, Option<&Reference>),
    run: &RunContext,
) -> Result<Vec<Answer>> {
    let (mut rows, mut slices, mut ranges) = (Vec::new(), Vec::new(), Vec::new());
    let mut own: Vec<(Vec<Slice>, BTreeMap<String, String>)> = Vec::new();
    let mut pixels = None;
    let mut files = Vec::new();
    for (number, mut upload) in uploads.into_iter().enumerate() {
        let start: usize = rows.len();
        for row in &mut upload.rows {
            for name in [&mut row.series, &mut row.study] {
                mark(number, name);
            }
        }
        slices.extend(upload.slices.iter().map(|slice| marked(number, start, slice)));
        rows.append(&mut upload.rows);
        ranges.push(start..rows.len());
        own.push((upload.slices, upload.names));
        pixels.get_or_insert(upload.pixels);
        files.push(upload._files);
    }
    let Some(pixels) = pixels else {
        return Ok(Vec::new());
    };
    let bundled = bundle.index().exams.as_ref();
    let exams = fill(&mut rows, slices, &pixels, predictor, run, bundled.is_some())?;
    run.forget();
    let exams = match (&exams, bundled) {
        (Some(exams), Some(bundled)) => exam_table::rows_of(exams, bundled.unit, &rows),
        _ => Vec::new(),
    };
    let mut rows = rows.into_iter();
    let mut answers = Vec::new();
    for ((waiting, names), range) in own.into_iter().zip(&ranges) {
        let mut rows: Vec<Row> = rows.by_ref().take(range.len()).collect();
        rows.iter_mut().for_each(|row| name(row, &names));
        let ood = reference.map(|reference| OutOfDistribution::new(&reference.profile, &rows, &waiting));
        let mut slices = vec![None; rows.len()];
        for slice in waiting {
            if let Some(place) = slice.id.parse().ok().and_then(|row: usize| slices.get_mut(row)) {
                *place = Some(slice);
            }
        }
        let exams = exams
            .iter()
            .filter_map(|exam| exam.of(&within(range, &exam.rows)?))
            .collect();
        answers.push(Answer::new(
            Part {
                rows,
                slices,
                exams,
                ood: ood.transpose()?,
            },
            bundle,
        ));
    }
    drop(files);
    Ok(answers)
}

/// A slice of upload `number`, whose rows begin at `start`.
fn marked(number: usize, start: usize, slice: &Slice) -> Slice {
    let mut slice = slice.clone();
    slice.id = slice
        .id
        .parse()
        .map_or_else(|_| slice.id.clone(), |row: usize| (start + row).to_string());
    for name in [
        &mut slice.patient,
        &mut slice.study,
        &mut slice.series,
        &mut slice.accession,
    ] {
        mark(number, name);
    }
    slice
}

/// What has no name keeps none: it is grouped with nothing.
fn mark(number: usize, name: &mut String) {
    if !name.trim().is_empty() {
        // As many digits each, so that the order of names is the order of numbers.
        *name = format!("{number:06}{MARK}{name}");
    }
}

/// Takes the marks off, and puts the client's names in the place of paths.
fn name(row: &mut Row, names: &BTreeMap<String, String>) {
    for name in [&mut row.series, &mut row.study] {
        if let Some((_, own)) = name.split_once(MARK) {
            *name = own.to_owned();
        }
    }
    let path = row.file.clone();
    let Some(own) = names.get(&path) else { return };
    own.clone_into(&mut row.file);
    if let Outcome::Excluded(reason) = &mut row.result {
        *reason = reason.replace(&path, own);
    }
    for warning in &mut row.warnings {
        *warning = warning.replace(&path, own);
    }
    // Files whose headers name no series are called by their paths.
    for uid in [&mut row.series, &mut row.study, &mut row.instance] {
        if uid.contains(&path) {
            *uid = uid.replace(&path, own);
        }
    }
}
