//! The files of a bundle.

use std::fs;
use std::path::{Path, PathBuf};

use crate::data::labels::Level;
use crate::data::profile::DataProfile;
use crate::data::triage::Triage;
use crate::digest::sha256;
use crate::metrics::Cuts;
use crate::nn::CenterWidth;
use crate::prelude::*;
use serde_json::Value;

/// Format of the bundle; raised when an older program could not read it.
pub const FORMAT: u32 = 2;

/// Tells what is in the bundle.
pub const INDEX: &str = "bundle.json";
/// The network's weights, in timm's names.
pub const WEIGHTS: &str = "weights.safetensors";
/// The stages that turn slices into probabilities.
pub const CHAIN: &str = "model.toml";
/// The whole recipe, as it was resolved.
pub const RECIPE: &str = "recipe.toml";
/// Digests of the ids of the slices that the network was trained on.
pub const TRAINED_ON: &str = "trained_on.bin";
/// The weights of the network over series, by their places in it.
pub const SERIES_WEIGHTS: &str = "series.safetensors";
/// Digests of the ids of the slices that the network over series was trained on.
pub const SERIES_TRAINED_ON: &str = "series_trained_on.bin";
/// What training data looked like, and the validation exams' probabilities.
pub const PROFILE: &str = "profile.json";
/// Mean and covariance of the training features.
pub const FEATURES: &str = "features.bin";
/// What the model is, for people.
pub const CARD: &str = "README.md";

/// A file and its digest.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DigestedFile {
    /// Name, in the bundle's directory.
    pub file: String,
    /// SHA-256 of its content.
    pub sha256: String,
}

impl DigestedFile {
    /// Writes a file of the bundle.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(directory: &Path, file: &str, bytes: &[u8]) -> Result<Self> {
        let path = directory.join(file);
        fs::write(&path, bytes).at("write", &path)?;
        Ok(Self {
            file: file.to_owned(),
            sha256: sha256(bytes),
        })
    }

    /// Reads the file, and sees that it is what it was.
    ///
    /// # Errors
    /// Where it cannot be read, or is another than the bundle was made with.
    pub fn read(&self, directory: &Path) -> Result<Vec<u8>> {
        // A name, never a path: a bundle does not reach out of its directory.
        let name = Path::new(&self.file)
            .file_name()
            .ok_or_else(|| Error::new(format!("the bundle names a file `{}`", self.file)))?;
        let path = directory.join(name);
        let bytes = fs::read(&path).at("read", &path)?;
        if sha256(&bytes) != self.sha256 {
            return Err(Error::new(format!(
                "{} is not the file the bundle was made with: its SHA-256 is another",
                path.display()
            ))
            .help("copy the whole bundle again; if the file was changed on purpose, run the recipe again"));
        }
        Ok(bytes)
    }
}

/// Decision thresholds that go with the model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BundledThresholds {
    /// What they were chosen for, in words.
    pub target: String,
    /// Probabilities from which on a label is called positive, in the order of the labels; null where none
    /// could be chosen.
    pub of_label: Vec<Option<f64>>,
    /// Where in the recipe they come from; absent in older bundles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<String>,
}

/// How slices come to exams, and what is said of these.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BundledExams {
    /// What an exam is: a series, a study or a patient.
    pub unit: Level,
    /// Where in the chain the predictions of slices are that exams are made of.
    pub slices: String,
    /// Where in the chain the predictions of exams are.
    pub predictions: String,
    /// Decision thresholds for exams; absent if the recipe chose none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thresholds: Option<BundledThresholds>,
    /// How they are sorted into high, low and uncertain; absent if the recipe does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triage: Option<BundledTriage>,
}

/// How exams are sorted into high, low and uncertain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BundledTriage {
    /// By whose probabilities.
    pub label: String,
    /// Between which they are uncertain.
    pub cuts: Cuts,
    /// What was promised, in words, and why nothing could be where it could not.
    pub promises: Vec<String>,
    /// Where in the recipe it comes from.
    pub wire: String,
}

impl BundledTriage {
    /// What a stage found, at `wire`.
    pub fn of(triage: &Triage, wire: &str) -> Self {
        let promise = |promise: &crate::data::triage::TriagePromise| match &promise.abstains {
            Some(why) => format!("none is called {}: {why}", promise.class),
            None => promise.in_words(),
        };
        Self {
            label: triage.label.clone(),
            cuts: triage.cuts,
            promises: triage.promises.iter().map(promise).collect(),
            wire: wire.to_owned(),
        }
    }
}

/// Windows a network has learned, and how they are meant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BundledWindows {
    /// Centers and widths, one per channel.
    pub windows_hu: Vec<CenterWidth>,
    /// The curve between black and white.
    pub activation: Value,
    /// White.
    pub upbound: f64,
    /// How near a sigmoid comes to black and white at the window's edges.
    pub eps: f64,
}

