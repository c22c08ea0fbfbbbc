//! A window of one's own.

use ichflow_api::prelude::*;

/// How much a pixel looks like blood: 1 at `peak`, falling to 0 at `spread` HU on either side.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Blood {
    /// The most blood-like density, in HU.
    pub peak: f64,
    /// Distance from it at which nothing looks like blood, in HU.
    #[schemars(range(min = 1.0))]
    pub spread: f64,
}

impl Default for Blood {
    fn default() -> Self {
        Self {
            peak: 65.0,
            spread: 35.0,
        }
    }
}

impl WindowScheme for Blood {
    fn channels(&self) -> usize {
        2
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        let distance = batch.hu().sub_scalar(self.peak).abs().div_scalar(self.spread);
        let likeness = distance.neg().add_scalar(1.0).clamp_min(0.0);
        Tensor::cat(vec![likeness, linear_window(batch.hu(), 40.0, 80.0)], 1)
    }
}

ichflow_api::window_stage!(
    Blood, "blood": "how much a pixel looks like blood, beside the brain window",
    example = "[window]\nuse = \"blood\"\npeak = 60\n",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blood_is_bright_and_the_rest_is_dark() {
        let batch = HuBatch::upload(
            vec![-1000, 65, 30, 100],
            2,
            2,
            vec![SliceTags::default()],
            &Device::flex(),
        );
        let values: Vec<f32> = Blood::default().apply(&batch).into_data().try_to_vec().unwrap();
        assert_eq!(&values[..4], &[0.0, 1.0, 0.0, 0.0]);
    }
}
