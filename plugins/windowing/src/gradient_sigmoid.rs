//! `gradient-sigmoid`: brain, subdural and bone windows with soft edges in one rainbow.

use ichflow_api::prelude::*;

use crate::math::{SIGMOID_EPS, gradient, sigmoid_window, stretch};
use crate::presets::{WindowChoice, brain_subdural_and, check_weighted, weighted_sum};

/// Below this, red and blue are off: the soft edges never reach 0, and air would be blue.
const DARK: f64 = 0.01;

/// Brain (40/80), subdural (80/200) and bone (600/2000) windows with soft edges, each stretched per slice as
/// `sigmoid` does, added up with the weights 0.35, 0.5 and 0.15, stretched again, and coloured as `gradient`
/// does, with red and blue off where the sum is at most 0.01.
///
/// Use it as `gradient-bsb`, with steps at the edges of windows smoothed. From the gradient and sigmoid windowing
/// notebook of RSNA 2019, where it is called sigmoid-gradient-bsb.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GradientSigmoid {
    /// Windows that are added up: names of presets, or `{ center = …, width = … }` in HU.
    #[schemars(length(min = 1, max = 16))]
    pub windows: Vec<WindowChoice>,
    /// Weight of each window in the sum.
    #[schemars(length(min = 1, max = 16))]
    pub weights: Vec<f64>,
}

impl Default for GradientSigmoid {
    fn default() -> Self {
        Self {
            windows: brain_subdural_and(600.0, 2000.0),
            weights: vec![0.35, 0.5, 0.15],
        }
    }
}

impl WindowScheme for GradientSigmoid {
    fn channels(&self) -> usize {
        3
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        let g = stretch(weighted_sum(&self.windows, &self.weights, batch, |window| {
            stretch(sigmoid_window(batch, window.center_width(), 1.0, SIGMOID_EPS))
        }));
        let dark = g.clone().lower_equal_elem(DARK);
        let colours = gradient(g);
        let red_or_blue = |channel: usize| colours.clone().narrow(1, channel, 1).mask_fill(dark.clone(), 0.0);
        Tensor::cat(
            vec![red_or_blue(0), colours.clone().narrow(1, 1, 1), red_or_blue(2)],
            1,
        )
    }
}

ichflow_api::window_stage!(
    GradientSigmoid, "gradient-sigmoid": "brain, subdural and bone windows with soft edges in one rainbow",
    example = "[window]\nuse = \"gradient-sigmoid\"\n",
    check = |window| check_weighted(&window.windows, &window.weights),
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn air_is_black_although_the_edges_are_soft() {
        let got = applied(&GradientSigmoid::default(), &[-1000, -200, 40, 3000]);
        let (red, rest) = got.split_at(4);
        let (green, blue) = rest.split_at(4);
        assert_near(red, &[0.0, 0.0, 0.0, 1.0]);
        // −200 HU is bright by 0.15 · σ_bone only: green shows it, blue is off below 0.01.
        assert!(green[1] > 0.0 && green[1] < 0.04, "{green:?}");
        assert_eq!(blue[1], 0.0);
        assert!(blue[2] > 0.0, "{blue:?}");
    }

    #[test]
    fn edge_cases_stay_within_range() {
        assert_edges(&GradientSigmoid::default());
    }

    #[test]
    fn every_window_needs_a_weight() {
        let scheme = GradientSigmoid {
            weights: vec![1.0],
            ..GradientSigmoid::default()
        };
        assert_eq!(scheme.check()[0].key, "weights");
    }
}
