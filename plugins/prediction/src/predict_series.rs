//! `predict-series`: what a series model says of validation and test slices, and of exams.

use ichflow_api::data::exams::exams_of;
use ichflow_api::data::labels::Level;
use ichflow_api::nn::series::SeriesValues;
use ichflow_api::prelude::*;
use ichflow_api::tensors::series_units::SeriesUnits;
use rayon::prelude::*;

use crate::exam_table::{ExamPrediction, write_csv};
use crate::slices::offer;

/// Applies a series model to the embedded validation slices and, where there are some, to the embedded test slices.
///
/// Its predictions are those of slices, as `predict`'s are: whatever follows a network follows it. Writes
/// `predictions/valid.csv` and `predictions/test.csv`; and `predictions/exams_valid.csv` and `exams_test.csv` with what
/// is said of each series as a whole: its probabilities, and the weight of each slice in them. Of a network without
/// attention over slices these are the highest probabilities of the slices, and there are no weights. Where labels were
/// given for exams, every slice has the probabilities of its series.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PredictSeries {
    /// Series computed at once.
    #[schemars(range(min = 1, max = 4096))]
    pub batch: usize,
    /// Whether each series is also read from its last slice to its first, and the mean of both is taken.
    pub both_ways: bool,
}

impl Default for PredictSeries {
    fn default() -> Self {
        Self {
            batch: 32,
            both_ways: true,
        }
    }
}

impl Stage for PredictSeries {
    const NAME: &'static str = "predict-series";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "a series model's probabilities of slices, and of exams";
    const EXAMPLE: &'static str =
        "[predict_series]                    # after fit-series\nuse = \"predict-series\"\n";

    fn ports() -> Ports {
        Ports::new()
            .takes(input::SERIES_MODEL)
            .takes(input::EMBEDDINGS)
            .takes(input::COHORT)
            .takes(optional::FOLDS)
            .takes(optional::TEST_EMBEDDINGS)
            .offers(output::VALID)
            .offers(output::TEST.only_with(optional::TEST_EMBEDDINGS))
            .offers(output::EXAMS)
            .offers(output::TEST_EXAMS.only_with(optional::TEST_EMBEDDINGS))
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let model = inputs.take(input::SERIES_MODEL)?;
        let embeddings = inputs.take(input::EMBEDDINGS)?;
        let (cohort, folds) = (inputs.take(input::COHORT)?, inputs.get(optional::FOLDS)?);
        let places = cohort.index();
        let validates = |slice: &Slice| {
            let place = places.get(slice.id.as_str());
            // Without a split all slices are for validation.
            folds
                .as_ref()
                .is_none_or(|folds| place.and_then(|place| folds.of_slice.get(*place)) == Some(&Fold::Valid))
        };
        let said = |found: Found, name: &str| -> Result<Found> {
            let path = context.file(&format!("predictions/exams_{name}.csv"))?;
            write_csv(&found.table, &path, cohort.labels.names())?;
            Ok(found)
        };
        let valid = said(
            self.predict(&model, &embeddings, &cohort, validates, context)?,
            "valid",
        )?;
        let test = match inputs.get(optional::TEST_EMBEDDINGS)? {
            Some(test) => Some(said(
                self.predict(&model, &test, &cohort, |_| true, context)?,
                "test",
            )?),
            None => None,
        };
        let (test, test_exams) = test.map(|test| (test.slices, test.exams)).unzip();
        Ok(offer(valid.slices, test, context)?
            .with(output::EXAMS, valid.exams)
            .with_some(output::TEST_EXAMS, test_exams))
    }
}

ichflow_api::register!(PredictSeries);

/// What a model said of some slices.
struct Found {
    slices: Predictions,
    /// The same of whole exams.
    exams: Predictions,
    /// Series by series, with the weights of slices.
    table: Vec<ExamPrediction>,
}

