//! The warm-up that a phase may begin with, whatever its schedule.

use ichflow_api::prelude::*;

/// The learning rate first rises in a straight line from `initial_factor` times `lr`; the schedule has the steps
/// that are left (PyTorch's `LinearLR`; Goyal et al. 2017, arXiv 1706.02677).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Warmup {
    /// How many epochs it takes, also parts of one.
    #[schemars(range(min = 0.0))]
    pub epochs: f64,
    /// Where it begins, as a share of `lr`.
    #[serde(default = "hundredth")]
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1.0))]
    pub initial_factor: f64,
}

fn hundredth() -> f64 {
    0.01
}

impl Warmup {
    /// Number of its steps, `per_epoch` an epoch.
    pub fn steps(&self, per_epoch: usize) -> usize {
        (self.epochs * per_epoch as f64).round() as usize
    }

    /// The factor in `step` of `steps`.
    pub fn factor(&self, step: usize, steps: usize) -> f64 {
        self.initial_factor + (1.0 - self.initial_factor) * (step as f64 / steps as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_straight_line_that_stops_short_of_one() {
        let warmup = Warmup {
            epochs: 0.5,
            initial_factor: 0.2,
        };
        assert_eq!(warmup.steps(8), 4);
        assert_eq!(warmup.factor(0, 4), 0.2);
        assert!((warmup.factor(3, 4) - 0.8).abs() < 1e-12);
    }
}
