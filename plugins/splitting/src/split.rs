//! What every splitter does once it knows each slice's fold: check, write, say.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use ichflow_api::counted::counted;
use ichflow_api::data::balance::{FoldSize, lines};
use ichflow_api::prelude::*;
use serde_json::json;

use crate::groups::{GroupBy, Groups};
use crate::leak::Leak;
use crate::part::Part;

/// A cohort in, folds out. The pixels, where they come from a store, tell images that are or look the same; test slices are
/// only held against the cohort.
pub fn ports() -> Ports {
    Ports::new()
        .takes(input::COHORT)
        .takes(optional::TEST_COHORT)
        .takes(optional::PIXELS)
        .offers(output::FOLDS)
        .offers(output::BALANCE)
}

/// The folds a cohort was dealt into, with one of them for validation.
pub struct Dealt {
    /// What each fold is called.
    pub names: Vec<String>,
    /// The share of the slices each should have.
    pub ratios: Vec<f64>,
    /// The fold of every slice.
    pub fold_of: Vec<usize>,
    /// The one for validation.
    pub validation: usize,
}

impl Dealt {
    /// The folds of a part: two, or k of them.
    pub fn of(part: Part, fold_of: Vec<usize>) -> Self {
        let names = match part {
            Part::Share(_) => vec!["train".to_owned(), "validation".to_owned()],
            Part::Fold { fold, of } => (0..of)
                .map(|k| format!("fold {k}{}", if k == fold { " (val)" } else { "" }))
                .collect(),
        };
        Self {
            names,
            ratios: part.ratios(),
            fold_of,
            validation: part.validation(),
        }
    }

    /// Whether a slice is for validation.
    fn is_validation(&self, slice: usize) -> bool {
        self.fold_of[slice] == self.validation
    }
}

/// A split, not yet checked.
pub struct Split<'a> {
    /// What was split.
    pub cohort: &'a Cohort,
    /// Test slices, which should have nothing in common with it.
    pub test: Option<Arc<Cohort>>,
    /// Where images that are or look the same can be told by.
    pub pixels: Option<Arc<Pixels>>,
    /// How it was split.
    pub dealt: Dealt,
    /// What was kept together.
    pub group_by: GroupBy,
    /// What to do about leaks.
    pub leak: Leak,
}

impl Split<'_> {
    /// Checks both sides, writes `folds.csv`, says how the split came out, and stops or warns where
    /// something stands on both sides.
    ///
    /// # Errors
    /// Where a side is empty, the file cannot be written, or something stands on both sides and that stops the run.
    pub fn offer(self, groups: &Groups, context: &Context) -> Result<Outputs> {
        let validation: Vec<bool> = (0..self.cohort.len())
            .map(|slice| self.dealt.is_validation(slice))
            .collect();
        let is_split = self.dealt.names.len() > 1;
        for (side, name) in [(false, "training"), (true, "validation")] {
            if is_split && !validation.contains(&side) {
                return Err(Error::new(format!(
                    "the {name} fold would be empty: there are only {} {} in the cohort, and {} % of them are \
                     for validation",
                    groups.count,
                    self.group_by.plural(),
                    100.0 * self.dealt.ratios[self.dealt.validation],
                ))
                .help("choose another share with `valid`, or load more patients"));
            }
        }
        let folds = Folds {
            of_slice: validation
                .iter()
                .map(|validation| if *validation { Fold::Valid } else { Fold::Train })
                .collect(),
        };
        write_csv(&context.file("folds.csv")?, self.cohort, &folds)?;
        let mut balance = self.balance(groups);
        describe(&balance, &validation, self.cohort, groups, context);
        balance.leaks = self.leak.judge(
            self.cohort,
            &validation,
            self.test.as_deref(),
            self.pixels.as_deref(),
            context,
        )?;
        Ok(Outputs::new()
            .with(output::FOLDS, folds)
            .with(output::BALANCE, balance))
    }

    fn balance(&self, groups: &Groups) -> Balance {
        let dealt = &self.dealt;
        let truth: Vec<_> = self
            .cohort
            .slices
            .iter()
            .map(|slice| slice.labels.as_ref())
            .collect();
        let mut members: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); dealt.names.len()];
        for (fold, group) in dealt.fold_of.iter().zip(&groups.of_slice) {
            members[*fold].insert(*group);
        }
        let size = |(fold, name): (usize, &String)| FoldSize {
            name: name.clone(),
            groups: members[fold].len(),
            validation: fold == dealt.validation,
        };
        Balance {
            grouped: self.group_by.plural().to_owned(),
            folds: dealt.names.iter().enumerate().map(size).collect(),
            lines: lines(&self.cohort.labels, &truth, &dealt.fold_of, &dealt.ratios),
            leaks: Vec::new(),
        }
    }
}

/// Says how the split came out, and what it leaves nobody for.
fn describe(balance: &Balance, validation: &[bool], cohort: &Cohort, groups: &Groups, context: &Context) {
    let groups_for_validation: usize = balance
        .folds
        .iter()
        .filter(|fold| fold.validation)
        .map(|fold| fold.groups)
        .sum();
    context.say(format!(
        "{groups_for_validation} of {} {} for validation\n{}",
        groups.count,
        balance.grouped,
        balance.table()
    ));
    context.event(
        "folds",
        json!({"groups": groups.count, "groups_for_validation": groups_for_validation, "balance": balance}),
    );
    for (label, name) in cohort.labels.names().iter().enumerate() {
        let has = |side: bool| {
            let slices = cohort.slices.iter().zip(validation);
            slices
                .filter(|(_, validation)| **validation == side)
                .any(|(slice, _)| {
                    slice
                        .labels
                        .as_ref()
                        .is_some_and(|truth| truth.is_positive(label))
                })
        };
        let side = match (has(false), has(true)) {
            (true, true) => continue,
            (false, false) => "no slice of the cohort",
            (_, false) => "no validation slice",
            _ => "no training slice",
        };
        context.warn(format!(
            "{side} is positive for {name}: what depends on it cannot be judged"
        ));
    }
}

/// An error if there is nothing to split.
///
/// # Errors
/// Where the cohort has no slice.
pub fn reject_empty(cohort: &Cohort) -> Result<()> {
    if cohort.is_empty() {
        return Err(Error::new("there is no slice to split")
            .help("look at what the loader says: where it looked, and what it excluded"));
    }
    Ok(())
}

/// The groups of a cohort; warns where headers do not name them.
pub fn groups_of(cohort: &Cohort, by: GroupBy, context: &Context) -> Groups {
    let groups = Groups::of(cohort, by);
    if groups.unnamed > 0 {
        context.warn(format!(
            "{} without a named {}: kept together by study, or alone; a patient may be on both sides",
            counted(groups.unnamed, "slice", "slices"),
            if by == GroupBy::Patient {
                "patient"
            } else {
                "study"
            },
        ));
    }
    groups
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
