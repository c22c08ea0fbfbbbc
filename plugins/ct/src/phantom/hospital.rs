//! Made-up hospitals, whose scanners differ: in noise, sharpness, pixel encoding, and in what their headers say.

use ichflow_api::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::plan::Encoding;

/// A made-up hospital. Its name is not in the files; its scanner is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Hospital {
    /// Medium noise, 12 unsigned bits, kernel J40s, 120 kV.
    A,
    /// Much noise and a sharper kernel (SOFT of another maker), 16 signed bits, 120 or 140 kV.
    B,
    /// Little noise, smoothed (FC21), values that overflow, 100 or 120 kV.
    C,
}

/// How a hospital's scanner makes images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scanner {
    /// Manufacturer, made up.
    pub manufacturer: &'static str,
    /// ManufacturerModelName.
    pub model: &'static str,
    /// ConvolutionKernel.
    pub kernel: &'static str,
    /// KVP of one half of the exams, and of the other.
    pub kvp: [&'static str; 2],
    /// How values are stored.
    pub encoding: Encoding,
    /// Factor on the noise.
    pub grain: f32,
    /// Deviation of the smoothing that follows, in mm; 0: none.
    pub smooth_mm: f32,
}

impl Hospital {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::C];

    /// Its name in recipes.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
            Self::C => "c",
        }
    }

    /// Its scanner.
    pub(super) fn scanner(self) -> Scanner {
        match self {
            Self::A => Scanner {
                manufacturer: "PHANTOM WORKS",
                model: "Alder 16",
                kernel: "J40s",
                kvp: ["120", "120"],
                encoding: Encoding::U12,
                grain: 1.0,
                smooth_mm: 0.0,
            },
            Self::B => Scanner {
                manufacturer: "MADE-UP MEDICAL",
                model: "Birch VCT",
                kernel: "SOFT",
                kvp: ["120", "140"],
                encoding: Encoding::S16,
                grain: 1.9,
                smooth_mm: 0.0,
            },
            Self::C => Scanner {
                manufacturer: "IMAGINARY IMAGING",
                model: "Cedar One",
                kernel: "FC21",
                kvp: ["100", "120"],
                encoding: Encoding::Wrapped,
                grain: 0.6,
                smooth_mm: 0.8,
            },
        }
    }
}

/// What headers say of an exam beside the competition's elements.
#[derive(Clone, Debug)]
pub(super) struct Exam {
    /// The scanner.
    pub scanner: Scanner,
    /// KVP.
    pub kvp: &'static str,
    /// PatientAge, in years.
    pub age_years: u32,
    /// PatientSex.
    pub sex: &'static str,
}

impl Exam {
    /// An exam at a hospital of someone whose brain is as old as `age` says, 0 to 1.
    pub(super) fn new(hospital: Hospital, age: f32, rng: &mut ChaCha8Rng) -> Self {
        let scanner = hospital.scanner();
        Self {
            kvp: scanner.kvp[rng.random_range(0..2)],
            age_years: (20.0 + 74.0 * age) as u32,
            sex: if rng.random_bool(0.5) { "F" } else { "M" },
            scanner,
        }
    }
}

/// Smooths an image of `size × size` values by a Gaussian of `deviation` pixels.
pub(super) fn smooth(hu: &mut [f32], size: usize, deviation: f32) {
    let reach = (3.0 * deviation).ceil() as usize;
    if reach == 0 || size == 0 {
        return;
    }
    let weight = |offset: usize| (-0.5 * (offset as f32 / deviation).powi(2)).exp();
    let weights: Vec<f32> = (0..=reach).map(weight).collect();
    let total = weights[0] + 2.0 * weights[1..].iter().sum::<f32>();
    let mut line = vec![0.0; size];
    // Along rows, then along columns; the border is repeated.
    for (stride, step) in [(size, 1), (1, size)] {
        for start in 0..size {
            for (place, value) in line.iter_mut().enumerate() {
                let at = |place: usize| hu[start * stride + place * step];
                let beside = weights.iter().enumerate().skip(1).map(|(offset, weight)| {
                    weight * (at(place.saturating_sub(offset)) + at((place + offset).min(size - 1)))
                });
                *value = (weights[0] * at(place) + beside.sum::<f32>()) / total;
            }
            for (place, value) in line.iter().enumerate() {
                hu[start * stride + place * step] = *value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smoothing_keeps_the_mean_and_spreads_a_point() {
        let mut image = vec![0.0; 15 * 15];
        image[7 * 15 + 7] = 100.0;
        smooth(&mut image, 15, 1.0);
        let sum: f32 = image.iter().sum();
        assert!((sum - 100.0).abs() < 1e-3, "{sum}");
        assert!((image[7 * 15 + 7] - 15.9).abs() < 0.2, "{}", image[7 * 15 + 7]);
        assert!((image[7 * 15 + 6] - image[6 * 15 + 7]).abs() < 1e-5);
        let before = image.clone();
        smooth(&mut image, 15, 0.0);
        assert_eq!(image, before);
    }
}
