//! What followed a bundle's network, on predictions that were made elsewhere: as it was frozen, or fitted anew.

use std::sync::Arc;

use ichflow_api::context::RunContext;
use ichflow_api::data::triage::Triage;
use ichflow_api::prelude::*;
use ichflow_api::registry::Registry;
use toml::{Table, Value};

use super::chain::root;
use ichflow_api::bundle::Bundle;
use ichflow_api::bundle::format::BundledThresholds;
use ichflow_api::bundle::machine::Machine;
use ichflow_api::bundle::wires::{TRAINED, TRAINED_ON_TOGETHER, TRAINED_SERIES, parts, stage_of};

/// How steps come to their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    /// As the bundle froze them.
    Frozen,
    /// By what the recipe asked for, from the cohort at hand; each patient by a fit without it.
    Anew,
}

/// What came of the steps.
pub(crate) struct Followed {
    /// Slices.
    pub slices: Predictions,
    /// From which probability on they are positive, if the bundle has that.
    pub thresholds: Option<Thresholds>,
    /// Exams, if the bundle makes some.
    pub exams: Option<Predictions>,
    /// From which probability on these are positive.
    pub exam_thresholds: Option<Thresholds>,
    /// How they are sorted.
    pub triage: Option<Triage>,
}

/// Applies the steps of a bundle to what its network said of some slices; `exams` is what a series model said of exams,
/// where the bundle's exams come of one. Stages work in the directories of `run`.
///
/// # Errors
/// When this program lacks a stage of the bundle, when one fails, or the exams are needed and not given.
pub(crate) fn follow(
    bundle: &Bundle,
    fit: Fit,
    own: &Predictions,
    exams: Option<&Predictions>,
    run: &RunContext,
) -> Result<Followed> {
    let chain = match fit {
        Fit::Frozen => bundle.chain().clone(),
        Fit::Anew => chain_to_refit(bundle)?,
    };
    let mut machine = Machine::with(bundle, chain, run)?;
    machine.give(
        root(bundle.chain(), &bundle.index().predictions),
        Arc::new(own.clone()),
    );
    let mut followed = Followed {
        slices: machine.predictions(&bundle.index().predictions)?,
        thresholds: None,
        exams: None,
        exam_thresholds: None,
        triage: None,
    };
    followed.thresholds = thresholds(
        bundle,
        fit,
        Level::Slice,
        bundle.index().thresholds.as_ref(),
        &mut machine,
    )?;
    let Some(of_exams) = &bundle.index().exams else {
        return Ok(followed);
    };
    let root = root(bundle.chain(), &of_exams.slices);
    if root.ends_with(".exams") {
        let exams = exams.ok_or_else(|| {
            Error::new("the exams of this bundle are its series model's")
                .help("put `use = \"predict-series\"` before this stage, and wire `exams` to it")
        })?;
        machine.give(root, Arc::new(exams.clone()));
    }
    followed.exams = Some(machine.predictions(&of_exams.predictions)?);
    followed.exam_thresholds = thresholds(
        bundle,
        fit,
        of_exams.unit,
        of_exams.thresholds.as_ref(),
        &mut machine,
    )?;
    if let Some(triage) = &of_exams.triage {
        let made = machine.make(&triage.wire)?;
        let made = made
            .downcast::<Triage>()
            .map_err(|_| bundle.broken(&triage.wire))?;
        followed.triage = Some(Triage::clone(&made));
    }
    Ok(followed)
}

/// The steps that are fitted to data, as `name (use)`.
pub(crate) fn fitted_steps(bundle: &Bundle) -> Result<Vec<String>> {
    let anew = chain_to_refit(bundle)?;
    let name = |(name, table): (&String, &Value)| {
        let differs = bundle.chain().get(name) != Some(table);
        let used = table.get("use").and_then(Value::as_str)?;
        differs.then(|| format!("{name} (`{used}`)"))
    };
    Ok(anew.iter().filter_map(name).collect())
}

fn thresholds(
    bundle: &Bundle,
    fit: Fit,
    unit: Level,
    bundled: Option<&BundledThresholds>,
    machine: &mut Machine<'_>,
) -> Result<Option<Thresholds>> {
    let Some(bundled) = bundled else {
        return Ok(None);
    };
    if fit == Fit::Frozen {
        return Ok(Some(Thresholds {
            unit,
            target: bundled.target.clone(),
            of_label: bundled.of_label.clone(),
            ..Thresholds::default()
        }));
    }
    // An older bundle does not say where they came from.
    let Some(wire) = &bundled.wire else {
        return Ok(None);
    };
    let made = machine.make(wire)?;
    let made = made.downcast::<Thresholds>().map_err(|_| bundle.broken(wire))?;
    Ok(Some(Thresholds::clone(&made)))
}

/// The stages after the network with the parameters that the recipe gave them, before they found anything.
fn chain_to_refit(bundle: &Bundle) -> Result<Table> {
    let recipe = bundle.index().recipe.read(bundle.directory())?;
    let recipe: Table = String::from_utf8_lossy(&recipe).parse().at(
        "understand",
        &bundle.directory().join(&bundle.index().recipe.file),
    )?;
    let registry = Registry::collect().doing("the program cannot be used")?;
    let mut chain = Table::new();
    for (name, table) in bundle.chain() {
        let table = table.as_table().ok_or_else(|| bundle.broken(name))?;
        let used = table.get("use").and_then(Value::as_str).unwrap_or_default();
        let follows = table.get("valid").or_else(|| table.get("exams")).is_some();
        if !follows || [TRAINED, TRAINED_SERIES, TRAINED_ON_TOGETHER].contains(&used) {
            chain.insert(name.clone(), table.clone().into());
            continue;
        }
        let written = recipe
            .get(name)
            .and_then(Value::as_table)
            .ok_or_else(|| bundle.broken(name))?;
        let (registration, params) = parts(written, &registry)?;
        let schema = registration.schema();
        // The wires stay those of the chain.
        let wires = table
            .iter()
            .filter(|(key, _)| schema["properties"].get(key).is_none());
        let mut anew: Table = wires.map(|(key, value)| (key.clone(), value.clone())).collect();
        anew.extend(params);
        chain.insert(name.clone(), anew.into());
    }
    let of_exams = bundle
        .index()
        .exams
        .as_ref()
        .and_then(|exams| exams.thresholds.as_ref());
    for thresholds in bundle.index().thresholds.iter().chain(of_exams) {
        let Some(name) = thresholds.wire.as_deref().map(stage_of) else {
            continue;
        };
        let written = recipe
            .get(name)
            .and_then(Value::as_table)
            .ok_or_else(|| bundle.broken(name))?;
        let mut anew = written.clone();
        // There is one cohort, and it is all for validation.
        anew.remove("test");
        chain.insert(name.to_owned(), anew.into());
    }
    Ok(chain)
}
