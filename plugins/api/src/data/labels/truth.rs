//! The truth of one slice, series or exam.

use serde::{Deserialize, Serialize};

/// From which value on a label counts as positive where only yes and no are asked for.
const POSITIVE_FROM: f32 = 0.5;

/// The truth of one unit, a value a label in the order of its [`LabelSet`](super::LabelSet): 1 positive, 0 negative,
/// between the two where readers disagreed and that was asked for, `None` where nobody said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Labels {
    values: Box<[Option<f32>]>,
}

impl Labels {
    /// From values between 0 and 1; what lies outside is clamped, what is no number is unknown.
    pub fn new(values: Vec<Option<f32>>) -> Self {
        let value = |value: Option<f32>| Some(value?.clamp(0.0, 1.0)).filter(|value| !value.is_nan());
        Self {
            values: values.into_iter().map(value).collect(),
        }
    }

    /// From yes and no.
    pub fn from_bools(positive: &[bool]) -> Self {
        Self {
            values: positive
                .iter()
                .map(|positive| Some(f32::from(u8::from(*positive))))
                .collect(),
        }
    }

    /// All negative.
    pub fn negative(labels: usize) -> Self {
        Self::from_bools(&vec![false; labels])
    }

    /// Number of labels, known or not.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no label at all.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value of a label, 0 to 1, if it is known.
    pub fn value(&self, label: usize) -> Option<f32> {
        self.values.get(label).copied().flatten()
    }

    /// Whether a label is positive, if it is known; a soft label is from one half on.
    pub fn positive(&self, label: usize) -> Option<bool> {
        self.value(label).map(|value| value >= POSITIVE_FROM)
    }

    /// Whether a label is known to be positive.
    pub fn is_positive(&self, label: usize) -> bool {
        self.positive(label) == Some(true)
    }

    /// Whether some label is known to be positive.
    pub fn some_positive(&self) -> bool {
        (0..self.len()).any(|label| self.is_positive(label))
    }

    /// Whether nothing is known.
    pub fn is_unknown(&self) -> bool {
        self.values.iter().all(Option::is_none)
    }

    /// Whether a value lies strictly between 0 and 1.
    pub fn is_soft(&self) -> bool {
        self.values
            .iter()
            .flatten()
            .any(|value| *value > 0.0 && *value < 1.0)
    }

    /// The values in order.
    pub fn iter(&self) -> impl Iterator<Item = Option<f32>> + '_ {
        self.values.iter().copied()
    }
}

impl<const N: usize> From<[bool; N]> for Labels {
    fn from(positive: [bool; N]) -> Self {
        Self::from_bools(&positive)
    }
}

impl AsRef<[Option<f32>]> for Labels {
    fn as_ref(&self) -> &[Option<f32>] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_is_neither_positive_nor_negative() {
        let labels = Labels::new(vec![
            Some(1.0),
            Some(0.0),
            None,
            Some(0.5),
            Some(f32::NAN),
            Some(7.0),
        ]);
        let positive: Vec<_> = (0..labels.len()).map(|label| labels.positive(label)).collect();
        assert_eq!(
            positive,
            [Some(true), Some(false), None, Some(true), None, Some(true)]
        );
        assert!(labels.is_soft() && !labels.is_unknown());
        assert_eq!(Labels::from_bools(&[true, false]).value(0), Some(1.0));
        assert!(Labels::new(vec![None, None]).is_unknown());
        assert_eq!(labels.positive(99), None);
    }
}
