//! Splits, by the stages that recipes use.

use std::sync::Arc;

use ichflow_api::context::Context;
use ichflow_api::data::cohort::{HeaderNotes, PixelEncoding};
use ichflow_api::data::labels::{LabelSet, Labels};
use ichflow_api::prelude::*;
use ichflow_api::registry::Registry;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::error::{IchflowError, raised};
use crate::stages::Alone;

/// Whether each row is for validation, as a splitting stage with these parameters (JSON) decides it.
///
/// `labels` has a row of 0, 1 or NaN (unknown) a slice, whose columns are `names`, one of them perhaps the `union` of
/// the others; `groups` the patient of each.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "Python's half gathers them")]
pub(crate) fn fold_of_rows(
    py: Python<'_>,
    stage: &str,
    parameters: &str,
    names: Vec<String>,
    union: Option<&str>,
    labels: Vec<Vec<f64>>,
    groups: Vec<String>,
    seed: u64,
) -> PyResult<Vec<bool>> {
    if labels.len() != groups.len() {
        return Err(PyValueError::new_err(format!(
            "there are {} rows of labels and {} groups",
            labels.len(),
            groups.len()
        )));
    }
    let columns = names.len();
    if let Some(row) = labels.iter().position(|row| row.len() != columns) {
        return Err(PyValueError::new_err(format!(
            "row {row} has {} labels, and there are {columns}",
            labels[row].len()
        )));
    }
    let wrong = |error: String| PyValueError::new_err(error);
    let parameters: serde_json::Value =
        serde_json::from_str(parameters).map_err(|error| wrong(error.to_string()))?;
    py.detach(|| {
        let registry = Registry::collect().map_err(|error| IchflowError::new_err(error.to_string()))?;
        let registration = registry
            .find(stage)
            .filter(|registration| registration.family == Family::Split)
            .ok_or_else(|| wrong(format!("there is no splitter `{stage}`")))?;
        let parameters =
            toml::Table::try_from(parameters).map_err(|error| wrong(format!("the parameters: {error}")))?;
        let stage = registration
            .build(parameters)
            .map_err(|error| wrong(format!("{}: {}", registration.name, error.message())))?;
        if let Some(problem) = stage.check().into_iter().find(|problem| !problem.is_advice) {
            return Err(wrong(format!("{}: {}", registration.name, problem.message)));
        }
        let set = LabelSet::new(names, union, vec![1.0; columns]).map_err(|error| raised(&error))?;
        let mut alone = Alone::new()?;
        alone.run.seed = seed;
        alone.run.labels = set.clone();
        let cohort = cohort(set, &labels, &groups);
        let inputs = Inputs::default().with(input::COHORT, cohort);
        let context = Context::new(&alone.run, "split", registration.name, "split");
        let mut outputs = stage.run(&inputs, &context).map_err(|error| raised(&error))?;
        let folds = outputs
            .take(output::FOLDS)
            .ok_or_else(|| IchflowError::new_err("the stage offers no folds"))?;
        Ok(folds.of_slice.iter().map(|fold| *fold == Fold::Valid).collect())
    })
}

/// Slices that are nothing but labels and a patient.
fn cohort(set: LabelSet, labels: &[Vec<f64>], groups: &[String]) -> Cohort {
    let slice = |(row, (labels, group)): (usize, (&Vec<f64>, &String))| {
        let known = |value: &f64| (!value.is_nan()).then_some(*value as f32);
        Slice {
            id: row.to_string(),
            file: row.to_string().into(),
            frame: 0,
            patient: group.clone(),
            study: group.clone(),
            series: group.clone(),
            instance: String::new(),
            accession: String::new(),
            position_mm: None,
            rows: 1,
            columns: 1,
            tags: SliceTags::default(),
            encoding: PixelEncoding::default(),
            header: HeaderNotes::default(),
            scan: Arc::default(),
            labels: Some(Labels::new(labels.iter().map(known).collect())),
        }
    };
    Cohort {
        labels: set,
        slices: labels.iter().zip(groups).enumerate().map(slice).collect(),
        ..Cohort::default()
    }
}
