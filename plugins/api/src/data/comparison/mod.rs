//! Runs side by side: what the command and the stage `compare` computed, and the page that shows it.
//!
//! The numbers are evaluation's and the page is reporting's. Neither knows the other: a plugin that draws the page
//! registers it with [`register_comparison_page!`](crate::register_comparison_page).

mod labels;
mod list;
mod page;
mod read;
mod run;
pub mod settings;
mod state;

use ichflow_metrics::Interval;
use serde::Serialize;

use crate::data::labels::{LabelSet, Level};

pub use labels::{AurocVersus, CallsVersus, LabelVersus};
pub use list::{ListedRun, RunList};
pub use page::{ComparisonPage, html};
pub use read::{RESOLVED, is_run, resolve, runs_below};
pub use run::{
    CalledAt, EpochRow, ExamsMeasured, LabelMeasured, Measured, PartMeasured, Run, Setting,
    StatisticsMeasured,
};
pub use state::{LOCK, RunState, is_at_work};

/// See [`Comparison::called`].
pub fn called(ranked: &[Ranked], place: usize) -> String {
    let names: Vec<&str> = ranked.iter().map(|one| one.run.short_name()).collect();
    match names.get(place) {
        Some(name) if names.iter().filter(|other| *other == name).count() == 1 => (*name).to_owned(),
        _ => format!("run {}", place + 1),
    }
}

/// Characters that a picture has room for beside a run's line.
const LONGEST: usize = 22;

/// Runs that were compared.
pub struct Comparison {
    /// The comparable ones, best score first; at least one.
    pub ranked: Vec<Ranked>,
    /// The place of the one that the others are compared with.
    pub baseline: usize,
    /// Those that cannot be compared, each with its reason in [`Run::stopped`].
    pub others: Vec<Run>,
    /// Keys of the settings that are not the same in all comparable runs.
    pub keys: Vec<String>,
    /// Runs that differ in their seed alone; also those of one run, best mean first.
    pub variants: Vec<Variant>,
    /// What a reader should know.
    pub remarks: Vec<String>,
}

impl Comparison {
    /// The labels of the run that the others are compared with.
    pub fn labels(&self) -> LabelSet {
        let baseline = self
            .ranked
            .get(self.baseline)
            .and_then(|one| one.run.measured.as_ref());
        baseline
            .map(|measured| measured.label_set.clone())
            .unwrap_or_default()
    }

    /// What was measured as an exam, where some run measured whole exams.
    pub fn exam_level(&self) -> Option<Level> {
        let measured = self.ranked.iter().filter_map(|one| one.run.measured.as_ref());
        let mut levels = measured.filter_map(|measured| Some(measured.of_exams()?.0));
        levels.next()
    }

    /// Whether some seeds were repeated.
    pub fn has_repeats(&self) -> bool {
        self.variants.iter().any(|variant| variant.runs.len() > 1)
    }

    /// What the run at a place is called in tables and sentences: the trial of its sweep ("bsb, seed 1") or its recipe
    /// where that tells the runs apart, else "run 1".
    pub fn called(&self, place: usize) -> String {
        called(&self.ranked, place)
    }

    /// What runs that differ in their seed alone are called together: what their names share ("bsb"), else "runs 1, 2".
    pub fn variant_called(&self, variant: &Variant) -> String {
        let names: Vec<String> = variant.runs.iter().map(|place| self.called(*place)).collect();
        let places: Vec<String> = variant.runs.iter().map(|place| (place + 1).to_string()).collect();
        what_names_share(&names).unwrap_or_else(|| format!("runs {}", places.join(", ")))
    }

    /// As [`Comparison::called`], for pictures: "run 1" where a name is long.
    pub fn called_in_pictures(&self, place: usize) -> String {
        let fits = |place| self.called(place).chars().count() <= LONGEST;
        match (0..self.ranked.len()).all(fits) {
            true => self.called(place),
            false => format!("run {}", place + 1),
        }
    }
}

/// The parts, between commas, that all names have: "bsb" of "bsb, seed 1" and "bsb, seed 2".
fn what_names_share(names: &[String]) -> Option<String> {
    let mut names = names.iter().map(|name| name.split(", ").collect::<Vec<_>>());
    let mut shared = names.next()?;
    for other in names {
        shared.retain(|part| other.contains(part));
    }
    (!shared.is_empty()).then(|| shared.join(", "))
}

/// A run with its place.
pub struct Ranked {
    /// The run; it has measured something.
    pub run: Run,
    /// The weighted log loss of its validation slices.
    pub score: f64,
    /// Against the baseline; `None` for the baseline itself.
    pub versus: Option<Versus>,
    /// The same of whole exams, where both measured them.
    pub exams_versus: Option<Versus>,
}

/// Δ of a score from the baseline's.
#[derive(Clone, Debug, Serialize)]
pub struct Versus {
    /// Whether both were measured on the same resampled patients.
    pub paired: bool,
    /// The score less the baseline's: below 0 is better.
    pub difference: f64,
    /// Its 95 % interval.
    pub interval: Option<Interval>,
    /// Share of resamples in which this run is the better one; only of paired ones.
    pub lower_in: Option<f64>,
    /// Why it is not paired.
    pub note: Option<String>,
    /// Label by label, whether both order and call the same cases equally well; only of paired ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<LabelVersus>,
}

impl Versus {
    /// What is said of a label.
    pub fn label(&self, name: &str) -> Option<&LabelVersus> {
        self.labels.iter().find(|label| label.label == name)
    }
}

/// Runs whose recipes differ in the seed alone.
#[derive(Clone, Debug, Serialize)]
pub struct Variant {
    /// Places of its runs in [`Comparison::ranked`].
    pub runs: Vec<usize>,
    /// Mean score.
    pub mean: f64,
    /// Standard deviation over the seeds (n − 1); `None` for one run.
    pub standard_deviation: Option<f64>,
    /// The best score.
    pub low: f64,
    /// The worst score.
    pub high: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_over_seeds_are_called_by_what_they_share() {
        let shared = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            what_names_share(&names)
        };
        assert_eq!(shared(&["bsb, seed 1", "bsb, seed 2"]).as_deref(), Some("bsb"));
        assert_eq!(shared(&["bsb, seed 1"]).as_deref(), Some("bsb, seed 1"));
        assert_eq!(shared(&["run 1", "run 2"]), None);
        assert_eq!(shared(&[]), None);
    }
}
