//! Operating points: thresholds chosen for a purpose, with the sensitivity and specificity they give.

use crate::ranking::roc_curve;

/// A threshold with the sensitivity and specificity it gives.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct OperatingPoint {
    /// Probabilities at or above it are called positive; absent where nothing may be.
    pub threshold: Option<f64>,
    /// True positives among all positives, 0 to 1.
    pub sensitivity: f64,
    /// True negatives among all negatives, 0 to 1.
    pub specificity: f64,
}

/// What a threshold is chosen for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// At least this sensitivity, with the highest specificity.
    Sensitivity(f64),
    /// At least this specificity, with the highest sensitivity.
    Specificity(f64),
    /// The highest F1, `2TP/(2TP + FP + FN)`.
    F1,
    /// The highest sensitivity + specificity − 1 (Youden 1950).
    Youden,
}

impl Target {
    /// How good a point is: first whether it keeps the promise, then what is to be highest.
    fn merit(self, point: &OperatingPoint, positives: f64, negatives: f64) -> (f64, f64) {
        // The allowance is for shares that binary numbers miss by a hair.
        let kept = |share: f64, promised: f64| (share - promised + 1e-12).min(0.0);
        let (sensitivity, specificity) = (point.sensitivity, point.specificity);
        match self {
            Self::Sensitivity(least) => (kept(sensitivity, least), specificity),
            Self::Specificity(least) => (kept(specificity, least), sensitivity),
            Self::F1 => {
                let twice_true_positives = 2.0 * sensitivity * positives;
                let false_positives = (1.0 - specificity) * negatives;
                let false_negatives = (1.0 - sensitivity) * positives;
                (
                    0.0,
                    twice_true_positives / (twice_true_positives + false_positives + false_negatives),
                )
            }
            Self::Youden => (0.0, sensitivity + specificity - 1.0),
        }
    }
}

/// Whether one merit is above another by more than rounding.
fn exceeds(one: (f64, f64), other: (f64, f64)) -> bool {
    const HAIR: f64 = 1e-12;
    one.0 > other.0 + HAIR || (one.0 > other.0 - HAIR && one.1 > other.1 + HAIR)
}

/// The best threshold for `target` among the predicted probabilities (and one above them all); of equals
/// the highest. `None` when all slices are of one class.
pub fn operating_point(truth: &[bool], probabilities: &[f64], target: Target) -> Option<OperatingPoint> {
    let positives = truth.iter().filter(|positive| **positive).count() as f64;
    let negatives = truth.len() as f64 - positives;
    let mut best: Option<(OperatingPoint, (f64, f64))> = None;
    // Thresholds fall along the curve, so the first of equals is the highest.
    for point in roc_curve(truth, probabilities)? {
        let point = OperatingPoint {
            threshold: point.threshold.is_finite().then_some(point.threshold),
            sensitivity: point.y,
            specificity: 1.0 - point.x,
        };
        let merit = target.merit(&point, positives, negatives);
        if best.is_none_or(|(_, highest)| exceeds(merit, highest)) {
            best = Some((point, merit));
        }
    }
    best.map(|(point, _)| point)
}

/// The highest sensitivity of any threshold whose specificity is at least `specificity`, and of equals
/// the one with the highest specificity; `None` when all slices are of one class.
pub fn sensitivity_at_specificity(
    truth: &[bool],
    probabilities: &[f64],
    specificity: f64,
) -> Option<OperatingPoint> {
    operating_point(truth, probabilities, Target::Specificity(specificity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Confusion;
    use proptest::prelude::*;

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

    #[test]
    fn each_target_chooses_by_its_own_measure() {
        let truth = [false, false, true, false, true, true];
        let scores = [0.1, 0.2, 0.3, 0.4, 0.8, 0.9];
        let threshold = |target| operating_point(&truth, &scores, target).unwrap().threshold;
        assert_eq!(threshold(Target::Sensitivity(0.6)), Some(0.8));
        assert_eq!(threshold(Target::Sensitivity(0.7)), Some(0.3));
        assert_eq!(threshold(Target::Specificity(0.6)), Some(0.3));
        assert_eq!(threshold(Target::F1), Some(0.3), "6/7 against 4/5");
        assert_eq!(threshold(Target::Youden), Some(0.8), "2/3, as at 0.3, and higher");
    }

    proptest! {
        #[test]
        fn no_threshold_is_better(
            slices in prop::collection::vec((any::<bool>(), 0_u8..12), 2..60),
            promise in 0.0_f64..=1.0,
        ) {
            let (truth, scores): (Vec<bool>, Vec<f64>) =
                slices.into_iter().map(|(truth, score)| (truth, f64::from(score) / 12.0)).unzip();
            prop_assume!(truth.contains(&true) && truth.contains(&false));
            let all = || {
                (0..=12).map(|score| {
                    let counts = Confusion::at(&truth, &scores, f64::from(score) / 12.0);
                    (counts.sensitivity().unwrap(), counts.specificity().unwrap(), counts.f1().unwrap_or(0.0))
                })
            };
            let choose = |target| {
                let point = operating_point(&truth, &scores, target).unwrap();
                let counts = Confusion::at(&truth, &scores, point.threshold.unwrap_or(2.0));
                assert!((counts.sensitivity().unwrap() - point.sensitivity).abs() < 1e-12);
                assert!((counts.specificity().unwrap() - point.specificity).abs() < 1e-12);
                (point.sensitivity, point.specificity, counts.f1().unwrap_or(0.0))
            };
            let near = 1e-9;
            let found = choose(Target::Sensitivity(promise));
            prop_assert!(found.0 >= promise - near);
            prop_assert!(all().all(|other| other.0 < promise - near || other.1 <= found.1 + near));
            let found = choose(Target::Specificity(promise));
            prop_assert!(found.1 >= promise - near);
            prop_assert!(all().all(|other| other.1 < promise - near || other.0 <= found.0 + near));
            let found = choose(Target::F1);
            prop_assert!(all().all(|other| other.2 <= found.2 + near));
            let found = choose(Target::Youden);
            prop_assert!(all().all(|other| other.0 + other.1 <= found.0 + found.1 + near));
        }
    }
}
