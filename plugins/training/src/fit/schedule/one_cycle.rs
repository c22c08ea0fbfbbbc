//! `one-cycle`.

use ichflow_api::prelude::*;

use super::{Schedule, StepOf, half_cosine};

/// The learning rate rises from `initial_factor` times `lr` to `lr` over the first `pct_start` of the steps, then
/// falls to `final_factor` times `lr`, both along half a cosine (Smith and Topin 2018, arXiv 1708.07120; PyTorch's
/// `OneCycleLR`).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OneCycle {
    /// Share of the steps over which it rises.
    #[schemars(extend("exclusiveMinimum" = 0.0, "exclusiveMaximum" = 1.0))]
    pub pct_start: f64,
    /// Where it begins, as a share of `lr`.
    #[schemars(extend("exclusiveMinimum" = 0.0, "maximum" = 1.0))]
    pub initial_factor: f64,
    /// Where it ends, as a share of `lr`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub final_factor: f64,
}

impl Default for OneCycle {
    fn default() -> Self {
        Self {
            pct_start: 0.3,
            initial_factor: 0.04,
            final_factor: 0.0,
        }
    }
}

impl Schedule for OneCycle {
    fn factor(&self, of: StepOf) -> f64 {
        let top = self.pct_start * of.steps as f64 - 1.0;
        let last = of.steps as f64 - 1.0;
        let step = of.step as f64;
        if step <= top && top > 0.0 {
            half_cosine(self.initial_factor, 1.0, step / top)
        } else {
            half_cosine(1.0, self.final_factor, (step - top) / (last - top))
        }
    }
}

crate::kind!("one-cycle", OneCycle: dyn Schedule);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_to_the_top_and_ends_where_it_is_told() {
        let cycle = OneCycle {
            final_factor: 0.01,
            ..OneCycle::default()
        };
        let factor = |step| {
            cycle.factor(StepOf {
                step,
                steps: 100,
                per_epoch: 10,
            })
        };
        assert!((factor(0) - 0.04).abs() < 1e-12);
        assert!((factor(29) - 1.0).abs() < 1e-12);
        assert!((factor(99) - 0.01).abs() < 1e-12);
        assert!((0..29).all(|step| factor(step) < factor(step + 1)));
        assert!((29..99).all(|step| factor(step) > factor(step + 1)));
    }
}
