//! Whether two models order and call the same cases equally well, label by label.

use ichflow_api::data::comparison::{AurocVersus, CallsVersus, LabelVersus};
use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::data::measures::Method;
use ichflow_api::metrics::{
    Confidence, MetricsError, auroc_difference_clustered, auroc_difference_delong, mcnemar,
};

use super::statistics::Cases;

/// Each label of `labelled` against the same rows' probabilities `baseline`; calls are made at `threshold`.
pub fn versus_labels(
    labelled: &LabelledPredictions,
    baseline: &[Vec<f64>],
    threshold: f64,
) -> Vec<LabelVersus> {
    (0..labelled.labels.len())
        .map(|label| {
            let cases = Cases::of(labelled, label);
            let theirs: Vec<f64> = cases.rows.iter().map(|row| baseline[*row][label]).collect();
            let mut notes = Vec::new();
            LabelVersus {
                label: labelled.labels.name(label).to_owned(),
                auroc: auroc(&cases, &theirs, &mut notes),
                calls: calls(&cases, &theirs, threshold, &mut notes),
                notes,
            }
        })
        .collect()
}

fn auroc(cases: &Cases, baseline: &[f64], notes: &mut Vec<String>) -> Option<AurocVersus> {
    if !cases.patients_known {
        notes.push("it is not known which cases belong to one patient, so AUROCs are not compared".into());
        return None;
    }
    let (own, truth, patient) = (&cases.probabilities, &cases.truth, &cases.patient);
    let (found, method) = match cases.independent {
        true => (
            auroc_difference_delong(truth, baseline, own, patient),
            Method::Delong,
        ),
        false => (
            auroc_difference_clustered(truth, baseline, own, patient),
            Method::Obuchowski,
        ),
    };
    match found {
        Ok(found) => Some(AurocVersus {
            difference: found.difference(),
            interval: found.interval(Confidence::PERCENT_95),
            p: found.p_value(),
            holm_p: None,
            method,
        }),
        Err(error) => {
            notes.push(format!("AUROCs are not compared: {error}"));
            None
        }
    }
}

fn calls(cases: &Cases, baseline: &[f64], threshold: f64, notes: &mut Vec<String>) -> Option<CallsVersus> {
    if !cases.patients_known {
        return None;
    }
    let of = |positive: bool| {
        let chosen: Vec<usize> = (0..cases.truth.len())
            .filter(|case| cases.truth[*case] == positive)
            .collect();
        let calls = |of: &[f64]| {
            chosen
                .iter()
                .map(|case| of[*case] >= threshold)
                .collect::<Vec<bool>>()
        };
        let patient: Vec<usize> = chosen.iter().map(|case| cases.patient[*case]).collect();
        mcnemar(
            &vec![positive; chosen.len()],
            &calls(baseline),
            &calls(&cases.probabilities),
            &patient,
        )
    };
    // Positives of several patients beside several negatives of one are clustered all the same.
    if !cases.independent {
        notes.push(format!(
            "calls are not compared: patients have several {}, and McNemar's test takes cases as independent",
            cases.unit.plural()
        ));
        return None;
    }
    let found = of(true).and_then(|sensitivity| {
        let specificity = of(false)?;
        Ok::<_, MetricsError>(CallsVersus {
            threshold,
            sensitivity,
            specificity,
        })
    });
    match found {
        Ok(found) => Some(found),
        Err(error) => {
            notes.push(format!("calls are not compared: {error}"));
            None
        }
    }
}
