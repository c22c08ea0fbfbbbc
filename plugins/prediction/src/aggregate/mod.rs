//! `aggregate`: from the probabilities of slices to those of whole exams.

mod logistic;

use ichflow_api::counted::counted;
use ichflow_api::data::exams::exams_of;
use ichflow_api::prelude::*;

pub use logistic::FittedRegression;
use logistic::OfOrderStatistics;

/// How the slices of an exam come to one probability, label by label.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The highest probability of a slice.
    #[default]
    Max,
    /// The mean of the `top` highest.
    MeanTop,
    /// `1 − Π(1 − p)`, as if slices were independent: the chance that at least one is positive.
    NoisyOr,
    /// A logistic regression on the highest probabilities and on quantiles of all, fitted to the validation exams and,
    /// for these, always without the exam's patient.
    Logistic,
    /// What a series model says of whole series, as `predict-series` offers it; of a study or patient with several series
    /// the highest.
    Model,
}

/// Makes one prediction for every exam of those of its slices.
///
/// An exam is positive for a label where one of its slices is. `max` and `noisy-or` grow with the number of slices,
/// `mean-top` less so; `logistic` learns what the highest probabilities and their spread are worth, and its
/// probabilities are calibrated to exams. Writes `predictions/exams.csv` and `predictions/test_exams.csv`.
///
/// What it offers is called `exams`, so that what follows goes on with slices unless it is told otherwise: `evaluate`
/// measures exams beside slices, and `calibrate` and `thresholds` take exams with `valid = "exams.exams"` and
/// `test = "exams.test_exams"`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Aggregate {
    /// How slices come to one probability.
    pub method: Method,
    /// What an exam is.
    pub level: ExamLevel,
    /// Slices that `mean-top` takes the mean of.
    #[schemars(range(min = 1, max = 1000))]
    pub top: usize,
    /// Penalty on the weights of `logistic`.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub l2: f64,
    /// Parts of the validation patients in which `logistic` is fitted to the others.
    #[schemars(range(min = 2, max = 100))]
    pub parts: usize,
    /// Regressions fitted earlier, one a label in the usual order; `logistic` then fits nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fitted: Option<Vec<FittedRegression>>,
}

/// What an exam is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExamLevel {
    /// A series, one reconstruction of one scan.
    Series,
    /// A study.
    #[default]
    Study,
    /// All studies of a patient.
    Patient,
}

impl From<ExamLevel> for Level {
    fn from(level: ExamLevel) -> Self {
        match level {
            ExamLevel::Series => Self::Series,
            ExamLevel::Study => Self::Study,
            ExamLevel::Patient => Self::Patient,
        }
    }
}

impl Default for Aggregate {
    fn default() -> Self {
        Self {
            method: Method::Max,
            level: ExamLevel::Study,
            top: 3,
            l2: 1.0,
            parts: 5,
            fitted: None,
        }
    }
}

impl Stage for Aggregate {
    const NAME: &'static str = "aggregate";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "one prediction for every exam, from those of its slices";
    const EXAMPLE: &'static str = "[exams]\nuse = \"aggregate\"\nmethod = \"logistic\"\n";
    const SEEDED: bool = true;

    fn ports() -> Ports {
        Ports::new()
            .takes(input::VALID)
            .takes(optional::TEST)
            .takes(optional::EXAMS)
            .takes(optional::TEST_EXAMS)
            .offers(output::EXAMS)
            .offers(output::TEST_EXAMS.only_with(optional::TEST))
    }

    fn narrow(&self, all: Ports) -> Ports {
        let model = self.method == Method::Model;
        let all = all
            .takes_only_if(!model, input::VALID)
            .takes_only_if(!model, optional::TEST)
            .takes_only_if(model, optional::EXAMS)
            .takes_only_if(model, optional::TEST_EXAMS);
        match model {
            false => all,
            true => all
                .requires(optional::EXAMS)
                .offers_only_if(false, output::TEST_EXAMS)
                .offers(output::TEST_EXAMS.only_with(optional::TEST_EXAMS)),
        }
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let (valid, test) = match self.method {
            Method::Model => {
                let valid = inputs.take(optional::EXAMS.required())?;
                self.check_of_model(&valid)?;
                (valid, inputs.get(optional::TEST_EXAMS)?)
            }
            _ => {
                let valid = inputs.take(input::VALID)?;
                valid.check_of_slices("aggregating")?;
                (valid, inputs.get(optional::TEST)?)
            }
        };
        let valid = self.gather(&valid);
        let test = test.map(|test| self.gather(&test));
        let (valid, test) = match self.method {
            Method::Logistic => match &self.fitted {
                Some(fitted) => {
                    let fitted = OfOrderStatistics::known(fitted, &valid.exams.labels)?;
                    (fitted.to_all(valid), test.map(|test| fitted.to_all(test)))
                }
                None => logistic::fitted(self, valid, test, context)?,
            },
            _ => (self.by_rule(valid), test.map(|test| self.by_rule(test))),
        };
        for (name, exams) in [("exams", Some(&valid)), ("test_exams", test.as_ref())] {
            if let Some(exams) = exams {
                exams.write_csv(&context.file(&format!("predictions/{name}.csv"))?)?;
            }
        }
        context.say(format!(
            "{} by {}",
            counted(valid.slices.len(), "validation exam", "validation exams"),
            self.in_words()
        ));
        Ok(Outputs::new()
            .with(output::EXAMS, valid)
            .with_some(output::TEST_EXAMS, test))
    }
}

