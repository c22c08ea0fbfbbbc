//! The confusion matrix at a threshold.

/// Confusion matrix of one label; a probability equal to the threshold is called positive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Confusion {
    /// Positive and called so.
    pub true_positives: usize,
    /// Negative, called positive.
    pub false_positives: usize,
    /// Positive, called negative.
    pub false_negatives: usize,
    /// Negative and called so.
    pub true_negatives: usize,
}

/// A share, where there is anything to share.
fn share(part: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

impl Confusion {
    /// Counts slices; `truth` and `probabilities` have one entry a slice.
    pub fn at(truth: &[bool], probabilities: &[f64], threshold: f64) -> Self {
        let mut counts = Self::default();
        for (truth, probability) in truth.iter().zip(probabilities) {
            counts.add(*truth, *probability >= threshold);
        }
        counts
    }

    /// Counts one slice.
    pub fn add(&mut self, positive: bool, called: bool) {
        *match (positive, called) {
            (true, true) => &mut self.true_positives,
            (false, true) => &mut self.false_positives,
            (true, false) => &mut self.false_negatives,
            (false, false) => &mut self.true_negatives,
        } += 1;
    }

    /// Sensitivity (recall), `TP/(TP + FN)`; `None` without positives.
    pub fn sensitivity(&self) -> Option<f64> {
        share(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// Specificity, `TN/(TN + FP)`; `None` without negatives.
    pub fn specificity(&self) -> Option<f64> {
        share(self.true_negatives, self.true_negatives + self.false_positives)
    }

    /// Precision (positive predictive value), `TP/(TP + FP)`; `None` where nothing was called positive.
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.true_positives + self.false_positives)
    }

    /// F1, the harmonic mean of precision and sensitivity: `2TP/(2TP + FP + FN)`; `None` where nothing is
    /// positive and nothing was called so.
    pub fn f1(&self) -> Option<f64> {
        let twice = 2 * self.true_positives;
        share(twice, twice + self.false_positives + self.false_negatives)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_said_is_not_said() {
        let none = Confusion::at(&[false, false], &[0.1, 0.2], 0.5);
        assert_eq!(
            (none.sensitivity(), none.precision(), none.f1()),
            (None, None, None)
        );
        assert_eq!(none.specificity(), Some(1.0));
        let missed = Confusion::at(&[true], &[0.1], 0.5);
        assert_eq!((missed.sensitivity(), missed.f1()), (Some(0.0), Some(0.0)));
        assert_eq!(Confusion::at(&[true], &[0.5], 0.5).true_positives, 1);
    }
}
