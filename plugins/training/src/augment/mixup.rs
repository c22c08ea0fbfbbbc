//! `mixup`: pairs of training images are blended, and their labels alike.

use burn::tensor::{Int, TensorData};
use ichflow_api::prelude::*;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Mixup (arXiv 1710.09412): blends every image of a batch with another one of it, and their labels by the
/// same share, on the device. The share is drawn once per batch from a Beta(alpha, alpha) distribution.
///
/// It belongs after the augmentations of single images. Probabilities of a network trained so are less
/// extreme than without; a `calibrate` stage brings them back.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mixup {
    /// Both parameters of the Beta distribution: near 0, one image of a pair nearly vanishes; at 1, every
    /// share is as likely.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 2.0))]
    pub alpha: f64,
    /// Probability that a batch is blended at all.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub probability: f64,
}

impl Default for Mixup {
    fn default() -> Self {
        Self {
            alpha: 0.2,
            probability: 1.0,
        }
    }
}

/// A draw from Beta(alpha, alpha), by Jöhnk's method (Devroye, Non-Uniform Random Variate Generation, IX.3).
fn beta(alpha: f64, rng: &mut ChaCha8Rng) -> f64 {
    loop {
        let [one, other]: [f64; 2] = std::array::from_fn(|_| rng.random::<f64>().ln() / alpha);
        // Logarithms: for a small alpha both powers may be zero.
        let most = one.max(other);
        if !most.is_finite() {
            continue;
        }
        let sum = most + ((one - most).exp() + (other - most).exp()).ln();
        if sum <= 0.0 {
            return (one - sum).exp();
        }
    }
}

impl Augmentation for Mixup {
    fn mix(&self, images: Tensor<4>, truth: Tensor<2>, rng: &mut ChaCha8Rng) -> (Tensor<4>, Tensor<2>) {
        let count = images.dims()[0];
        let happens = rng.random::<f64>() < self.probability;
        let share = beta(self.alpha, rng);
        let mut partners: Vec<i64> = (0..count as i64).collect();
        partners.shuffle(rng);
        if !happens {
            return (images, truth);
        }
        let partners = TensorData::new(partners, [count]);
        let partners = Tensor::<1, Int>::from_data(partners, &images.device());
        let (own, other) = (share, 1.0 - share);
        let images = images.clone() * own + images.select(0, partners.clone()) * other;
        let truth = truth.clone() * own + truth.select(0, partners) * other;
        (images, truth)
    }
}

impl Stage for Mixup {
    const NAME: &'static str = "mixup";
    const FAMILY: Family = Family::Transform;
    const SUMMARY: &'static str = "blends pairs of training images, and their labels alike";
    const EXAMPLE: &'static str = "[augment]\nuse = \"mixup\"\nalpha = 0.2\n";

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

ichflow_api::register!(Mixup);

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn labels_are_blended_as_the_images_are() {
        // Every image is its label all over, so that blends of both must agree.
        let values: Vec<f32> = (0..8).map(|value| value as f32).collect();
        let device = Device::flex();
        let truth = Tensor::<2>::from_data(TensorData::new(values, [8, 1]), &device);
        let images = truth
            .clone()
            .reshape([8, 1, 1, 1])
            .repeat_dim(2, 3)
            .repeat_dim(3, 3);
        let mixup = Mixup {
            alpha: 1.0,
            probability: 1.0,
        };
        let (mixed, labels) = mixup.mix(images, truth.clone(), &mut ChaCha8Rng::seed_from_u64(3));
        let mixed = mixed.max_dim(3).max_dim(2).reshape([8, 1]).into_data();
        assert_eq!(mixed, labels.clone().into_data());
        let sum: f32 = labels.clone().sum().into_scalar();
        assert!(
            (sum - 28.0).abs() < 1e-4,
            "each is somebody's partner once: {sum}"
        );
        assert_ne!(labels.into_data(), truth.into_data());
    }

    #[test]
    fn shares_have_the_betas_mean_and_variance() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        for alpha in [0.01, 0.2, 1.0, 2.0] {
            let draws: Vec<f64> = (0..20_000).map(|_| beta(alpha, &mut rng)).collect();
            let mean = draws.iter().sum::<f64>() / 20_000.0;
            let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 20_000.0;
            // Of Beta(a, a): a² / ((2a)² (2a + 1)).
            let expected = 1.0 / (4.0 * (2.0 * alpha + 1.0));
            assert!((mean - 0.5).abs() < 0.015, "{alpha}: {mean}");
            assert!((variance / expected - 1.0).abs() < 0.05, "{alpha}: {variance}");
        }
    }
}
