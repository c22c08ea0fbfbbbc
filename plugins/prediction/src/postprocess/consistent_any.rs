//! `consistent-any`: any bleeding is at least as likely as its likeliest kind.

use ichflow_api::prelude::*;

/// Which side gives way where `any` is below a subtype.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GivesWay {
    /// `any` rises to the largest subtype.
    #[default]
    Any,
    /// Subtypes fall to `any`.
    Subtypes,
}

/// Makes predictions agree with what the labels mean: `any` is the OR of the subtypes, so its probability
/// is never below that of one of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConsistentAny {
    /// What changes where they disagree: `any` rises to the largest subtype, or `subtypes` fall to `any`.
    pub gives_way: GivesWay,
}

impl ConsistentAny {
    /// One row, of which the probability at `union` is that of any.
    fn agree(&self, row: &[f64], union: usize) -> Vec<f64> {
        let any = row[union];
        let of_kind = |(label, probability): (usize, &f64)| match self.gives_way {
            GivesWay::Any if label == union => row.iter().copied().fold(any, f64::max),
            GivesWay::Any => *probability,
            GivesWay::Subtypes => probability.min(any),
        };
        row.iter().enumerate().map(of_kind).collect()
    }
}

impl Stage for ConsistentAny {
    const NAME: &'static str = "consistent-any";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "makes any at least as likely as its likeliest kind";
    const EXAMPLE: &'static str = "[consistent]\nuse = \"consistent-any\"\n";

    fn ports() -> Ports {
        super::ports()
    }

    fn check_labels(&self, labels: &LabelSet) -> Vec<Problem> {
        let problem = Problem::new("", "none of the labels is the union of the others")
            .help("name it as `union` in `[labels]`, or leave this stage out");
        labels.union().is_none().then_some(problem).into_iter().collect()
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        super::refine(inputs, context, |predictions| {
            let agree = |row: &Vec<f64>| match predictions.labels.union() {
                Some(union) => self.agree(row, union),
                None => row.clone(),
            };
            predictions.with_rows(predictions.probabilities.iter().map(agree).collect())
        })
    }
}

ichflow_api::register!(ConsistentAny);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_is_at_least_every_subtype_and_agreement_is_left_alone(
            row in prop::array::uniform6(0.0_f64..=1.0),
            any_gives_way: bool,
        ) {
            let gives_way = if any_gives_way { GivesWay::Any } else { GivesWay::Subtypes };
            let stage = ConsistentAny { gives_way };
            let agreed = stage.agree(&row, 0);
            prop_assert!(agreed[1..].iter().all(|subtype| *subtype <= agreed[0]));
            prop_assert_eq!(&stage.agree(&agreed, 0), &agreed);
            if any_gives_way {
                prop_assert_eq!(&agreed[1..], &row[1..]);
            } else {
                prop_assert_eq!(agreed[0], row[0]);
            }
        }
    }
}