impl PredictSeries {
    fn predict(
        &self,
        model: &SeriesModel,
        embeddings: &Embeddings,
        cohort: &Cohort,
        keep: impl Fn(&Slice) -> bool,
        context: &Context,
    ) -> Result<Found> {
        fits(model, embeddings)?;
        let labels = model.shape.labels;
        let units = SeriesUnits::of(embeddings, keep);
        let progress = context.progress("predicting", units.len(), "series");
        let mut of_row: Vec<Option<Vec<f64>>> = vec![None; embeddings.slices().len()];
        let mut table = Vec::new();
        let mut whole_of_row: Vec<Vec<f64>> = vec![Vec::new(); of_row.len()];
        let all: Vec<usize> = (0..units.len()).collect();
        for batch in all.chunks(self.batch) {
            context.checkpoint()?;
            let series: Vec<Result<SeriesValues>> = batch
                .par_iter()
                .map(|unit| {
                    let whole: Vec<usize> = (0..units.rows(*unit).len()).collect();
                    units.read(*unit, &whole, model.shape)
                })
                .collect();
            let series: Vec<SeriesValues> = series.into_iter().collect::<Result<_>>()?;
            let device = context.device();
            let found = if self.both_ways {
                model.predict_both_ways(&series, &device)?
            } else {
                model.predict(&series, &device)?
            };
            let mut first = 0;
            for (place, unit) in batch.iter().enumerate() {
                let rows = units.rows(*unit);
                let slices: Vec<Vec<f64>> = (first..first + rows.len())
                    .map(|row| row_of(&found.slices, row, labels))
                    .collect();
                let weights = found.weights.get(first..first + rows.len());
                first += rows.len();
                let whole = if found.exams.is_empty() {
                    highest(&slices, labels)
                } else {
                    row_of(&found.exams, place, labels)
                };
                for (row, of_slice) in rows.iter().zip(&slices) {
                    let of_exam = model.level > Level::Slice;
                    of_row[*row] = Some(if of_exam { whole.clone() } else { of_slice.clone() });
                    whole_of_row[*row].clone_from(&whole);
                }
                table.push(exam(&units, *unit, whole, weights));
            }
            progress.advance(batch.len() as u64);
        }
        let mut slices = Predictions::none_of(cohort);
        for (slice, row) in embeddings.slices().iter().zip(of_row) {
            if let Some(row) = row {
                slices.slices.push(slice.clone());
                slices.probabilities.push(row);
            }
        }
        whole_of_row.retain(|whole| !whole.is_empty());
        let slices = slices.made_by(&model.trained_on);
        Ok(Found {
            exams: exams(&slices, &whole_of_row),
            slices,
            table,
        })
    }
}

/// Whole exams, at the level of the labels or of series: of several series the highest probability counts. `whole` is
/// what is said of each slice's series.
fn exams(slices: &Predictions, whole: &[Vec<f64>]) -> Predictions {
    let unit = slices.level.max(Level::Series);
    let mut exams = Predictions {
        labels: slices.labels.clone(),
        level: unit,
        unit,
        ..Predictions::default()
    };
    for exam in exams_of(&slices.slices, unit, slices.level) {
        let Some(first) = exam.slices.first() else {
            continue;
        };
        if exam
            .slices
            .iter()
            .any(|index| slices.in_fold.contains(&slices.slices[*index].id))
        {
            exams.in_fold.insert(exam.id.clone());
        }
        let of_slices: Vec<Vec<f64>> = exam.slices.iter().map(|index| whole[*index].clone()).collect();
        exams.probabilities.push(highest(&of_slices, slices.labels.len()));
        exams.slices.push(Slice {
            id: exam.id,
            labels: exam.truth,
            ..slices.slices[*first].clone()
        });
    }
    exams
}

/// Whether a model is for such embeddings.
fn fits(model: &SeriesModel, embeddings: &Embeddings) -> Result<()> {
    let (takes, given) = (model.shape.features, embeddings.width());
    if takes == given || embeddings.slices().is_empty() {
        return Ok(());
    }
    Err(Error::new(format!(
        "the series model takes {takes} features a slice, and the embeddings have {given}"
    ))
    .help("wire `embeddings` to those of the network whose embeddings it was trained on"))
}

fn row_of(values: &[f32], row: usize, labels: usize) -> Vec<f64> {
    let values = values[row * labels..(row + 1) * labels].iter();
    values.map(|value| f64::from(*value)).collect()
}

fn highest(rows: &[Vec<f64>], labels: usize) -> Vec<f64> {
    let of_label = |label: usize| rows.iter().map(|row| row[label]).fold(0.0, f64::max);
    (0..labels).map(of_label).collect()
}

fn exam(units: &SeriesUnits, unit: usize, whole: Vec<f64>, weights: Option<&[f32]>) -> ExamPrediction {
    let weight = |place: usize| {
        weights
            .and_then(|weights| weights.get(place))
            .copied()
            .map(f64::from)
    };
    let first = units.slices(unit).next();
    ExamPrediction {
        study: first.map_or_else(String::new, |slice| slice.study.clone()),
        series: first.map_or_else(String::new, |slice| slice.series.clone()),
        probabilities: whole,
        slices: units
            .slices(unit)
            .enumerate()
            .map(|(place, slice)| (slice.id.clone(), weight(place)))
            .collect(),
    }
}
