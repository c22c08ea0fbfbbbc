//! The lines of the table at the end of the run.

use ichflow_api::data::measures::{Metrics, PartMetrics};
use ichflow_api::metrics::Interval;
use ichflow_api::prelude::*;

/// Sums up everything that was measured.
pub(super) fn summarise(context: &Context, measured: &Metrics) {
    part(context, "validation", &measured.valid);
    if let Some(test) = &measured.test {
        part(context, "test", test);
    }
    if let Some(exams) = &measured.exams {
        let unit = exams.unit.plural();
        auroc(context, &format!("validation {unit}"), &exams.valid);
        if let Some(test) = &exams.test {
            auroc(context, &format!("test {unit}"), test);
        }
    }
    if let Some(baseline) = &measured.baseline {
        part(context, "baseline", baseline);
    }
    if let Some(versus) = &measured.versus_baseline {
        context.summarise(
            "Δ weighted log loss vs baseline",
            format!("{:+.4}", versus.difference),
            interval(versus.interval).unwrap_or_default(),
        );
    }
    if let Some(localization) = &measured.localization {
        for label in &localization.labels {
            context.summarise(
                format!("pointing game {} ({} maps)", label.label, label.maps),
                format!("{:.4}", label.heat_maps.pointing),
                format!(
                    "chance {:.4}, centred map {:.4}",
                    label.uniform.pointing, label.centred.pointing
                ),
            );
        }
    }
    for part in measured.novelty.iter().flat_map(|novelty| &novelty.parts) {
        let all = part.all;
        context.summarise(
            format!("exams unlike the training data ({})", part.part),
            format!("{} of {}", all.flagged, all.exams),
            format!(
                "features {}, HU {}, headers {}",
                all.features, all.hu, all.headers
            ),
        );
    }
}

fn part(context: &Context, part: &str, measured: &PartMetrics) {
    context.summarise(
        format!("weighted log loss ({part})"),
        format!("{:.4}", measured.weighted_log_loss),
        format!(
            "{}prevalence baseline {:.4}",
            interval(measured.weighted_log_loss_interval).map_or(String::new(), |text| text + "; "),
            measured.prevalence_log_loss
        ),
    );
    auroc(context, part, measured);
}

fn auroc(context: &Context, part: &str, measured: &PartMetrics) {
    context.summarise(
        format!("AUROC {} ({part})", measured.headline()),
        measured
            .auc_any()
            .map_or("undefined".into(), |auc| format!("{auc:.4}")),
        interval(measured.auc_any_interval).unwrap_or_default(),
    );
}

/// An interval in words.
pub(crate) fn interval(interval: Option<Interval>) -> Option<String> {
    interval.map(|interval| format!("95 % {interval}"))
}
