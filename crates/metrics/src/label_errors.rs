//! Labels that are likely wrong: confident learning.

use crate::MetricsError;
use crate::checks::{classes, probabilities};

/// How far below a threshold a probability still reaches it.
const TOLERANCE: f64 = 1e-6;

/// What confident learning [Northcutt, Jiang, Chuang 2021] finds in the given labels of a yes-or-no question.
///
/// A case counts as confidently negative or positive where its probability of that reaches the mean probability that the
/// given negatives or positives have of it: so a network that is on the whole less sure of positives needs to be less sure
/// to speak for one. Cases counted with the other class than the given one are the likely label errors.
///
/// Probabilities have to be out-of-fold: a network that was trained on a label repeats it. Whatever both the labels and the
/// network have wrong is not found.
#[derive(Clone, Debug, PartialEq)]
pub struct LabelErrors {
    /// The mean probability of being negative over given negatives, and of being positive over given positives.
    pub thresholds: [f64; 2],
    /// Number of confident cases: `[given][likely]`, negative first. The diagonal is at least 1.
    pub confident: [[usize; 2]; 2],
    /// Expected number of cases `[given][true]`, negative first: the confident ones, scaled so that each row has as many as
    /// were given.
    pub joint: [[f64; 2]; 2],
    /// The likely errors, the lowest self-confidence first; equal ones in the order of the cases.
    pub doubted: Vec<DoubtedLabel>,
}

/// A given label that is likely wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DoubtedLabel {
    /// The case, by its place among those given.
    pub case: usize,
    /// Whether the given label is positive; the other is likelier.
    pub given: bool,
    /// The probability of the given label. In a yes-or-no question the margin to the other class is `2 s − 1`, so that both
    /// rank alike.
    pub self_confidence: f64,
}

impl LabelErrors {
    /// Looks for errors in `given`, where `probability` is that of being positive.
    ///
    /// As cleanlab's `find_label_issues(filter_by="confident_learning")`: of the cases off the diagonal those are doubted
    /// whose given label is also the less likely one.
    ///
    /// # Errors
    /// Where lengths differ, a probability is not one, or a class has no case.
    pub fn of(given: &[bool], probability: &[f64]) -> Result<Self, MetricsError> {
        probabilities(given, probability)?;
        let (positives, negatives) = classes(given, 1)?;
        let counts = [negatives as f64, positives as f64];
        let mut sums = [0.0; 2];
        for (given, p) in given.iter().zip(probability) {
            sums[usize::from(*given)] += if *given { *p } else { 1.0 - p };
        }
        let thresholds = [0, 1].map(|class| (sums[class] / counts[class]).max(2.0 * TOLERANCE));
        let mut confident = [[0; 2]; 2];
        let mut doubted = Vec::new();
        for (case, (given, p)) in given.iter().zip(probability).enumerate() {
            let of_class = [1.0 - p, *p];
            let reaches = |class: usize| of_class[class] >= thresholds[class] - TOLERANCE;
            let likely = match (reaches(0), reaches(1)) {
                (false, false) => continue,
                (true, false) => false,
                (false, true) => true,
                (true, true) => of_class[1] > of_class[0],
            };
            confident[usize::from(*given)][usize::from(likely)] += 1;
            let self_confidence = of_class[usize::from(*given)];
            if likely != *given && 1.0 - self_confidence > self_confidence + TOLERANCE {
                doubted.push(DoubtedLabel {
                    case,
                    given: *given,
                    self_confidence,
                });
            }
        }
        for class in [0, 1] {
            confident[class][class] = confident[class][class].max(1);
        }
        let joint = [0, 1].map(|class| {
            let row = confident[class].map(|count| count as f64);
            let all = row[0] + row[1];
            row.map(|count| count / all * counts[class])
        });
        doubted.sort_by(|a, b| a.self_confidence.total_cmp(&b.self_confidence));
        Ok(Self {
            thresholds,
            confident,
            joint,
            doubted,
        })
    }

    /// Expected number of wrong labels, listed or not.
    pub fn estimated(&self) -> f64 {
        self.joint[0][1] + self.joint[1][0]
    }

    /// Expected number of true positives among the given negatives.
    pub fn missed(&self) -> f64 {
        self.joint[0][1]
    }

    /// Expected number of true negatives among the given positives.
    pub fn overcalled(&self) -> f64 {
        self.joint[1][0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worked_example() {
        // Given negatives have 0.9, 0.8, 0.1 of being negative, given positives 0.9, 0.7, 0.2 of being positive.
        let given = [false, false, false, true, true, true];
        let found = LabelErrors::of(&given, &[0.1, 0.2, 0.9, 0.9, 0.7, 0.2]).unwrap();
        assert!(
            (found.thresholds[0] - 0.6).abs() < 1e-12 && (found.thresholds[1] - 0.6).abs() < 1e-12,
            "{found:?}"
        );
        assert_eq!(found.confident, [[2, 1], [1, 2]]);
        assert_eq!(
            (found.missed(), found.overcalled(), found.estimated()),
            (1.0, 1.0, 2.0)
        );
        let doubted: Vec<_> = found.doubted.iter().map(|one| (one.case, one.given)).collect();
        assert_eq!(doubted, [(2, false), (5, true)], "0.1 is less sure than 0.2");
    }

    #[test]
    fn cases_that_are_sure_of_nothing_count_for_nothing_but_are_expected_to_err_alike() {
        let given = [false, false, false, false, true, true];
        let found = LabelErrors::of(&given, &[0.05, 0.05, 0.4, 0.95, 0.9, 0.9]).unwrap();
        // 0.4 reaches neither 0.6375 of being negative nor 0.9 of being positive.
        assert_eq!(found.confident, [[2, 1], [0, 2]]);
        assert!((found.missed() - 4.0 / 3.0).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn what_cannot_be_reviewed_is_refused() {
        assert!(LabelErrors::of(&[true, true], &[0.5, 0.6]).is_err());
        assert!(LabelErrors::of(&[true, false], &[0.5]).is_err());
        assert!(LabelErrors::of(&[true, false], &[0.5, f64::NAN]).is_err());
    }
}
