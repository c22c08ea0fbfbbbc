//! Accuracy at a threshold: easy to understand, and easy to be fooled by where positives are rare.

/// Accuracy, `(TP + TN)/N`, 0 to 1; a probability equal to it counts as
/// positive. `None` without slices.
pub fn accuracy(truth: &[bool], probabilities: &[f64], threshold: f64) -> Option<f64> {
    let right = truth
        .iter()
        .zip(probabilities)
        .filter(|(truth, probability)| **truth == (**probability >= threshold))
        .count();
    (!truth.is_empty()).then(|| right as f64 / truth.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_itself_is_positive() {
        assert_eq!(
            accuracy(&[true, false, true, false], &[0.5, 0.5, 0.4, 0.1], 0.5),
            Some(0.5)
        );
        assert_eq!(accuracy(&[], &[], 0.5), None);
    }
}
