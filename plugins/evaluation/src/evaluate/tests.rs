//! The stage as a whole.

use super::prevalence::of_training;
use super::*;
use ichflow_api::data::localization::{LabelLocalization, Localization, LocalizationScore};
use ichflow_api::testkit;

fn parts() -> (Cohort, Folds, Predictions) {
    let slices: Vec<Slice> = (0..40)
        .map(|i| {
            let bleeds = i % 4 == 0;
            let labels = [bleeds, false, bleeds, false, false, false];
            testkit::slice(&format!("s{i}"), &format!("p{}", i / 4), Some(labels.into()))
        })
        .collect();
    let folds = Folds {
        of_slice: (0..40)
            .map(|i| if i < 20 { Fold::Train } else { Fold::Valid })
            .collect(),
    };
    let validation = slices[20..].to_vec();
    let probabilities = (20..40)
        .map(|i| vec![if i % 4 == 0 { 0.8 } else { 0.1 }; 6])
        .collect();
    let predictions = Predictions {
        slices: validation,
        probabilities,
        ..Predictions::default()
    };
    (testkit::cohort(slices), folds, predictions)
}

fn localization() -> Localization {
    let score = |pointing, energy| LocalizationScore { pointing, energy };
    Localization {
        labels: vec![LabelLocalization {
            label: "any".into(),
            maps: 4,
            annotated: 5,
            patients: 2,
            empty: 1,
            heat_maps: score(0.75, 0.3),
            uniform: score(0.02, 0.02),
            centred: score(0.25, 0.05),
        }],
    }
}

#[test]
fn metrics_are_written_and_summed_up_and_runs_agree() {
    let measure = || {
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "evaluate", Evaluate::NAME, "key");
        let (cohort, folds, predictions) = parts();
        let inputs = Inputs::default()
            .with(input::COHORT, cohort)
            .with(input::FOLDS, folds)
            .with(optional::TEST, predictions.clone())
            .with(optional::BASELINE, predictions.clone())
            .with(optional::LOCALIZATION, localization())
            .with(input::VALID, predictions);
        let mut outputs = Evaluate::default().run(&inputs, &context).unwrap();
        let metrics = outputs.take(output::METRICS).unwrap();
        let text = std::fs::read_to_string(run.directory.join("metrics.json")).unwrap();
        (metrics, text, run.summary())
    };
    let (metrics, text, summary) = measure();
    assert_eq!(text, measure().1, "deterministic");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        json["valid"]["weighted_log_loss"],
        metrics.valid.weighted_log_loss
    );
    assert_eq!(json["training_prevalence"][0]["share"], 0.25);
    assert_eq!(json["valid"]["labels"][0]["auc"], 1.0);
    assert_eq!(json["valid"]["labels"][1]["auc"], serde_json::Value::Null);
    assert_eq!(json["test"]["slices"], 20);
    assert_eq!(json["valid"]["labels"][0]["at_threshold"]["true_positives"], 5);
    assert_eq!(json["valid"]["labels"][0]["at_threshold"]["f1"], 1.0);
    assert_eq!(json["valid"]["labels"][0]["at_specificity"]["sensitivity"], 1.0);
    assert_eq!(
        json["valid"]["labels"][1]["at_specificity"],
        serde_json::Value::Null
    );
    assert_eq!(json["versus_baseline"]["difference"], 0.0);
    assert_eq!(
        json["baseline"]["weighted_log_loss"],
        json["valid"]["weighted_log_loss"]
    );
    assert_eq!(json["valid"]["submitted"]["clip"], 1e-6);
    assert_eq!(json["localization"]["labels"][0]["heat_maps"]["pointing"], 0.75);
    assert_eq!(
        (
            summary[7].what.as_str(),
            summary[7].value.as_str(),
            summary[7].beside.as_str()
        ),
        (
            "pointing game any (4 maps)",
            "0.7500",
            "chance 0.0200, centred map 0.2500"
        )
    );
    assert_eq!(summary.len(), 8);
    assert_eq!(summary[0].what, "weighted log loss (validation)");
    assert!(summary[0].beside.starts_with("95 % "), "{}", summary[0].beside);
    assert!(
        summary[0].beside.contains("; prevalence baseline "),
        "{}",
        summary[0].beside
    );
    assert_eq!(
        (summary[1].what.as_str(), summary[1].value.as_str()),
        ("AUROC any (validation)", "1.0000")
    );
}

#[test]
fn folds_of_another_cohort_are_refused() {
    let (cohort, mut folds, _) = parts();
    folds.of_slice.pop();
    let error = of_training(&cohort, &folds, Level::Slice).unwrap_err();
    assert!(
        error.to_string().contains("39 slices, but the cohort has 40"),
        "{error}"
    );
}
