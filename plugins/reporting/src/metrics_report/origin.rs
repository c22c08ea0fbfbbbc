//! Where everything came from: the recipe, the machine, which slices were excluded.

use std::fs;

use ichflow_api::context::{Quarantined, RunContext};
use ichflow_api::data::selection::LEFT_OUT;
use serde_json::Value;

use crate::render::privacy::Privacy;

/// The recipe and the provenance.
pub(crate) struct Origin<'a> {
    /// The recipe with all defaults.
    pub recipe: &'a str,
    /// The texts it was written in, each with its name: the recipe, what it extends, what was set.
    pub layers: Vec<(String, String)>,
    /// Names and values; nested names are joined by " › ".
    pub provenance: Vec<(String, String)>,
    /// Stages and their seconds, in the order they ran.
    pub times: Vec<(String, String)>,
}

/// Excluded slices.
pub(crate) struct Quarantine {
    /// How many.
    pub count: usize,
    /// The first of them. Not their paths, which may name a patient.
    pub rows: Vec<Quarantined>,
    /// How many more there are.
    pub more: usize,
}

/// More lines than this help nobody; all are in the run's event log.
const MOST_ROWS: usize = 200;

pub(crate) fn quarantine(run: &RunContext, privacy: &Privacy) -> Quarantine {
    let mut rows = run.quarantined();
    let count = rows.len();
    // Whole series are told of elsewhere, and would leave no room for single slices.
    rows.sort_by_key(|row| row.reason.starts_with(LEFT_OUT));
    rows.truncate(MOST_ROWS);
    for row in &mut rows {
        // A reason often quotes the path of the file.
        let path = row.file.display().to_string();
        if let (false, Some(name)) = (path.is_empty(), row.file.file_name()) {
            // Nor does the name of a file say nothing about a person.
            row.reason = row
                .reason
                .replace(&path, "the file")
                .replace(&*name.to_string_lossy(), "the file");
        }
        row.reason = privacy.text(&row.reason);
        row.id = privacy.slice(&row.id);
    }
    Quarantine {
        count,
        more: count - rows.len(),
        rows,
    }
}

pub(crate) fn origin(run: &RunContext) -> Origin<'_> {
    let mut provenance = Vec::new();
    flatten(&run.provenance, "", &mut provenance);
    Origin {
        recipe: &run.resolved_recipe,
        layers: layers(run),
        provenance,
        times: times(run),
    }
}

/// The recipe as it was written, from the run's own copies; nothing where there are none.
fn layers(run: &RunContext) -> Vec<(String, String)> {
    let Ok(directory) = fs::read_dir(run.directory.join("layers")) else {
        return Vec::new();
    };
    let mut layers: Vec<(String, String)> = directory
        .flatten()
        .filter_map(|entry| {
            let text = fs::read_to_string(entry.path()).ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), text))
        })
        .collect();
    layers.sort();
    layers
}

/// How long the stages before this one took, from the run's events.
fn times(run: &RunContext) -> Vec<(String, String)> {
    let events = fs::read_to_string(run.directory.join("events.jsonl")).unwrap_or_default();
    events
        .lines()
        .filter_map(|line| {
            let event: Value = serde_json::from_str(line).ok()?;
            if event["kind"] != "finished" {
                return None;
            }
            let seconds = event["details"]["seconds"].as_f64()?;
            Some((event["stage"].as_str()?.to_owned(), format!("{seconds:.1} s")))
        })
        .collect()
}

fn flatten(value: &Value, name: &str, rows: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let name = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name} › {key}")
                };
                flatten(member, &name, rows);
            }
        }
        Value::Null if name.is_empty() => {}
        Value::Null => rows.push((name.into(), "–".into())),
        Value::String(text) => rows.push((name.into(), text.clone())),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect();
            rows.push((name.into(), items.join(" ")));
        }
        other => rows.push((name.into(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nested_provenance_becomes_lines() {
        let mut rows = Vec::new();
        flatten(
            &json!({"git": {"commit": "abc", "dirty": false}, "command": ["a", "b"]}),
            "",
            &mut rows,
        );
        let expected = [
            ("git › commit", "abc"),
            ("git › dirty", "false"),
            ("command", "a b"),
        ];
        assert_eq!(
            rows,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}
