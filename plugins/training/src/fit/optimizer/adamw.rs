//! `adamw`.

use ichflow_api::nn::optimizer::AdamStep;
use ichflow_api::prelude::*;

use super::adam::moments;
use super::{Optimizer, Step, check_betas, decay_of};

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101, algorithm 2): before Adam's step
/// the weight loses `lr · weight_decay` of itself, whatever its gradient's scale.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// Decay rates of the mean and of the uncentred variance of gradients.
    pub betas: [f64; 2],
    /// Added to the denominator.
    #[schemars(extend("exclusiveMinimum" = 0.0))]
    pub epsilon: f64,
    /// Weight decay, taken from the weight as this times the learning rate.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub weight_decay: f64,
    /// Whether biases and normalisation decay as well.
    pub decay_all: bool,
}

impl Default for AdamW {
    fn default() -> Self {
        Self {
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.0,
            decay_all: false,
        }
    }
}

impl Optimizer for AdamW {
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
        let step = AdamStep {
            betas: self.betas,
            epsilon: self.epsilon,
            lr: step.lr,
            decay: step.decay,
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

crate::kind!("adamw", AdamW: dyn Optimizer);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_without_gradient_decays_by_the_learning_rate() {
        let tensor = |value: f32| Tensor::<1>::from_floats([value], &Device::flex());
        let step = Step {
            lr: 0.1,
            decay: 0.5,
            number: 1,
        };
        let after = AdamW::default().update(tensor(2.0), tensor(0.0), &mut Vec::new(), step);
        assert!((after.into_scalar::<f32>() - 1.9).abs() < 1e-6);
    }
}
