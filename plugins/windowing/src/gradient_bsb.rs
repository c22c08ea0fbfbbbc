//! `gradient-bsb`: brain, subdural and bone windows in one rainbow.

use ichflow_api::prelude::*;

use crate::math::{gradient, stretch};
use crate::presets::{WindowChoice, brain_subdural_and, check_weighted, weighted_sum};

/// Brain (40/80), subdural (80/200) and bone (600/2000) windows, each stretched per slice to 0…1, added up
/// with the weights 0.3, 0.5 and 0.2, and coloured as `gradient` does.
///
/// Use it for one rainbow over a wide range of HU: brain, blood and bone have colours of their own. From the gradient and
/// sigmoid windowing notebook of RSNA 2019.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GradientBsb {
    /// Windows that are added up: names of presets, or `{ center = …, width = … }` in HU.
    #[schemars(length(min = 1, max = 16))]
    pub windows: Vec<WindowChoice>,
    /// Weight of each window in the sum.
    #[schemars(length(min = 1, max = 16))]
    pub weights: Vec<f64>,
}

impl Default for GradientBsb {
    fn default() -> Self {
        Self {
            windows: brain_subdural_and(600.0, 2000.0),
            weights: vec![0.3, 0.5, 0.2],
        }
    }
}

impl WindowScheme for GradientBsb {
    fn channels(&self) -> usize {
        3
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        gradient(weighted_sum(&self.windows, &self.weights, batch, |window| {
            stretch(window.linear(batch))
        }))
    }
}

ichflow_api::window_stage!(
    GradientBsb, "gradient-bsb": "brain, subdural and bone windows in one rainbow",
    example = "[window]\nuse = \"gradient-bsb\"\n",
    check = |window| check_weighted(&window.windows, &window.weights),
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn air_is_black_blood_has_a_colour_and_dense_bone_is_red() {
        let got = applied(&GradientBsb::default(), &[-1000, 60, 3000]);
        // 60 HU: 0.3 · 60/80 + 0.5 · 80/200 + 0.2 · 460/2000 = 0.471.
        let g = 0.471;
        assert_near(&got, &[0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 2.0 - 4.0 * g, 0.0]);
    }

    #[test]
    fn edge_cases_stay_within_range() {
        assert_edges(&GradientBsb::default());
    }

    #[test]
    fn every_window_needs_a_weight() {
        let scheme = GradientBsb {
            weights: vec![1.0],
            ..GradientBsb::default()
        };
        assert_eq!(scheme.check()[0].key, "weights");
    }
}
