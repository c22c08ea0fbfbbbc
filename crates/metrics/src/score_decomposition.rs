//! The Brier score in three parts, without bins to choose.

use crate::{MetricsError, ReliabilityBin, checks};

/// `Brier score = miscalibration − discrimination + uncertainty`, the CORP decomposition of Dimitriadis, Gneiting
/// and Jordan (2021): what is observed comes from isotonic regression, which has no bins, knots or widths.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct ScoreDecomposition {
    /// What recalibration would gain, at least 0; 0 for calibrated probabilities. Lower is better.
    pub miscalibration: f64,
    /// What recalibrated probabilities gain over the prevalence, at least 0. Higher is better.
    pub discrimination: f64,
    /// The score of predicting the prevalence, π(1 − π).
    pub uncertainty: f64,
}

/// Decomposes the Brier score; intervals by [`cluster_bootstrap`](crate::cluster_bootstrap).
///
/// # Errors
/// [`MetricsError::TooFew`] without cases; [`MetricsError::Range`] for a probability outside 0 to 1 or NaN;
/// [`MetricsError::Length`] where lists differ.
pub fn score_decomposition(
    truth: &[bool],
    probabilities: &[f64],
) -> Result<ScoreDecomposition, MetricsError> {
    let blocks = isotonic_reliability(truth, probabilities)?;
    let score = crate::brier(truth, probabilities).unwrap_or(0.0);
    let cases = truth.len() as f64;
    // Within a block the squared distance from its share is n·share·(1 − share).
    let recalibrated = blocks
        .iter()
        .map(|block| block.slices as f64 * block.observed * (1.0 - block.observed))
        .sum::<f64>()
        / cases;
    let prevalence = truth.iter().filter(|positive| **positive).count() as f64 / cases;
    let uncertainty = prevalence * (1.0 - prevalence);
    Ok(ScoreDecomposition {
        miscalibration: (score - recalibrated).max(0.0),
        discrimination: (uncertainty - recalibrated).max(0.0),
        uncertainty,
    })
}

/// The reliability diagram of isotonic regression: blocks of cases, by ascending probability, with ascending
/// observed frequencies, found by pooling neighbours that are out of order (Ayer et al. 1955). Cases with
/// equal probabilities share a block.
///
/// # Errors
/// As [`score_decomposition`].
pub fn isotonic_reliability(
    truth: &[bool],
    probabilities: &[f64],
) -> Result<Vec<ReliabilityBin>, MetricsError> {
    checks::probabilities(truth, probabilities)?;
    checks::at_least("cases", 1, truth.len())?;
    let mut order: Vec<usize> = (0..truth.len()).collect();
    order.sort_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]));
    // Cases, positives, sum of probabilities.
    let mut blocks: Vec<(usize, usize, f64)> = Vec::new();
    for tie in order.chunk_by(|a, b| probabilities[*a] == probabilities[*b]) {
        let positives = tie.iter().filter(|case| truth[**case]).count();
        let sum = tie.iter().map(|case| probabilities[*case]).sum();
        let mut block = (tie.len(), positives, sum);
        // In whole numbers, so that equal shares are equal.
        while let Some(before) = blocks.pop_if(|before| before.1 * block.0 >= block.1 * before.0) {
            block = (before.0 + block.0, before.1 + block.1, before.2 + block.2);
        }
        blocks.push(block);
    }
    Ok(blocks
        .into_iter()
        .map(|(slices, positives, sum)| ReliabilityBin {
            slices,
            predicted: sum / slices as f64,
            observed: positives as f64 / slices as f64,
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_class_and_refusals() {
        let found = score_decomposition(&[true, true], &[0.4, 0.8]).unwrap();
        assert_eq!((found.discrimination, found.uncertainty), (0.0, 0.0));
        assert!((found.miscalibration - 0.2).abs() < 1e-12);
        assert!(score_decomposition(&[], &[]).is_err());
        assert!(score_decomposition(&[true], &[f64::NAN]).is_err());
    }

    proptest! {
        #[test]
        fn the_parts_make_the_score_and_only_the_order_discriminates(
            cases in prop::collection::vec((any::<bool>(), 0_u8..=20), 1..80),
        ) {
            let (truth, probabilities): (Vec<bool>, Vec<f64>) =
                cases.into_iter().map(|(truth, p)| (truth, f64::from(p) / 20.0)).unzip();
            let found = score_decomposition(&truth, &probabilities).unwrap();
            let score = found.miscalibration - found.discrimination + found.uncertainty;
            prop_assert!((score - crate::brier(&truth, &probabilities).unwrap()).abs() < 1e-12);
            let squared: Vec<f64> = probabilities.iter().map(|p| p * p).collect();
            let again = score_decomposition(&truth, &squared).unwrap();
            prop_assert!((again.discrimination - found.discrimination).abs() < 1e-12);
            let blocks = isotonic_reliability(&truth, &probabilities).unwrap();
            prop_assert_eq!(blocks.iter().map(|block| block.slices).sum::<usize>(), truth.len());
            prop_assert!(blocks.is_sorted_by(|a, b| a.observed < b.observed && a.predicted < b.predicted));
        }
    }
}
