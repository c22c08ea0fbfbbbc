//! `ensemble`: several sets of predictions as one.

pub mod stacking;

use std::collections::{HashMap, HashSet};

use ichflow_api::prelude::*;
use serde_json::json;

use super::parts;
use super::{logit, sigmoid};
use crate::slices::offer;
use stacking::Stacking;

/// Most members an ensemble can have.
const MOST: usize = 8;
const VALID: [OptionalInput<Predictions>; MOST] = [
    OptionalInput::new("valid"),
    OptionalInput::new("valid_2"),
    OptionalInput::new("valid_3"),
    OptionalInput::new("valid_4"),
    OptionalInput::new("valid_5"),
    OptionalInput::new("valid_6"),
    OptionalInput::new("valid_7"),
    OptionalInput::new("valid_8"),
];
const TEST: [OptionalInput<Predictions>; MOST] = [
    OptionalInput::new("test"),
    OptionalInput::new("test_2"),
    OptionalInput::new("test_3"),
    OptionalInput::new("test_4"),
    OptionalInput::new("test_5"),
    OptionalInput::new("test_6"),
    OptionalInput::new("test_7"),
    OptionalInput::new("test_8"),
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
    /// By a logistic regression on their logits, one per label, fitted to the validation slices.
    Stacking,
}

/// Combines the predictions of two or more models.
///
/// `valid` and `test` are the nearest earlier predictions; the others are named in the recipe, with
/// `valid_2 = "second.valid"` and `test_2 = "second.test"`, `valid_3` and so on.
///
/// Where all members predict the same validation slices, these are combined. Where every member has validation
/// slices of its own, as the models of k folds do, they are put together: out-of-fold predictions, each by
/// the one model that did not see its patient. Anything between is refused. Test slices are always
/// combined.
///
/// `stacking` is fitted to the validation predictions alone, which no member was trained on. Validation slices
/// are combined by a fit without their patient (cross-fitting over patients), so that the scores that
/// follow are honest; test slices by a fit to all validation slices.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Ensemble {
    /// How many sets of predictions there are.
    #[schemars(range(min = 2, max = 8))]
    pub members: usize,
    /// How they are combined: `mean`, `geometric`, `rank`, `weighted` or `stacking`.
    pub method: Combine,
    /// The members' weights, in order, for `weighted`; only their ratios count.
    pub weights: Vec<f64>,
    /// Penalty on the members' weights, above 0, for `stacking`: the more, the less any of them is believed.
    #[schemars(range(min = 1e-6, max = 1e6))]
    pub l2: f64,
    /// Into how many parts the validation patients are dealt for `stacking`; each is combined by a fit to the
    /// others.
    #[schemars(range(min = 2, max = 1000))]
    pub parts: usize,
    /// Whether there are test predictions; if so, every member must have them.
    pub with_test: bool,
}

