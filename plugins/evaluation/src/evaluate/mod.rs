//! `evaluate`: every metric of a run's predictions, in `metrics.json`.
//!
//! `prevalence` is what the prevalence baseline predicts, `baselines` holds others against the model, `subgroups` divides what
//! was judged, `summary` is what is said at the end of the run.

mod baselines;
mod prevalence;
mod subgroups;
mod summary;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::data::measures::{ExamMetrics, Metrics, PartMetrics};
use ichflow_api::prelude::*;

use crate::measures::{Chosen, at_thresholds, measure, novelty, statistics, versus};
use crate::settings::Evaluate;

pub(crate) use summary::interval;

impl Stage for Evaluate {
    const NAME: &'static str = "evaluate";
    const FAMILY: Family = Family::Report;
    const SUMMARY: &'static str = "every metric of the validation and the test predictions";
    const EXAMPLE: &'static str = "[evaluate]\nuse = \"evaluate\"\nbootstrap = 1000\n";
    const SEEDED: bool = true;

    fn ports() -> Ports {
        baselines::ports(Ports::new())
            .takes(input::VALID)
            .takes(optional::TEST)
            .takes(optional::EXAMS)
            .takes(optional::TEST_EXAMS)
            .takes(optional::BASELINE)
            .takes(optional::THRESHOLDS)
            .takes(optional::EXAM_THRESHOLDS)
            .takes(optional::CALIBRATION)
            .takes(optional::BALANCE)
            .takes(optional::LOCALIZATION)
            .takes(optional::NOVELTY)
            .takes(optional::TRIAGE)
            .takes(optional::EXTERNAL)
            .takes(input::COHORT)
            .takes(optional::FOLDS)
            .offers(output::METRICS)
            .offers(output::SCORES)
    }

    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !(self.eps > 0.0 && self.eps < 0.5) {
            problems.push(
                Problem::new("eps", "clipping must leave certainty with a finite loss")
                    .help("write a small number above 0, such as 1e-15"),
            );
        }
        let certain = self.prevalences.iter().enumerate();
        for (place, _) in certain.filter(|(_, share)| !(**share > 0.0 && **share < 1.0)) {
            problems.push(
                Problem::new(
                    format!("prevalences[{place}]"),
                    "where no exam or every exam is positive, calls are worth nothing",
                )
                .help("write a share between 0 and 1, such as 0.05"),
            );
        }
        problems
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let cohort = inputs.take(input::COHORT)?;
        let folds = inputs.get(optional::FOLDS)?;
        let validation = inputs.take(input::VALID)?;
        validation.check_truth()?;
        let unit = validation.unit;
        let judge = Judge {
            settings: self,
            context,
            prevalence: prevalence::of(&cohort, folds.as_deref(), &validation)?,
            thresholds: chosen_for(inputs, unit)?,
        };
        let valid = judge.part(&validation, "valid")?.ok_or_else(|| {
            Error::new(format!(
                "no validation {unit} has known labels, so nothing can be measured"
            ))
            .help(format!(
                "split the labelled cohort, so that some of its {} are for validation",
                unit.plural()
            ))
        })?;
        let test_exams = inputs.get(optional::TEST_EXAMS)?;
        let test = match inputs.get(optional::TEST)? {
            // What a recipe that judges exams alone finds by itself.
            Some(test) if test.unit != unit => test_exams.clone().filter(|test| test.unit == unit),
            test => test,
        };
        let test = match test {
            Some(test) => judge.part(&test, "test")?,
            None => None,
        };
        let exams = match inputs.get(optional::EXAMS)? {
            Some(exams) if exams.unit != unit => {
                measure_exams(self, inputs, context, &exams, test_exams.as_deref())?
            }
            _ => None,
        };
        let (versus_baseline, baseline) = match inputs.get(optional::BASELINE)? {
            Some(baseline) => (
                versus(&validation, &baseline, self, &mut context.rng("baseline"))?,
                measure(&baseline, &judge.prevalence, self, &mut context.rng("valid"))?,
            ),
            None => (None, None),
        };
        let mut measured = Metrics {
            computed: self.into(),
            label_set: validation.labels.clone(),
            unit,
            training_prevalence: prevalence::named(&cohort.labels, &judge.prevalence),
            valid,
            test,
            exams,
            versus_baseline,
            baseline,
            baselines: baselines::measured(self, inputs, context)?,
            thresholds_for: judge
                .thresholds
                .as_ref()
                .map(|thresholds| thresholds.target.clone()),
            calibration: inputs.get(optional::CALIBRATION)?.map(|found| (*found).clone()),
            split: inputs.get(optional::BALANCE)?.map(|found| (*found).clone()),
            localization: inputs.get(optional::LOCALIZATION)?.map(|found| (*found).clone()),
            novelty: inputs
                .get(optional::NOVELTY)?
                .map(|found| novelty(&found))
                .transpose()?,
            triage: inputs.get(optional::TRIAGE)?.map(|found| (*found).clone()),
            external: inputs.get(optional::EXTERNAL)?.map(|found| (*found).clone()),
        };
        subgroups::add(&mut measured, self, inputs, context)?;
        let path = context.file("metrics.json")?;
        let text = serde_json::to_string_pretty(&measured).doing("cannot write the metrics as JSON")?;
        std::fs::write(&path, text + "\n").at("write", &path)?;
        summary::summarise(context, &measured);
        baselines::summarise(context, &measured.baselines);
        let scores = serde_json::to_value(&measured).doing("cannot write the metrics as JSON")?;
        Ok(Outputs::new()
            .with(output::METRICS, measured)
            .with(output::SCORES, Scores(scores)))
    }
}

