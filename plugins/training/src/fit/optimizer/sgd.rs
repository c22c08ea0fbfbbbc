//! `sgd`.

use ichflow_api::prelude::*;

use super::{Optimizer, Step, decay_of};

/// Stochastic gradient descent with momentum, as PyTorch has it: `b ← momentum·b + g`, and the weight moves by
/// `−lr·b`; with Nesterov's by `−lr·(g + momentum·b)` (Sutskever et al. 2013). Weight decay is added to the gradient,
/// as this times the weight.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sgd {
    /// The share of a step that is carried over to the next.
    #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 1.0))]
    pub momentum: f64,
    /// Whether the momentum is Nesterov's.
    pub nesterov: bool,
    /// Weight decay, added to the gradient.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub weight_decay: f64,
    /// Whether biases and normalisation decay as well.
    pub decay_all: bool,
}

impl Default for Sgd {
    fn default() -> Self {
        Self {
            momentum: 0.9,
            nesterov: false,
            weight_decay: 0.0,
            decay_all: false,
        }
    }
}

impl Sgd {
    /// What is subtracted from the weights, but for the learning rate.
    fn direction(&self, gradient: Tensor<1>, memory: &mut Vec<Tensor<1>>) -> Tensor<1> {
        if self.momentum == 0.0 {
            return gradient;
        }
        let velocity = match memory.pop() {
            Some(old) => old.mul_scalar(self.momentum) + gradient.clone(),
            None => gradient.clone(),
        };
        memory.push(velocity.clone());
        if self.nesterov {
            gradient + velocity.mul_scalar(self.momentum)
        } else {
            velocity
        }
    }
}

impl Optimizer for Sgd {
    fn memory(&self) -> usize {
        usize::from(self.momentum > 0.0)
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
        weights - self.direction(gradient, memory).mul_scalar(step.lr)
    }

    fn check(&self) -> Vec<Problem> {
        let without = self.nesterov && self.momentum == 0.0;
        let problem = || {
            Problem::new("nesterov", "`nesterov` needs a momentum")
                .help("set `momentum = 0.9`, or leave it out")
        };
        without.then(problem).into_iter().collect()
    }
}

crate::kind!("sgd", Sgd: dyn Optimizer);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn momentum_carries_a_step_on() {
        let tensor = |value: f32| Tensor::<1>::from_floats([value], &Device::flex());
        let step = |number| Step {
            lr: 1.0,
            decay: 0.0,
            number,
        };
        let mut memory = Vec::new();
        let sgd = Sgd::default();
        let once = sgd.update(tensor(0.0), tensor(-1.0), &mut memory, step(1));
        let twice = sgd.update(once, tensor(0.0), &mut memory, step(2));
        assert!((twice.into_scalar::<f32>() - 1.9).abs() < 1e-6);
    }

    #[test]
    fn nesterov_needs_momentum() {
        let sgd = Sgd {
            momentum: 0.0,
            nesterov: true,
            ..Sgd::default()
        };
        assert_eq!(sgd.check()[0].key, "nesterov");
    }
}
