//! `metadata`: the window that each file's own header asks for.

use ichflow_api::prelude::*;

use crate::header::{NARROWEST, check_fallback, header_window};

/// The window of each file's own header (the first of several values), clipped, then stretched per slice
/// so that its darkest pixel is 0 and its brightest 1, and repeated over the channels.
///
/// Use it as the baseline: it is what a first look at the competition gives, and windows differ from scanner to
/// scanner. From the public notebooks of RSNA 2019.
///
/// A slice of one value becomes 0. A slice whose header has no window, or a width below 0.001, takes
/// `fallback_center` and `fallback_width`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    /// How many equal channels to make.
    #[schemars(range(min = 1, max = 16))]
    pub channels: usize,
    /// Center for slices whose header has none, in HU.
    pub fallback_center: f64,
    /// Width for slices whose header has none, in HU.
    #[schemars(range(min = 1.0))]
    pub fallback_width: f64,
}

impl Default for Metadata {
    fn default() -> Self {
        Self {
            channels: 3,
            fallback_center: 40.0,
            fallback_width: 80.0,
        }
    }
}

impl Metadata {
    fn window_of(&self, tags: &SliceTags) -> (f32, f32) {
        header_window(tags, NARROWEST, self.fallback_center, self.fallback_width)
    }
}

impl WindowScheme for Metadata {
    fn channels(&self) -> usize {
        self.channels
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        let center = batch.per_slice(|tags| self.window_of(tags).0);
        let half = batch.widths(|tags| self.window_of(tags).1).div_scalar(2.0);
        let (low, high) = (center.clone() - half.clone(), center + half);
        let clipped = batch.hu().max_pair(low).min_pair(high);
        let darkest = clipped.clone().min_dims(&[2, 3]);
        let brightest = clipped.clone().max_dims(&[2, 3]);
        // A slice of one value has no range: dividing by at least the smallest step of an i16 leaves 0.
        let range = (brightest - darkest.clone()).clamp_min(0.5);
        ((clipped - darkest) / range).repeat_dim(1, self.channels)
    }
}

ichflow_api::window_stage!(
    Metadata, "metadata": "the window each file's own header asks for",
    example = "[window]\nuse = \"metadata\"\nchannels = 3\n",
    check = |window| check_fallback(window.fallback_center, window.fallback_width),
);

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(center: f32, width: f32) -> SliceTags {
        SliceTags {
            window_center: Some(center),
            window_width: Some(width),
            ..SliceTags::default()
        }
    }

    fn windowed(hu: Vec<i16>, tags: Vec<SliceTags>) -> Vec<Vec<f32>> {
        let pixels = hu.len() / tags.len();
        let slices = tags.len();
        let batch = HuBatch::upload(hu, 1, pixels, tags, &Device::flex());
        let values: Vec<f32> = Metadata::default()
            .apply(&batch)
            .into_data()
            .try_to_vec()
            .unwrap();
        values
            .chunks(values.len() / slices)
            .map(<[f32]>::to_vec)
            .collect()
    }

    #[test]
    fn every_slice_has_its_own_window_and_is_stretched() {
        let hu = vec![-1000, 0, 40, 60, -1000, 0, 50, 3000];
        let result = windowed(hu, vec![tags(40.0, 80.0), tags(50.0, 100.0)]);
        // 40/80: clipped to 0…60 (the brightest pixel is 60), stretched by 60.
        assert_eq!(&result[0][..4], &[0.0, 0.0, 40.0 / 60.0, 1.0]);
        assert_eq!(&result[1][..4], &[0.0, 0.0, 0.5, 1.0]);
        assert_eq!(result[0].len(), 12, "three equal channels");
        assert_eq!(result[0][..4], result[0][8..]);
    }

    #[test]
    fn a_slice_of_one_value_is_black_and_never_nan() {
        assert_eq!(windowed(vec![-3024; 4], vec![tags(40.0, 80.0)])[0], vec![0.0; 12]);
        assert_eq!(windowed(vec![30; 4], vec![tags(40.0, 80.0)])[0], vec![0.0; 12]);
    }

    /// Widths as headers state them.
    #[test]
    fn any_width_above_nothing_is_used_and_values_stay_finite() {
        let hu = vec![-1024, 39, 40, 3071];
        let narrow = windowed(hu.clone(), vec![tags(40.0, 0.5)]);
        assert_eq!(narrow[0][..4], [0.0, 0.0, 0.5, 1.0]);
        for width in [1e-38, 1e-3, 1.0, 1e30, f32::MAX] {
            let values = windowed(hu.clone(), vec![tags(40.0, width)]);
            let is_sound = |value: &f32| (0.0..=1.0).contains(value);
            assert!(values[0].iter().all(is_sound), "{width}: {values:?}");
        }
    }

    #[test]
    fn missing_and_impossible_windows_fall_back() {
        let hu = vec![-1000, 0, 40, 80];
        let expected = windowed(hu.clone(), vec![tags(40.0, 80.0)]);
        for odd in [
            SliceTags::default(),
            tags(40.0, 0.0),
            tags(f32::NAN, 80.0),
            tags(40.0, -5.0),
        ] {
            assert_eq!(windowed(hu.clone(), vec![odd.clone()]), expected, "{odd:?}");
        }
    }
}
