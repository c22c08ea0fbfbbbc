//! One run as its directory tells it: what it did, how it ended, what it measured.

use std::fs;
use std::path::{Path, PathBuf};

use ichflow_api::data::labels::LABELS;
use ichflow_api::metrics::Interval;
use ichflow_api::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::held_out::{self, HeldOut};
use super::settings::{self, Setting};

/// A run, whether or not it came to its end.
pub struct Run {
    /// Its directory, links resolved.
    pub directory: PathBuf,
    /// The trial of a sweep, else `recipe/time-key`: the last two parts of the directory.
    pub name: String,
    /// The recipe's title.
    pub title: String,
    /// The recipe's seed.
    pub seed: Option<u64>,
    /// Every setting of the resolved recipe but title and seed, in the recipe's order.
    pub settings: Vec<Setting>,
    /// Why it cannot be compared: it failed, was interrupted or measured nothing.
    pub stopped: Option<String>,
    /// What it measured.
    pub measured: Option<Measured>,
    /// The truth and the probabilities behind the score; else why they are not there.
    pub held_out: Result<HeldOut, String>,
    /// Every epoch of training.
    pub epochs: Vec<EpochRow>,
    /// Time of all stages together; of what an earlier run had kept, the time it took there.
    pub seconds: Option<f64>,
    /// What it computed on.
    pub device: Option<String>,
    /// Parameters of the network.
    pub parameters: Option<u64>,
}

/// What a comparison reads of `metrics.json`; the rest is left alone.
#[derive(Clone, Debug, Deserialize)]
pub struct Measured {
    /// Probabilities were clipped to `[eps, 1 − eps]`.
    pub eps: f64,
    /// The held-out slices.
    pub valid: PartMeasured,
    /// The test slices.
    pub test: Option<PartMeasured>,
}

/// The metrics of one part of the data.
#[derive(Clone, Debug, Deserialize)]
pub struct PartMeasured {
    /// Slices with known truth.
    pub slices: usize,
    /// Patients they belong to.
    pub patients: usize,
    /// The competition's metric.
    pub weighted_log_loss: f64,
    /// Its 95 % interval over patients.
    pub weighted_log_loss_interval: Option<Interval>,
    /// Weighted log loss of predicting the training shares.
    pub priors_log_loss: f64,
    /// 95 % interval over patients of the AUC of `any`.
    pub auc_any_interval: Option<Interval>,
    /// Every label.
    pub labels: Vec<LabelMeasured>,
}

/// The metrics of one label.
#[derive(Clone, Debug, Deserialize)]
pub struct LabelMeasured {
    /// The label.
    pub label: String,
    /// Mean log loss.
    pub log_loss: f64,
    /// Area under the ROC curve.
    pub auc: Option<f64>,
}

impl PartMeasured {
    /// The metrics of one label.
    pub fn label(&self, name: &str) -> Option<&LabelMeasured> {
        self.labels.iter().find(|label| label.label == name)
    }

    /// AUC of `any`.
    pub fn auc_any(&self) -> Option<f64> {
        self.label(LABELS[0]).and_then(|any| any.auc)
    }
}

/// One line of `history.csv`; columns that later versions add are left alone.
#[derive(Clone, Debug, Deserialize)]
pub struct EpochRow {
    /// Counted from 1.
    pub epoch: usize,
    /// Weighted log loss of the held-out slices.
    pub valid_loss: f64,
    /// Slices trained on per second.
    #[serde(default)]
    pub slices_per_second: Option<f64>,
}

impl Run {
    /// Reads a run's directory. Whatever is missing there makes a run that cannot be compared, and says why.
    pub fn read(path: &Path) -> Self {
        let directory = resolve(path);
        let mut run = Self {
            name: name_of(&directory),
            title: String::new(),
            seed: None,
            settings: Vec::new(),
            stopped: None,
            measured: None,
            held_out: Err("it measured nothing".into()),
            epochs: Vec::new(),
            seconds: None,
            device: None,
            parameters: None,
            directory,
        };
        if let Err(reason) = run.fill() {
            run.stopped = Some(reason);
            run.measured = None;
        }
        run
    }

