//! `erase`: a random rectangle of a training image is painted over.

use burn::tensor::TensorData;
use ichflow_api::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Random erasing (arXiv 1708.04896): paints a random rectangle of a training image over, on the device.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Erase {
    /// Probability that an image loses a rectangle.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub probability: f64,
    /// Smallest share of the image's area.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1.0))]
    pub min_area: f64,
    /// Largest share of the image's area.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1.0))]
    pub max_area: f64,
    /// Largest ratio of the longer side to the shorter.
    #[schemars(range(min = 1.0, max = 100.0))]
    pub max_aspect: f64,
    /// The value painted, on the scale of windowed images (0 to 1): 0 is what lies below the window.
    pub value: f64,
}

impl Default for Erase {
    fn default() -> Self {
        Self {
            probability: 0.5,
            min_area: 0.02,
            max_area: 0.2,
            max_aspect: 3.0,
            value: 0.0,
        }
    }
}

/// Rows and columns from, up to but not with.
type Rectangle = [std::ops::Range<usize>; 2];

impl Erase {
    fn rectangles(&self, count: usize, sides: [usize; 2], rng: &mut ChaCha8Rng) -> Vec<Option<Rectangle>> {
        (0..count)
            .map(|_| {
                // All numbers are drawn for every image, so that one setting does not shift the others.
                let [happens, area, aspect, top, left]: [f64; 5] = std::array::from_fn(|_| rng.random());
                let area = self.min_area + area * (self.max_area - self.min_area);
                // The ratio is even by its logarithm, so that lying and standing are as likely.
                let stretch = self.max_aspect.powf(2.0 * aspect - 1.0).sqrt();
                let side = |size: usize, stretch: f64, place: f64| {
                    let length = (size as f64 * area.sqrt() * stretch).round();
                    let length = (length as usize).clamp(1, size);
                    let from = (place * (size - length + 1) as f64) as usize;
                    from..from + length
                };
                (happens < self.probability)
                    .then(|| [side(sides[0], stretch, top), side(sides[1], 1.0 / stretch, left)])
            })
            .collect()
    }
}

impl Augmentation for Erase {
    fn apply(&self, images: Tensor<4>, rng: &mut ChaCha8Rng) -> Tensor<4> {
        let [count, _, height, width] = images.dims();
        let rectangles = self.rectangles(count, [height, width], rng);
        if rectangles.iter().all(Option::is_none) {
            return images;
        }
        // A rectangle is a row of ones times a column of ones: little to upload.
        let line = |axis: usize, size: usize| -> Vec<f32> {
            let lines = rectangles.iter().flat_map(|rectangle| {
                (0..size).map(move |place| {
                    let inside = rectangle
                        .as_ref()
                        .is_some_and(|sides| sides[axis].contains(&place));
                    f32::from(u8::from(inside))
                })
            });
            lines.collect()
        };
        let device = images.device();
        let rows = Tensor::<4>::from_data(TensorData::new(line(0, height), [count, 1, height, 1]), &device);
        let columns = Tensor::<4>::from_data(TensorData::new(line(1, width), [count, 1, 1, width]), &device);
        let painted = rows * columns;
        let kept = images * (painted.clone().neg() + 1.0);
        if self.value == 0.0 {
            kept
        } else {
            kept + painted * self.value
        }
    }
}

impl Stage for Erase {
    const NAME: &'static str = "erase";
    const FAMILY: Family = Family::Transform;
    const SUMMARY: &'static str = "paints a random rectangle of training images over";
    const EXAMPLE: &'static str = "[augment]\nuse = \"erase\"\nprobability = 0.25\n";

    fn ports() -> Ports {
        super::ports()
    }

    fn describe(&self, inputs: &Descriptions) -> Descriptions {
        super::describe(inputs, self.clone())
    }

    fn check(&self) -> Vec<Problem> {
        if self.min_area > self.max_area {
            return vec![Problem::new("min_area", "`min_area` is above `max_area`")];
        }
        Vec::new()
    }

    fn run(&self, inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        super::chained(inputs, self.clone())
    }
}

ichflow_api::register!(Erase);

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn a_rectangle_is_painted_and_the_rest_stays() {
        let erase = Erase {
            probability: 1.0,
            value: 7.0,
            ..Erase::default()
        };
        let images = Tensor::<4>::ones([3, 2, 32, 40], &Device::flex());
        let seed = || ChaCha8Rng::seed_from_u64(4);
        let painted = erase.apply(images, &mut seed()).into_data();
        let painted = painted.try_to_vec::<f32>().unwrap();
        let rectangles = erase.rectangles(3, [32, 40], &mut seed());
        for (place, value) in painted.iter().enumerate() {
            let (image, row, column) = (place / (2 * 32 * 40), place / 40 % 32, place % 40);
            let [rows, columns] = rectangles[image].clone().unwrap();
            let inside = rows.contains(&row) && columns.contains(&column);
            assert_eq!(*value, if inside { 7.0 } else { 1.0 });
        }
    }

    #[test]
    fn sizes_stay_within_their_limits() {
        let erase = Erase::default();
        let rectangles = erase.rectangles(4000, [256, 256], &mut ChaCha8Rng::seed_from_u64(1));
        let painted: Vec<_> = rectangles.into_iter().flatten().collect();
        assert!((1880..2120).contains(&painted.len()), "{}", painted.len());
        for [rows, columns] in &painted {
            let area = (rows.len() * columns.len()) as f64 / 65536.0;
            let aspect = rows.len() as f64 / columns.len() as f64;
            assert!(rows.end <= 256 && columns.end <= 256);
            assert!((0.019..0.204).contains(&area), "{area}");
            assert!((0.32..3.1).contains(&aspect), "{aspect}");
        }
    }
}
