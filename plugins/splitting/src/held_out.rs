//! What every splitter does once it knows which slices to hold out: check, write, say.

use std::path::Path;

use ichflow_api::labels::Labels;
use ichflow_api::prelude::*;
use serde_json::json;

use crate::balance::{BalanceLine, balance, table};
use crate::groups::{GroupBy, Groups};
use crate::leak::Leak;

/// A cohort in, folds out.
pub fn ports() -> Ports {
    Ports::new()
        .input(Input::of::<Cohort>("cohort"))
        .output(Output::of::<Folds>("folds"))
}

/// A split, not yet checked.
pub struct HeldOut<'a> {
    /// What was split.
    pub cohort: &'a Cohort,
    /// Whether each slice is held out.
    pub held_out: Vec<bool>,
    /// Share that should be held out, 0 to 1.
    pub share: f64,
    /// What was kept together.
    pub group_by: GroupBy,
    /// What to do about leaks.
    pub leak: Leak,
}

impl HeldOut<'_> {
    /// Checks both sides, writes `folds.csv`, says how the split came out, and stops or warns where
    /// something stands on both sides.
    pub fn offer(self, groups: &Groups, context: &Context) -> Result<Outputs> {
        for (side, name) in [(false, "training"), (true, "held-out")] {
            if !self.held_out.contains(&side) {
                return Err(Error::new(format!(
                    "the {name} fold would be empty: there are only {} {} in the cohort, and {} % of them are \
                     to be held out",
                    groups.count,
                    self.group_by.plural(),
                    100.0 * self.share,
                ))
                .help("hold out another share with `valid`, or load more patients"));
            }
        }
        let folds = Folds {
            of_slice: self
                .held_out
                .iter()
                .map(|held_out| if *held_out { Fold::Valid } else { Fold::Train })
                .collect(),
        };
        write_csv(&context.file("folds.csv")?, self.cohort, &folds)?;
        self.describe(groups, context);
        self.leak.judge(self.cohort, &self.held_out, context)?;
        Ok(Outputs::new().with("folds", folds))
    }

    fn describe(&self, groups: &Groups, context: &Context) {
        let truth: Vec<Option<Labels>> = self.cohort.slices.iter().map(|slice| slice.labels).collect();
        let lines: Vec<BalanceLine> = balance(&truth, &self.held_out, self.share);
        let groups_held_out = distinct(&self.held_out, groups);
        context.say(format!(
            "{} of {} {} held out\n{}",
            groups_held_out,
            groups.count,
            self.group_by.plural(),
            table(&lines)
        ));
        context.event(
            "folds",
            json!({
                "group_by": self.group_by,
                "groups": groups.count,
                "groups_held_out": groups_held_out,
                "balance": lines,
            }),
        );
        for line in lines.iter().filter(|line| line.valid == 0 || line.train == 0) {
            let side = match (line.train, line.valid) {
                (0, 0) => "no slice of the cohort",
                (_, 0) => "no held-out slice",
                _ => "no training slice",
            };
            context.warn(format!(
                "{side} is positive for {}: what depends on it cannot be judged",
                line.what
            ));
        }
    }
}

/// An error if there is nothing to split.
pub fn reject_empty(cohort: &Cohort) -> Result<()> {
    if cohort.is_empty() {
        return Err(Error::new("there is no slice to split")
            .help("look at what the loader says: where it looked, and what it set aside"));
    }
    Ok(())
}

/// The groups of a cohort; warns where headers do not name them.
pub fn groups_of(cohort: &Cohort, by: GroupBy, context: &Context) -> Groups {
    let groups = Groups::of(cohort, by);
    if groups.unnamed > 0 {
        context.warn(format!(
            "{} slices do not say which {} they belong to; they are kept together by study, or stand \
             alone: a patient may be on both sides",
            groups.unnamed,
            if by == GroupBy::Patient {
                "patient"
            } else {
                "study"
            },
        ));
    }
    groups
}

/// Number of groups held out.
fn distinct(held_out: &[bool], groups: &Groups) -> usize {
    let mut seen = vec![false; groups.count];
    for (_, group) in held_out
        .iter()
        .zip(&groups.of_slice)
        .filter(|(held_out, _)| **held_out)
    {
        seen[*group] = true;
    }
    seen.into_iter().filter(|seen| *seen).count()
}

/// Writes `id,fold`, in the cohort's order.
fn write_csv(path: &Path, cohort: &Cohort, folds: &Folds) -> Result<()> {
    let mut writer = csv::Writer::from_path(path).at("write", path)?;
    writer.write_record(["id", "fold"]).at("write", path)?;
    for (slice, fold) in cohort.slices.iter().zip(&folds.of_slice) {
        writer
            .write_record([slice.id.as_str(), fold.name()])
            .at("write", path)?;
    }
    writer.flush().at("write", path)
}
