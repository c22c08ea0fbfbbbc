//! Periods beside the data a model was made with: what `ichflow drift` computed, and the page that shows it.
//!
//! The command is exporting's, which knows bundles and tables of predictions, and the page is reporting's. Neither knows
//! the other: a plugin that draws the page registers it with [`register_drift_page!`](crate::register_drift_page).

mod page;

use std::collections::BTreeMap;

use ichflow_metrics::StabilityTest;
use serde::{Serialize, Serializer};

use crate::data::profile::{HeaderField, Limits};

pub use page::{DriftPage, html};

/// From which adjusted p value on a difference is taken for more than chance.
pub const ALPHA: f64 = 0.05;

/// Exams of one time, or the validation exams of the model.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Period {
    /// What it is called: its file's name, without the ending.
    pub name: String,
    /// Exams with a prediction.
    pub exams: usize,
    /// Rows of the table: slices, and files without one.
    pub rows: usize,
    /// Rows without a prediction.
    pub excluded: usize,
    /// Exams that are flagged as unlike the training data.
    pub flagged: usize,
    /// For each reason the exams that are flagged for it; not known of the validation exams.
    pub reasons: BTreeMap<String, usize>,
    /// Mean over exams of the highest probability of a slice, label by label.
    pub mean_probability: Vec<f64>,
    /// For each label, the highest probability of a slice of every exam, ascending.
    #[serde(skip)]
    pub probabilities: Vec<Vec<f64>>,
    /// Distance of every exam's features, ascending.
    #[serde(skip)]
    pub distances: Vec<f64>,
    /// Index of every exam's histogram of HU, ascending.
    #[serde(skip)]
    pub hu_indices: Vec<f64>,
    /// Exams by the value of each header field; of the reference, the training exams'.
    pub headers: BTreeMap<HeaderField, BTreeMap<String, usize>>,
}

/// What was compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Variable {
    /// Highest probability of a slice for a label, by its place.
    Probability(usize, String),
    /// How far features are from the training data's.
    Distance,
    /// How far histograms of HU are from the training data's.
    HuIndex,
    /// What headers say.
    Header(HeaderField),
}

impl Variable {
    /// In a sentence.
    pub fn in_words(&self) -> String {
        match self {
            Self::Probability(_, label) => format!("probability of {label}"),
            Self::Distance => "distance of features".into(),
            Self::HuIndex => "histogram of HU".into(),
            Self::Header(field) => field.in_words().into(),
        }
    }

    /// Its values in a period, ascending; nothing of headers, which have no order.
    pub fn values<'a>(&self, period: &'a Period) -> Option<&'a [f64]> {
        match self {
            Self::Probability(label, _) => period.probabilities.get(*label).map(Vec::as_slice),
            Self::Distance => Some(&period.distances),
            Self::HuIndex => Some(&period.hu_indices),
            Self::Header(_) => None,
        }
    }
}

impl Serialize for Variable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.in_words())
    }
}

/// One variable of one period beside the reference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shift {
    /// The period, by its place.
    pub period: usize,
    /// What was compared.
    pub variable: Variable,
    /// Population stability index over tenths of the reference, or over the values of a header, with what chance makes
    /// of it.
    pub stability: StabilityTest,
    /// Largest difference of the distribution functions; of values that have an order.
    pub kolmogorov_smirnov: Option<f64>,
    /// Of Kolmogorov and Smirnov's test, or of headers by shuffling.
    pub p_value: f64,
    /// The same with all tests of all periods in mind (Holm).
    pub adjusted_p: f64,
}

impl Shift {
    /// Whether it is more than chance would show somewhere among so many tests.
    pub fn is_more_than_chance(&self) -> bool {
        self.adjusted_p <= ALPHA
    }
}

/// Periods beside the data a model was made with.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drift {
    /// The bundle's title.
    pub model: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Beyond which exams are flagged.
    pub limits: Limits,
    /// Validation exams of the model; its headers are the training exams'.
    pub reference: Period,
    /// The periods, in the order given.
    pub periods: Vec<Period>,
    /// Every variable of every period.
    pub shifts: Vec<Shift>,
    /// What a reader should know.
    pub remarks: Vec<String>,
}

impl Drift {
    /// What differs by more than chance, in the order of periods.
    pub fn found(&self) -> Vec<&Shift> {
        self.shifts
            .iter()
            .filter(|shift| shift.is_more_than_chance())
            .collect()
    }

    /// What it comes to, in a sentence or two.
    pub fn verdict(&self) -> String {
        let tests = self.shifts.len();
        let found = self.found();
        if found.is_empty() {
            return format!("Nothing differs from the reference by more than chance, in {tests} tests.");
        }
        let of_period = |(number, period): (usize, &Period)| {
            let shifts = found.iter().filter(|shift| shift.period == number);
            let names: Vec<String> = shifts.map(|shift| shift.variable.in_words()).collect();
            (!names.is_empty()).then(|| format!("{} in {}", period.name, names.join(", ")))
        };
        let differ: Vec<String> = self.periods.iter().enumerate().filter_map(of_period).collect();
        format!(
            "{} of {tests} tests differ from the reference by more than chance: {}.",
            found.len(),
            differ.join("; ")
        )
    }
}
