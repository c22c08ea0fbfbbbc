//! `adam`.

use ichflow_api::nn::optimizer::{AdamStep, adam};
use ichflow_api::prelude::*;

use super::{Optimizer, Step, check_betas, decay_of};

/// Adam (Kingma and Ba 2015, arXiv 1412.6980, algorithm 1): with g the gradient, `m ← β₁·m + (1−β₁)·g`,
/// `v ← β₂·v + (1−β₂)·g²`, and the weight moves by `−lr · m̂ / (√v̂ + ε)`, where m̂ and v̂ are corrected for their
/// start at 0. Weight decay is added to the gradient, as this times the weight.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Adam {
    /// Decay rates of the mean and of the uncentred variance of gradients.
    pub betas: [f64; 2],
    /// Added to the denominator.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub epsilon: f64,
    /// Weight decay, added to the gradient.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub weight_decay: f64,
    /// Whether biases and normalisation decay as well.
    pub decay_all: bool,
}

impl Default for Adam {
    fn default() -> Self {
        Self {
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.0,
            decay_all: false,
        }
    }
}

impl Optimizer for Adam {
    fn memory(&self) -> usize {
        2
    }

    fn weight_decay(&self, rank: usize) -> f64 {
        decay_of(self.weight_decay, self.decay_all, rank)
    }

    fn update(
        &self,
        weights: Tensor<1>,
        gradient: Tensor<1>,
        memory: &mut Vec<Tensor<1>>,
        step: Step,
    ) -> Tensor<1> {
        let gradient = step.decayed(gradient, &weights);
        let step = AdamStep {
            betas: self.betas,
            epsilon: self.epsilon,
            lr: step.lr,
            decay: 0.0,
            step: step.number,
        };
        moments(step, weights, gradient, memory)
    }

    fn is_scale_free(&self) -> bool {
        true
    }

    fn check(&self) -> Vec<Problem> {
        check_betas(self.betas)
    }
}

/// A step whose memory are Adam's two moments.
pub(super) fn moments(
    step: AdamStep,
    weights: Tensor<1>,
    gradient: Tensor<1>,
    memory: &mut Vec<Tensor<1>>,
) -> Tensor<1> {
    // Taken out, so that their memory can be written over.
    let old: Option<[Tensor<1>; 2]> = std::mem::take(memory).try_into().ok();
    let (weights, new) = adam(step, weights, gradient, old);
    memory.extend(new.into_iter().flatten());
    weights
}

crate::kind!("adam", Adam: dyn Optimizer);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_the_learning_rate_against_the_gradients_sign() {
        let tensor = |values: [f32; 2]| Tensor::<1>::from_floats(values, &Device::flex());
        let mut memory = Vec::new();
        let step = Step {
            lr: 0.1,
            decay: 0.0,
            number: 1,
        };
        let after = Adam::default().update(tensor([1.0, 1.0]), tensor([0.3, -20.0]), &mut memory, step);
        let after: Vec<f32> = after.into_data().try_to_vec().unwrap();
        assert!(
            (after[0] - 0.9).abs() < 1e-6 && (after[1] - 1.1).abs() < 1e-6,
            "{after:?}"
        );
        assert_eq!(memory.len(), Adam::default().memory());
    }

    #[test]
    fn decay_rates_are_below_one() {
        let adam = Adam {
            betas: [0.9, 1.0],
            ..Adam::default()
        };
        assert_eq!(adam.check()[0].key, "betas");
    }
}
