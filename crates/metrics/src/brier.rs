//! The Brier score: mean squared distance of probabilities from the truth.

/// `1/N Σ (p − t)²` (Brier 1950, for one event), 0 to 1, lower is better; `None` without slices.
pub fn brier(truth: &[bool], probabilities: &[f64]) -> Option<f64> {
    let sum: f64 = truth
        .iter()
        .zip(probabilities)
        .map(|(truth, probability)| (probability - f64::from(u8::from(*truth))).powi(2))
        .sum();
    (!truth.is_empty()).then(|| sum / truth.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainty_costs_nothing_or_all() {
        assert_eq!(brier(&[true, false], &[1.0, 0.0]), Some(0.0));
        assert_eq!(brier(&[true, false], &[0.0, 1.0]), Some(1.0));
        assert_eq!(brier(&[true, false], &[0.5, 0.5]), Some(0.25));
        assert_eq!(brier(&[], &[]), None);
    }
}
