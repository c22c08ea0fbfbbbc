//! `all-channels`: one window spread over three channels, a third each.

use ichflow_api::prelude::*;

use crate::presets::{WindowChoice, check_window};

/// One window spread over three channels, so that each shows a third of it at three times the contrast:
/// with `g = 3 · linear(hu)`, blue is `clip(g, 0, 1)`, red `clip(g − 1, 0, 1)` and green `clip(g − 2, 0, 1)`.
/// Channels are in the order red, green, blue.
///
/// Use it to spend three channels on the brain alone. With 8-bit images this keeps three times as many grey values; a network that reads floats gains contrast
/// at its input. From the public windowing notebooks of RSNA 2019.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AllChannels {
    /// The window: the name of a preset, or `{ center = …, width = … }` in HU.
    pub of: WindowChoice,
}

impl Default for AllChannels {
    fn default() -> Self {
        Self {
            of: WindowChoice::given(40.0, 80.0),
        }
    }
}

impl WindowScheme for AllChannels {
    fn channels(&self) -> usize {
        3
    }

    fn pointwise(&self) -> bool {
        true
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        let g = self.of.linear(batch).mul_scalar(3.0);
        let third = |from: f64| g.clone().sub_scalar(from).clamp(0.0, 1.0);
        Tensor::cat(vec![third(1.0), third(2.0), third(0.0)], 1)
    }
}

ichflow_api::window_stage!(
    AllChannels, "all-channels": "one window spread over three channels, a third each",
    example = "[window]\nuse = \"all-channels\"\nof = \"brain\"\n",
    check = |window| check_window("of", &window.of).into_iter().collect(),
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn each_channel_shows_its_third() {
        let scheme = AllChannels {
            of: WindowChoice::given(30.0, 60.0),
        };
        let got = applied(&scheme, &[-10, 10, 20, 30, 40, 60, 99]);
        let red = [0.0, 0.0, 0.0, 0.5, 1.0, 1.0, 1.0];
        let green = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0];
        let blue = [0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0];
        assert_near(&got, &[red, green, blue].concat());
    }

    #[test]
    fn edge_cases_stay_within_range() {
        assert_edges(&AllChannels::default());
    }

    #[test]
    fn an_empty_window_is_refused() {
        let scheme = AllChannels {
            of: WindowChoice::given(40.0, 0.0),
        };
        assert_eq!(scheme.check()[0].key, "of.width");
    }
}
