//! `predict`: probabilities of held-out and test slices.

use std::sync::Arc;

use ichflow_api::cache::pieces::Sink;
use ichflow_api::data::labels::COUNT;
use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::{Feed, batches_of};

use crate::slices::{offer, with_slices};

/// Applies the model to the held-out slices and, where there are some, to the test slices.
///
/// Batches are kept as they are computed: an interrupted run carries on, and the same predictions are not computed
/// again. Writes `predictions/valid.csv` and `predictions/test.csv`: one row a slice, one column a label.
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
    const SHARDED: bool = true;
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
        let mut parts = vec![Part::new(cohort, &held_out, self.batch)];
        if let Some(test) = test {
            let all: Vec<usize> = (0..test.len()).collect();
            parts.push(Part::new(test, &all, self.batch));
        }
        let count = parts.iter().map(|part| part.batches.len()).sum();
        let Some(made) = context.keep_pieces(
            count,
            |_, text| from_text(text),
            |missing, sink| predict(&model, &pixels, &parts, missing, context, sink),
        )?
        else {
            // A shard's part is of no use to anyone but the run that puts the parts together.
            let test = (parts.len() > 1).then(Predictions::default);
            let nothing = Outputs::new().with("valid", Predictions::default());
            return Ok(nothing.with_some("test", test).part());
        };
        let mut made = made.into_iter();
        let mut results = parts
            .iter()
            .map(|part| part.predictions(made.by_ref().take(part.batches.len())));
        let valid = results.next().transpose()?.unwrap_or_default();
        let test = results.next().transpose()?;
        offer(valid, test, context)
    }
}

ichflow_api::register!(Predict);

/// The slices of one cohort that are predicted, batch by batch: each batch is a piece of the result, and always of
/// the same slices, so that it comes out the same whoever computes it.
struct Part {
    cohort: Arc<Cohort>,
    batches: Vec<Vec<usize>>,
}

impl Part {
    fn new(cohort: Arc<Cohort>, indices: &[usize], batch: usize) -> Self {
        Self {
            cohort,
            batches: batches_of(indices, batch),
        }
    }

    /// Puts the batches together.
    fn predictions(&self, made: impl Iterator<Item = Vec<f32>>) -> Result<Predictions> {
        let indices: Vec<usize> = self.batches.concat();
        let values: Vec<f32> = made.flatten().collect();
        if values.len() != indices.len() * COUNT {
            return Err(Error::new(format!(
                "{} probabilities were kept of {} slices",
                values.len(),
                indices.len()
            ))
            .help("this is a mistake in ichflow; remove the cache's directory `predict` to go on"));
        }
        Ok(Predictions {
            slices: indices
                .iter()
                .map(|index| self.cohort.slices[*index].clone())
                .collect(),
            probabilities: values
                .chunks_exact(COUNT)
                .map(|row| std::array::from_fn(|label| f64::from(row[label])))
                .collect(),
        })
    }
}

/// Computes the batches `wanted`, numbered over all parts, and hands each over.
fn predict(
    model: &Model,
    pixels: &Pixels,
    parts: &[Part],
    wanted: &[usize],
    context: &Context,
    sink: &mut Sink,
) -> Result<()> {
    let mut first = 0;
    let numbered = |part: &Part, first: usize| -> Vec<usize> {
        let numbers = first..first + part.batches.len();
        wanted
            .iter()
            .copied()
            .filter(|piece| numbers.contains(piece))
            .collect()
    };
    let mut work = Vec::new();
    for part in parts {
        let pieces = numbered(part, first);
        let batches: Vec<Vec<usize>> = pieces
            .iter()
            .map(|piece| part.batches[piece - first].clone())
            .collect();
        first += part.batches.len();
        work.push((part, pieces, batches));
    }
    let total = work
        .iter()
        .flat_map(|(_, _, batches)| batches)
        .map(Vec::len)
        .sum();
    let progress = context.progress("predicting", total, "slices");
    let offsets = model.preparation.window.offsets();
    for (part, pieces, batches) in work {
        let feed = Feed::start(pixels.clone(), part.cohort.clone(), batches, offsets.clone());
        for (piece, host) in pieces.into_iter().zip(feed) {
            context.checkpoint()?;
            let host = host?;
            let slices = host.indices.len();
            let batch = host.upload(&part.cohort, &context.device());
            let values = model
                .predict(&batch)
                .into_data()
                .convert::<f32>()
                .try_to_vec::<f32>()
                .map_err(|error| Error::new(format!("the model's output cannot be read: {error:?}")))?;
            sink(piece, &to_text(&values))?;
            progress.advance(slices as u64);
        }
    }
    Ok(())
}

/// Probabilities as text that reads back bit for bit.
fn to_text(values: &[f32]) -> String {
    let texts: Vec<String> = values.iter().map(f32::to_string).collect();
    texts.join(" ")
}

/// What [`to_text`] wrote.
fn from_text(text: &str) -> Option<Vec<f32>> {
    let values: Option<Vec<f32>> = text.split(' ').map(|value| value.parse().ok()).collect();
    values.filter(|values| values.len() % COUNT == 0)
}
