//! `linear`: any list of windows, one channel each.

use ichflow_api::prelude::*;

use crate::presets::{WindowChoice, brain_subdural_and, check_windows};

/// Any list of windows, one channel each: `(clip(hu, lo, hi) − lo) / width` with `lo = center − width/2` and
/// `hi = center + width/2`, so within 0 to 1.
///
/// Use it to try other centers and widths, or another number of channels, than `bsb` has. The default is
/// `bsb` with bone (600/2800) in place of soft tissue, the other widely used choice of RSNA 2019.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Linear {
    /// Windows, one channel each: names of presets, or `{ center = …, width = … }` in HU.
    #[schemars(length(min = 1, max = 16))]
    pub windows: Vec<WindowChoice>,
}

impl Default for Linear {
    fn default() -> Self {
        Self {
            windows: brain_subdural_and(600.0, 2800.0),
        }
    }
}

impl WindowScheme for Linear {
    fn channels(&self) -> usize {
        self.windows.len()
    }

    fn pointwise(&self) -> bool {
        true
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        Tensor::cat(
            self.windows.iter().map(|window| window.linear(batch)).collect(),
            1,
        )
    }
}

ichflow_api::window_stage!(
    Linear, "linear": "any list of windows, by name or center and width, one channel each",
    example = "[window]\nuse = \"linear\"\nwindows = [\"brain\", { center = 80, width = 200 }, \"bone\"]\n",
    check = |window| check_windows("windows", &window.windows),
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn each_channel_is_its_window() {
        let scheme = Linear {
            windows: vec![WindowChoice::given(32.0, 8.0), WindowChoice::given(500.0, 3000.0)],
        };
        let got = applied(&scheme, &[-3024, 28, 30, 36, 500, 3000]);
        let stroke = [0.0, 0.0, 0.25, 1.0, 1.0, 1.0];
        let bone = [0.0, 1028.0 / 3000.0, 1030.0 / 3000.0, 1036.0 / 3000.0, 0.5, 1.0];
        assert_near(&got, &[stroke, bone].concat());
    }

    #[test]
    fn edge_cases_stay_within_range() {
        assert_edges(&Linear::default());
    }

    #[test]
    fn an_empty_window_is_refused() {
        let scheme = Linear {
            windows: vec![WindowChoice::given(40.0, 0.0)],
        };
        assert_eq!(scheme.check()[0].key, "windows[0].width");
    }
}
