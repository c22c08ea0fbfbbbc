//! Metrics in f64.

use ichflow_api::metrics;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

fn same_length(one: usize, other: usize, what: &str) -> PyResult<()> {
    match one == other {
        true => Ok(()),
        false => Err(PyValueError::new_err(format!(
            "there are {one} labels and {other} {what}"
        ))),
    }
}

/// Rows of labels (NaN: unknown) and probabilities.
#[pyfunction]
pub(crate) fn weighted_log_loss(
    py: Python<'_>,
    truth: Vec<Vec<f64>>,
    probabilities: Vec<Vec<f64>>,
    weights: Vec<f64>,
    eps: f64,
) -> PyResult<Option<f64>> {
    same_length(truth.len(), probabilities.len(), "rows of probabilities")?;
    for (row, (truth, probabilities)) in truth.iter().zip(&probabilities).enumerate() {
        if truth.len() != weights.len() || probabilities.len() != weights.len() {
            return Err(PyValueError::new_err(format!(
                "row {row} has {} labels and {} probabilities, and there are {} weights",
                truth.len(),
                probabilities.len(),
                weights.len()
            )));
        }
    }
    Ok(py.detach(|| {
        let known = |value: f64| (!value.is_nan()).then_some(value as f32);
        let truth: Vec<Vec<Option<f32>>> = truth
            .into_iter()
            .map(|row| row.into_iter().map(known).collect())
            .collect();
        metrics::weighted_log_loss(&truth, &probabilities, &weights, eps)
    }))
}

/// Area under the ROC curve; None where all are of one class.
#[pyfunction]
pub(crate) fn auroc(truth: Vec<bool>, scores: Vec<f64>) -> PyResult<Option<f64>> {
    same_length(truth.len(), scores.len(), "scores")?;
    Ok(metrics::auroc(&truth, &scores))
}

/// Average precision; None without positives.
#[pyfunction]
pub(crate) fn average_precision(truth: Vec<bool>, scores: Vec<f64>) -> PyResult<Option<f64>> {
    same_length(truth.len(), scores.len(), "scores")?;
    Ok(metrics::average_precision(&truth, &scores))
}

/// AUROC, its standard error, and its interval where there is one: DeLong's where `groups` are all different, Obuchowski's
/// where they are not.
#[pyfunction]
#[expect(clippy::type_complexity, reason = "a tuple that Python names")]
pub(crate) fn auroc_interval(
    truth: Vec<bool>,
    scores: Vec<f64>,
    groups: Vec<usize>,
    confidence: f64,
) -> PyResult<(f64, f64, Option<(f64, f64)>)> {
    same_length(truth.len(), scores.len(), "scores")?;
    same_length(truth.len(), groups.len(), "groups")?;
    let wrong = |error: metrics::MetricsError| PyValueError::new_err(error.to_string());
    let estimate = metrics::auroc_clustered(&truth, &scores, &groups).map_err(wrong)?;
    let confidence = metrics::Confidence::new(confidence).map_err(wrong)?;
    let interval = estimate.interval(confidence);
    Ok((
        estimate.auroc,
        estimate.standard_error(),
        interval.map(|interval| (interval.low, interval.high)),
    ))
}
