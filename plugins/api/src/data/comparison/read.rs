//! Reading a run from its directory.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::run::{EpochRow, Measured, Run};
use super::settings;
use super::state::RunState;
use crate::registry::Registry;
use crate::stage::Family;

/// The file that makes a directory a run's.
pub const RESOLVED: &str = "recipe.resolved.toml";

impl Run {
    /// Reads a run's directory, with the resolved recipe where that could be read. Whatever is missing there makes a run
    /// that cannot be compared, and [`Run::stopped`] says why.
    pub fn read(path: &Path) -> (Self, Option<toml::Table>) {
        let directory = resolve(path);
        let mut run = Self {
            name: name_of(&directory),
            title: String::new(),
            seed: None,
            settings: Vec::new(),
            state: RunState::Damaged {
                reason: String::new(),
            },
            started: None,
            stopped: None,
            measured: None,
            epochs: Vec::new(),
            seconds: None,
            device: None,
            parameters: None,
            directory,
        };
        let mut recipe = None;
        if let Err(reason) = fill(&mut run, &mut recipe) {
            if let RunState::Damaged { reason: empty } = &mut run.state {
                empty.clone_from(&reason);
            }
            run.stopped = Some(reason);
            run.measured = None;
        }
        (run, recipe)
    }
}

/// Reads all there is; the error says why the run cannot be compared.
fn fill(run: &mut Run, read: &mut Option<toml::Table>) -> Result<(), String> {
    let directory = run.directory.clone();
    if !directory.is_dir() {
        return Err(format!("{} is not a directory", directory.display()));
    }
    let recipe = fs::read_to_string(directory.join(RESOLVED))
        .map_err(|error| format!("not a run: {RESOLVED} cannot be read: {error}"))?;
    let recipe: toml::Table =
        toml::from_str(&recipe).map_err(|error| format!("{RESOLVED} is damaged: {}", error.message()))?;
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
    *read = Some(recipe);
    run.epochs = history(&directory)?;
    provenance(run)?;
    if !directory.join("metrics.json").is_file() {
        return Err("it has no metrics.json: no stage of it measures predictions".into());
    }
    let measured: Measured = json(&directory, "metrics.json")?;
    if !measured.valid.weighted_log_loss.is_finite() {
        return Err("its weighted log loss is not a number".into());
    }
    run.measured = Some(measured);
    Ok(())
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
        run.state = RunState::without_end(&run.directory);
        run.started = first_event(&run.directory);
        let verb = match run.state {
            RunState::AtWork { .. } => "is",
            _ => "was",
        };
        return Err(format!("it {verb} {}", run.state));
    }
    let record: Value = json(&run.directory, "provenance.json")?;
    if let Some(trial) = record["trial"].as_str() {
        trial.clone_into(&mut run.name);
    }
    run.started = record["started"].as_str().map(str::to_owned);
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
    run.state = RunState::of_outcome(&record["outcome"]);
    match &run.state {
        RunState::Done => Ok(()),
        RunState::Damaged { reason } => Err(reason.clone()),
        state => Err(state.to_string()),
    }
}

/// When the run's first event was written.
fn first_event(directory: &Path) -> Option<String> {
    let events = fs::read_to_string(directory.join("events.jsonl")).ok()?;
    let first: Value = serde_json::from_str(events.lines().next()?).ok()?;
    first["time"].as_str().map(str::to_owned)
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

/// The runs below a directory that holds runs: those of recipes, of trials of sweeps, and shards. By their paths.
pub fn runs_below(out: &Path) -> Vec<PathBuf> {
    /// `<out>/<recipe>/<trial>/<run>`.
    const DEEPEST: usize = 3;
    let mut found = Vec::new();
    let mut waiting = vec![(out.to_owned(), 0)];
    while let Some((directory, depth)) = waiting.pop() {
        if is_run(&directory) {
            found.push(directory);
        } else if depth < DEEPEST {
            let inside = fs::read_dir(&directory).into_iter().flatten().flatten();
            let directories = inside
                .map(|entry| entry.path())
                .filter(|path| path.is_dir() && !path.is_symlink())
                // What a removal that was interrupted left.
                .filter(|path| path.extension().is_none_or(|extension| extension != "removed"));
            waiting.extend(directories.map(|path| (path, depth + 1)));
        }
    }
    found.sort();
    found
}

/// Whether a directory is a run's.
pub fn is_run(directory: &Path) -> bool {
    directory.join(RESOLVED).is_file()
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
