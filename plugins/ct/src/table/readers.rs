//! What several readers of one image come to.

use ichflow_api::prelude::*;

/// What several readers of one image come to. A reader who says nothing of a label has no part in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// What more than half of them say; where they are of two minds, the label is missing.
    #[default]
    Majority,
    /// Positive where one of them says so, negative where all do.
    Any,
    /// Their mean, as a soft label.
    Mean,
}

impl Agreement {
    /// The label that `values` come to: nothing where none is known, or no majority.
    pub(super) fn of(self, values: impl Iterator<Item = Option<f32>>) -> Option<f32> {
        let known: Vec<f32> = values.flatten().collect();
        if known.is_empty() {
            return None;
        }
        let positive = known.iter().filter(|value| **value >= 0.5).count();
        match self {
            // One reader's probability stays one.
            _ if known.len() == 1 => Some(known[0]),
            Self::Majority if 2 * positive == known.len() => None,
            Self::Majority => Some(if 2 * positive > known.len() { 1.0 } else { 0.0 }),
            Self::Any => Some(known.iter().copied().fold(0.0, f32::max)),
            Self::Mean => {
                let sum: f64 = known.iter().copied().map(f64::from).sum();
                Some((sum / known.len() as f64) as f32)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(agreement: Agreement, values: &[Option<f32>]) -> Option<f32> {
        agreement.of(values.iter().copied())
    }

    #[test]
    fn two_of_three_decide() {
        let [yes, no, open] = [Some(1.0), Some(0.0), None];
        assert_eq!(of(Agreement::Majority, &[yes, yes, no]), yes);
        assert_eq!(of(Agreement::Majority, &[no, yes, no]), no);
        assert_eq!(of(Agreement::Majority, &[yes, open, no]), open);
        assert_eq!(of(Agreement::Majority, &[open, open, yes]), yes);
        assert_eq!(of(Agreement::Any, &[no, yes, open]), yes);
        assert_eq!(of(Agreement::Any, &[no, open, no]), no);
        assert_eq!(of(Agreement::Mean, &[yes, no, open, no, no]), Some(0.25));
    }

    fn reads() -> impl Strategy<Value = Vec<Option<f32>>> {
        prop::collection::vec(prop::option::of(prop::bool::ANY), 0..7).prop_map(|reads| {
            reads
                .into_iter()
                .map(|read| Some(f32::from(u8::from(read?))))
                .collect()
        })
    }

    proptest! {
        /// The order of readers, and readers who say nothing, change nothing.
        #[test]
        fn who_reads_first_does_not_matter(reads in reads(), agreement in 0..3_usize) {
            let agreement = [Agreement::Majority, Agreement::Any, Agreement::Mean][agreement];
            let mut turned = reads.clone();
            turned.reverse();
            turned.push(None);
            prop_assert_eq!(of(agreement, &reads), of(agreement, &turned));
        }

        /// Readers who are of one mind are right by every rule, and a mean lies with the majority.
        #[test]
        fn rules_agree_where_readers_do(reads in reads(), value in prop::bool::ANY) {
            let value = Some(f32::from(u8::from(value)));
            let alike: Vec<_> = reads.iter().map(|read| read.and(value)).collect();
            let expected = alike.iter().copied().flatten().next();
            for agreement in [Agreement::Majority, Agreement::Any, Agreement::Mean] {
                prop_assert_eq!(of(agreement, &alike), expected);
            }
            let mean = of(Agreement::Mean, &reads);
            match of(Agreement::Majority, &reads) {
                Some(majority) => prop_assert_eq!(mean.map(|mean| mean > 0.5), Some(majority == 1.0)),
                None => prop_assert!(mean.is_none() || mean == Some(0.5)),
            }
        }
    }
}
