//! Single stages, without a run.

use std::path::{Path, PathBuf};

use ichflow::plan::Plan;
use ichflow::plan::planned::Planned;
use ichflow::recipe::stage::Files;
use ichflow_api::context::{RunContext, Silent};
use ichflow_api::device::DeviceId;
use ichflow_api::registry::Registry;
use pyo3::prelude::*;

use crate::error::{IchflowError, RecipeError};

/// What stages need to run, in a directory that is removed with it.
pub(crate) struct Alone {
    /// Their context, on the CPU.
    pub run: RunContext,
    _directory: tempfile::TempDir,
}

impl Alone {
    /// Makes the directory.
    ///
    /// # Errors
    /// Where no directory can be made.
    pub(crate) fn new() -> PyResult<Self> {
        let directory = tempfile::tempdir()
            .map_err(|error| IchflowError::new_err(format!("cannot make a directory: {error}")))?;
        let place: PathBuf = directory.path().to_owned();
        Ok(Self {
            run: RunContext::new(
                place.clone(),
                place.join("cache"),
                DeviceId::Cpu,
                Box::new(Silent),
            ),
            _directory: directory,
        })
    }
}

/// The plan of a recipe, checked as `ichflow check` does it.
///
/// # Errors
/// Where it has mistakes: all of them.
pub(crate) fn planned(path: &Path, sets: &[String]) -> PyResult<Plan> {
    let registry = Registry::collect().map_err(|error| IchflowError::new_err(error.to_string()))?;
    let wrong = |problems: ichflow::recipe::problem::Problems| {
        RecipeError::new_err(problems.render(false).trim_end().to_owned())
    };
    let planned = Planned::read(path, sets, Files::MayBeAbsent, &registry).map_err(wrong)?;
    planned.one(path, None).map(|(plan, _)| plan).map_err(wrong)
}

/// The plan of a recipe of these tables, given as TOML.
///
/// # Errors
/// As [`planned`].
pub(crate) fn planned_text(tables: &str) -> PyResult<Plan> {
    let io = |error: std::io::Error| IchflowError::new_err(format!("cannot write a recipe: {error}"));
    let directory = tempfile::tempdir().map_err(io)?;
    let path = directory.path().join("recipe.toml");
    std::fs::write(&path, format!("ichflow = 1\n{tables}")).map_err(io)?;
    planned(&path, &[])
}