ichflow_api::register!(Evaluate);

/// What all parts of one level are measured by.
struct Judge<'a> {
    settings: &'a Evaluate,
    context: &'a Context<'a>,
    prevalence: Vec<f64>,
    thresholds: Option<Arc<Thresholds>>,
}

impl Judge<'_> {
    /// The metrics of one part; `None` where no truth is known.
    fn part(&self, predictions: &Predictions, name: &str) -> Result<Option<PartMetrics>> {
        let mut rng = self.context.rng(name);
        let mut measured = measure(predictions, &self.prevalence, self.settings, &mut rng)?;
        if let Some(measured) = &mut measured {
            let chosen = self.thresholds.as_deref();
            if let Some(thresholds) = chosen {
                measured.at_chosen = at_thresholds(predictions, thresholds);
            }
            measured.statistics = statistics(
                &LabelledPredictions::of(predictions),
                chosen
                    .map(|thresholds| Chosen::of(predictions, thresholds))
                    .as_ref(),
                self.settings,
                &mut self.context.rng(&format!("{name} statistics")),
            );
        }
        Ok(measured)
    }
}

/// The thresholds that were chosen for such units.
fn chosen_for(inputs: &Inputs, unit: Level) -> Result<Option<Arc<Thresholds>>> {
    let both = [
        inputs.get(optional::EXAM_THRESHOLDS)?,
        inputs.get(optional::THRESHOLDS)?,
    ];
    Ok(both
        .into_iter()
        .flatten()
        .find(|thresholds| thresholds.unit == unit))
}

/// Whole exams, beside what was judged; `None` where the truth of no validation exam is known.
fn measure_exams(
    settings: &Evaluate,
    inputs: &Inputs,
    context: &Context,
    exams: &Predictions,
    test: Option<&Predictions>,
) -> Result<Option<ExamMetrics>> {
    let (cohort, folds) = (inputs.take(input::COHORT)?, inputs.get(optional::FOLDS)?);
    exams.check_truth()?;
    let unit = exams.unit;
    if exams.with_truth().next().is_none() {
        context.warn(format!(
            "no validation {unit} has known labels, so metrics.json has slices alone"
        ));
        return Ok(None);
    }
    let judge = Judge {
        settings,
        context,
        prevalence: prevalence::of(&cohort, folds.as_deref(), exams)?,
        thresholds: chosen_for(inputs, unit)?,
    };
    let Some(valid) = judge.part(exams, "exams")? else {
        return Ok(None);
    };
    let test = match test.filter(|test| test.unit == unit) {
        Some(test) => judge.part(test, "test_exams")?,
        None => None,
    };
    Ok(Some(ExamMetrics {
        unit,
        training_prevalence: prevalence::named(&cohort.labels, &judge.prevalence),
        valid,
        test,
        thresholds_for: judge
            .thresholds
            .as_ref()
            .map(|thresholds| thresholds.target.clone()),
    }))
}
