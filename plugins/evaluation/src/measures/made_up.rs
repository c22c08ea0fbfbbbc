//! Predictions that tests measure.

use ichflow_api::prelude::*;
use ichflow_api::testkit;

/// The same probability for all labels of all slices; two slices a patient.
pub(super) fn predictions(truth: &[Option<Labels>], probability: f64) -> Predictions {
    Predictions {
        slices: truth
            .iter()
            .enumerate()
            .map(|(i, labels)| testkit::slice(&format!("s{i}"), &format!("p{}", i / 2), labels.clone()))
            .collect(),
        probabilities: vec![vec![probability; 6]; truth.len()],
        ..Predictions::default()
    }
}
