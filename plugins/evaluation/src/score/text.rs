//! The score as a person reads it.

use std::fmt::Write;

use ichflow_api::counted::counted;
use ichflow_api::data::labels::rsna::STAGE_2_PREVALENCE_LOG_LOSS;
use ichflow_api::data::measures::Measure;

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
        .chain(measured.statistics.iter().flat_map(|label| {
            // That a label has one class is said above.
            let one_class = label.positives == 0 || label.positives == label.cases;
            let notes = label.notes.iter().filter(move |_| !one_class);
            notes.map(|note| format!("{}: {note}", label.label))
        }))
        .chain(score.remarks.iter().cloned())
    {
        text += &format!("note: {remark}\n");
    }
    text
}

fn write_all(text: &mut String, score: &Score) -> std::fmt::Result {
    let measured = &score.score;
    text.push_str(&counted(measured.slices, score.unit.name(), score.unit.plural()));
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
    )?;
    statistics(text, score)?;
    versus_labels(text, score)
}

/// A number with its interval, "0.9321 (0.8123–0.9711)".
fn with_interval(measure: Option<Measure>) -> String {
    measure.map_or("–".into(), |Measure { value, interval, .. }| {
        interval.map_or_else(
            || format!("{value:.4}"),
            |interval| format!("{value:.4} ({interval})"),
        )
    })
}

/// How sure the numbers are.
fn statistics(text: &mut String, score: &Score) -> std::fmt::Result {
    let all = &score.score.statistics;
    let Some(first) = all.first() else {
        return Ok(());
    };
    writeln!(
        text,
        "\n{:<17}{:>25}{:>25}{:>25}{:>28}",
        "95 % intervals", "AUROC", "sensitivity", "specificity", "calibration slope"
    )?;
    for label in all {
        let point = label.operating_points.first();
        writeln!(
            text,
            "{:<17}{:>25}{:>25}{:>25}{:>28}",
            label.label,
            with_interval(label.auroc),
            with_interval(point.and_then(|point| point.sensitivity)),
            with_interval(point.and_then(|point| point.specificity)),
            with_interval(label.calibration.as_ref().and_then(|found| found.slope)),
        )?;
    }
    let how = match (first.one_case_a_patient, score.score.patients) {
        (_, 0) => "without intervals, as it is not known whose cases these are",
        (true, _) => "one case a patient: DeLong, Wilson; the slope's error over patients",
        (false, _) => {
            "several cases a patient: Obuchowski; bootstrap over patients; the slope's error over patients"
        }
    };
    writeln!(text, "{how}")?;
    let headline = all.iter().find(|label| label.label == score.score.headline());
    let assumed = headline
        .and_then(|label| label.operating_points.first())
        .map_or(&[][..], |point| &point.at_prevalence);
    for at in assumed {
        writeln!(
            text,
            "assumed {} % positive of {} a day: PPV {}, NPV {}, {:.1} alarms a day, {:.1} of them false, {:.2} missed",
            100.0 * at.prevalence,
            at.exams_a_day,
            with_interval(at.ppv),
            with_interval(at.npv),
            at.alarms_a_day.value,
            at.false_positives_a_day.value,
            at.missed_a_day.value,
        )?;
    }
    Ok(())
}

/// Whether the two predictions order and call cases equally well.
fn versus_labels(text: &mut String, score: &Score) -> std::fmt::Result {
    for label in &score.labels_versus {
        let mut said = Vec::new();
        if let Some(auroc) = label.auroc {
            let beside = auroc
                .interval
                .map_or(String::new(), |interval| format!(" ({interval})"));
            let p = auroc.p.map_or("same order".into(), |p| format!("p {p:.4}"));
            said.push(format!(
                "Δ AUROC {:+.4}{beside}, {p} ({})",
                auroc.difference,
                auroc.method.in_words()
            ));
        }
        if let Some(calls) = label.calls {
            said.push(format!(
                "McNemar's mid-p at {}: sensitivity {:.4}, specificity {:.4}",
                calls.threshold, calls.sensitivity.mid_p, calls.specificity.mid_p
            ));
        }
        said.extend(label.notes.iter().cloned());
        writeln!(text, "{} vs the other: {}", label.label, said.join("; "))?;
    }
    if score.labels_versus.len() > 1 {
        writeln!(text, "these p values are not adjusted for the number of labels")?;
    }
    Ok(())
}
