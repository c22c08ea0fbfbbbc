//! What a run would do: which results are there already, which are made, and why.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ichflow_api::error::Result;
use toml::Value;

use super::ready::{Plan, PlannedStage};
use super::wiring::Wire;
use crate::recipe::source::{LayerKind, Sources};
use crate::run::record::StageRecord;

/// What a run would do with a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// What it made is kept and is found again.
    Cached,
    /// It keeps nothing, and does the same as before.
    Same,
    /// Its result is not there.
    Runs,
}

impl Fate {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cached => "cached",
            Self::Same => "same",
            Self::Runs => "runs",
        }
    }
}

/// What would happen to one stage.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// What a run would do.
    pub fate: Fate,
    /// Why, in words; the nearest cause first.
    pub why: Vec<String>,
    /// Earlier stages whose change makes this one run.
    pub because_of: Vec<usize>,
    /// How long it took when it was last made, in seconds.
    pub took: Option<f64>,
}

/// The forecast of every stage. `cache` holds what earlier runs kept; `runs` the runs of the same recipe,
/// with the latest of which it is compared.
///
/// # Errors
/// Where the cache or the runs cannot be looked at.
pub fn forecast(plan: &Plan, sources: &Sources, cache: &Path, runs: &Path) -> Result<Vec<Forecast>> {
    let last = last_run(runs);
    let mut known: BTreeMap<(usize, &'static str), String> = BTreeMap::new();
    let mut all = Vec::new();
    for (index, planned) in plan.stages.iter().enumerate() {
        let before = last.iter().find(|record| record.name == planned.stage.name);
        let unknown: Vec<(&str, &Wire)> = planned
            .wires
            .iter()
            .filter(|(_, wire)| !known.contains_key(&(wire.stage, wire.output)))
            .map(|(port, wire)| (*port, wire))
            .collect();
        let now = StageRecord::of(plan, planned, |wire| {
            known.get(&(wire.stage, wire.output)).map_or("", String::as_str)
        })?;
        let made = StageRecord::recall(cache, &now.made_of).filter(|_| unknown.is_empty());
        if let Some(made) = &made {
            for output in &planned.outputs {
                if let Some(digest) = made.outputs.get(*output) {
                    known.insert((index, output), digest.clone());
                }
            }
        }
        let one = match made {
            Some(made) if !made.keeps => Forecast {
                fate: Fate::Same,
                why: Vec::new(),
                because_of: Vec::new(),
                took: Some(made.seconds),
            },
            Some(made) if kept(cache, &made, planned) => Forecast {
                fate: Fate::Cached,
                why: compares_files(planned),
                because_of: Vec::new(),
                took: Some(made.seconds),
            },
            Some(made) => Forecast {
                fate: Fate::Runs,
                why: vec!["what it kept was removed".to_owned()],
                because_of: Vec::new(),
                took: Some(made.seconds),
            },
            None => {
                let mut why = before.map_or_else(
                    || vec!["it was not run here before".to_owned()],
                    |before| differences(before, &now, planned, sources),
                );
                // Where nothing is known of before, that its inputs are not there says nothing more.
                if before.is_some() {
                    why.extend(recomputed(plan, &unknown));
                }
                let left = unknown.is_empty().then(|| {
                    let homes =
                        [&now.made_of, &planned.key].map(|name| cache.join(&now.stage_use).join(name));
                    homes.iter().find_map(|home| planned.stage.stage.resumes(home))
                });
                if let Some(resumes) = left.flatten() {
                    why.insert(0, resumes);
                }
                if why.is_empty() {
                    why.push("the same was made before, but not since in this cache".to_owned());
                }
                Forecast {
                    fate: Fate::Runs,
                    why,
                    because_of: unknown.iter().map(|(_, wire)| wire.stage).collect(),
                    took: before
                        .filter(|before| !before.cached)
                        .map(|before| before.seconds),
                }
            }
        };
        all.push(one);
    }
    Ok(all)
}

/// The inputs that earlier stages recompute, in one line.
fn recomputed(plan: &Plan, unknown: &[(&str, &Wire)]) -> Option<String> {
    let sources: Vec<String> = unknown.iter().map(|(_, wire)| plan.source_name(wire)).collect();
    match sources.as_slice() {
        [] => None,
        [one] => Some(format!("{one} is recomputed")),
        [all @ .., last] => Some(format!("{} and {last} are recomputed", all.join(", "))),
    }
}

fn compares_files(planned: &PlannedStage) -> Vec<String> {
    let directories: Vec<String> = planned
        .stage
        .stage
        .reads()
        .into_iter()
        .filter(|path| path.directory)
        .map(|path| path.path.display().to_string())
        .collect();
    if directories.is_empty() {
        return Vec::new();
    }
    vec![format!(
        "unless files changed in {}, which is looked at when it runs",
        directories.join(" and ")
    )]
}

/// Whether what a stage kept is there still, by either of the names it may go by.
fn kept(cache: &Path, made: &StageRecord, planned: &PlannedStage) -> bool {
    let home = cache.join(&made.stage_use);
    [&made.made_of, &planned.key]
        .iter()
        .any(|name| home.join(name).is_dir())
}

/// The stages of the latest run that left a record.
fn last_run(runs: &Path) -> Vec<StageRecord> {
    let Ok(entries) = fs::read_dir(runs) else {
        return Vec::new();
    };
    let mut directories: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir() && !path.is_symlink())
        .collect();
    directories.sort();
    let read = |run: &std::path::PathBuf| -> Option<Vec<StageRecord>> {
        let text = fs::read(run.join("provenance.json")).ok()?;
        let mut record: serde_json::Value = serde_json::from_slice(&text).ok()?;
        serde_json::from_value(record["stages"].take()).ok()
    };
    directories.iter().rev().find_map(read).unwrap_or_default()
}

