//! What of a recipe comes along to judge whole exams.

use ichflow_api::prelude::*;
use toml::Table;

use super::chain::{Chain, slices_of_exams};
use ichflow_api::bundle::format::{BundledExams, BundledThresholds, BundledTriage};
use ichflow_api::bundle::wires::stage_of;

/// The stages that make exams, with thresholds and triage for them; nothing where the recipe makes none. `collect`
/// gives the chain that ends in a wire.
///
/// # Errors
/// Where an artifact cannot be taken. Exams that this model alone does not make are told of and left out.
pub(super) fn bundled(
    inputs: &Inputs,
    recipe: &Table,
    context: &Context,
    collect: impl Fn(&str) -> Result<Chain>,
) -> Result<Option<(Chain, BundledExams)>> {
    let wire = |stage: &str, port: &str| recipe.get(stage)?.get(port)?.as_str();
    let own = |port: &str| wire(context.stage(), port);
    let triage = inputs.get(optional::TRIAGE)?.zip(own("triage"));
    let given = inputs.get(optional::EXAMS)?;
    let sorted = triage.as_ref().and_then(|(_, of)| wire(stage_of(of), "exams"));
    let (Some(exams), Some(unit)) = (
        sorted.or_else(|| own("exams")),
        triage
            .as_ref()
            .map(|(triage, _)| triage.unit)
            .or(given.map(|exams| exams.unit)),
    ) else {
        return Ok(None);
    };
    let mut chain = match collect(exams) {
        Ok(chain) => chain,
        Err(error) => {
            context.warn(format!("{}; the bundle predicts no exams", error.chain()));
            return Ok(None);
        }
    };
    let Some(slices) = slices_of_exams(&chain.stages, exams) else {
        context.warn(format!(
            "`{exams}` is not made of slices; the bundle predicts no exams"
        ));
        return Ok(None);
    };
    if let Some((_, of)) = &triage {
        // Its cuts come along as its parameters.
        chain.with(collect(of)?, recipe);
    }
    let mut thresholds = None;
    let ports = [
        ("exam_thresholds", optional::EXAM_THRESHOLDS),
        ("thresholds", optional::THRESHOLDS),
    ];
    for (name, port) in ports {
        let of = own(name).filter(|of| wire(stage_of(of), "valid") == Some(exams));
        if let (Some(chosen), Some(of), None) = (inputs.get(port)?, of, &thresholds) {
            thresholds = Some(BundledThresholds {
                target: chosen.target.clone(),
                of_label: chosen.of_label.clone(),
                wire: Some(of.to_owned()),
            });
        }
    }
    let exams = BundledExams {
        unit,
        slices,
        predictions: exams.to_owned(),
        thresholds,
        triage: triage.map(|(triage, of)| BundledTriage::of(&triage, of)),
    };
    Ok(Some((chain, exams)))
}
