//! What training data looked like, on its way into the bundle: where in the chain slices are held against it, and what
//! periods are compared with.

use std::path::Path;

use ichflow_api::data::exams::indices_of;
use ichflow_api::data::profile::{DataProfile, Novelty};
use ichflow_api::ports::ArtifactType;
use ichflow_api::prelude::*;
use ichflow_api::registry::Registry;
use toml::{Table, Value};

use super::chain::{Chain, is};
use ichflow_api::bundle::format::{BundledProfile, DigestedFile, FEATURES, PROFILE, Reference};
use ichflow_api::bundle::wires::{PROFILE as WIRE, SLICES, parts, stage_of};

/// What a stage that is added for it is called.
const ADDED: &str = "hold_against_training";

/// Writes the profile into the bundle, and has the chain hold slices against it: the stage that predicts slices with the
/// model does so in the same pass; where there is none, one is added.
///
/// # Errors
/// Where the profile was made with another model than the bundle's.
pub(super) fn bundled(
    profile: &DataProfile,
    valid: &Predictions,
    wire: &str,
    chain: &mut Chain,
    recipe: &Table,
    directory: &Path,
) -> Result<BundledProfile> {
    let made_with = recipe
        .get(stage_of(wire))
        .and_then(|table| table.get("model")?.as_str())
        .unwrap_or(wire);
    if made_with != chain.model && stage_of(made_with) != stage_of(&chain.model) {
        return Err(Error::new(format!(
            "the profile `{wire}` was made with the model `{made_with}`, and the bundle holds `{}`",
            chain.model
        ))
        .help(format!("wire the profile to that: `model = \"{}\"`", chain.model)));
    }
    let registry = Registry::collect().doing("the program cannot be used")?;
    let novelty = wired(chain, &registry)?;
    let reference = Reference {
        profile: profile.clone(),
        probabilities: exam_probabilities(valid),
    };
    let text = serde_json::to_vec(&reference).doing("cannot write the profile as JSON")?;
    Ok(BundledProfile {
        facts: DigestedFile::write(directory, PROFILE, &text)?,
        features: DigestedFile::write(directory, FEATURES, &profile.features_to_bytes())?,
        novelty,
    })
}

/// The wire on which the chain offers how slices compare with the profile.
fn wired(chain: &mut Chain, registry: &Registry) -> Result<String> {
    let of_the_model = |table: &Table| table.get("model").and_then(Value::as_str) == Some(&chain.model);
    for (name, table) in &mut chain.stages {
        let Some(table) = table.as_table_mut().filter(|table| of_the_model(table)) else {
            continue;
        };
        let Ok((registration, params)) = parts(table, registry) else {
            continue;
        };
        let stage = registration
            .build(params)
            .doing("the parameters of a stage cannot be read")?;
        let ports = stage.ports();
        let novelty = ArtifactType::of::<Novelty>();
        let takes = ports.inputs.iter().find(|input| is::<DataProfile>(input));
        let offers = ports.outputs.iter().find(|output| output.artifact == novelty);
        if let (Some(takes), Some(offers)) = (takes, offers) {
            table.insert(takes.name.into(), WIRE.into());
            return Ok(format!("{name}.{}", offers.name));
        }
    }
    // Features may be computed elsewhere, as for a network over series: the slices are those of that stage.
    let others = chain.stages.iter().filter_map(|(_, table)| table.as_table());
    let mut with_pixels = others.filter(|table| of_the_model(table) && table.contains_key("pixels"));
    let like = with_pixels
        .next()
        .ok_or_else(|| Error::new("no stage of the bundle applies its model to slices"))?;
    let mut added = Table::new();
    added.insert("use".into(), "predict".into());
    for port in ["model", "pixels", "cohort", "batch"] {
        if let Some(value) = like.get(port) {
            added.insert(port.into(), value.clone());
        }
    }
    added.insert("folds".into(), format!("{SLICES}.folds").into());
    added.insert("profile".into(), WIRE.into());
    chain.stages.insert(ADDED.into(), Value::Table(added));
    Ok(format!("{ADDED}.novelty"))
}

/// For each label, the highest probability of a slice of every exam, ascending.
fn exam_probabilities(valid: &Predictions) -> Vec<Vec<f64>> {
    let exams = indices_of(&valid.slices, Level::Study);
    let of_label = |label: usize| {
        let highest = |exam: &Vec<usize>| {
            let of_slices = exam.iter().map(|index| valid.probabilities[*index][label]);
            of_slices.fold(f64::NEG_INFINITY, f64::max)
        };
        let mut values: Vec<f64> = exams.iter().map(highest).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    (0..valid.labels.len()).map(of_label).collect()
}
