//! What of a slice a sequence network looks at.

use burn::tensor::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::input::SeriesInput;
use super::neighbours::{Ends, neighbours};
use super::network::SeriesShape;

/// Something known of each slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SeriesFeature {
    /// What the image network pooled of it.
    Embedding,
    /// How that differs from what it pooled of the slice before and of the one after.
    Differences,
    /// The image network's logits.
    Logits,
    /// The distance to the slice before and to the one after, in units of the series' median distance.
    Gap,
    /// Where it stands: the distance from the first slice in units of 100 mm, and its place along the series from 0
    /// to 1.
    Position,
}

/// What of a slice goes into a sequence network, side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features(Vec<SeriesFeature>);

impl Features {
    /// These, in this order.
    pub fn new(features: &[SeriesFeature]) -> Self {
        Self(features.to_vec())
    }

    /// How many numbers a slice has.
    pub fn width(&self, shape: SeriesShape) -> usize {
        let width = |feature: &SeriesFeature| match feature {
            SeriesFeature::Embedding => shape.features,
            SeriesFeature::Differences => 2 * shape.features,
            SeriesFeature::Logits => shape.logits,
            SeriesFeature::Gap | SeriesFeature::Position => 2,
        };
        self.0.iter().map(width).sum()
    }

    /// The numbers of all slices, `[slices, width]`.
    pub fn of(&self, input: &SeriesInput) -> Tensor<2> {
        let mut parts = Vec::new();
        for feature in &self.0 {
            match feature {
                SeriesFeature::Embedding => parts.push(input.embeddings.clone()),
                SeriesFeature::Differences => {
                    for offset in [-1, 1] {
                        let other =
                            neighbours(input.embeddings.clone(), &input.lengths, offset, Ends::Repeat);
                        parts.push(input.embeddings.clone() - other);
                    }
                }
                SeriesFeature::Logits => parts.push(input.logits.clone()),
                SeriesFeature::Gap => parts.push(input.gaps.clone()),
                SeriesFeature::Position => {
                    parts.push(input.position_mm.clone() / 100.0);
                    parts.push(input.relative.clone());
                }
            }
        }
        // Those without a column are no part of it.
        parts.retain(|part| part.dims()[1] > 0);
        match parts.len() {
            1 => parts.remove(0),
            _ => Tensor::cat(parts, 1),
        }
    }
}
