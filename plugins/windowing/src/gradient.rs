//! `gradient`: one window in the colours of the rainbow.

use ichflow_api::prelude::*;

use crate::math::{gradient, stretch};
use crate::presets::{WindowChoice, check_window};

/// One window in the colours of the rainbow, from black over blue and green to red, as three channels. With g
/// the window, 0 to 1: red is `clip(4g − 2, 0, 1)`; green `4g` up to g = ¾ and `4 − 4g` above, clipped to 0…1;
/// blue `clip(2 − 4g, 0, 1)`, and 0 where g is 0.
///
/// Use it with pretrained weights: small steps of grey become steps of colour, which a network pretrained on photographs tells apart. From
/// the gradient and sigmoid windowing notebook of RSNA 2019.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Gradient {
    /// The window: the name of a preset, or `{ center = …, width = … }` in HU.
    pub of: WindowChoice,
    /// Whether the window of each slice is stretched to 0…1 before it is coloured.
    pub stretch: bool,
}

impl Default for Gradient {
    fn default() -> Self {
        Self {
            of: WindowChoice::given(40.0, 80.0),
            stretch: true,
        }
    }
}

impl WindowScheme for Gradient {
    fn channels(&self) -> usize {
        3
    }

    fn pointwise(&self) -> bool {
        !self.stretch
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        let grey = self.of.linear(batch);
        gradient(if self.stretch { stretch(grey) } else { grey })
    }
}

ichflow_api::window_stage!(
    Gradient, "gradient": "one window in the colours of the rainbow",
    example = "[window]\nuse = \"gradient\"\nof = \"brain\"\n",
    check = |window| check_window("of", &window.of).into_iter().collect(),
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn grey_becomes_colour() {
        let got = applied(&Gradient::default(), &[-1000, 10, 40, 60, 80, 1000]);
        let red = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0];
        let green = [0.0, 0.5, 1.0, 1.0, 0.0, 0.0];
        let blue = [0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
        assert_near(&got, &[red, green, blue].concat());
    }

    #[test]
    fn a_slice_may_keep_its_own_grey() {
        let plain = Gradient {
            stretch: false,
            ..Gradient::default()
        };
        // 40 HU is the middle of the window: green, whatever else the slice holds.
        assert_near(&applied(&plain, &[40, 40]), &[0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn edge_cases_stay_within_range() {
        assert_edges(&Gradient::default());
    }

    #[test]
    fn an_empty_window_is_refused() {
        let scheme = Gradient {
            of: WindowChoice::given(40.0, 0.0),
            ..Gradient::default()
        };
        assert_eq!(scheme.check()[0].key, "of.width");
    }
}
