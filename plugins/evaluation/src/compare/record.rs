//! One run as its directory tells it: what it did, how it ended, what it measured.

use std::fs;
use std::path::{Path, PathBuf};

use ichflow_api::data::comparison::{EpochRow, Measured, Run};
use ichflow_api::registry::Registry;
use ichflow_api::stage::Family;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::settings;
use super::validation::{self, Validation};

/// A run with the predictions behind its score.
pub(super) struct RunRecord {
    /// The run.
    pub run: Run,
    /// The truth and the probabilities behind the score; else why they are not there.
    pub validation: Result<Validation, String>,
}

impl RunRecord {
    /// Reads a run's directory. Whatever is missing there makes a run that cannot be compared, and says why.
    pub(super) fn read(path: &Path) -> Self {
        let directory = resolve(path);
        let mut record = Self {
            run: Run {
                name: name_of(&directory),
                title: String::new(),
                seed: None,
                settings: Vec::new(),
                stopped: None,
                measured: None,
                epochs: Vec::new(),
                seconds: None,
                device: None,
                parameters: None,
                directory,
            },
            validation: Err("it measured nothing".into()),
        };
        if let Err(reason) = record.fill() {
            record.run.stopped = Some(reason);
            record.run.measured = None;
        }
        record
    }

    /// Reads all there is; the error says why the run cannot be compared.
    fn fill(&mut self) -> Result<(), String> {
        let run = &mut self.run;
        let directory = run.directory.clone();
        if !directory.is_dir() {
            return Err(format!("{} is not a directory", directory.display()));
        }
        let recipe = fs::read_to_string(directory.join("recipe.resolved.toml"))
            .map_err(|error| format!("not a run: recipe.resolved.toml cannot be read: {error}"))?;
        let recipe: toml::Table = toml::from_str(&recipe)
            .map_err(|error| format!("recipe.resolved.toml is damaged: {}", error.message()))?;
        let text = |key: &str| recipe.get(key).and_then(toml::Value::as_str);
        run.title = text("title").unwrap_or_default().to_owned();
        let registry = Registry::collect().map_err(|error| error.to_string())?;
        let trains = |name: &str| {
            registry
                .find(name)
                .is_some_and(|stage| stage.family == Family::Train)
        };
        run.seed = settings::seed(&recipe, &trains);
        run.settings = settings::of(&recipe, &trains);
        run.epochs = history(&directory)?;
        provenance(run)?;
        if !directory.join("metrics.json").is_file() {
            return Err("it has no metrics.json: no stage of it measures predictions".into());
        }
        let measured: Measured = json(&directory, "metrics.json")?;
        if !measured.valid.weighted_log_loss.is_finite() {
            return Err("its weighted log loss is not a number".into());
        }
        self.validation = validation::read(&directory, &recipe, &measured);
        run.measured = Some(measured);
        Ok(())
    }
}

fn json<T: DeserializeOwned>(directory: &Path, name: &str) -> Result<T, String> {
    let text = fs::read_to_string(directory.join(name))
        .map_err(|error| format!("{name} cannot be read: {error}"))?;
    serde_json::from_str(&text).map_err(|error| format!("{name} is damaged: {error}"))
}

fn history(directory: &Path) -> Result<Vec<EpochRow>, String> {
    let path = directory.join("history.csv");
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
fn provenance(run: &mut Run) -> Result<(), String> {
    if !run.directory.join("provenance.json").is_file() {
        return Err(match last_stage(&run.directory) {
            Some(stage) => format!("it was killed, or still runs, in stage `{stage}`"),
            None => "it was killed, or still runs: there is no provenance.json".into(),
        });
    }
    let record: Value = json(&run.directory, "provenance.json")?;
    if let Some(trial) = record["trial"].as_str() {
        trial.clone_into(&mut run.name);
    }
    run.device = record["device"].as_str().map(str::to_owned);
    run.seconds = made_in(&record).or_else(|| {
        let stages = record["seconds_by_stage"].as_object()?;
        Some(stages.values().filter_map(Value::as_f64).sum())
    });
    run.parameters = record["facts"].as_object().and_then(|facts| {
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
fn last_stage(directory: &Path) -> Option<String> {
    let events = fs::read_to_string(directory.join("events.jsonl")).ok()?;
    let last: Value = events
        .lines()
        .rev()
        .find_map(|line| serde_json::from_str(line).ok())?;
    last["stage"].as_str().map(str::to_owned)
}

/// The directory a path means: links followed, and `latest` where it is a file that holds a name.
pub(super) fn resolve(path: &Path) -> PathBuf {
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
