//! `affine`: random rotation, scale and shift in one resampling.

use burn::tensor::ops::{GridSampleOptions, GridSamplePaddingMode, InterpolateMode};
use burn::tensor::{Int, TensorData};
use ichflow_api::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Random rotations, scales and shifts of training images, on the device.
///
/// All three are one change of coordinates, so an image is resampled once (linear interpolation). What comes
/// from outside the image repeats its edge.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Affine {
    /// Probability that an image is changed at all.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub probability: f64,
    /// Largest rotation to either side, in degrees.
    #[schemars(range(min = 0.0, max = 180.0))]
    pub rotation: f64,
    /// Largest factor of size; factors lie between its reciprocal and itself, evenly by their logarithm.
    #[schemars(range(min = 1.0, max = 4.0))]
    pub scale: f64,
    /// Largest shift in either direction along each axis, as a share of the image's side.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub shift: f64,
}

impl Default for Affine {
    fn default() -> Self {
        Self {
            probability: 1.0,
            rotation: 10.0,
            scale: 1.1,
            shift: 0.05,
        }
    }
}

/// One change of coordinates.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Change {
    /// Counter-clockwise as seen, in radians.
    angle: f64,
    /// Above 1: what is seen grows.
    scale: f64,
    /// To the right and down, as shares of the width and the height.
    shift: [f64; 2],
}

impl Change {
    const NONE: Self = Self {
        angle: 0.0,
        scale: 1.0,
        shift: [0.0, 0.0],
    };

    /// From an output's place to the input's, both −1 to 1 along each axis of an image of `aspect` (height by
    /// width): two rows of factors of x, y and 1.
    fn matrix(self, aspect: f64) -> [[f64; 3]; 2] {
        let (sin, cos) = self.angle.sin_cos();
        let (sin, cos) = (sin / self.scale, cos / self.scale);
        // The shift is taken back first; a whole side is 2 in these coordinates.
        let [right, down] = self.shift.map(|shift| -2.0 * shift);
        let rows = [[cos, -sin * aspect], [sin / aspect, cos]];
        rows.map(|[x, y]| [x, y, x * right + y * down])
    }
}

impl Affine {
    fn changes(&self, count: usize, rng: &mut ChaCha8Rng) -> Vec<Change> {
        (0..count)
            .map(|_| {
                // All numbers are drawn for every image, so that one setting does not shift the others.
                let [happens, angle, scale, x, y]: [f64; 5] = std::array::from_fn(|_| rng.random());
                let side = |part: f64| 2.0 * part - 1.0;
                if happens >= self.probability {
                    return Change::NONE;
                }
                Change {
                    angle: side(angle) * self.rotation.to_radians(),
                    scale: self.scale.powf(side(scale)),
                    shift: [x, y].map(|part| side(part) * self.shift),
                }
            })
            .collect()
    }
}

/// Resamples each image of `[batch, channels, height, width]` by its own change.
fn resampled(images: Tensor<4>, changes: &[Change]) -> Tensor<4> {
    let [count, _, height, width] = images.dims();
    let device = images.device();
    let aspect = height as f64 / width as f64;
    let factors: Vec<f32> = changes
        .iter()
        .flat_map(|change| change.matrix(aspect))
        .flatten()
        .map(|factor| factor as f32)
        .collect();
    let factors = Tensor::<3>::from_data(TensorData::new(factors, [count, 2, 3]), &device);
    let places = |size: usize| {
        let index = Tensor::<1, Int>::arange(0..size as i64, &device).float();
        (index * 2.0 + 1.0) / size as f64 - 1.0
    };
    let x = places(width)
        .reshape([1, width])
        .repeat_dim(0, height)
        .flatten::<1>(0, 1);
    let y = places(height)
        .reshape([height, 1])
        .repeat_dim(1, width)
        .flatten::<1>(0, 1);
    let outputs = Tensor::stack::<2>(vec![x.clone(), y, x.ones_like()], 1);
    let grid = outputs
        .unsqueeze::<3>()
        .matmul(factors.swap_dims(1, 2))
        .reshape([count, height, width, 2]);
    let options = GridSampleOptions::new(InterpolateMode::Bilinear)
        .with_padding_mode(GridSamplePaddingMode::Border)
        .with_align_corners(false);
    images.grid_sample_2d(grid, options)
}