/// The network over series of a bundle.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BundledSeries {
    /// The architecture in words.
    pub network: String,
    /// Where in the chain it is.
    pub model: String,
    /// Features of a slice that it takes.
    pub features: usize,
    /// Logits of a slice that it takes.
    pub logits: usize,
    /// At which level its labels were given.
    pub level: Level,
    /// Its weights.
    pub weights: DigestedFile,
    /// Digests of the ids of the slices that it was trained on.
    pub trained_on: DigestedFile,
}

/// What training data looked like, in a bundle.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct BundledProfile {
    /// What there is to read: a [`Reference`].
    pub facts: DigestedFile,
    /// Mean and Cholesky factor of the covariance of the training features, in f64.
    pub features: DigestedFile,
    /// Where in the chain slices are held against it.
    pub novelty: String,
}

/// What periods are compared with: the training data, and what was predicted of the validation exams.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reference {
    /// What training data looked like.
    pub profile: DataProfile,
    /// For each label, the highest probability of a slice of every validation exam, ascending.
    pub probabilities: Vec<Vec<f64>>,
}

/// What `bundle.json` says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Index {
    /// `FORMAT`.
    pub format: u32,
    /// The recipe's title.
    pub title: String,
    /// Names of the labels, in the order of every row of probabilities.
    pub labels: Vec<String>,
    /// These with their union and their weights, where they are not the competition's.
    #[serde(default, skip_serializing_if = "LabelSet::is_rsna")]
    pub label_set: LabelSet,
    /// The architecture in words.
    pub network: String,
    /// Channels of the network's images.
    pub channels: usize,
    /// Rows and columns of the network's images; null: as stored.
    pub image_size_px: Option<usize>,
    /// Subtracted from each channel of the windowed images.
    pub mean: Vec<f32>,
    /// Divided by.
    pub std: Vec<f32>,
    /// Windows the network has learned; null if it learns none.
    pub learned_window: Option<BundledWindows>,
    /// Decision thresholds; null if the recipe chose none.
    pub thresholds: Option<BundledThresholds>,
    /// Where in the chain the model is.
    pub model: String,
    /// Where in the chain the predictions are.
    pub predictions: String,
    /// The network's weights.
    pub weights: DigestedFile,
    /// Digests of the ids of the slices that the network was trained on; absent where that is not known.
    #[serde(default)]
    pub trained_on: Option<DigestedFile>,
    /// The network over series, if the predictions are made with one.
    #[serde(default)]
    pub series: Option<BundledSeries>,
    /// What training data looked like; absent where the recipe has no `data-profile`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<BundledProfile>,
    /// How slices come to exams; absent where the recipe has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exams: Option<BundledExams>,
    /// The stages that turn slices into probabilities.
    pub chain: DigestedFile,
    /// The whole recipe.
    pub recipe: DigestedFile,
    /// What stages recorded of the data: digests, counts.
    pub data: Value,
    /// ichflow's version.
    pub ichflow: Value,
    /// burn's version.
    pub burn: Value,
    /// The recipe's place in git.
    pub git: Value,
}

impl Index {
    /// Reads `bundle.json`.
    ///
    /// # Errors
    /// When `directory` is no bundle, or one of a format this program does not know.
    pub fn read(directory: &Path) -> Result<Self> {
        let path = Self::path(directory);
        let text = fs::read(&path).map_err(|error| {
            let error = Error::caused_by(format!("{} is not a model bundle", directory.display()), error);
            let inside = directory.join("model");
            match Self::path(&inside).is_file() {
                true => error.help(format!("the run's bundle is {}", inside.display())),
                false => error.help("name the directory that `model-bundle` wrote: runs/RECIPE/latest/model"),
            }
        })?;
        let value: Value = serde_json::from_slice(&text).at("understand", &path)?;
        if value["format"] != FORMAT {
            return Err(Error::new(format!(
                "{} is of format {}, and this program reads format {FORMAT}",
                path.display(),
                value["format"]
            ))
            .help("run its recipe again, or use the program that wrote it"));
        }
        let index: Self = serde_json::from_value(value).at("understand", &path)?;
        if index.labels != index.label_set.names() {
            return Err(Error::new(format!(
                "{} is for the labels {}, but its label set is {}",
                path.display(),
                index.labels.join(", "),
                index.label_set
            )));
        }
        Ok(index)
    }

    /// Writes `bundle.json`.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn write(&self, directory: &Path) -> Result<()> {
        let path = Self::path(directory);
        let text = serde_json::to_string_pretty(self).at("write", &path)?;
        fs::write(&path, text + "\n").at("write", &path)
    }

    fn path(directory: &Path) -> PathBuf {
        directory.join(INDEX)
    }
}
