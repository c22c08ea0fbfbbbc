//! `ensemble`: several sets of predictions as one.

use std::collections::{HashMap, HashSet};

use ichflow_api::labels::COUNT;
use ichflow_api::prelude::*;

use super::{logit, sigmoid};

/// Most members an ensemble can have.
const MOST: usize = 8;
const VALID: [&str; MOST] = [
    "valid", "valid_2", "valid_3", "valid_4", "valid_5", "valid_6", "valid_7", "valid_8",
];
const TEST: [&str; MOST] = [
    "test", "test_2", "test_3", "test_4", "test_5", "test_6", "test_7", "test_8",
];

/// How several probabilities become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Combine {
    /// Their mean.
    #[default]
    Mean,
    /// The mean of their logits: the normalised geometric mean.
    Geometric,
    /// The mean of their ranks among the slices, 0 to 1: for members on different scales. Not a
    /// probability; `calibrate` after it makes one of it.
    Rank,
    /// Their mean with `weights`.
    Weighted,
}

/// Combines the predictions of two or more models.
///
/// `valid` and `test` are the nearest earlier predictions; the others are named in the recipe, with
/// `valid_2 = "second.valid"` and `test_2 = "second.test"`, `valid_3` and so on.
///
/// Where all members predict the same held-out slices, these are combined. Where every member holds out
/// slices of its own, as the models of k folds do, they are put together: out-of-fold predictions, each by
/// the one model that did not see its patient. Anything between is refused. Test slices are always
/// combined.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ensemble {
    /// How many sets of predictions there are.
    #[schemars(range(min = 2, max = 8))]
    pub members: usize,
    /// How they are combined: `mean`, `geometric`, `rank` or `weighted`.
    pub method: Combine,
    /// The members' weights, in order, for `weighted`; only their ratios count.
    pub weights: Vec<f64>,
    /// Whether there are test predictions; if so, every member must have them.
    pub with_test: bool,
}

impl Default for Ensemble {
    fn default() -> Self {
        Self {
            members: 2,
            method: Combine::Mean,
            weights: Vec::new(),
            with_test: true,
        }
    }
}

impl Stage for Ensemble {
    const NAME: &'static str = "ensemble";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str = "combines several models' predictions, or puts k folds together";
    const EXAMPLE: &'static str = r#"
[ensemble]
use = "ensemble"
members = 2                         # with valid_2 = "second.valid" and test_2 = "second.test"
method = "weighted"
weights = [2, 1]
"#;

    fn ports(&self) -> Ports {
        let members = self.members.min(MOST);
        let mut ports = Ports::new();
        for name in &VALID[..members] {
            ports = ports.input(Input::of::<Predictions>(name).by_name());
        }
        if self.with_test {
            for name in &TEST[..members] {
                ports = ports.input(Input::of::<Predictions>(name).by_name());
            }
        }
        ports
            .output(Output::of::<Predictions>("valid"))
            .output_if(self.with_test, Output::of::<Predictions>("test"))
    }

    fn check(&self) -> Vec<Problem> {
        let sound = self
            .weights
            .iter()
            .all(|weight| *weight >= 0.0 && weight.is_finite());
        let wrong = if self.method != Combine::Weighted {
            (!self.weights.is_empty()).then(|| "weights are for `method = \"weighted\"` alone".to_owned())
        } else if self.weights.len() != self.members {
            Some(format!(
                "there are {} weights for {} members",
                self.weights.len(),
                self.members
            ))
        } else if !sound || self.weights.iter().sum::<f64>() <= 0.0 {
            Some("weights must not be negative, and not all zero".to_owned())
        } else {
            None
        };
        wrong
            .map(|wrong| Problem::new("weights", wrong).help("write one weight a member: `weights = [2, 1]`"))
            .into_iter()
            .collect()
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let gather = |names: &[&str]| -> Result<Vec<Predictions>> {
            let take = |name: &&str| Ok(self.prepared(&*inputs.get::<Predictions>(name)?));
            names.iter().take(self.members).map(take).collect()
        };
        let held_out = gather(&VALID)?;
        let valid = if disjoint(&held_out) {
            context.say("every member holds out slices of its own: they are put together");
            together(held_out)
        } else {
            self.combined(&held_out, "held-out")?
        };
        let test = if self.with_test {
            Some(self.combined(&gather(&TEST)?, "test")?)
        } else {
            None
        };
        super::offer(valid, test, context)
    }
}

ichflow_api::register!(Ensemble);

