//! The cases of one label, and whether they are independent.

use std::collections::HashMap;

use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::prelude::*;

/// Cases of one label whose truth is known, one entry each.
pub(in crate::measures) struct Cases {
    /// What a case is.
    pub unit: Level,
    /// The row that a case is among the labelled predictions.
    pub rows: Vec<usize>,
    pub truth: Vec<bool>,
    pub probabilities: Vec<f64>,
    /// The patient of each case, numbered from 0 without gaps; each its own where patients are not known.
    pub patient: Vec<usize>,
    pub patients: usize,
    /// Whether it is known whose a case is.
    pub patients_known: bool,
    /// Whether it is known that every patient has one case.
    pub independent: bool,
    pub positives: usize,
}

impl Cases {
    pub(in crate::measures) fn of(labelled: &LabelledPredictions, label: usize) -> Self {
        let (rows, truth): (Vec<usize>, Vec<bool>) = labelled.known(label).unzip();
        let patients_known = labelled.patients > 0;
        let mut numbers: HashMap<usize, usize> = HashMap::new();
        let patient: Vec<usize> = rows
            .iter()
            .map(|row| {
                let whose = if patients_known {
                    labelled.patient[*row]
                } else {
                    *row
                };
                let next = numbers.len();
                *numbers.entry(whose).or_insert(next)
            })
            .collect();
        let patients = numbers.len();
        Self {
            unit: labelled.unit,
            probabilities: rows
                .iter()
                .map(|row| labelled.probabilities[*row][label])
                .collect(),
            positives: truth.iter().filter(|positive| **positive).count(),
            independent: patients_known && patients == rows.len(),
            patients,
            patients_known,
            rows,
            truth,
            patient,
        }
    }

    /// Whether positives and negatives occur.
    pub(super) fn both_classes(&self) -> bool {
        self.positives > 0 && self.positives < self.truth.len()
    }

    /// What a reader has to know before all else.
    pub(super) fn notes(&self) -> Vec<String> {
        let unit = self.unit;
        let mut notes = Vec::new();
        if !self.both_classes() {
            let which = if self.positives == 0 { "no" } else { "every" };
            notes.push(format!(
                "{which} {unit} is positive, so the AUROC, likelihood ratios, values at a stated prevalence and calibration \
                 are undefined"
            ));
        }
        if !self.patients_known {
            notes.push(format!(
                "it is not known which {} belong to one patient, so nothing has an interval",
                unit.plural()
            ));
        }
        notes
    }
}
