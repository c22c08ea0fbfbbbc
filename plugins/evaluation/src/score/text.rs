//! The score as a person reads it.

use std::fmt::Write;

use ichflow_api::counted::counted;
use ichflow_api::data::labels::rsna::STAGE_2_PREVALENCE_LOG_LOSS;

use super::files::Score;
use crate::evaluate::interval;

/// A number with four decimals, or a dash where it is undefined.
fn number(value: Option<f64>) -> String {
    value.map_or("–".into(), |value| format!("{value:.4}"))
}

/// Lines for a terminal.
pub(super) fn of(score: &Score) -> String {
    let measured = &score.score;
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_all(&mut text, score);
    for remark in measured
        .labels
        .iter()
        .filter_map(|label| Some(format!("{}: {}", label.label, label.note.as_ref()?)))
        .chain(score.remarks.iter().cloned())
    {
        text += &format!("note: {remark}\n");
    }
    text
}

fn write_all(text: &mut String, score: &Score) -> std::fmt::Result {
    let measured = &score.score;
    text.push_str(&counted(measured.slices, "slice", "slices"));
    if measured.patients > 0 {
        write!(text, " of {}", counted(measured.patients, "patient", "patients"))?;
    }
    let beside =
        interval(measured.weighted_log_loss_interval).map_or(String::new(), |text| format!(" ({text})"));
    let published = match score.labels.is_rsna() {
        true => format!(" (on stage 2 of the competition {STAGE_2_PREVALENCE_LOG_LOSS})"),
        false => String::new(),
    };
    writeln!(
        text,
        "\nweighted log loss    {:.6}{beside}\nclipped to {:<9e} {:.6}\nprevalence baseline  {:.6}{published}",
        measured.weighted_log_loss,
        measured.submitted.clip,
        measured.submitted.weighted_log_loss,
        measured.prevalence_log_loss,
    )?;
    if let Some(versus) = &score.versus {
        let beside = interval(versus.interval).map_or(String::new(), |text| format!(" ({text})"));
        let lower = versus.lower_in.map_or(String::new(), |share| {
            format!("; lower in {:.1} % of resamples", 100.0 * share)
        });
        writeln!(
            text,
            "Δ vs the other       {:+.6}{beside}{lower}",
            versus.difference
        )?;
    }
    let Some(first) = measured.labels.first() else {
        return Ok(());
    };
    writeln!(
        text,
        "\n{:<17}{:>10}{:>10}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>10}",
        "", "positive", "log loss", "AUROC", "AP", "Brier", "ECE", "acc.", "F1", "sens.", "spec.", "sens. at"
    )?;
    for label in &measured.labels {
        let at = &label.at_threshold;
        writeln!(
            text,
            "{:<17}{:>10}{:>10}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>8}{:>10}",
            label.label,
            label.positives,
            number(Some(label.log_loss)),
            number(label.auc),
            number(label.average_precision),
            number(Some(label.brier)),
            number(Some(label.expected_calibration_error)),
            number(Some(label.accuracy)),
            number(at.f1),
            number(at.sensitivity),
            number(at.specificity),
            number(label.at_specificity.map(|point| point.sensitivity)),
        )?;
    }
    writeln!(
        text,
        "accuracy at 0.5; F1, sensitivity and specificity at {}; the last column at a specificity of {}",
        first.at_threshold.threshold, score.computed.specificity
    )
}
