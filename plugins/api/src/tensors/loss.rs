//! Losses: what training minimises.

use std::sync::Arc;

use burn::tensor::activation::log_sigmoid;
use burn::tensor::{Tensor, TensorData};

use crate::data::labels::{LabelSet, Labels};
use crate::ports::Artifact;

/// What a batch should come to.
#[derive(Clone)]
pub struct Targets {
    /// Truth `[batch, labels]`, 0 to 1; 0 where it is unknown.
    pub truth: Tensor<2>,
    /// `[batch, labels]`: 1 where truth is known, 0 where it is not. Absent where all of it is known.
    pub known: Option<Tensor<2>>,
    /// The labels.
    pub labels: LabelSet,
}

impl Targets {
    /// From truth `[batch, labels]` in which NaN says that a label is unknown. `complete` says that there is none: then
    /// nothing is looked for.
    pub fn new(truth: Tensor<2>, labels: &LabelSet, complete: bool) -> Self {
        let (truth, known) = if complete {
            (truth, None)
        } else {
            let unknown = truth.clone().is_nan();
            let known = unknown.clone().bool_not().float();
            (truth.mask_fill(unknown, 0.0), Some(known))
        };
        Self {
            truth,
            known,
            labels: labels.clone(),
        }
    }

    /// The mean of what every entry `[batch, labels]` costs, over what is known; 0 where nothing is.
    pub fn mean(&self, each: Tensor<2>) -> Tensor<1> {
        match &self.known {
            None => each.mean(),
            Some(known) => (each * known.clone()).sum() / known.clone().sum().clamp_min(f32::MIN_POSITIVE),
        }
    }

    /// The mean weighted by label, `Σ w·each / Σ w` over what is known; `weights` has one number a label.
    pub fn weighted_mean(&self, each: Tensor<2>, weights: &[f64]) -> Tensor<1> {
        let sum: f64 = weights.iter().sum();
        let weights: Vec<f32> = weights.iter().map(|weight| (weight / sum) as f32).collect();
        let shape = [1, weights.len()];
        let weights = Tensor::<2>::from_data(TensorData::new(weights, shape), &each.device());
        match &self.known {
            None => (each * weights).sum_dim(1).mean(),
            Some(known) => {
                let weights = weights * known.clone();
                (each * weights.clone()).sum() / weights.sum().clamp_min(f32::MIN_POSITIVE)
            }
        }
    }
}

/// Truth of some slices as [`Targets`] take it: a row of `labels` numbers a slice, NaN where a label is unknown.
pub fn rows_of_truth<'a>(truth: impl Iterator<Item = Option<&'a Labels>>, labels: usize) -> Vec<f32> {
    truth
        .flat_map(|truth| {
            (0..labels).map(move |label| truth.and_then(|truth| truth.value(label)).unwrap_or(f32::NAN))
        })
        .collect()
}

/// A loss over a batch.
pub trait LossFunction: Send + Sync {
    /// From logits `[batch, labels]` and targets to one number, a mean over what is known of the batch:
    /// [`Targets::mean`] and [`Targets::weighted_mean`] take it.
    fn loss(&self, logits: Tensor<2>, targets: &Targets) -> Tensor<1>;
}

/// The artifact by which stages hand a [`LossFunction`] on.
#[derive(Clone)]
pub struct Loss(Arc<dyn LossFunction>);

impl Artifact for Loss {
    const NAME: &'static str = "loss";
}

impl Loss {
    /// Wraps a loss.
    pub fn new(loss: impl LossFunction + 'static) -> Self {
        Self(Arc::new(loss))
    }

    /// From logits `[batch, labels]` and targets to one number.
    pub fn loss(&self, logits: Tensor<2>, targets: &Targets) -> Tensor<1> {
        self.0.loss(logits, targets)
    }
}

/// Binary cross-entropy of every logit, `[batch, labels]`: `−t·ln σ(x) − (1−t)·ln σ(−x)`. Each logarithm is
/// taken of the sigmoid as a whole, so that nothing overflows, cancels or loses small values.
pub fn binary_cross_entropy(logits: Tensor<2>, truth: Tensor<2>) -> Tensor<2> {
    let negative = truth.clone().neg().add_scalar(1.0);
    (truth * log_sigmoid(logits.clone()) + negative * log_sigmoid(logits.neg())).neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn an_unknown_label_costs_nothing_and_has_no_gradient() {
        let device = Device::flex().autodiff();
        let labels = LabelSet::new(vec!["a".into(), "b".into()], None, vec![2.0, 1.0]).unwrap();
        let rows = [
            Labels::new(vec![Some(1.0), None]),
            Labels::new(vec![Some(0.0), Some(1.0)]),
        ];
        let truth = rows_of_truth(rows.iter().map(Some).chain([None]), 2);
        let truth = Tensor::<2>::from_data(TensorData::new(truth, [3, 2]), &device);
        let targets = Targets::new(truth, &labels, false);
        let logits = Tensor::<2>::from_data([[0.3, 5.0], [-1.0, 0.5], [9.0, -9.0]], &device).require_grad();
        let each = binary_cross_entropy(logits.clone(), targets.truth.clone());
        let softplus = |x: f32| (1.0 + x.exp()).ln();
        let parts = [softplus(-0.3), softplus(-1.0), softplus(-0.5)];
        let mean: f32 = targets.mean(each.clone()).into_scalar();
        assert!((mean - parts.iter().sum::<f32>() / 3.0).abs() < 1e-6);
        let weighted = targets.weighted_mean(each, labels.weights());
        let value: f32 = weighted.clone().into_scalar();
        assert!((value - (2.0 * parts[0] + 2.0 * parts[1] + parts[2]) / 5.0).abs() < 1e-6);
        let gradient = logits.grad(&weighted.backward()).unwrap().into_data();
        let gradient = gradient.try_to_vec::<f32>().unwrap();
        assert_eq!([gradient[1], gradient[4], gradient[5]], [0.0; 3]);
        assert!(gradient[0] < 0.0 && gradient[2] > 0.0 && gradient[3] < 0.0);
        // Nothing known at all: nothing learned, no NaN.
        let nothing = Tensor::<2>::full([1, 2], f32::NAN, &device);
        let nothing = Targets::new(nothing, &labels, false);
        let zero: f32 = nothing.mean(Tensor::ones([1, 2], &device)).into_scalar();
        assert_eq!(zero, 0.0);
    }
}
