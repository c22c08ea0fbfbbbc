use std::path::{Path, PathBuf};

use ichflow_api::data::comparison::{Comparison, Measured, PartMeasured, Run, RunState, settings};
use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::metrics::{self, Interval};
use ichflow_api::prelude::*;

use super::comparison;
use super::record::RunRecord;
use super::validation::Validation;

fn compare(runs: Vec<RunRecord>, baseline: Option<&Path>, bootstrap: usize) -> Result<Comparison> {
    comparison::of(runs, baseline, bootstrap)
}

/// A run judged on `slices` slices of patients of two, with probability `p` of what is true.
fn run(name: &str, recipe: &str, seed: u64, slices: std::ops::Range<usize>, p: f64) -> RunRecord {
    let truth: Vec<_> = slices.clone().map(|i| Labels::from([i % 3 == 0; 6])).collect();
    let probabilities: Vec<_> = truth
        .iter()
        .map(|truth| vec![if truth.is_positive(0) { p } else { 1.0 - p }; 6])
        .collect();
    let eps = 1e-15;
    let score = metrics::weighted_log_loss(&truth, &probabilities, LabelSet::rsna().weights(), eps).unwrap();
    let run = Run {
        directory: PathBuf::from(name),
        name: name.into(),
        title: String::new(),
        seed: Some(seed),
        settings: settings::of(&toml::from_str(recipe).unwrap(), &|name| name == "fit"),
        state: RunState::Done,
        started: None,
        stopped: None,
        measured: Some(Measured {
            eps,
            label_set: LabelSet::rsna(),
            valid: PartMeasured {
                slices: truth.len(),
                patients: truth.len() / 2,
                weighted_log_loss: score,
                weighted_log_loss_interval: Some(Interval {
                    low: score - 0.03,
                    high: score + 0.04,
                }),
                prevalence_log_loss: 0.5,
                auc_any_interval: None,
                headline: None,
                labels: Vec::new(),
                statistics: Vec::new(),
            },
            test: None,
            unit: Level::Slice,
            exams: None,
        }),
        epochs: Vec::new(),
        seconds: None,
        device: None,
        parameters: None,
    };
    let validation = Ok(Validation {
        ids: slices.clone().map(|i| format!("s{i}")).collect(),
        labelled: LabelledPredictions {
            unit: Level::Slice,
            labels: LabelSet::rsna(),
            patients: truth.len() / 2,
            patient: (0..truth.len()).map(|i| i / 2).collect(),
            truth,
            probabilities,
        },
    });
    RunRecord {
        run,
        validation,
        exams: Err("none".into()),
    }
}

const A: &str = "[train]\nlr = 1";
const B: &str = "[train]\nlr = 2";

#[test]
fn runs_of_the_same_slices_are_paired_and_sorted() {
    let mut other_order = run("worse", B, 1, 0..20, 0.7);
    if let Ok(validation) = &mut other_order.validation {
        validation.ids.reverse();
        validation.labelled.truth.reverse();
        validation.labelled.probabilities.reverse();
        validation.labelled.patient.reverse();
    }
    let comparison = compare(vec![other_order, run("better", A, 1, 0..20, 0.8)], None, 200).unwrap();
    assert_eq!(comparison.ranked[0].run.name, "better");
    assert!(comparison.ranked[0].versus.is_none());
    let versus = comparison.ranked[1].versus.as_ref().unwrap();
    assert!(versus.paired, "{versus:?}");
    let expected = (0.8_f64 / 0.7).ln();
    assert!((versus.difference - expected).abs() < 1e-12);
    // Every slice is worse by the same amount, so the interval is a point.
    let interval = versus.interval.unwrap();
    assert!((interval.low - expected).abs() < 1e-9 && (interval.high - expected).abs() < 1e-9);
    assert_eq!(versus.lower_in, Some(0.0));
    assert_eq!(comparison.keys, ["train.lr"]);
}

#[test]
fn other_slices_are_compared_unpaired_and_that_is_said() {
    let (a, b) = (run("a", A, 1, 0..20, 0.8), run("b", B, 1, 4..24, 0.7));
    let comparison = compare(vec![a, b], None, 200).unwrap();
    let versus = comparison.ranked[1].versus.as_ref().unwrap();
    assert!(!versus.paired);
    assert_eq!(versus.lower_in, None);
    assert!(
        versus
            .note
            .as_deref()
            .unwrap()
            .contains("20 and 20 validation slices, 16 of them in both")
    );
    // 0.03 below and 0.04 above each: hypot(0.03, 0.04) either way.
    let interval = versus.interval.unwrap();
    assert!((versus.difference - interval.low - 0.05).abs() < 1e-12);
    assert!((interval.high - versus.difference - 0.05).abs() < 1e-12);
    assert!(comparison.remarks[0].contains("not measured on the same slices"));
}

#[test]
fn repeated_seeds_are_one_variant() {
    let runs = vec![
        run("a1", A, 1, 0..20, 0.8),
        run("b1", B, 1, 0..20, 0.75),
        run("a2", A, 2, 0..20, 0.7),
    ];
    let comparison = compare(runs, None, 0).unwrap();
    assert!(comparison.has_repeats());
    assert_eq!(comparison.variants.len(), 2);
    let pair = comparison
        .variants
        .iter()
        .find(|variant| variant.runs.len() == 2)
        .unwrap();
    let (low, high) = (-(0.8_f64.ln()), -(0.7_f64.ln()));
    assert!((pair.mean - (low + high) / 2.0).abs() < 1e-12);
    assert!((pair.standard_deviation.unwrap() - (high - low) / 2.0_f64.sqrt()).abs() < 1e-12);
}

#[test]
fn what_stopped_is_listed_and_nothing_to_compare_is_an_error() {
    let mut stopped = run("stopped", A, 1, 0..20, 0.8);
    stopped.run.stopped = Some("interrupted".into());
    stopped.run.measured = None;
    let comparison = compare(vec![stopped, run("b", B, 1, 0..20, 0.7)], None, 0).unwrap();
    assert_eq!(comparison.others.len(), 1);
    let mut stopped = run("stopped", A, 1, 0..20, 0.8);
    stopped.run.stopped = Some("interrupted".into());
    let error = compare(vec![stopped], None, 0).err().unwrap();
    assert!(error.to_string().contains("stopped: interrupted"), "{error}");
    let error = compare(vec![run("b", B, 1, 0..20, 0.7)], Some(Path::new("c")), 0)
        .err()
        .unwrap();
    assert!(error.to_string().contains("c cannot be the baseline"), "{error}");
}