impl Ensemble {
    /// A member's predictions as they are combined: ranks are taken within the member.
    fn prepared(&self, member: &Predictions) -> Predictions {
        match self.method {
            Combine::Rank => ranked(member),
            Combine::Mean | Combine::Geometric | Combine::Weighted => member.clone(),
        }
    }

    /// One row of several, in the members' order.
    fn combine(&self, rows: &[[f64; COUNT]]) -> [f64; COUNT] {
        let mean = |label: usize, of: &dyn Fn(f64) -> f64| {
            rows.iter().map(|row| of(row[label])).sum::<f64>() / rows.len() as f64
        };
        std::array::from_fn(|label| match self.method {
            Combine::Mean | Combine::Rank => mean(label, &|p| p),
            Combine::Geometric => sigmoid(mean(label, &logit)),
            Combine::Weighted => {
                let sum: f64 = self.weights.iter().sum();
                let weighted = rows.iter().zip(&self.weights);
                weighted.map(|(row, weight)| row[label] * weight).sum::<f64>() / sum
            }
        })
    }

    /// The members' predictions of the same slices, in the first one's order.
    fn combined(&self, members: &[Predictions], part: &str) -> Result<Predictions> {
        let Some((first, others)) = members.split_first() else {
            return Ok(Predictions::default());
        };
        let others: Vec<HashMap<&str, &[f64; COUNT]>> = others.iter().map(by_id).collect();
        let rows: Option<Vec<[f64; COUNT]>> = first
            .slices
            .iter()
            .zip(&first.probabilities)
            .map(|(slice, row)| {
                let mut rows = vec![*row];
                for other in &others {
                    rows.push(**other.get(slice.id.as_str())?);
                }
                Some(self.combine(&rows))
            })
            .collect();
        let same_size = others.iter().all(|other| other.len() == first.slices.len());
        let Some(probabilities) = rows.filter(|_| same_size) else {
            return Err(Error::new(format!(
                "the members predict different {part} slices, so they cannot be combined"
            ))
            .help(
                "give all members the same split, or every one a fold of its own: the same seed, the same \
                 `of`, another `fold`",
            ));
        };
        Ok(Predictions {
            slices: first.slices.clone(),
            probabilities,
        })
    }
}

fn by_id(predictions: &Predictions) -> HashMap<&str, &[f64; COUNT]> {
    predictions
        .slices
        .iter()
        .map(|slice| slice.id.as_str())
        .zip(&predictions.probabilities)
        .collect()
}

/// Whether no slice is predicted by two members.
fn disjoint(members: &[Predictions]) -> bool {
    let mut seen = HashSet::new();
    members
        .iter()
        .flat_map(|member| &member.slices)
        .all(|slice| seen.insert(slice.id.as_str()))
}

/// The predictions of all members, one after another.
fn together(members: Vec<Predictions>) -> Predictions {
    members
        .into_iter()
        .fold(Predictions::default(), |mut all, member| {
            all.slices.extend(member.slices);
            all.probabilities.extend(member.probabilities);
            all
        })
}

