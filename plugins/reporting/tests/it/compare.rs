//! The page of a comparison, of runs of every odd kind.

use std::path::PathBuf;

use ichflow_api::data::comparison::{
    Comparison, EpochRow, LabelMeasured, Measured, PartMeasured, Ranked, Run, RunState, Setting, Variant,
    Versus, html,
};
use ichflow_api::data::labels::rsna::LABELS;
use ichflow_api::data::labels::{LabelSet, Level};

use super::odd_cohorts::is_finite;
// Linked for the page that it registers.
use ichflow_reporting as _;

fn run(index: usize, score: f64) -> Run {
    Run {
        directory: PathBuf::from(format!("run {index}")),
        name: format!("run {index}"),
        title: String::new(),
        seed: Some(index as u64),
        settings: vec![Setting {
            key: "train.lr".into(),
            value: index.to_string(),
        }],
        state: RunState::Done,
        started: None,
        stopped: None,
        measured: Some(Measured {
            eps: 1e-15,
            label_set: LabelSet::rsna(),
            valid: PartMeasured {
                slices: 1,
                patients: 1,
                weighted_log_loss: score,
                weighted_log_loss_interval: None,
                prevalence_log_loss: 0.4,
                auc_any_interval: None,
                headline: None,
                labels: LABELS
                    .map(|label| LabelMeasured {
                        label: label.into(),
                        log_loss: score,
                        auc: None,
                        at_threshold: None,
                    })
                    .to_vec(),
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
    }
}

fn page(scores: &[f64], epochs: &[f64]) -> String {
    let ranked: Vec<Ranked> = scores
        .iter()
        .enumerate()
        .map(|(index, score)| Ranked {
            run: Run {
                epochs: epochs
                    .iter()
                    .enumerate()
                    .map(|(epoch, loss)| EpochRow {
                        epoch: epoch + 1,
                        valid_loss: *loss,
                        slices_per_second: None,
                    })
                    .collect(),
                ..run(index, *score)
            },
            score: *score,
            versus: (index > 0).then(|| Versus {
                paired: false,
                difference: score - scores[0],
                interval: None,
                lower_in: None,
                note: None,
                labels: Vec::new(),
            }),
            exams_versus: None,
        })
        .collect();
    let comparison = Comparison {
        keys: vec!["train.lr".into()],
        variants: (0..ranked.len())
            .map(|index| Variant {
                runs: vec![index],
                mean: scores[index],
                standard_deviation: None,
                low: scores[index],
                high: scores[index],
            })
            .collect(),
        baseline: 0,
        ranked,
        others: Vec::new(),
        remarks: Vec::new(),
    };
    let html = html(&comparison).unwrap();
    assert!(is_finite(&html));
    html
}

#[test]
fn one_run_runs_all_alike_and_two_kinds() {
    let html = page(&[0.3], &[]);
    assert!(html.contains("One run") && html.contains("There is nothing to draw."));
    page(&[0.0], &[0.0]);
    page(&[0.3; 5], &[0.3, 0.3]);
    page(&[0.2, 0.2, 0.9, 0.9], &[f64::NAN, 0.4]);
    page(&[0.1, 1e6], &[f64::NAN]);
}

#[test]
fn five_hundred_runs() {
    let scores: Vec<f64> = (0..500).map(|i| 0.2 + 0.0001 * f64::from(i)).collect();
    let html = page(&scores, &[0.5, 0.4]);
    assert!(html.len() < 8 << 20, "{} bytes", html.len());
}
