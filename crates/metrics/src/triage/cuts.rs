//! Two thresholds and the three classes between them.

/// Where a case is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TriageClass {
    /// Positive, with the promised certainty.
    High,
    /// Negative, with the promised certainty.
    Low,
    /// Neither can be promised.
    Uncertain,
}

impl std::fmt::Display for TriageClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::High => "high",
            Self::Low => "low",
            Self::Uncertain => "uncertain",
        })
    }
}

/// From which score on a case is high, and up to which it is low; in between it is uncertain.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cuts {
    /// Scores at or above it are high; absent where none can be called high.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub high_from: Option<f64>,
    /// Scores at or below it are low; absent where none can be called low.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low_to: Option<f64>,
}

impl Cuts {
    /// The class of a score. One that both cuts claim, or that is NaN, is uncertain.
    pub fn class(&self, score: f64) -> TriageClass {
        let high = self.high_from.is_some_and(|from| score >= from);
        let low = self.low_to.is_some_and(|to| score <= to);
        match (high, low) {
            (true, false) => TriageClass::High,
            (false, true) => TriageClass::Low,
            _ => TriageClass::Uncertain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_belong_to_their_class_and_nothing_is_both() {
        let cuts = Cuts {
            high_from: Some(0.75),
            low_to: Some(0.25),
        };
        let classes = [0.75, 0.25, 0.5, f64::NAN].map(|score| cuts.class(score));
        use TriageClass::{High, Low, Uncertain};
        assert_eq!(classes, [High, Low, Uncertain, Uncertain]);
        assert_eq!(Cuts::default().class(1.0), Uncertain);
        let crossed = Cuts {
            high_from: Some(0.25),
            low_to: Some(0.75),
        };
        assert_eq!(crossed.class(0.5), Uncertain);
    }
}
