//! `embed`: what the trained network makes of every slice, as numbers that a series model, NumPy or anything else can
//! learn from.

mod pieces;
#[cfg(test)]
mod tests;
mod whole;

use ichflow_api::nn::EmbeddedLayer;
use ichflow_api::prelude::*;

use crate::batches::{self, Part, values};
use pieces::{Piece, Pieces};

/// The numbers in which features are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Numbers {
    /// Two bytes each, with three significant digits, up to 65504.
    #[default]
    F16,
    /// Four bytes each, as the network computes.
    F32,
}

/// Applies the model to all slices, training and validation alike and the test slices where there are some, and keeps
/// the pooled features and the logits of each: what series models are trained on.
///
/// With `tta` before it features and logits are means over the views. Which slices the network was trained on goes
/// with them. Batches are kept as they are computed, and can be shared among machines like `predict`'s.
///
/// Writes, for NumPy, `embeddings/cohort_features.npy` `[slices, features]`, `embeddings/cohort_logits.npy` `[slices,
/// labels]` and `embeddings/cohort.csv`, which says whose each row is and whether the network was trained on it
/// (`in_fold`); and the same of the test slices.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Embed {
    /// Slices computed at once.
    #[schemars(range(min = 1, max = 4096))]
    pub batch: usize,
    /// The numbers in which features are kept: `f16` or `f32`. Logits are always `f32`.
    pub numbers: Numbers,
    /// Whose output is taken: `pooled`, the features that the head makes logits of, or a convolution or linear layer by
    /// its path, such as `backbone.conv_head`. Maps are averaged over their places.
    pub layer: String,
}

impl Default for Embed {
    fn default() -> Self {
        Self {
            batch: 32,
            numbers: Numbers::F16,
            layer: EmbeddedLayer::POOLED.to_owned(),
        }
    }
}

impl Stage for Embed {
    const NAME: &'static str = "embed";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "a network's pooled features and logits of every slice";
    const SHARDED: bool = true;
    const EXAMPLE: &'static str =
        "[embed]                             # after fit, before fit-series\nuse = \"embed\"\n";

    fn ports() -> Ports {
        Ports::new()
            .takes(input::MODEL)
            .takes(input::PIXELS)
            .takes(input::COHORT)
            .takes(optional::TEST_COHORT)
            .offers(output::EMBEDDINGS)
            .offers(output::TEST_EMBEDDINGS.only_with(optional::TEST_COHORT))
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let model = inputs.take(input::MODEL)?;
        let pixels = inputs.take(input::PIXELS)?;
        let layer = self.find_layer(&model)?;
        let cohorts = [
            Some(inputs.take(input::COHORT)?),
            inputs.get(optional::TEST_COHORT)?,
        ];
        let parts: Vec<Part> = cohorts
            .into_iter()
            .flatten()
            .map(|cohort| {
                let all: Vec<usize> = (0..cohort.len()).collect();
                Part::new(cohort, &all, self.batch)
            })
            .collect();
        let pieces = Pieces::of(context, self.numbers)?;
        let count = parts.iter().map(|part| part.batches.len()).sum();
        let found = context.keep_pieces(
            count,
            |_, text| pieces.read(text),
            |missing, sink| {
                let mut file = pieces.append()?;
                batches::each(
                    &model,
                    &pixels,
                    &parts,
                    missing,
                    batches::Work::named("embedding"),
                    context,
                    |computed| {
                        let piece = match &computed.batch {
                            None => Piece::unread(computed.asked.len()),
                            Some(batch) => {
                                let [features, logits] =
                                    model.embed(batch, layer).ok_or_else(|| self.tells_nothing())?;
                                let is_read = |index: &usize| computed.read.contains(index);
                                let read = computed.asked.iter().map(is_read).collect();
                                file.add(
                                    [features.dims()[1], logits.dims()[1]],
                                    read,
                                    &values(features)?,
                                    &values(logits)?,
                                )?
                            }
                        };
                        sink(computed.piece, &piece.to_text())
                    },
                )
            },
        )?;
        let Some(found) = found else {
            return self.part(parts.len() > 1);
        };
        let mut found = found.into_iter();
        let mut outputs = Outputs::new();
        for (part, name) in parts.iter().zip(["cohort", "test"]) {
            let of_part: Vec<Piece> = found.by_ref().take(part.batches.len()).collect();
            let embeddings = pieces.whole(name, part, &of_part, &model, &pixels, context)?;
            outputs = match name {
                "test" => outputs.with(output::TEST_EMBEDDINGS, embeddings),
                _ => outputs.with(output::EMBEDDINGS, embeddings),
            };
        }
        pieces.mark_whole()?;
        pieces.tidy()?;
        Ok(outputs)
    }
}

ichflow_api::register!(Embed);

impl Embed {
    fn find_layer(&self, model: &Model) -> Result<EmbeddedLayer> {
        EmbeddedLayer::find(&self.layer, &model.network).map_err(|known| {
            Error::new(format!("the network has no layer `{}`", self.layer)).help(format!(
                "write `layer = \"{}\"` or one of {}",
                EmbeddedLayer::POOLED,
                known.join(", ")
            ))
        })
    }

    fn tells_nothing(&self) -> Error {
        Error::new(format!("what the layer `{}` gives cannot be looked at", self.layer))
            .help("its architecture computes it past `ichflow_nn::layers`; take the pooled features, or another layer")
    }

    /// What a shard offers: nothing that is of use to others.
    fn part(&self, with_test: bool) -> Result<Outputs> {
        let nothing = || Embeddings::new(Vec::new(), pieces::no_rows(), Vec::new(), 0, TrainedOn::default());
        let outputs = Outputs::new().with(output::EMBEDDINGS, nothing()?);
        let test = with_test.then(nothing).transpose()?;
        Ok(outputs.with_some(output::TEST_EMBEDDINGS, test).part())
    }
}
