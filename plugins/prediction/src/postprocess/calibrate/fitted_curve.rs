//! Curves as a recipe or a model bundle holds them.

use ichflow_api::prelude::*;

use super::Curve;
use super::isotonic_curve::IsotonicCurve;
use super::sigmoid_curve::SigmoidCurve;

/// One label's curve: `slope` and `offset` of a sigmoid of the logit; or the points of a rising curve; or
/// nothing, where probabilities are left as they are.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FittedCurve {
    /// What the logit is multiplied by; not below 0.
    #[schemars(range(min = 0.0))]
    pub slope: Option<f64>,
    /// What is added to the logit then.
    pub offset: Option<f64>,
    /// Predicted probabilities, rising, at which the curve is known.
    pub predicted: Option<Vec<f64>>,
    /// The calibrated probabilities there, not falling; straight between them.
    pub observed: Option<Vec<f64>>,
    /// How far calibrated probabilities stay from 0 and 1.
    #[schemars(range(min = 0.0, max = 0.5))]
    pub margin: Option<f64>,
}

impl FittedCurve {
    /// A curve, written down.
    pub(super) fn of(curve: &Curve) -> Self {
        match curve {
            Curve::Same => Self::default(),
            Curve::Sigmoid(curve) => Self {
                slope: Some(curve.slope),
                offset: Some(curve.offset),
                ..Self::default()
            },
            Curve::Isotonic(curve) => Self {
                predicted: Some(curve.predicted.clone()),
                observed: Some(curve.observed.clone()),
                margin: Some(curve.margin),
                ..Self::default()
            },
        }
    }

    /// The curve again; nothing if what is given makes none.
    pub(super) fn curve(&self) -> Option<Curve> {
        let margin = self.margin.unwrap_or(0.0);
        match (self.slope, self.offset, &self.predicted, &self.observed) {
            (None, None, None, None) => Some(Curve::Same),
            (Some(slope), offset, None, None) => Some(Curve::Sigmoid(SigmoidCurve {
                slope,
                offset: offset.unwrap_or(0.0),
            })),
            (None, None, Some(predicted), Some(observed)) if is_rising(predicted, observed) => {
                Some(Curve::Isotonic(IsotonicCurve {
                    predicted: predicted.clone(),
                    observed: observed.clone(),
                    margin,
                }))
            }
            _ => None,
        }
    }
}

fn is_rising(predicted: &[f64], observed: &[f64]) -> bool {
    !predicted.is_empty()
        && predicted.len() == observed.len()
        && predicted.is_sorted_by(|a, b| a < b)
        && observed.is_sorted()
        && predicted
            .iter()
            .chain(observed)
            .all(|value| (0.0..=1.0).contains(value))
}
