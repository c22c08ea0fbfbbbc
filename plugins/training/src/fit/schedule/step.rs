//! `step`.

use ichflow_api::prelude::*;

use super::{Schedule, StepOf};

/// The learning rate is multiplied by `factor` after every `every_epochs` epochs (PyTorch's `StepLR`).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// Epochs between two falls.
    #[schemars(range(min = 1))]
    pub every_epochs: usize,
    /// What it is multiplied by.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1.0))]
    pub factor: f64,
}

impl Default for Step {
    fn default() -> Self {
        Self {
            every_epochs: 1,
            factor: 0.1,
        }
    }
}

impl Schedule for Step {
    fn factor(&self, of: StepOf) -> f64 {
        let falls = of.step / self.every_epochs.saturating_mul(of.per_epoch).max(1);
        self.factor.powi(falls.min(i32::MAX as usize) as i32)
    }
}

crate::kind!("step", Step: dyn Schedule);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_falls_with_the_epoch_and_not_within_it() {
        let halves = Step {
            every_epochs: 2,
            factor: 0.5,
        };
        let factor = |step| {
            halves.factor(StepOf {
                step,
                steps: 20,
                per_epoch: 4,
            })
        };
        assert_eq!([7, 8, 15, 16].map(factor), [1.0, 0.5, 0.5, 0.25]);
    }
}