/// What differs between a stage as it last ran and as it would run now; what is nearest to a person's
/// hand comes first.
fn differences(
    before: &StageRecord,
    now: &StageRecord,
    planned: &PlannedStage,
    sources: &Sources,
) -> Vec<String> {
    let mut found = Vec::new();
    let written = |key: &str| where_written(planned, key, sources);
    if before.stage_use != now.stage_use {
        let place = written("use");
        found.push(format!(
            "use: \"{}\" → \"{}\"{place}",
            before.stage_use, now.stage_use
        ));
        return found;
    }
    if before.version != now.version {
        found.push(format!(
            "`{}` itself changed: version {} → {}",
            now.stage_use, before.version, now.version
        ));
    }
    if before.seed != now.seed {
        let shown = |seed: Option<u64>| seed.map_or("none".to_owned(), |seed| seed.to_string());
        found.push(format!("seed: {} → {}", shown(before.seed), shown(now.seed)));
    }
    let (old, new) = (flat(&before.params), flat(&now.params));
    let keys: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for key in keys {
        let (was, is) = (old.get(key), new.get(key));
        // A path counts by what lies there.
        if was != is && !now.files.contains_key(key) {
            let shown = |value: Option<&Value>| value.map_or("not set".to_owned(), Value::to_string);
            found.push(format!("{key}: {} → {}{}", shown(was), shown(is), written(key)));
        }
    }
    for (param, digest) in &now.files {
        if before.files.get(param) != Some(digest) {
            let path = new.get(param).map_or(String::new(), |path| format!(" {path}"));
            found.push(format!("the content of the file{path} (`{param}`) changed"));
        }
    }
    for (port, digest) in &now.inputs_known_by {
        let source = now.inputs.get(port).map_or("", String::as_str);
        match before.inputs_known_by.get(port) {
            None => found.push(format!("its input `{port}` ({source}) is new")),
            Some(was) if was != digest && !digest.is_empty() => {
                found.push(format!("its input `{port}` ({source}) changed"));
            }
            Some(_) => {}
        }
    }
    for port in before.inputs_known_by.keys() {
        if !now.inputs_known_by.contains_key(port) {
            found.push(format!("its input `{port}` is gone"));
        }
    }
    found
}

/// `, from --set` or `, recipes/x.toml:12`; empty where the recipe does not write the key.
fn where_written(planned: &PlannedStage, key: &str, sources: &Sources) -> String {
    let table = planned.stage.written.as_table();
    let first = key.split('.').next().unwrap_or(key);
    if table.is_none_or(|table| table.get(first).is_none()) {
        return ", by default".to_owned();
    }
    let place = planned.stage.written.place_of(key);
    let Some(source) = sources.texts.get(place.source) else {
        return String::new();
    };
    match source.kind {
        LayerKind::Set => ", from --set".to_owned(),
        LayerKind::Base | LayerKind::Recipe => {
            let (line, _) = sources.line_and_column(&place);
            format!(", {}:{line}", source.name)
        }
    }
}

/// Every single value by its dotted path: `phases.0.lr`.
pub fn flat(table: &toml::Table) -> BTreeMap<String, Value> {
    fn add(path: String, value: &Value, found: &mut BTreeMap<String, Value>) {
        let below = |step: String| {
            if path.is_empty() {
                step
            } else {
                format!("{path}.{step}")
            }
        };
        match value {
            Value::Table(table) => {
                for (key, value) in table {
                    add(below(key.clone()), value, found);
                }
            }
            Value::Array(items) if items.iter().any(|item| item.is_table()) => {
                for (index, item) in items.iter().enumerate() {
                    add(below(index.to_string()), item, found);
                }
            }
            _ => {
                found.insert(path, value.clone());
            }
        }
    }
    let mut found = BTreeMap::new();
    for (key, value) in table {
        add(key.clone(), value, &mut found);
    }
    found
}
