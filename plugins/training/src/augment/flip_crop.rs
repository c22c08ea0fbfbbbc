//! `flip-crop`: left-right flips and random crops.

use ichflow_api::prelude::*;
use ichflow_api::tensors::resample::{Span, resample};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Random left-right flips and random crops of training images, on the device.
///
/// Each of the four sides loses its own random number of pixels, and what is left is stretched to the
/// image's size again (linear interpolation).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FlipCrop {
    /// Probability of a left-right flip.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub flip: f64,
    /// Probability that an image is cropped at all.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub crop: f64,
    /// Most that a side can lose, in pixels of the network's image.
    #[schemars(range(min = 0, max = 1024))]
    pub max_crop: u32,
}

impl Default for FlipCrop {
    fn default() -> Self {
        Self {
            flip: 0.5,
            crop: 1.0,
            max_crop: 25,
        }
    }
}

impl FlipCrop {
    /// The part of the image that each output covers: rows and columns.
    fn spans(
        &self,
        count: usize,
        height: usize,
        width: usize,
        rng: &mut ChaCha8Rng,
    ) -> (Vec<Span>, Vec<Span>) {
        // At least half of a small image is left.
        let limit = |size: usize| f64::from(self.max_crop).min(size as f64 / 4.0);
        let span = |size: usize, from: f64, to: f64| Span {
            from: (from * limit(size)).floor(),
            to: size as f64 - (to * limit(size)).floor(),
        };
        let mut rows = Vec::with_capacity(count);
        let mut columns = Vec::with_capacity(count);
        for _ in 0..count {
            // All numbers are drawn for every image, so that one setting does not shift the randomness of others.
            let [flip, crop, top, bottom, left, right]: [f64; 6] = std::array::from_fn(|_| rng.random());
            let (row, column) = if crop < self.crop {
                // One more than the limit, so that the largest crop is as likely as the others.
                let stretch = |part: f64, size: usize| part * (limit(size) + 1.0) / limit(size).max(1.0);
                let clip = |part: f64| part.min(1.0);
                (
                    span(height, clip(stretch(top, height)), clip(stretch(bottom, height))),
                    span(width, clip(stretch(left, width)), clip(stretch(right, width))),
                )
            } else {
                (Span::whole(height), Span::whole(width))
            };
            rows.push(row);
            columns.push(if flip < self.flip {
                column.mirrored()
            } else {
                column
            });
        }
        (rows, columns)
    }
}

impl Augmentation for FlipCrop {
    fn apply(&self, images: Tensor<4>, rng: &mut ChaCha8Rng) -> Tensor<4> {
        let [count, _, height, width] = images.dims();
        let (rows, columns) = self.spans(count, height, width, rng);
        resample(images, height, &rows, &columns)
    }
}

impl Stage for FlipCrop {
    const NAME: &'static str = "flip-crop";
    const FAMILY: Family = Family::Transform;
    const SUMMARY: &'static str = "random left-right flips and crops of training images";
    const EXAMPLE: &'static str = "[augment]\nuse = \"flip-crop\"\nmax_crop = 25\n";

    fn ports() -> Ports {
        super::ports()
    }

    fn describe(&self, inputs: &Descriptions) -> Descriptions {
        super::describe(inputs, self.clone())
    }

    fn run(&self, inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        super::chained(inputs, self.clone())
    }
}

ichflow_api::register!(FlipCrop);

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;
    use rand::SeedableRng;

    fn ramp(width: usize) -> Tensor<4> {
        let values: Vec<f32> = (0..width * width).map(|i| (i % width) as f32).collect();
        Tensor::from_data(TensorData::new(values, [1, 1, width, width]), &Device::flex())
    }

    fn values(tensor: Tensor<4>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn a_certain_flip_mirrors_and_nothing_else() {
        let flip = FlipCrop {
            flip: 1.0,
            crop: 0.0,
            max_crop: 0,
        };
        let mirrored = values(flip.apply(ramp(8), &mut ChaCha8Rng::seed_from_u64(1)));
        assert_eq!(&mirrored[..8], &[7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0]);
    }

    #[test]
    fn switched_off_it_changes_nothing() {
        let off = FlipCrop {
            flip: 0.0,
            crop: 0.0,
            max_crop: 25,
        };
        assert_eq!(
            values(off.apply(ramp(8), &mut ChaCha8Rng::seed_from_u64(1))),
            values(ramp(8))
        );
    }

    #[test]
    fn crops_stay_within_their_limit_and_reach_it() {
        let crop = FlipCrop {
            flip: 0.0,
            crop: 1.0,
            max_crop: 5,
        };
        let (rows, columns) = crop.spans(2000, 64, 64, &mut ChaCha8Rng::seed_from_u64(3));
        let lost: Vec<f64> = rows
            .iter()
            .chain(&columns)
            .flat_map(|span| [span.from, 64.0 - span.to])
            .collect();
        for pixels in 0..=5 {
            let share =
                lost.iter().filter(|lost| **lost == f64::from(pixels)).count() as f64 / lost.len() as f64;
            assert!((share - 1.0 / 6.0).abs() < 0.02, "{pixels} pixels: {share}");
        }
    }

    #[test]
    fn a_seed_fixes_what_happens() {
        let augment = FlipCrop::default();
        let of = |seed| values(augment.apply(ramp(64), &mut ChaCha8Rng::seed_from_u64(seed)));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
