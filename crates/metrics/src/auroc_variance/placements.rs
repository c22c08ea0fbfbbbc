//! Where each case stands among those of the other class.

/// For a positive case the share of negatives that score lower, for a negative case the share of positives
/// that score higher; ties count half. DeLong's `V₁₀` and `V₀₁`: the mean over either class is the AUROC.
///
/// One sort, as in Sun and Xu (2014, "Fast implementation of DeLong's algorithm"), whose differences of
/// midranks these are. Both classes have to occur, and no score may be NaN.
pub(super) fn placements(truth: &[bool], scores: &[f64]) -> Vec<f64> {
    let positives = truth.iter().filter(|positive| **positive).count() as f64;
    let negatives = truth.len() as f64 - positives;
    let mut order: Vec<usize> = (0..truth.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let mut result = vec![0.0; truth.len()];
    let (mut positives_below, mut negatives_below) = (0.0, 0.0);
    for tie in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        let tied_positives = tie.iter().filter(|case| truth[**case]).count() as f64;
        let tied_negatives = tie.len() as f64 - tied_positives;
        for case in tie {
            result[*case] = if truth[*case] {
                (negatives_below + tied_negatives / 2.0) / negatives
            } else {
                (positives - positives_below - tied_positives / 2.0) / positives
            };
        }
        positives_below += tied_positives;
        negatives_below += tied_negatives;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_pair_is_counted(cases in prop::collection::vec((any::<bool>(), 0_u8..9), 2..60)) {
            let (truth, scores): (Vec<bool>, Vec<f64>) =
                cases.into_iter().map(|(truth, score)| (truth, f64::from(score))).unzip();
            prop_assume!(truth.contains(&true) && truth.contains(&false));
            let found = placements(&truth, &scores);
            for case in 0..truth.len() {
                let others: Vec<usize> = (0..truth.len()).filter(|i| truth[*i] != truth[case]).collect();
                let sum: f64 = others
                    .iter()
                    .map(|other| {
                        let (positive, negative) = if truth[case] { (case, *other) } else { (*other, case) };
                        match scores[positive].total_cmp(&scores[negative]) {
                            std::cmp::Ordering::Greater => 1.0,
                            std::cmp::Ordering::Equal => 0.5,
                            std::cmp::Ordering::Less => 0.0,
                        }
                    })
                    .sum();
                prop_assert!((found[case] - sum / others.len() as f64).abs() < 1e-14);
            }
        }
    }
}