    /// Reads all there is; the error says why the run cannot be compared.
    fn fill(&mut self) -> Result<(), String> {
        if !self.directory.is_dir() {
            return Err(format!("{} is not a directory", self.directory.display()));
        }
        let recipe = fs::read_to_string(self.directory.join("recipe.resolved.toml"))
            .map_err(|error| format!("not a run: recipe.resolved.toml cannot be read: {error}"))?;
        let recipe: toml::Table = toml::from_str(&recipe)
            .map_err(|error| format!("recipe.resolved.toml is damaged: {}", error.message()))?;
        let text = |key: &str| recipe.get(key).and_then(toml::Value::as_str);
        self.title = text("title").unwrap_or_default().to_owned();
        self.seed = recipe
            .get("seed")
            .and_then(toml::Value::as_integer)
            .and_then(|seed| u64::try_from(seed).ok());
        self.settings = settings::of(&recipe);
        self.epochs = self.history()?;
        self.provenance()?;
        if !self.directory.join("metrics.json").is_file() {
            return Err("it has no metrics.json: no stage of it measures predictions".into());
        }
        let measured: Measured = self.json("metrics.json")?;
        if !measured.valid.weighted_log_loss.is_finite() {
            return Err("its weighted log loss is not a number".into());
        }
        self.held_out = held_out::read(&self.directory, &recipe, &measured);
        self.measured = Some(measured);
        Ok(())
    }

    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        let text = fs::read_to_string(self.directory.join(name))
            .map_err(|error| format!("{name} cannot be read: {error}"))?;
        serde_json::from_str(&text).map_err(|error| format!("{name} is damaged: {error}"))
    }

    fn history(&self) -> Result<Vec<EpochRow>, String> {
        let path = self.directory.join("history.csv");
        if !path.is_file() {
            return Ok(Vec::new());
        }
        let damaged = |error: csv::Error| format!("history.csv is damaged: {error}");
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_path(&path)
            .map_err(damaged)?;
        reader.deserialize().map(|row| row.map_err(damaged)).collect()
    }

    /// How the run ended, and what it took.
    fn provenance(&mut self) -> Result<(), String> {
        if !self.directory.join("provenance.json").is_file() {
            return Err(match self.last_stage() {
                Some(stage) => format!("it was killed, or still runs, in stage `{stage}`"),
                None => "it was killed, or still runs: there is no provenance.json".into(),
            });
        }
        let record: Value = self.json("provenance.json")?;
        if let Some(trial) = record["trial"].as_str() {
            trial.clone_into(&mut self.name);
        }
        self.device = record["device"].as_str().map(str::to_owned);
        self.seconds = made_in(&record).or_else(|| {
            let stages = record["seconds_by_stage"].as_object()?;
            Some(stages.values().filter_map(Value::as_f64).sum())
        });
        self.parameters = record["facts"].as_object().and_then(|facts| {
            facts
                .iter()
                .find(|(name, _)| name.ends_with(".parameters"))
                .and_then(|(_, count)| count.as_u64())
        });
        match &record["outcome"] {
            Value::String(outcome) if outcome == "done" => Ok(()),
            Value::String(outcome) => Err(outcome.clone()),
            outcome => match outcome["failed"].as_str() {
                Some(reason) => Err(format!("failed: {reason}")),
                None => Err("provenance.json does not say how it ended".into()),
            },
        }
    }

    /// The stage that was at work when the run's last event was written.
    fn last_stage(&self) -> Option<String> {
        let events = fs::read_to_string(self.directory.join("events.jsonl")).ok()?;
        let last: Value = events
            .lines()
            .rev()
            .find_map(|line| serde_json::from_str(line).ok())?;
        last["stage"].as_str().map(str::to_owned)
    }

    /// Slices trained on per second: the median epoch.
    pub fn slices_per_second(&self) -> Option<f64> {
        let mut rates: Vec<f64> = self
            .epochs
            .iter()
            .filter_map(|epoch| epoch.slices_per_second)
            .filter(|rate| rate.is_finite())
            .collect();
        rates.sort_by(f64::total_cmp);
        rates.get(rates.len() / 2).copied()
    }

    /// The score runs are sorted by: the weighted log loss of the held-out slices.
    pub fn score(&self) -> Option<f64> {
        self.measured
            .as_ref()
            .map(|measured| measured.valid.weighted_log_loss)
    }
}

/// The directory a path means: links followed, and `latest` where it is a file that holds a name.
pub fn resolve(path: &Path) -> PathBuf {
    let named = fs::read_to_string(path)
        .ok()
        .filter(|_| path.file_name().is_some_and(|name| name == "latest"))
        .and_then(|name| Some(path.parent()?.join(name.trim())));
    let path = named.as_deref().unwrap_or(path);
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Seconds in which the results of all stages were made, in this run or in earlier ones that kept them.
fn made_in(provenance: &Value) -> Option<f64> {
    let stages = provenance["stages"].as_array()?;
    stages.iter().map(|stage| stage["made_in"].as_f64()).sum()
}

/// The last two parts of a path.
fn name_of(directory: &Path) -> String {
    let mut parts: Vec<_> = directory
        .components()
        .rev()
        .take(2)
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    parts.reverse();
    parts.join("/")
}