impl Default for Ensemble {
    fn default() -> Self {
        Self {
            members: 2,
            method: Combine::Mean,
            weights: Vec::new(),
            l2: 1.0,
            parts: 5,
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
    const SEEDED: bool = true;

    fn ports() -> Ports {
        let all = VALID.into_iter().chain(TEST).fold(Ports::new(), Ports::takes);
        // Two members are the least.
        let least = VALID.into_iter().take(2).chain(TEST.into_iter().take(2));
        least
            .fold(all, Ports::requires)
            .offers(output::VALID)
            .offers(output::TEST)
    }

    fn narrow(&self, all: Ports) -> Ports {
        // Ports beyond the members are there to be refused with a reason.
        let members = VALID.into_iter().take(self.members);
        let members = members.chain(TEST.into_iter().take(self.members));
        let narrowed = members.fold(all, Ports::requires);
        TEST.into_iter()
            .fold(narrowed, |ports, test| ports.takes_only_if(self.with_test, test))
            .offers_only_if(self.with_test, output::TEST)
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
            .map(|wrong| {
                Problem::new("weights", wrong).help("write one weight per member: `weights = [2, 1]`")
            })
            .into_iter()
            .collect()
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let beyond = |part: [OptionalInput<Predictions>; MOST]| part.into_iter().skip(self.members);
        for port in beyond(VALID).chain(beyond(TEST)) {
            if inputs.get(port)?.is_some() {
                return Err(Error::new(format!(
                    "`{}` is wired, but there are {} members",
                    port.name(),
                    self.members
                ))
                .help("set `members` to the number of predictions"));
            }
        }
        let gather = |part: [OptionalInput<Predictions>; MOST]| -> Result<Vec<Predictions>> {
            let members = part.into_iter().take(self.members);
            members
                .map(|port| Ok(self.prepared(&*inputs.take(port.required())?)))
                .collect()
        };
        let validation = gather(VALID)?;
        let test = if self.with_test { Some(gather(TEST)?) } else { None };
        let (valid, test) = if self.method == Combine::Stacking {
            self.stacked(&validation, test.as_deref(), context)?
        } else {
            let valid = if disjoint(&validation) {
                context.say("every member has validation slices of its own: they are put together");
                together(validation)
            } else {
                self.combined(&validation, "validation")?
            };
            let test = test.map(|test| self.combined(&test, "test")).transpose()?;
            (valid, test)
        };
        offer(valid, test, context)
    }
}

ichflow_api::register!(Ensemble);

impl Ensemble {
    /// A member's predictions as they are combined: ranks are taken within the member.
    fn prepared(&self, member: &Predictions) -> Predictions {
        match self.method {
            Combine::Rank => ranked(member),
            Combine::Mean | Combine::Geometric | Combine::Weighted | Combine::Stacking => member.clone(),
        }
    }

    /// One row of several, in the members' order.
    fn combine(&self, rows: &[Vec<f64>]) -> Vec<f64> {
        let mean = |label: usize, of: &dyn Fn(f64) -> f64| {
            rows.iter().map(|row| of(row[label])).sum::<f64>() / rows.len() as f64
        };
        let of_label = |label: usize| match self.method {
            // A stack has its own way, and is never asked.
            Combine::Mean | Combine::Rank | Combine::Stacking => mean(label, &|p| p),
            Combine::Geometric => sigmoid(mean(label, &logit)),
            Combine::Weighted => {
                let sum: f64 = self.weights.iter().sum();
                let weighted = rows.iter().zip(&self.weights);
                weighted.map(|(row, weight)| row[label] * weight).sum::<f64>() / sum
            }
        };
        (0..rows.first().map_or(0, Vec::len)).map(of_label).collect()
    }

    /// The members' predictions of the same slices, combined, in the first one's order.
    fn combined(&self, members: &[Predictions], part: &str) -> Result<Predictions> {
        let rows = aligned(members, part)?;
        let Some(first) = members.first() else {
            return Ok(Predictions::default());
        };
        Ok(first.with_rows(rows.iter().map(|row| self.combine(row)).collect()))
    }

    /// Validation and test predictions, combined by stacking.
    fn stacked(
        &self,
        validation: &[Predictions],
        test: Option<&[Predictions]>,
        context: &Context,
    ) -> Result<(Predictions, Option<Predictions>)> {
        if disjoint(validation) {
            return Err(Error::new(
                "every member has validation slices of its own, so no slice says how the members differ",
            )
            .help(
                "put each kind of model's folds together first (`method = \"mean\"`), then stack the kinds",
            ));
        }
        let rows = aligned(validation, "validation")?;
        let first = &validation[0];
        let fit = |keep: &dyn Fn(usize) -> bool| {
            let (rows, truth): (Vec<_>, Vec<Labels>) = (0..rows.len())
                .filter(|index| keep(*index))
                .filter_map(|index| Some((rows[index].clone(), first.slices[index].labels.clone()?)))
                .unzip();
            Stacking::fit(&rows, &truth, self.l2)
        };
        let part_of = parts::deal(first, self.parts, &mut context.rng("parts"))?;
        let mut valid = first.clone();
        for part in 0..parts::count(&part_of) {
            let stack = fit(&|index| part_of[index] != part)?;
            for index in (0..rows.len()).filter(|index| part_of[*index] == part) {
                valid.probabilities[index] = stack.apply(&rows[index]);
            }
        }
        let stack = fit(&|_| true)?;
        let said = |label: usize| {
            let fitted = stack.label(label);
            json!({"label": first.labels.name(label), "offset": fitted.offset, "weights": fitted.weights})
        };
        context.event(
            "stacking",
            json!((0..first.labels.len()).map(said).collect::<Vec<_>>()),
        );
        let test = match test {
            Some(members) => {
                let rows = aligned(members, "test")?;
                Some(members[0].with_rows(rows.iter().map(|row| stack.apply(row)).collect()))
            }
            None => None,
        };
        Ok((valid, test))
    }
}

/// The members' rows of each slice, in the first member's order of slices.
fn aligned(members: &[Predictions], part: &str) -> Result<Vec<Vec<Vec<f64>>>> {
    let Some((first, others)) = members.split_first() else {
        return Ok(Vec::new());
    };
    let others: Vec<HashMap<&str, &Vec<f64>>> = others.iter().map(by_id).collect();
    let rows: Option<Vec<Vec<Vec<f64>>>> = first
        .slices
        .iter()
        .zip(&first.probabilities)
        .map(|(slice, row)| {
            let of_others = others
                .iter()
                .map(|other| other.get(slice.id.as_str()).map(|row| (*row).clone()));
            std::iter::once(Some(row.clone())).chain(of_others).collect()
        })
        .collect();
    let same_size = others.iter().all(|other| other.len() == first.slices.len());
    rows.filter(|_| same_size).ok_or_else(|| {
        Error::new(format!(
            "the members predict different {part} slices, so they cannot be combined"
        ))
        .help(
            "give all members the same split, or every one a fold of its own: the same seed, the same \
             `of`, another `fold`",
        )
    })
}

fn by_id(predictions: &Predictions) -> HashMap<&str, &Vec<f64>> {
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
            all.labels = member.labels;
            all.level = member.level;
            all.unit = member.unit;
            all.slices.extend(member.slices);
            all.probabilities.extend(member.probabilities);
            all.in_fold.extend(member.in_fold);
            all
        })
}

/// Each label's probabilities by their rank among the slices, (rank − ½)/N; ties share their mean rank.
fn ranked(member: &Predictions) -> Predictions {
    let mut ranks = member.clone();
    let count = member.probabilities.len();
    for label in 0..member.labels.len() {
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
mod tests;