ichflow_api::register!(Aggregate);

/// Exams with the probabilities of their slices, one column a label, before they come to one row.
struct Gathered {
    /// Without probabilities yet.
    exams: Predictions,
    /// Exam → label → the probabilities of its slices, the highest first.
    sorted: Vec<Vec<Vec<f64>>>,
}

impl Aggregate {
    /// What a model said of exams can be put together, and not taken apart.
    fn check_of_model(&self, exams: &Predictions) -> Result<()> {
        let level = Level::from(self.level);
        if exams.unit > Level::Slice && exams.unit <= level {
            return Ok(());
        }
        Err(Error::new(format!(
            "the model speaks of each {}, which does not say what it is of each {level}",
            exams.unit
        ))
        .help(format!(
            "wire `exams` to a stage such as `predict-series`, and write `level = \"{}\"` or above",
            exams.unit.max(Level::Series)
        )))
    }

    fn gather(&self, predictions: &Predictions) -> Gathered {
        let level = Level::from(self.level);
        let headline = predictions.labels.headline();
        let mut exams = Predictions {
            labels: predictions.labels.clone(),
            level,
            unit: level,
            ..Predictions::default()
        };
        let mut sorted = Vec::new();
        for exam in exams_of(&predictions.slices, level, predictions.level) {
            let probability = |label: usize, index: &usize| predictions.probabilities[*index][label];
            let of_label = |label: usize| {
                let mut of: Vec<f64> = exam
                    .slices
                    .iter()
                    .map(|index| probability(label, index))
                    .collect();
                of.sort_by(|a, b| b.total_cmp(a));
                of
            };
            sorted.push((0..predictions.labels.len()).map(of_label).collect());
            // The likeliest slice stands for the exam.
            let likelier =
                |a: &&usize, b: &&usize| probability(headline, a).total_cmp(&probability(headline, b));
            if exam
                .slices
                .iter()
                .any(|index| predictions.in_fold.contains(&predictions.slices[*index].id))
            {
                exams.in_fold.insert(exam.id.clone());
            }
            if let Some(index) = exam.slices.iter().max_by(likelier) {
                exams.slices.push(Slice {
                    id: exam.id,
                    labels: exam.truth,
                    ..predictions.slices[*index].clone()
                });
            }
        }
        Gathered { exams, sorted }
    }

    /// One probability of those of an exam's slices, the highest first.
    fn one(&self, sorted: &[f64]) -> f64 {
        match self.method {
            Method::Max | Method::Logistic | Method::Model => sorted.first().copied().unwrap_or_default(),
            Method::MeanTop => {
                let top = &sorted[..self.top.min(sorted.len())];
                top.iter().sum::<f64>() / top.len().max(1) as f64
            }
            // In logarithms: a product of many small factors loses them.
            Method::NoisyOr => -sorted.iter().map(|p| (-p).ln_1p()).sum::<f64>().exp_m1(),
        }
    }

    fn by_rule(&self, gathered: Gathered) -> Predictions {
        let row = |labels: &Vec<Vec<f64>>| labels.iter().map(|sorted| self.one(sorted)).collect();
        Predictions {
            probabilities: gathered.sorted.iter().map(row).collect(),
            ..gathered.exams
        }
    }

    fn in_words(&self) -> String {
        match self.method {
            Method::Max => "the highest probability of a slice".into(),
            Method::MeanTop => format!("the mean of the {} highest probabilities", self.top),
            Method::NoisyOr => "the chance that at least one slice is positive".into(),
            Method::Model => "what the series model says of whole series".into(),
            Method::Logistic => "a logistic regression, each exam without its patient".into(),
        }
    }
}

#[cfg(test)]
mod tests;
