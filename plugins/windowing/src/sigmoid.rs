//! `sigmoid`: windows with soft edges.

use ichflow_api::prelude::*;

use crate::math::{SIGMOID_EPS, sigmoid_window, stretch};
use crate::presets::{WindowChoice, brain_subdural_and, check_windows};

/// Windows with soft edges, one channel each: `upbound · σ(W·hu + b)` with `W = 2·ue / width`,
/// `b = −2·center·ue / width` and `ue = ln(upbound/eps − 1)`, then stretched per slice to 0…1.
///
/// Use it where something may hide just outside of a window: nothing is cut off, and what lies outside keeps a
/// little contrast. At the lower edge the window
/// is `eps`, at the upper one `upbound − eps`. From the gradient and sigmoid windowing notebook of RSNA 2019,
/// after window setting optimisation (arXiv 1812.00572).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sigmoid {
    /// Windows, one channel each: names of presets, or `{ center = …, width = … }` in HU.
    #[schemars(length(min = 1, max = 16))]
    pub windows: Vec<WindowChoice>,
    /// What a window rises to.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub upbound: f64,
    /// How far from 0 and from `upbound` the edges of the window are; below half of `upbound`.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub eps: f64,
    /// Whether each channel of each slice is stretched so that its darkest pixel is 0 and its brightest 1.
    pub stretch: bool,
}

impl Default for Sigmoid {
    fn default() -> Self {
        Self {
            windows: brain_subdural_and(600.0, 2000.0),
            upbound: 1.0,
            eps: SIGMOID_EPS,
            stretch: true,
        }
    }
}

impl WindowScheme for Sigmoid {
    fn channels(&self) -> usize {
        self.windows.len()
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        let channels = self
            .windows
            .iter()
            .map(|window| sigmoid_window(batch, window.center_width(), self.upbound, self.eps));
        let channels = Tensor::cat(channels.collect(), 1);
        if self.stretch { stretch(channels) } else { channels }
    }
}

/// The problem of a sigmoid that would not rise over its window, if it would not.
pub(crate) fn check_rise(eps: f64, upbound: f64) -> Option<Problem> {
    if upbound.is_finite() && eps > 0.0 && eps < upbound / 2.0 {
        return None;
    }
    Some(Problem::new(
        "eps",
        format!(
            "`eps` is {eps} and `upbound` {upbound}: a window rises only if eps lies above 0 and below half of \
             upbound"
        ),
    ))
}

ichflow_api::window_stage!(
    Sigmoid, "sigmoid": "windows with soft edges, stretched per slice",
    example = "[window]\nuse = \"sigmoid\"\nwindows = [\"brain\", \"subdural\", \"bone-600-2000\"]\n",
    check = |window| {
        let mut problems = check_windows("windows", &window.windows);
        problems.extend(check_rise(window.eps, window.upbound));
        problems
    },
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn the_edges_are_eps_away_from_the_ends() {
        let plain = Sigmoid {
            windows: vec![WindowChoice::given(40.0, 80.0)],
            stretch: false,
            ..Sigmoid::default()
        };
        let got = applied(&plain, &[-3024, 0, 20, 40, 80, 3000]);
        assert_near(&got, &[0.0, 1.0 / 255.0, 0.059_041_02, 0.5, 254.0 / 255.0, 1.0]);
    }

    #[test]
    fn stretching_is_per_slice_and_channel() {
        let got = applied(&Sigmoid::default(), &[20, 40, 60]);
        for channel in got.chunks(3) {
            assert_eq!((channel[0], channel[2]), (0.0, 1.0));
        }
    }

    #[test]
    fn an_eps_that_leaves_no_rise_is_refused() {
        for eps in [0.0, 0.5, -1.0, f64::NAN] {
            let scheme = Sigmoid {
                eps,
                ..Sigmoid::default()
            };
            assert_eq!(scheme.check()[0].key, "eps", "{eps}");
        }
    }

    #[test]
    fn edge_cases_stay_within_range() {
        assert_edges(&Sigmoid::default());
    }

    #[test]
    fn an_empty_window_is_refused() {
        let scheme = Sigmoid {
            windows: vec![WindowChoice::given(40.0, 0.0)],
            ..Sigmoid::default()
        };
        assert_eq!(scheme.check()[0].key, "windows[0].width");
    }
}
