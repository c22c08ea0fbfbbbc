//! From the competition's files to cohorts.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use ichflow_api::counted::counted;
use ichflow_api::data::cohort;
use ichflow_api::data::labels::rsna;
use ichflow_api::data::submission::split_row;
use ichflow_api::prelude::*;

use super::corrections::Corrections;
use super::image_id::ImageId;
use super::labels::LabelTable;
use crate::headers::{self, Wanted};
use crate::kinds::Kind;

/// Examples shown of one kind of oddity.
const EXAMPLES: usize = 3;

/// Where the competition's files are.
#[derive(Clone, Debug)]
pub struct Files {
    /// The labels CSV.
    pub labels: PathBuf,
    /// Directory of training slices, `<ID>.dcm`.
    pub images: PathBuf,
    /// Directory of test slices, where there is one.
    pub test_images: Option<PathBuf>,
    /// The labels CSV of the test slices, where their answers are known.
    pub test_labels: Option<PathBuf>,
    /// Corrections of labels of either, where there are some.
    pub corrections: Option<PathBuf>,
    /// The sample submission, where there is one.
    pub sample_submission: Option<PathBuf>,
    /// Number of unusable files beyond which loading fails.
    pub max_quarantined: Option<usize>,
    /// Kinds of images that are excluded.
    pub exclude: Vec<Kind>,
}

/// Slices of a directory by their ids.
type Listing = BTreeMap<ImageId, PathBuf>;

/// Loads everything and offers `train`, `test`, `sample` and `pixels`.
pub(crate) fn load(files: &Files, context: &Context) -> Result<Outputs> {
    let table = LabelTable::read(&files.labels)?;
    let test_table = files.test_labels.as_deref().map(LabelTable::read).transpose()?;
    let six = LabelSet::rsna();
    let labels = context.label_set();
    let places = labels.places_in(&rsna::LABELS, "the competition's files")?;
    let mut corrections = files
        .corrections
        .as_deref()
        .map(|path| Corrections::read(path, labels))
        .transpose()?;
    let sample = files
        .sample_submission
        .as_deref()
        .map(|path| SampleSubmission::read(path, &six))
        .transpose()?;
    // Of labels that the recipe leaves out there is nothing to submit.
    let sample = sample.map(|mut sample| {
        let wanted =
            |row: &String| split_row(row.as_bytes(), &six).is_some_and(|(_, label)| places.contains(&label));
        sample.rows.retain(wanted);
        sample
    });
    let truth_of = |six: &[bool; rsna::COUNT]| {
        let positive: Vec<bool> = places.iter().map(|place| six[*place]).collect();
        Labels::from_bools(&positive)
    };
    context.checkpoint()?;
    let mut remarks = table.remarks();
    let images = list(&files.images, &mut remarks)?;
    let test_images = match &files.test_images {
        Some(path) => list(path, &mut remarks)?,
        None => Listing::new(),
    };
    if let Some((id, _)) = images.iter().find(|(id, _)| test_images.contains_key(*id)) {
        return Err(Error::new(format!("{id} is both a training and a test image"))
            .help("give `images` and `test_images` two different directories"));
    }

    let (train, unlabelled): (Vec<_>, Vec<_>) = images
        .iter()
        .partition(|(id, _)| table.of_image.contains_key(*id));
    let mut absent: Vec<ImageId> = table
        .of_image
        .keys()
        .filter(|id| !images.contains_key(*id))
        .copied()
        .collect();
    absent.sort();
    let unlabelled: Vec<ImageId> = unlabelled.into_iter().map(|(id, _)| *id).collect();
    remark(
        &mut remarks,
        &unlabelled,
        "images have no labels and were left out",
    );
    remark(
        &mut remarks,
        &absent,
        "labelled images have no file and were left out",
    );
    if let Some(test_table) = &test_table {
        remarks.extend(
            test_table
                .remarks()
                .into_iter()
                .map(|text| format!("test labels: {text}")),
        );
        compare_test_labels(test_table, &test_images, &mut remarks);
    }
    if let Some(sample) = &sample {
        compare_sample(sample, &test_images, files.test_images.is_some(), &mut remarks);
    }
    if train.is_empty() {
        return Err(
            Error::new(format!("no labelled image lies in {}", files.images.display())).help(format!(
                "{} lists {}; the directory should hold `<ID>.dcm` files of the same names",
                files.labels.display(),
                counted(table.of_image.len(), "image", "images")
            )),
        );
    }

    let wanted: Vec<(String, PathBuf)> = train
        .into_iter()
        .chain(&test_images)
        .map(|(id, path)| (id.to_string(), path.clone()))
        .collect();
    let limits = Wanted {
        max_quarantined: files.max_quarantined,
        exclude: &files.exclude,
        single_frames: true,
    };
    let mut loaded = headers::Files::of(wanted).load(context, &limits)?;
    let is_part = loaded.is_part;

    let mut train = Cohort {
        labels: labels.clone(),
        ..Cohort::default()
    };
    let mut test = train.with_slices(Vec::new());
    for mut slice in std::mem::take(&mut loaded.slices) {
        let id = ImageId::parse(slice.id.as_bytes());
        slice.labels = id.and_then(|id| table.of_image.get(&id).map(truth_of));
        let is_test = id.is_some_and(|id| test_images.contains_key(&id));
        if is_test {
            // Labels of test slices, where the training CSV has them by accident, are not these.
            slice.labels = id
                .zip(test_table.as_ref())
                .and_then(|(id, table)| table.of_image.get(&id).map(truth_of));
        }
        if let (Some(corrections), Some(id)) = (&mut corrections, id) {
            let correct = |known| corrections.corrected(id, known, labels);
            slice.labels = slice.labels.take().map(correct);
        }
        let part = if is_test { &mut test } else { &mut train };
        part.slices.push(slice);
    }
    if let Some(corrections) = corrections.filter(|_| !is_part) {
        remarks.extend(corrections.remarks());
    }
    train.remarks = loaded.tell(context, remarks);
    let test = files.test_images.is_some().then_some(test);
    let mut parts = vec![("train", &train)];
    parts.extend(test.as_ref().map(|test| ("test", test)));
    cohort::record(context, &parts)?;
    let outputs = Outputs::new()
        .with(output::TRAIN, train)
        .with_some(output::TEST_COHORT, test)
        .with_some(output::SAMPLE, sample)
        .with(output::PIXELS, loaded.pixels);
    Ok(if is_part { outputs.part() } else { outputs })
}

