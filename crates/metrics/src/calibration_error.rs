//! Calibration: predicted probabilities against observed frequencies, in bins of equal width.

/// The slices whose probability lies in one bin.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ReliabilityBin {
    /// Number of slices.
    pub slices: usize,
    /// Their mean probability.
    pub predicted: f64,
    /// Share of positives among them.
    pub observed: f64,
}

/// Reliability diagram (DeGroot and Fienberg 1983): the bins that hold slices, ascending. There are `bins` of equal width between 0 and 1; a probability
/// on the edge of two belongs to the lower one, as in scikit-learn's `calibration_curve`.
pub fn reliability(truth: &[bool], probabilities: &[f64], bins: usize) -> Vec<ReliabilityBin> {
    let bins = bins.max(1);
    let width = 1.0 / bins as f64;
    let mut sums = vec![(0_usize, 0.0, 0_usize); bins];
    for (truth, probability) in truth.iter().zip(probabilities) {
        // The edges are numpy's `linspace`, k·width: a division would round some of them differently.
        let guess = ((probability * bins as f64) as usize).min(bins - 1);
        let bin = (guess.saturating_sub(1)..(guess + 2).min(bins))
            .rev()
            .find(|bin| *bin == 0 || *probability > *bin as f64 * width)
            .unwrap_or(guess);
        let (slices, predicted, positives) = &mut sums[bin];
        *slices += 1;
        *predicted += probability;
        *positives += usize::from(*truth);
    }
    sums.into_iter()
        .filter(|(slices, ..)| *slices > 0)
        .map(|(slices, predicted, positives)| ReliabilityBin {
            slices,
            predicted: predicted / slices as f64,
            observed: positives as f64 / slices as f64,
        })
        .collect()
}

/// Expected calibration error, `Σ n_b/N·|observed − predicted|` over `bins` bins of equal width (Naeini,
/// Cooper and Hauskrecht 2015), 0 to 1; `None` without slices.
pub fn expected_calibration_error(truth: &[bool], probabilities: &[f64], bins: usize) -> Option<f64> {
    let sum: f64 = reliability(truth, probabilities, bins)
        .iter()
        .map(|bin| bin.slices as f64 * (bin.observed - bin.predicted).abs())
        .sum();
    (!truth.is_empty()).then(|| sum / truth.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_as_frequent_as_predicted_has_no_error() {
        let truth = [true, false, false, false];
        assert_eq!(expected_calibration_error(&truth, &[0.25; 4], 10), Some(0.0));
        assert_eq!(expected_calibration_error(&truth, &[0.75; 4], 10), Some(0.5));
        assert_eq!(expected_calibration_error(&[], &[], 10), None);
    }

    #[test]
    fn every_slice_is_in_one_bin_and_edges_belong_below() {
        let probabilities: Vec<f64> = (0..=100).map(|i| f64::from(i) / 100.0).collect();
        for bins in [1, 7, 10, 15, 100] {
            let found = reliability(&[false; 101], &probabilities, bins);
            assert_eq!(found.iter().map(|bin| bin.slices).sum::<usize>(), 101);
            assert_eq!(found.len(), bins);
        }
        let found = reliability(&[true, false, true], &[0.0, 0.5, 1.0], 2);
        assert_eq!((found[0].slices, found[1].slices), (2, 1));
    }
}
