//! Where everything came from: the recipe, the machine, what was set aside.

use ichflow_api::context::{Quarantined, RunContext};
use serde_json::Value;

/// The recipe and the provenance.
pub(crate) struct Origin<'a> {
    /// The recipe with all defaults.
    pub recipe: &'a str,
    /// Names and values; nested names are joined by " › ".
    pub provenance: Vec<(String, String)>,
}

/// Slices that were set aside.
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

pub(crate) fn quarantine(run: &RunContext) -> Quarantine {
    let mut rows = run.quarantined();
    let count = rows.len();
    rows.truncate(MOST_ROWS);
    for row in &mut rows {
        // A reason often quotes the path of the file.
        let path = row.file.display().to_string();
        if let (false, Some(name)) = (path.is_empty(), row.file.file_name()) {
            row.reason = row.reason.replace(&path, &name.to_string_lossy());
        }
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
        provenance,
    }
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
