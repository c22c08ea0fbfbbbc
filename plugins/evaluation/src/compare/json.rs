//! The comparison for programs.

use ichflow_api::data::comparison::{Comparison, PartMeasured, Ranked, Run};
use ichflow_api::metrics::Interval;
use serde_json::{Value, json};

/// Everything that was compared, every number with all its digits.
pub(super) fn of(comparison: &Comparison) -> Value {
    json!({
        "metric": "weighted_log_loss",
        "baseline": comparison.ranked.get(comparison.baseline).map(|one| &one.run.directory),
        "differing": comparison.keys,
        "runs": comparison.ranked.iter().map(|one| ranked(one, comparison)).collect::<Vec<_>>(),
        "variants": comparison.variants,
        "not_compared": comparison.others.iter().map(other).collect::<Vec<_>>(),
        "remarks": comparison.remarks,
    })
}

fn ranked(one: &Ranked, comparison: &Comparison) -> Value {
    let run = &one.run;
    let settings: serde_json::Map<String, Value> = comparison
        .keys
        .iter()
        .map(|key| (key.clone(), json!(run.setting(key))))
        .collect();
    let part = |part: &PartMeasured| {
        json!({
            "slices": part.slices,
            "patients": part.patients,
            "weighted_log_loss": part.weighted_log_loss,
            "weighted_log_loss_interval": part.weighted_log_loss_interval as Option<Interval>,
            "prevalence_log_loss": part.prevalence_log_loss,
            "auc_any": part.auc_any(),
            "auc_any_interval": part.auc_any_interval,
            "labels": part.labels.iter().map(|label| json!({
                "label": label.label, "log_loss": label.log_loss, "auc": label.auc,
            })).collect::<Vec<_>>(),
        })
    };
    json!({
        "run": run.directory,
        "name": run.name,
        "title": run.title,
        "seed": run.seed,
        "settings": settings,
        "valid": run.measured.as_ref().map(|measured| part(&measured.valid)),
        "test": run.measured.as_ref().and_then(|measured| measured.test.as_ref()).map(part),
        "versus_baseline": one.versus,
        "exams": run.measured.as_ref().and_then(|measured| measured.of_exams()).map(|(unit, exams)| json!({
            "unit": unit,
            "valid": part(exams),
            "auroc": exams.auroc(),
            "versus_baseline": one.exams_versus,
        })),
        "seconds": run.seconds,
        "device": run.device,
        "slices_per_second": run.slices_per_second(),
        "parameters": run.parameters,
    })
}

fn other(run: &Run) -> Value {
    json!({"run": run.directory, "name": run.name, "reason": run.stopped})
}
