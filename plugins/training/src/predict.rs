//! `predict`: probabilities of held-out and test slices.

use std::sync::Arc;

use ichflow_api::feed::{Feed, batches_of};
use ichflow_api::labels::COUNT;
use ichflow_api::prelude::*;

/// Applies the model to the held-out slices and, where there are some, to the test slices.
///
/// Writes `predictions/valid.csv` and `predictions/test.csv`: one row a slice, one column a label.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Predict {
    /// Slices computed at once.
    #[schemars(range(min = 1, max = 4096))]
    pub batch: usize,
}

impl Default for Predict {
    fn default() -> Self {
        Self { batch: 32 }
    }
}

impl Stage for Predict {
    const NAME: &'static str = "predict";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "probabilities of held-out and test slices";
    const EXAMPLE: &'static str = "[predict]\nuse = \"predict\"\nbatch = 32\n";

    fn ports(&self) -> Ports {
        with_slices(Ports::new().input(Input::of::<Model>("model")))
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let model = inputs.get::<Model>("model")?;
        let pixels = inputs.get::<Pixels>("pixels")?;
        let cohort = inputs.get::<Cohort>("cohort")?;
        let held_out = inputs.get::<Folds>("folds")?.indices(Fold::Valid);
        let test = inputs.find::<Cohort>("test")?;
        let total = held_out.len() + test.as_ref().map_or(0, |test| test.len());
        let progress = context.progress("predicting", total, "slices");
        let apply = |cohort: Arc<Cohort>, indices: &[usize]| {
            predict(&model, &pixels, cohort, indices, self.batch, context, |slices| {
                progress.advance(slices as u64);
            })
        };
        let valid = apply(cohort, &held_out)?;
        valid.write_csv(&context.file("predictions/valid.csv")?)?;
        let test = match test {
            Some(test) => {
                let all: Vec<usize> = (0..test.len()).collect();
                let predictions = apply(test, &all)?;
                predictions.write_csv(&context.file("predictions/test.csv")?)?;
                Some(predictions)
            }
            None => None,
        };
        Ok(Outputs::new().with("valid", valid).with_some("test", test))
    }
}

ichflow_api::register!(Predict);

/// The ports of a stage that predicts held-out and test slices from their pixels, after its own.
pub(crate) fn with_slices(own: Ports) -> Ports {
    own.input(Input::of::<Pixels>("pixels"))
        .input(Input::of::<Cohort>("cohort"))
        .input(Input::of::<Folds>("folds"))
        .input(Input::of::<Cohort>("test").optional())
        .output(Output::of::<Predictions>("valid"))
        .output(Output::of::<Predictions>("test").only_with("test"))
}

/// Probabilities of the slices `indices` of `cohort`; `done` is told how many slices each batch had.
pub(crate) fn predict(
    model: &Model,
    pixels: &Pixels,
    cohort: Arc<Cohort>,
    indices: &[usize],
    batch: usize,
    context: &Context,
    mut done: impl FnMut(usize),
) -> Result<Predictions> {
    let mut predictions = Predictions::default();
    let offsets = model.preparation.window.offsets();
    for host in Feed::start(
        pixels.clone(),
        cohort.clone(),
        batches_of(indices, batch),
        offsets,
    ) {
        context.checkpoint()?;
        let host = host?;
        let slices: Vec<_> = host
            .indices
            .iter()
            .map(|index| cohort.slices[*index].clone())
            .collect();
        let probabilities = model.predict(&host.upload(&cohort, context.device())).into_data();
        let values = probabilities
            .convert::<f32>()
            .try_to_vec::<f32>()
            .map_err(|error| Error::new(format!("the model's output cannot be read: {error:?}")))?;
        predictions.probabilities.extend(
            values
                .chunks_exact(COUNT)
                .map(|row| std::array::from_fn(|label| f64::from(row[label]))),
        );
        done(slices.len());
        predictions.slices.extend(slices);
    }
    Ok(predictions)
}
