//! Matthews' correlation coefficient.

use ichflow_api::metrics::Confusion;

/// The correlation of truth and call at a threshold of 0.5, −1 to 1 (Matthews 1975); unlike accuracy it says nothing
/// good of a model that calls everything negative. Undefined where there is one class, or one call.
fn matthews(truth: &[bool], probabilities: &[f64]) -> Option<f64> {
    let at = Confusion::at(truth, probabilities, 0.5);
    let [tp, tn, fp, fn_] = [
        at.true_positives,
        at.true_negatives,
        at.false_positives,
        at.false_negatives,
    ]
    .map(|count| count as f64);
    let spread = (tp + fp) * (tp + fn_) * (tn + fp) * (tn + fn_);
    (spread > 0.0).then(|| (tp * tn - fp * fn_) / spread.sqrt())
}

ichflow_api::register_metric!("matthews", "Matthews' correlation at 0.5", matthews);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_scikit_learns() {
        // sklearn.metrics.matthews_corrcoef([1, 1, 1, 0], [1, 0, 1, 1]).
        let found = matthews(&[true, true, true, false], &[0.9, 0.1, 0.9, 0.9]).unwrap();
        assert!((found - -0.333_333_333_333_333_3).abs() < 1e-12, "{found}");
        assert_eq!(matthews(&[true, false], &[0.9, 0.1]), Some(1.0));
        assert_eq!(matthews(&[true, false], &[0.1, 0.2]), None);
        assert_eq!(matthews(&[], &[]), None);
    }

    #[test]
    fn what_is_registered_is_measured() {
        let measured = ichflow_api::metric::measured(&[true, false], &[0.9, 0.1]);
        assert_eq!(measured["matthews"], Some(1.0));
    }
}