/// Each label's probabilities by their rank among the slices, (rank − ½)/N; ties share their mean rank.
fn ranked(member: &Predictions) -> Predictions {
    let mut ranks = member.clone();
    let count = member.probabilities.len();
    for label in 0..COUNT {
        let of = |index: usize| member.probabilities[index][label];
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|a, b| of(*a).total_cmp(&of(*b)));
        let mut start = 0;
        for tied in order.chunk_by(|a, b| of(*a) == of(*b)) {
            let middle = start as f64 + tied.len() as f64 / 2.0;
            for index in tied {
                ranks.probabilities[*index][label] = middle / count as f64;
            }
            start += tied.len();
        }
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;
    use proptest::prelude::*;

    fn member(rows: &[(&str, f64)]) -> Predictions {
        Predictions {
            slices: rows.iter().map(|(id, _)| testkit::slice(id, id, None)).collect(),
            probabilities: rows.iter().map(|(_, p)| [*p; COUNT]).collect(),
        }
    }

    fn run(stage: &Ensemble, members: &[Predictions]) -> Result<Vec<(String, f64)>> {
        assert_eq!(stage.check(), []);
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "ensemble", Ensemble::NAME, "key");
        let mut inputs = Inputs::default();
        for (name, member) in VALID.iter().zip(members) {
            inputs = inputs.with(name, member.clone());
        }
        let mut outputs = stage.run(&inputs, &context)?;
        let valid = outputs.take_as::<Predictions>("valid").unwrap();
        let ids = valid.slices.iter().map(|slice| slice.id.clone());
        Ok(ids.zip(valid.probabilities.iter().map(|row| row[3])).collect())
    }

    fn stage(method: Combine) -> Ensemble {
        Ensemble {
            method,
            weights: if method == Combine::Weighted {
                vec![3.0, 1.0]
            } else {
                Vec::new()
            },
            with_test: false,
            ..Default::default()
        }
    }

    #[test]
    fn members_meet_by_id_and_each_method_does_what_it_says() {
        let members = [
            member(&[("a", 0.2), ("b", 0.8), ("c", 0.5)]),
            member(&[("c", 0.5), ("a", 0.6), ("b", 0.8)]),
        ];
        let expected = [
            (Combine::Mean, [0.4, 0.8, 0.5]),
            (Combine::Weighted, [0.3, 0.8, 0.5]),
            (
                Combine::Geometric,
                [sigmoid((logit(0.2) + logit(0.6)) / 2.0), 0.8, 0.5],
            ),
            (Combine::Rank, [1.0 / 3.0, 2.5 / 3.0, 1.0 / 3.0]),
        ];
        for (method, expected) in expected {
            let found = run(&stage(method), &members).unwrap();
            let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
            assert_eq!(ids, ["a", "b", "c"]);
            for ((_, found), expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-9, "{method:?} {found} {expected}");
            }
        }
    }

    #[test]
    fn folds_are_put_together_and_a_muddle_is_refused() {
        let folds = [member(&[("a", 0.2)]), member(&[("c", 0.5), ("b", 0.8)])];
        let found = run(&stage(Combine::Mean), &folds).unwrap();
        assert_eq!(found, [("a".into(), 0.2), ("c".into(), 0.5), ("b".into(), 0.8)]);
        let muddle = [
            member(&[("a", 0.2), ("b", 0.1)]),
            member(&[("c", 0.5), ("b", 0.8)]),
        ];
        let error = run(&stage(Combine::Mean), &muddle).unwrap_err();
        assert!(error.to_string().contains("different held-out slices"), "{error}");
        let fewer = [member(&[("a", 0.2)]), member(&[("a", 0.5), ("b", 0.8)])];
        assert!(run(&stage(Combine::Mean), &fewer).is_err());
    }

    #[test]
    fn weights_belong_to_members() {
        let with = |method, weights: &[f64]| Ensemble {
            method,
            weights: weights.to_vec(),
            ..Default::default()
        };
        assert_eq!(with(Combine::Mean, &[1.0, 1.0]).check().len(), 1);
        assert_eq!(with(Combine::Weighted, &[1.0]).check().len(), 1);
        assert_eq!(with(Combine::Weighted, &[0.0, 0.0]).check().len(), 1);
        assert_eq!(with(Combine::Weighted, &[1.0, f64::NAN]).check().len(), 1);
        assert!(with(Combine::Weighted, &[1.0, 0.0]).check().is_empty());
        assert_eq!(Ensemble::default().ports().inputs.len(), 4);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_mean_and_the_geometric_mean_lose_no_more_than_the_members_do_on_average(
            rows in prop::collection::vec((0.01_f64..0.99, 0.01_f64..0.99, any::<bool>()), 1..40),
        ) {
            // The log loss is convex in the probability and in the logit (Jensen).
            let loss = |p: &[f64]| -> f64 {
                let of = |((.., truth), p): (&(f64, f64, bool), &f64)| if *truth { -p.ln() } else { -(1.0 - p).ln() };
                rows.iter().zip(p).map(of).sum()
            };
            let named = |of: &dyn Fn(&(f64, f64, bool)) -> f64| {
                let ids: Vec<String> = (0..rows.len()).map(|i| format!("s{i}")).collect();
                let rows: Vec<(&str, f64)> =
                    ids.iter().map(String::as_str).zip(rows.iter().map(of)).collect();
                member(&rows)
            };
            let members = [named(&|row| row.0), named(&|row| row.1)];
            let column = |member: &Predictions| -> Vec<f64> {
                member.probabilities.iter().map(|row| row[0]).collect()
            };
            let average = (loss(&column(&members[0])) + loss(&column(&members[1]))) / 2.0;
            for method in [Combine::Mean, Combine::Geometric] {
                let combined: Vec<f64> =
                    run(&stage(method), &members).unwrap().into_iter().map(|(_, p)| p).collect();
                prop_assert!(loss(&combined) <= average + 1e-9);
            }
        }
    }
}
