//! `cosine`.

use ichflow_api::prelude::*;

use super::{Schedule, StepOf, half_cosine};

/// The learning rate falls along half a cosine, from `lr` to `final_factor` times `lr` (Loshchilov and Hutter 2017,
/// arXiv 1608.03983, without restarts; PyTorch's `CosineAnnealingLR`, called once a step).
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cosine {
    /// Where it ends, as a share of `lr`.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub final_factor: f64,
}

impl Schedule for Cosine {
    fn factor(&self, of: StepOf) -> f64 {
        half_cosine(1.0, self.final_factor, of.step as f64 / of.steps.max(1) as f64)
    }
}

crate::kind!("cosine", Cosine: dyn Schedule);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_way_it_has_half_of_the_fall() {
        let cosine = Cosine { final_factor: 0.2 };
        let factor = |step| {
            cosine.factor(StepOf {
                step,
                steps: 10,
                per_epoch: 5,
            })
        };
        assert_eq!(factor(0), 1.0);
        assert!((factor(5) - 0.6).abs() < 1e-12);
    }
}
