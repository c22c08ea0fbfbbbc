//! The part of the ROC curve that can be used: few false positives.

use crate::{MetricsError, checks, roc_curve};

/// Area under the ROC curve up to a false positive rate.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct PartialAuroc {
    /// The area itself, 0 to the rate.
    pub area: f64,
    /// McClish's standardised area (1989): 0.5 for chance and 1 for a perfect order, whatever the rate, as
    /// scikit-learn's `roc_auc_score` gives it with `max_fpr`. Below 0.5 where the order is worse than chance.
    pub standardised: f64,
}

impl PartialAuroc {
    pub(crate) fn of(area: f64, max_fpr: f64) -> Self {
        let chance = max_fpr * max_fpr / 2.0;
        Self {
            area,
            standardised: 0.5 * (1.0 + (area - chance) / (max_fpr - chance)),
        }
    }
}

/// Partial area for false positive rates from 0 to `max_fpr`, linear between the points of the curve.
///
/// `½(1 + (A − f²/2)/(f − f²/2))` with `f = max_fpr` standardises the area `A`. Its interval:
/// [`cluster_bootstrap`](crate::cluster_bootstrap).
///
/// # Errors
/// [`MetricsError::Range`] unless `max_fpr` is above 0 and at most 1, and for NaN scores;
/// [`MetricsError::TooFew`] without positives or negatives; [`MetricsError::Length`] where lists differ.
pub fn partial_auroc(truth: &[bool], scores: &[f64], max_fpr: f64) -> Result<PartialAuroc, MetricsError> {
    checks::scores(truth, scores)?;
    checks::classes(truth, 1)?;
    if !(max_fpr > 0.0 && max_fpr <= 1.0) {
        return Err(MetricsError::Range {
            what: "the largest false positive rate",
            value: max_fpr,
            allowed: "above 0 and at most 1",
        });
    }
    let mut area = 0.0;
    // Both classes occur, so there is a curve.
    for pair in roc_curve(truth, scores).unwrap_or_default().windows(2) {
        let (left, right) = (pair[0], pair[1]);
        if left.x >= max_fpr {
            break;
        }
        let width = right.x.min(max_fpr) - left.x;
        let end = match right.x > max_fpr {
            true => left.y + (right.y - left.y) * width / (right.x - left.x),
            false => right.y,
        };
        area += width * (left.y + end) / 2.0;
    }
    Ok(PartialAuroc::of(area, max_fpr))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auroc;
    use proptest::prelude::*;

    #[test]
    fn chance_perfection_and_refusals() {
        let truth = [false, false, true, true];
        let of = |scores: &[f64], rate| partial_auroc(&truth, scores, rate);
        assert_eq!(of(&[0.1, 0.2, 0.8, 0.9], 0.1).unwrap().standardised, 1.0);
        assert!((of(&[0.5; 4], 0.1).unwrap().standardised - 0.5).abs() < 1e-15);
        for rate in [0.0, -0.1, 1.1, f64::NAN] {
            assert!(matches!(of(&[0.5; 4], rate), Err(MetricsError::Range { .. })));
        }
        assert!(matches!(
            partial_auroc(&[true], &[0.1], 0.1),
            Err(MetricsError::TooFew { .. })
        ));
        assert!(matches!(
            of(&[0.1, f64::NAN, 0.8, 0.9], 0.1),
            Err(MetricsError::Range { .. })
        ));
    }

    proptest! {
        #[test]
        fn it_grows_with_the_rate_to_the_whole_area(
            cases in prop::collection::vec((any::<bool>(), 0_u8..20), 2..80),
            rates in (0.01_f64..1.0, 0.01_f64..1.0),
        ) {
            let (truth, scores): (Vec<bool>, Vec<f64>) =
                cases.into_iter().map(|(truth, score)| (truth, f64::from(score))).unzip();
            prop_assume!(truth.contains(&true) && truth.contains(&false));
            let area = |rate| partial_auroc(&truth, &scores, rate).unwrap().area;
            let (low, high) = (rates.0.min(rates.1), rates.0.max(rates.1));
            prop_assert!(area(low) <= area(high) + 1e-12 && area(high) <= high + 1e-12);
            let whole = partial_auroc(&truth, &scores, 1.0).unwrap();
            let expected = auroc(&truth, &scores).unwrap();
            prop_assert!((whole.area - expected).abs() < 1e-12 && (whole.standardised - expected).abs() < 1e-12);
        }
    }
}
