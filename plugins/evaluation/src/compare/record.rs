//! One run with the predictions behind its score.

use std::path::Path;

use ichflow_api::data::comparison::Run;

use super::validation::{self, Validation};

/// A run with the predictions behind its score.
pub(super) struct RunRecord {
    /// The run.
    pub run: Run,
    /// The truth and the probabilities behind the score; else why they are not there.
    pub validation: Result<Validation, String>,
    /// The same of whole exams.
    pub exams: Result<Validation, String>,
}

impl RunRecord {
    /// Reads a run's directory. Whatever is missing there makes a run that cannot be compared, and says why.
    pub(super) fn read(path: &Path) -> Self {
        let (run, recipe) = Run::read(path);
        let validation = match (&run.measured, recipe) {
            (Some(measured), Some(recipe)) => validation::read(&run.directory, &recipe, measured),
            _ => Err("it measured nothing".into()),
        };
        let exams = match run
            .measured
            .as_ref()
            .and_then(|measured| Some((measured, measured.of_exams()?)))
        {
            Some((measured, (unit, part))) => validation::read_exams(&run.directory, unit, part, measured),
            None => Err("it measured no whole exams".into()),
        };
        Self {
            run,
            validation,
            exams,
        }
    }
}
