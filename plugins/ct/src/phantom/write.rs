//! Writing a phantom: the competition's files, and the truth beside them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use ichflow_api::data::labels::rsna::{COUNT, LABELS};
use ichflow_api::prelude::*;
use rayon::prelude::*;

use super::draw::{VisibleBleed, draw};
use super::masks;
use super::noise::Grain;
use super::plan::{Encoding, Extent, Patient, Plan};
use super::slice_file;
use crate::kinds::Kind;
use crate::rsna::{Files, ImageId};

/// Order of an image's rows in the competition's CSV files, as indices into [`LABELS`].
const ROW_ORDER: [usize; COUNT] = [1, 2, 3, 4, 5, 0];

/// What is true of a slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SliceTruth {
    /// Image name.
    pub id: String,
    /// PatientID.
    pub patient: String,
    /// Whether it is a test slice.
    pub test: bool,
    /// How it is stored.
    pub encoding: Encoding,
    /// z of the slice's center, in mm.
    pub z_mm: f32,
    /// Labels, `any` first.
    pub labels: [bool; COUNT],
    /// Where the bleeds show.
    pub bleeds: Vec<VisibleBleed>,
}

/// What is true of a phantom: `TRUTH.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Names of the labels, in the order of the numbers below.
    pub label_names: Vec<String>,
    /// The slice whose file is cut short.
    pub truncated: Option<String>,
    /// Slices whose rows are in the labels twice.
    pub repeated: Vec<String>,
    /// Every slice, training patients first.
    pub slices: Vec<SliceTruth>,
}

/// Where the competition's files are below a phantom's directory.
pub fn files(directory: &Path) -> Files {
    Files {
        labels: directory.join("stage_2_train.csv"),
        images: directory.join("stage_2_train"),
        test_images: Some(directory.join("stage_2_test")),
        test_labels: Some(directory.join("test_labels.csv")),
        corrections: None,
        sample_submission: Some(directory.join("stage_2_sample_submission.csv")),
        max_quarantined: None,
        exclude: Kind::all(),
    }
}

/// Where the truth is below a phantom's directory; it is written last.
pub fn truth_path(directory: &Path) -> PathBuf {
    directory.join("TRUTH.json")
}

/// Draws and writes a phantom into an existing directory. `progress` is told of each slice. `with_masks` also
/// writes where there is blood: a grey PNG a slice, in which bit l of a pixel stands for label l.
///
/// # Errors
/// Where files cannot be written, or it should stop.
pub fn write(
    directory: &Path,
    extent: &Extent,
    seed: u64,
    with_masks: bool,
    stop: &AtomicBool,
    progress: &dyn ichflow_api::context::Progress,
) -> Result<Truth> {
    let plan = Plan::new(extent, seed);
    let paths = files(directory);
    let test_images = directory.join("stage_2_test");
    let masks = masks::directory(directory);
    for path in [&paths.images, &test_images]
        .into_iter()
        .chain(with_masks.then_some(&masks))
    {
        fs::create_dir_all(path).at("create the directory", path)?;
    }
    let grain = Grain::new();
    let all: Vec<(&Patient, usize)> = plan
        .patients
        .iter()
        .flat_map(|patient| (0..patient.slices.len()).map(move |number| (patient, number)))
        .collect();
    let slices = all
        .par_iter()
        .map(|(patient, number)| {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Interrupted);
            }
            let drawing = draw(patient, *number, extent.size, &grain);
            let mut bytes = slice_file::bytes(patient, *number, extent.size, &drawing)?;
            let (id, z_mm) = patient.slices[*number];
            if plan.truncated == Some(id) {
                bytes.truncate(bytes.len() - bytes.len() / 3);
            }
            let images = if patient.test { &test_images } else { &paths.images };
            let path = images.join(format!("{id}.dcm"));
            fs::write(&path, bytes).at("write", &path)?;
            if with_masks {
                masks::write(&masks.join(format!("{id}.png")), &drawing.blood, extent.size)?;
            }
            progress.advance(1);
            Ok(SliceTruth {
                id: id.to_string(),
                patient: patient.id.clone(),
                test: patient.test,
                encoding: patient.encoding,
                z_mm,
                labels: labels_of(&drawing.bleeds),
                bleeds: drawing.bleeds,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let truth = Truth {
        label_names: LABELS.map(str::to_owned).to_vec(),
        truncated: plan.truncated.map(|id| id.to_string()),
        repeated: plan.repeated.iter().map(ImageId::to_string).collect(),
        slices,
    };
    write_tables(directory, &truth)?;
    let path = truth_path(directory);
    let text = serde_json::to_vec(&truth).at("write", &path)?;
    fs::write(&path, text).at("write", &path)?;
    Ok(truth)
}

fn labels_of(bleeds: &[VisibleBleed]) -> [bool; COUNT] {
    let mut labels = [false; COUNT];
    for bleed in bleeds {
        labels[bleed.label] = true;
        labels[0] = true;
    }
    labels
}

/// The three CSV files. Images come in the order of their names, which is no order of anything else.
fn write_tables(directory: &Path, truth: &Truth) -> Result<()> {
    let mut sorted: Vec<&SliceTruth> = truth.slices.iter().collect();
    sorted.sort_by(|a, b| a.id.cmp(&b.id));
    let part = |test: bool| sorted.iter().copied().filter(move |slice| slice.test == test);
    let label = |slice: &SliceTruth, label: usize| u8::from(slice.labels[label]).to_string();
    let repeated = part(false).filter(|slice| truth.repeated.contains(&slice.id));
    let train = part(false).chain(repeated);
    write_table(&directory.join("stage_2_train.csv"), train, label)?;
    write_table(&directory.join("test_labels.csv"), part(true), label)?;
    let sample = directory.join("stage_2_sample_submission.csv");
    write_table(&sample, part(true), |_, _| "0.5".into())
}

fn write_table<'a>(
    path: &Path,
    slices: impl Iterator<Item = &'a SliceTruth>,
    value: impl Fn(&SliceTruth, usize) -> String,
) -> Result<()> {
    let mut writer = csv::Writer::from_path(path).at("write", path)?;
    writer.write_record(["ID", "Label"]).at("write", path)?;
    for slice in slices {
        for label in ROW_ORDER {
            let row = format!("{}_{}", slice.id, LABELS[label]);
            writer
                .write_record([row, value(slice, label)])
                .at("write", path)?;
        }
    }
    writer.flush().at("write", path)
}
