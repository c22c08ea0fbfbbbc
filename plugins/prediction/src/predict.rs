//! `predict`: probabilities of validation and test slices.

use ichflow_api::cache::pieces::Sink;
use ichflow_api::prelude::*;

use crate::batches::{self, Part, values};
use crate::slices::{offer, with_pixels};

/// Applies the model to the validation slices and, where there are some, to the test slices.
///
/// Batches are kept as they are computed: an interrupted run carries on, and the same predictions are not computed
/// again. Writes `predictions/valid.csv` and `predictions/test.csv`: one row per slice, one column per label.
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
    const SUMMARY: &'static str = "probabilities of validation and test slices";
    const SHARDED: bool = true;
    const EXAMPLE: &'static str = "[predict]\nuse = \"predict\"\nbatch = 32\n";

    fn ports() -> Ports {
        with_pixels(Ports::new().takes(input::MODEL))
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let model = inputs.take(input::MODEL)?;
        let pixels = inputs.take(input::PIXELS)?;
        let cohort = inputs.take(input::COHORT)?;
        let validation = inputs.take(input::FOLDS)?.indices(Fold::Valid);
        let test = inputs.get(optional::TEST_COHORT)?;
        let mut parts = vec![Part::new(cohort, &validation, self.batch)];
        if let Some(test) = test {
            let all: Vec<usize> = (0..test.len()).collect();
            parts.push(Part::new(test, &all, self.batch));
        }
        let count = parts.iter().map(|part| part.batches.len()).sum();
        let labels = parts.first().map_or(0, |part| part.cohort.labels.len());
        let Some(made) = context.keep_pieces(
            count,
            |_, text| from_text(text, labels),
            |missing, sink| predict(&model, &pixels, &parts, missing, context, sink),
        )?
        else {
            // A shard's part is of no use to anyone but the run that puts the parts together.
            let test = (parts.len() > 1).then(Predictions::default);
            let nothing = Outputs::new().with(output::VALID, Predictions::default());
            return Ok(nothing.with_some(output::TEST, test).part());
        };
        let mut made = made.into_iter();
        let mut results = parts
            .iter()
            .map(|part| part.predictions(made.by_ref().take(part.batches.len()), &pixels, context));
        let valid = results
            .next()
            .transpose()?
            .unwrap_or_default()
            .made_by(&model.trained_on);
        let test = results.next().transpose()?;
        let test = test.map(|test| test.made_by(&model.trained_on));
        offer(valid, test, context)
    }
}

ichflow_api::register!(Predict);

impl Part {
    /// Puts the batches together. Slices that could not be read are excluded from the run.
    fn predictions(
        &self,
        made: impl Iterator<Item = Vec<Row>>,
        pixels: &Pixels,
        context: &Context,
    ) -> Result<Predictions> {
        let indices: Vec<usize> = self.batches.concat();
        let rows: Vec<Row> = made.flatten().collect();
        if rows.len() != indices.len() {
            return Err(Error::new(format!(
                "{} rows of probabilities were kept of {} slices",
                rows.len(),
                indices.len()
            ))
            .help("this is a mistake in ichflow; remove the cache's directory `predict` to go on"));
        }
        let mut predictions = Predictions::none_of(&self.cohort);
        for (index, row) in indices.into_iter().zip(rows) {
            match row {
                Some(row) => {
                    predictions.slices.push(self.cohort.slices[index].clone());
                    predictions
                        .probabilities
                        .push(row.into_iter().map(f64::from).collect());
                }
                // An earlier run may have kept that it cannot be read, and not why.
                None => self.exclude(index, pixels, context)?,
            }
        }
        Ok(predictions)
    }
}

/// The probabilities of a slice; none if it cannot be read.
type Row = Option<Vec<f32>>;

/// Computes the batches `wanted`, numbered over all parts, and hands each over.
fn predict(
    model: &Model,
    pixels: &Pixels,
    parts: &[Part],
    wanted: &[usize],
    context: &Context,
    sink: &mut Sink,
) -> Result<()> {
    // Parts of a run are of the same labels.
    let labels = parts
        .first()
        .map_or_else(LabelSet::default, |part| part.cohort.labels.clone());
    batches::each(model, pixels, parts, wanted, "predicting", context, |computed| {
        let probabilities = computed.batch.map(|batch| -> Result<Vec<f32>> {
            let predicted = model.predict(&batch);
            let outputs = predicted.dims()[1];
            if outputs != labels.len() {
                return Err(Error::new(format!(
                    "the network has {outputs} outputs, but the recipe has {} labels: {labels}",
                    labels.len()
                ))
                .help("declare the labels it was trained for in `[labels]`, or train it for these"));
            }
            values(predicted)
        });
        let probabilities = probabilities.transpose()?.unwrap_or_default();
        sink(
            computed.piece,
            &to_text(computed.asked, &computed.read, &probabilities, labels.len()),
        )
    })
}

/// What a slice has in place of probabilities that cannot be read.
const UNREAD: &str = "-";

/// Probabilities as text that reads back bit for bit: `values` are of the slices `read`, which are some of those `asked`
/// for, in their order.
fn to_text(asked: &[usize], read: &[usize], values: &[f32], labels: usize) -> String {
    let mut rows = read.iter().zip(values.chunks_exact(labels)).peekable();
    let text = |index: &usize| match rows.next_if(|(read, _)| *read == index) {
        Some((_, row)) => row.iter().map(f32::to_string).collect::<Vec<_>>().join(" "),
        None => UNREAD.to_owned(),
    };
    asked.iter().map(text).collect::<Vec<_>>().join(" ")
}

/// What [`to_text`] wrote.
fn from_text(text: &str, labels: usize) -> Option<Vec<Row>> {
    let mut words = text.split(' ').peekable();
    let mut rows = Vec::new();
    while words.peek().is_some() {
        if words.next_if(|word| *word == UNREAD).is_some() {
            rows.push(None);
            continue;
        }
        let row: Option<Vec<f32>> = (0..labels).map(|_| words.next()?.parse().ok()).collect();
        rows.push(Some(row?));
    }
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_rows_read_back_and_tell_what_is_missing() {
        let values: Vec<f32> = (0..12).map(|value| value as f32 / 7.0).collect();
        let text = to_text(&[4, 5, 6], &[4, 6], &values, 6);
        let rows = from_text(&text, 6).unwrap();
        assert_eq!(rows.len(), 3);
        assert_eq!(rows[0].as_ref().unwrap()[..], values[..6]);
        assert_eq!(rows[1], None);
        assert_eq!(rows[2].as_ref().unwrap()[..], values[6..]);
        assert_eq!(from_text(&to_text(&[1], &[], &[], 6), 6).unwrap(), [None]);
        assert_eq!(from_text("0.5 0.5", 6), None);
        assert_eq!(from_text("", 6), None);
    }
}
