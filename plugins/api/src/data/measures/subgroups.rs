//! The metrics of subgroups: by scanner, age band, site.

use ichflow_metrics::{Confusion, Interval};
use serde::Serialize;

use super::statistics::Measure;
use crate::data::labels::Level;

/// The subgroups of one part of the data, for the label that stands for all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Subgroups {
    /// The label.
    pub label: String,
    /// What a row is.
    pub unit: Level,
    /// Groups of fewer patients are counted and not shown.
    pub min_group: usize,
    /// Sensitivity, specificity and AUROC are given where so many patients have the class they rest on.
    pub min_class: usize,
    /// Whether the threshold was chosen on validation rows; else it is the fixed one.
    pub threshold_chosen: bool,
    /// From which probability on a row is called positive.
    pub threshold: f64,
    /// Tests of a group against all other rows, over all attributes: what p values are corrected for.
    pub tests: usize,
    /// One for each attribute that divides the rows.
    pub attributes: Vec<Subgrouping>,
}

/// The rows by one attribute.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Subgrouping {
    /// `scanner`, `age`, `lesion_load`, or the name of a column.
    pub by: String,
    /// The same as a title: "Scanner".
    pub title: String,
    /// Whether groups are of positives alone, each held against all negatives.
    pub of_positives: bool,
    /// Groups that are large enough.
    pub groups: Vec<Subgroup>,
    /// Groups that are not, if there are some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Suppressed>,
    /// Rows of which nothing is known of the attribute.
    pub unknown: usize,
    /// The group with the lowest AUROC, where two have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst: Option<WorstGroup>,
}

/// One subgroup. What is undefined, or rests on too few patients, is absent.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Subgroup {
    /// The value they have in common.
    pub name: String,
    /// Rows whose truth is known.
    pub rows: usize,
    /// Patients they belong to.
    pub patients: usize,
    /// Rows that are positive.
    pub positives: usize,
    /// Share of positives.
    pub prevalence: f64,
    /// Area under the ROC curve.
    pub auroc: Option<Measure>,
    /// Calls at the threshold.
    pub confusion: Confusion,
    /// `TP/(TP + FN)`.
    pub sensitivity: Option<Measure>,
    /// `TN/(TN + FP)`.
    pub specificity: Option<Measure>,
    /// The mean of the predicted probabilities, to be held against the prevalence.
    pub mean_probability: f64,
    /// Calibration-in-the-large, on the logit scale: above 0 the probabilities are too low for the group.
    pub in_the_large: Option<Measure>,
    /// How its AUROC differs from that of all other rows.
    pub versus_rest: Option<VersusRest>,
}

/// The AUROC of a group beside that of all other rows, whose patients are others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct VersusRest {
    /// That of the other rows.
    pub rest: f64,
    /// The group's less that of the others.
    pub difference: f64,
    /// Its 95 % interval.
    pub interval: Option<Interval>,
    /// Two-sided p value of "they are the same".
    pub p_value: f64,
    /// The same by Holm's correction for all tests of the part.
    pub p_holm: f64,
}

/// Groups that are too small to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Suppressed {
    /// How many there are.
    pub groups: usize,
    /// Their rows.
    pub rows: usize,
}

/// The group with the lowest AUROC.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WorstGroup {
    /// Its name.
    pub name: String,
    /// Its AUROC.
    pub auroc: f64,
    /// What that means, in a sentence.
    pub in_words: String,
}
