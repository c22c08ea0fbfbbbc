//! Keys: what makes a stage's result, as a digest.

use std::collections::BTreeMap;

use ichflow_api::data::labels::LabelSet;
use ichflow_api::digest::{Digest, sha256_of_file};
use ichflow_api::error::Result;

use super::wiring::Wire;
use crate::recipe::stage::RecipeStage;

/// The digest of what makes a stage's result: its name and version, the parameters that matter, its
/// inputs, the files it reads, the labels where they are not the usual ones and, where it matters, the seed. `input` tells what an input is known by.
/// With `files`, single files count by their content and not by their path; a plan, which reads nothing,
/// has only the path.
///
/// # Errors
/// Where a parameter has no form in TOML.
pub fn of<'a>(
    stage: &RecipeStage,
    seed: u64,
    labels: &LabelSet,
    wires: &BTreeMap<&'static str, Wire>,
    input: impl Fn(&Wire) -> &'a str,
    files: Option<&BTreeMap<String, String>>,
) -> Result<String> {
    let mut digest = Digest::new();
    digest
        .add(stage.registration.name)
        .add(stage.registration.version.to_le_bytes());
    let mut params = material_params(stage)?;
    for name in files.iter().flat_map(|files| files.keys()) {
        params.remove(name);
    }
    digest.add(params.to_string());
    for (port, wire) in wires {
        digest.add(port).add(input(wire)).add(wire.output);
    }
    for (param, content) in files.into_iter().flatten() {
        digest.add(param).add(content);
    }
    if !labels.is_rsna() {
        digest.add(format!("{labels:?}"));
    }
    if stage.registration.seeded {
        digest.add(stage.seed.unwrap_or(seed).to_le_bytes());
    }
    Ok(digest.hex())
}

/// The parameters that can change the result.
///
/// # Errors
/// Where a parameter has no form in TOML.
pub fn material_params(stage: &RecipeStage) -> Result<toml::Table> {
    let mut params = stage.stage.params()?;
    for name in stage.registration.immaterial {
        remove(&mut params, name);
    }
    Ok(params)
}

/// Removes what stands at a dotted path: `checkpoint.every_minutes`.
fn remove(table: &mut toml::Table, path: &str) {
    match path.split_once('.') {
        None => {
            table.remove(path);
        }
        Some((key, rest)) => {
            if let Some(inner) = table.get_mut(key).and_then(toml::Value::as_table_mut) {
                remove(inner, rest);
            }
        }
    }
}

/// The content of each single file a stage reads, by the parameter that names it. Directories may hold
/// very many files: the stage that reads one says by its outputs what it found.
///
/// # Errors
/// Where a file cannot be read.
pub fn files(stage: &RecipeStage) -> Result<BTreeMap<String, String>> {
    stage
        .stage
        .reads()
        .into_iter()
        .filter(|path| !path.directory)
        .map(|path| Ok((path.key.to_owned(), sha256_of_file(&path.path)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_is_removed_within_tables_too() {
        let mut table: toml::Table =
            toml::from_str("limit = 1\n[checkpoint]\nevery_minutes = 5.0\nmetric = \"auc_any\"\n").unwrap();
        for path in [
            "limit",
            "checkpoint.every_minutes",
            "checkpoint.metric.deeper",
            "absent.key",
        ] {
            remove(&mut table, path);
        }
        let left: toml::Table = toml::from_str("[checkpoint]\nmetric = \"auc_any\"\n").unwrap();
        assert_eq!(table, left);
    }
}
