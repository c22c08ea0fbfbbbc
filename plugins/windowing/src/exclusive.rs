//! `exclusive`: windows that show nothing of what is brighter than they are.

use ichflow_api::prelude::*;

use crate::presets::{WindowChoice, brain_subdural_and, check_windows};

/// Windows, one channel each, in which values above the window become its lower edge: 0 below, rising to 1
/// at the upper edge, 0 again above it.
///
/// Use it for blood along the skull: bone is then black in a brain window, and the skull does not outshine what lies against it. From the
/// public windowing notebooks of RSNA 2019.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Exclusive {
    /// Windows, one channel each: names of presets, or `{ center = …, width = … }` in HU.
    #[schemars(length(min = 1, max = 16))]
    pub windows: Vec<WindowChoice>,
}

impl Default for Exclusive {
    fn default() -> Self {
        Self {
            windows: brain_subdural_and(40.0, 380.0),
        }
    }
}

fn exclusive(window: &WindowChoice, batch: &HuBatch) -> Tensor<4> {
    let half = batch.widths(|_| window.width() as f32).div_scalar(2.0);
    let above = (batch.hu() - half).greater_elem(window.center());
    window.linear(batch).mask_fill(above, 0.0)
}

impl WindowScheme for Exclusive {
    fn channels(&self) -> usize {
        self.windows.len()
    }

    fn pointwise(&self) -> bool {
        true
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        let channels = self.windows.iter().map(|window| exclusive(window, batch));
        Tensor::cat(channels.collect(), 1)
    }
}

ichflow_api::window_stage!(
    Exclusive, "exclusive": "windows in which what is above the window is black",
    example = "[window]\nuse = \"exclusive\"\nwindows = [\"brain\", \"subdural\", \"soft\"]\n",
    check = |window| check_windows("windows", &window.windows),
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::*;

    #[test]
    fn the_upper_edge_is_white_and_what_is_above_it_black() {
        let scheme = Exclusive {
            windows: vec![WindowChoice::given(40.0, 80.0)],
        };
        let got = applied(&scheme, &[-1000, 0, 40, 80, 81, 3000]);
        assert_near(&got, &[0.0, 0.0, 0.5, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn edge_cases_stay_within_range() {
        assert_edges(&Exclusive::default());
    }

    #[test]
    fn an_empty_window_is_refused() {
        let scheme = Exclusive {
            windows: vec![WindowChoice::given(40.0, 0.0)],
        };
        assert_eq!(scheme.check()[0].key, "windows[0].width");
    }
}
