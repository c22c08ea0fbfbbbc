//! `my-window`: a windowing scheme to change to your liking.

use ichflow_api::prelude::*;

/// A linear window and how far each pixel is from its center.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MyWindow {
    /// Middle of the window, in HU.
    pub center: f64,
    /// Width of the window, in HU.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub width: f64,
}

impl Default for MyWindow {
    fn default() -> Self {
        Self {
            center: 40.0,
            width: 80.0,
        }
    }
}

impl WindowScheme for MyWindow {
    fn channels(&self) -> usize {
        2
    }

    /// From `[batch, 1, height, width]` in HU to `[batch, 2, height, width]`, 0 to 1, on the device.
    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        let window = linear_window(batch.hu(), self.center, self.width);
        let distance = window.clone().sub_scalar(0.5).abs().mul_scalar(2.0);
        Tensor::cat(vec![window, distance], 1)
    }
}

ichflow_api::window_stage!(
    MyWindow, "my-window": "a linear window and the distance from its center",
    example = "[window]\nuse = \"my-window\"\ncenter = 40\n",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_center_is_half_way_and_not_far() {
        let tags = vec![SliceTags::default()];
        let batch = HuBatch::upload(vec![0, 40, 80, 200], 2, 2, tags, &Device::flex());
        let values = MyWindow::default().apply(&batch).into_data();
        let values: Vec<f32> = values.try_to_vec().unwrap();
        assert_eq!(values, [0.0, 0.5, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0]);
    }
}