/// The `<ID>.dcm` files of a directory.
fn list(directory: &Path, remarks: &mut Vec<String>) -> Result<Listing> {
    let mut listing = Listing::new();
    let mut others = 0;
    for entry in fs::read_dir(directory).at("read the directory", directory)? {
        let Ok(path) = entry.map(|entry| entry.path()) else {
            others += 1;
            continue;
        };
        let stem = path.file_stem().unwrap_or_default().as_encoded_bytes();
        let is_dicom = path.extension().is_some_and(|extension| extension == "dcm");
        match ImageId::parse(stem).filter(|_| is_dicom) {
            Some(id) => {
                listing.insert(id, path);
            }
            None => others += 1,
        }
    }
    if others > 0 {
        remarks.push(format!(
            "{others} entries of {} are not called ID_<9 hexadecimal digits>.dcm and were left out",
            directory.display()
        ));
    }
    Ok(listing)
}

fn remark(remarks: &mut Vec<String>, ids: &[ImageId], what: &str) {
    if ids.is_empty() {
        return;
    }
    let examples: Vec<String> = ids.iter().take(EXAMPLES).map(ToString::to_string).collect();
    let more = if ids.len() > EXAMPLES { ", …" } else { "" };
    remarks.push(format!("{} {what} ({}{more})", ids.len(), examples.join(", ")));
}

fn compare_test_labels(table: &LabelTable, test: &Listing, remarks: &mut Vec<String>) {
    let unlabelled: Vec<ImageId> = test
        .keys()
        .filter(|id| !table.of_image.contains_key(*id))
        .copied()
        .collect();
    let mut absent: Vec<ImageId> = table
        .of_image
        .keys()
        .filter(|id| !test.contains_key(*id))
        .copied()
        .collect();
    absent.sort();
    remark(
        remarks,
        &unlabelled,
        "test images have no labels in `test_labels`",
    );
    remark(remarks, &absent, "images of `test_labels` have no file");
}

fn compare_sample(sample: &SampleSubmission, test: &Listing, with_test: bool, remarks: &mut Vec<String>) {
    let wanted: HashSet<ImageId> = sample
        .rows
        .iter()
        .filter_map(|row| split_row(row.as_bytes(), &LabelSet::rsna()))
        .filter_map(|(image, _)| ImageId::parse(image))
        .collect();
    if !with_test {
        return;
    }
    let mut absent: Vec<ImageId> = wanted
        .iter()
        .filter(|id| !test.contains_key(*id))
        .copied()
        .collect();
    absent.sort();
    let extra: Vec<ImageId> = test.keys().filter(|id| !wanted.contains(*id)).copied().collect();
    remark(remarks, &absent, "images of the sample submission have no file");
    remark(remarks, &extra, "test images are not in the sample submission");
}