impl Augmentation for Affine {
    fn apply(&self, images: Tensor<4>, rng: &mut ChaCha8Rng) -> Tensor<4> {
        let changes = self.changes(images.dims()[0], rng);
        if changes.iter().all(|change| *change == Change::NONE) {
            return images;
        }
        resampled(images, &changes)
    }
}

impl Stage for Affine {
    const NAME: &'static str = "affine";
    const FAMILY: Family = Family::Transform;
    const SUMMARY: &'static str = "random rotation, scale and shift of training images";
    const EXAMPLE: &'static str = "[augment]\nuse = \"affine\"\nrotation = 15\n";

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

ichflow_api::register!(Affine);

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use serde_json::Value;

    fn images(values: &[f32], shape: [usize; 4]) -> Tensor<4> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), &Device::flex())
    }

    fn floats(value: &Value) -> Vec<f32> {
        let values = value.as_array().unwrap().iter();
        values.map(|value| value.as_f64().unwrap() as f32).collect()
    }

    #[test]
    fn changes_are_pytorchs() {
        let fixture: Value = serde_json::from_str(include_str!("../../tests/fixtures/affine.json")).unwrap();
        for case in fixture["cases"].as_array().unwrap() {
            let shape = floats(&case["shape"]);
            let shape: [usize; 4] = std::array::from_fn(|axis| shape[axis] as usize);
            let change = Change {
                angle: case["degrees"].as_f64().unwrap().to_radians(),
                scale: case["scale"].as_f64().unwrap(),
                shift: [0, 1].map(|axis| case["shift"][axis].as_f64().unwrap()),
            };
            let changed = resampled(images(&floats(&case["input"]), shape), &vec![change; shape[0]]);
            let found = changed.into_data().try_to_vec::<f32>().unwrap();
            for (found, expected) in found.iter().zip(floats(&case["output"])) {
                assert!((found - expected).abs() < 2e-5, "{change:?}: {found} {expected}");
            }
        }
    }

    #[test]
    fn a_shift_moves_right_and_a_quarter_turn_turns() {
        let picture = images(&[1.0, 2.0, 3.0, 4.0], [1, 1, 2, 2]);
        let after = |change| {
            let changed = resampled(picture.clone(), &[change]).into_data();
            let values = changed.try_to_vec::<f32>().unwrap();
            values
                .into_iter()
                .map(|value| (value * 1e4).round() / 1e4)
                .collect::<Vec<f32>>()
        };
        let shift = [0.5, 0.0];
        assert_eq!(
            after(Change {
                shift,
                ..Change::NONE
            }),
            [1.0, 1.0, 3.0, 3.0]
        );
        let angle = std::f64::consts::FRAC_PI_2;
        assert_eq!(
            after(Change {
                angle,
                ..Change::NONE
            }),
            [2.0, 4.0, 1.0, 3.0]
        );
    }

    #[test]
    fn a_seed_fixes_changes_and_limits_hold() {
        let affine = Affine {
            probability: 0.5,
            rotation: 20.0,
            scale: 1.25,
            shift: 0.1,
        };
        let of = |seed| affine.changes(2000, &mut ChaCha8Rng::seed_from_u64(seed));
        let changes = of(1);
        assert_eq!(changes, of(1));
        assert_ne!(changes, of(2));
        let changed: Vec<_> = changes.iter().filter(|change| **change != Change::NONE).collect();
        assert!((0.45..0.55).contains(&(changed.len() as f64 / 2000.0)));
        for change in changed {
            assert!(change.angle.abs() <= 20f64.to_radians());
            assert!((0.8..=1.25).contains(&change.scale));
            assert!(change.shift.iter().all(|shift| shift.abs() <= 0.1));
        }
    }
}
