//! What a threshold chosen for a stated specificity finds.

use super::ranking::roc_curve;

/// A threshold and what it does.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct OperatingPoint {
    /// Probabilities at or above it are called positive; absent where nothing may be.
    pub threshold: Option<f64>,
    /// Share of positives called so.
    pub sensitivity: f64,
    /// Share of negatives called so.
    pub specificity: f64,
}

/// The highest sensitivity of any threshold whose specificity is at least `specificity`, and of equals
/// the one with the highest specificity; `None` when all slices are of one class.
pub fn sensitivity_at_specificity(
    truth: &[bool],
    probabilities: &[f64],
    specificity: f64,
) -> Option<OperatingPoint> {
    let mut best: Option<OperatingPoint> = None;
    for point in roc_curve(truth, probabilities)? {
        // The curve ascends in both: the first that reaches a sensitivity is the most specific of it. The
        // allowance is for shares that binary numbers miss by a hair.
        let found = 1.0 - point.x >= specificity - 1e-12;
        if found && best.is_none_or(|best| point.y > best.sensitivity) {
            best = Some(OperatingPoint {
                threshold: point.threshold.is_finite().then_some(point.threshold),
                sensitivity: point.y,
                specificity: 1.0 - point.x,
            });
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_threshold_that_keeps_the_promise() {
        let truth = [false, false, true, false, true];
        let scores = [0.1, 0.2, 0.3, 0.4, 0.9];
        let point = |specificity| sensitivity_at_specificity(&truth, &scores, specificity).unwrap();
        assert_eq!((point(1.0).threshold, point(1.0).sensitivity), (Some(0.9), 0.5));
        assert_eq!((point(0.6).threshold, point(0.6).sensitivity), (Some(0.3), 1.0));
        let nothing = sensitivity_at_specificity(&[true, false], &[0.1, 0.9], 0.9).unwrap();
        assert_eq!((nothing.threshold, nothing.sensitivity), (None, 0.0));
        assert_eq!(sensitivity_at_specificity(&[true], &[0.9], 0.9), None);
    }
}
