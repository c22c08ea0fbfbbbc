//! `bsb`: brain, subdural and soft-tissue windows as three channels.

use ichflow_api::prelude::*;

/// Center and width of each channel in HU.
const WINDOWS: [(f64, f64); 3] = [(40.0, 80.0), (80.0, 200.0), (40.0, 380.0)];

/// Brain (40/80), subdural (80/200) and soft-tissue (40/380) windows as three channels, each
/// `(clip(hu, lo, hi) − lo) / width` with `lo = center − width/2`, so within 0 to 1.
///
/// The most used scheme of the RSNA 2019 competition, and the one to begin with: three views that radiologists
/// switch between, in three channels that a network pretrained on photographs has.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bsb {}

impl WindowScheme for Bsb {
    fn channels(&self) -> usize {
        WINDOWS.len()
    }

    fn pointwise(&self) -> bool {
        true
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        let channels = WINDOWS.map(|(center, width)| batch.linear(center, width));
        Tensor::cat(channels.to_vec(), 1)
    }
}

ichflow_api::window_stage!(
    Bsb, "bsb": "brain, subdural and soft-tissue windows as three channels",
    example = "[window]\nuse = \"bsb\"\n",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_is_its_published_formula() {
        let hu: Vec<i16> = vec![-3024, -1000, -150, -20, 0, 40, 80, 180, 230, 3000];
        let count = hu.len();
        let batch = HuBatch::upload(hu.clone(), 1, count, vec![SliceTags::default()], &Device::flex());
        let channels: Vec<f32> = Bsb {}.apply(&batch).into_data().try_to_vec().unwrap();
        let expected = [(0.0, 80.0), (-20.0, 200.0), (-150.0, 380.0)]
            .into_iter()
            .flat_map(|(low, width)| {
                hu.iter()
                    .map(move |hu| ((f64::from(*hu) - low) / width).clamp(0.0, 1.0) as f32)
            });
        for (index, (got, expected)) in channels.iter().zip(expected).enumerate() {
            assert!(
                (got - expected).abs() < 1e-6,
                "value {index}: {got} is not {expected}"
            );
        }
    }
}
