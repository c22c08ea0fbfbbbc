//! Subgroups: how good the model is for each scanner, age band or site.
//!
//! `rows` are the cases of the label that stands for all, `group` measures some of them, `lesion_load` divides positives by
//! how much of the exam is positive.

mod group;
mod lesion_load;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use ichflow_api::data::attribute::{Attribute, Value};
use ichflow_api::data::measures::{Subgroup, Subgrouping, Subgroups, Suppressed, WorstGroup};
use ichflow_api::metrics::holm;
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;

use crate::settings::Evaluate;
use group::{against_rest, measured};
use lesion_load::LesionLoad;
use rows::Rows;

/// Patients who must have a class for a measure that rests on it: fewer make an interval from almost 0 to almost 1.
pub(super) const MIN_CLASS: usize = 5;
/// A difference between groups is taken for one below this p value.
const ALPHA: f64 = 0.05;

/// The subgroups of some predictions; `None` where nothing divides them. `slices` are the predictions of slices that exams
/// were made of: they tell how much of an exam is positive.
pub fn subgroups(
    predictions: &Predictions,
    slices: Option<&Predictions>,
    thresholds: Option<&Thresholds>,
    settings: &Evaluate,
    rng: &mut ChaCha8Rng,
) -> Option<Subgroups> {
    let rows = Rows::of(predictions, thresholds, settings.threshold);
    let slice_of = |row: usize| &predictions.slices[rows.members[row].place];
    let mut attributes = Vec::new();
    for attribute in attributes_of(predictions) {
        let mut groups: BTreeMap<Value, Vec<usize>> = BTreeMap::new();
        let mut unknown = 0;
        for row in 0..rows.members.len() {
            match attribute.of(slice_of(row)) {
                Some(value) => groups.entry(value).or_default().push(row),
                None => unknown += 1,
            }
        }
        if groups.len() < 2 {
            continue;
        }
        let (shown, suppressed) = large_enough(groups, &rows, settings.min_group);
        let groups = shown
            .into_iter()
            .map(|(name, of)| {
                let mut group = measured(&name, &rows.some(&of), settings, rng);
                let inside: BTreeSet<usize> = of.into_iter().collect();
                let rest: Vec<usize> = (0..rows.members.len())
                    .filter(|row| !inside.contains(row))
                    .collect();
                group.versus_rest = against_rest(
                    &rows.some(&inside.into_iter().collect::<Vec<_>>()),
                    &rows.some(&rest),
                );
                group
            })
            .collect();
        attributes.push(Subgrouping {
            by: attribute.name().to_owned(),
            title: attribute.title(),
            of_positives: false,
            groups,
            suppressed,
            unknown,
            worst: None,
        });
    }
    if let Some(load) = LesionLoad::of(predictions.unit, slices.unwrap_or(predictions)) {
        attributes.extend(by_load(&load, predictions, &rows, settings, rng));
    }
    let tests = correct(&mut attributes);
    for attribute in &mut attributes {
        attribute.worst = worst(attribute, tests);
    }
    (!attributes.is_empty()).then(|| Subgroups {
        label: predictions.labels.name(predictions.labels.headline()).to_owned(),
        unit: predictions.unit,
        min_group: settings.min_group,
        min_class: MIN_CLASS,
        threshold_chosen: rows.chosen,
        threshold: rows.threshold,
        tests,
        attributes,
    })
}

/// What headers tell, and the cohort's own columns. The maker is a part of the scanner.
fn attributes_of(predictions: &Predictions) -> Vec<Attribute> {
    let of_headers = Attribute::OF_HEADERS;
    let columns: BTreeSet<&str> = predictions
        .slices
        .iter()
        .flat_map(|slice| slice.scan.columns.keys())
        .map(String::as_str)
        .collect();
    // A column that is called like an attribute of headers stands in for it.
    let columns = columns
        .into_iter()
        .map(Attribute::named)
        .filter(|attribute| matches!(attribute, Attribute::Column(_)));
    let of_headers = of_headers
        .into_iter()
        .filter(|attribute| *attribute != Attribute::Maker);
    columns.chain(of_headers).collect()
}

/// Groups with enough patients, by name and rows.
type Shown = Vec<(String, Vec<usize>)>;

/// Groups with enough patients, and how many have not.
fn large_enough(
    groups: BTreeMap<Value, Vec<usize>>,
    rows: &Rows,
    least: usize,
) -> (Shown, Option<Suppressed>) {
    let (shown, small): (Vec<_>, Vec<_>) = groups
        .into_iter()
        .map(|(value, of)| (value.text, of))
        .partition(|(_, of)| rows.patients(of) >= least);
    let suppressed = Suppressed {
        groups: small.len(),
        rows: small.iter().map(|(_, of)| of.len()).sum(),
    };
    (shown, Some(suppressed).filter(|suppressed| suppressed.groups > 0))
}

/// Positives by how much of their exam is positive, each group beside all negatives.
fn by_load(
    load: &LesionLoad,
    predictions: &Predictions,
    rows: &Rows,
    settings: &Evaluate,
    rng: &mut ChaCha8Rng,
) -> Option<Subgrouping> {
    let mut groups: BTreeMap<Value, Vec<usize>> = BTreeMap::new();
    let (mut negatives, mut unknown) = (Vec::new(), 0);
    for (row, member) in rows.members.iter().enumerate() {
        if !member.positive {
            negatives.push(row);
            continue;
        }
        match load.band(&predictions.slices[member.place].id) {
            Some(band) => groups.entry(band).or_default().push(row),
            None => unknown += 1,
        }
    }
    if groups.len() < 2 {
        return None;
    }
    let (shown, suppressed) = large_enough(groups, rows, settings.min_group);
    let groups = shown
        .into_iter()
        .map(|(name, positives)| {
            let of: Vec<usize> = positives.iter().chain(&negatives).copied().collect();
            let both = measured(&name, &rows.some(&of), settings, rng);
            let own = measured(&name, &rows.some(&positives), settings, rng);
            Subgroup {
                auroc: both.auroc,
                // Calibration and specificity are of positives and negatives together, and there is no own share of these.
                specificity: None,
                in_the_large: None,
                versus_rest: None,
                ..own
            }
        })
        .collect();
    Some(Subgrouping {
        by: "lesion_load".into(),
        title: "Lesion load".into(),
        of_positives: true,
        groups,
        suppressed,
        unknown,
        worst: None,
    })
}

/// Corrects the p values of all groups for their number, and says how many tests there are. Where two groups are all
/// there is, they are one test.
fn correct(attributes: &mut [Subgrouping]) -> usize {
    let mut p_values = Vec::new();
    let mut place_of: Vec<Vec<Option<usize>>> = Vec::new();
    for attribute in attributes.iter() {
        let first = p_values.len();
        let is_one = attribute.groups.len() == 2 && attribute.suppressed.is_none() && attribute.unknown == 0;
        let mut places = Vec::new();
        for group in &attribute.groups {
            let Some(versus) = &group.versus_rest else {
                places.push(None);
                continue;
            };
            if !(is_one && p_values.len() > first) {
                p_values.push(versus.p_value);
            }
            places.push(Some(p_values.len() - 1));
        }
        place_of.push(places);
    }
    // P values come of a normal distribution and are shares.
    let corrected = holm(&p_values).unwrap_or_else(|_| p_values.clone());
    for (attribute, places) in attributes.iter_mut().zip(place_of) {
        for (group, place) in attribute.groups.iter_mut().zip(places) {
            if let (Some(versus), Some(place)) = (&mut group.versus_rest, place) {
                versus.p_holm = corrected[place];
            }
        }
    }
    p_values.len()
}

/// The group with the lowest AUROC, where two have one.
fn worst(attribute: &Subgrouping, tests: usize) -> Option<WorstGroup> {
    let with = || {
        attribute
            .groups
            .iter()
            .filter_map(|group| Some((group, group.auroc?.value)))
    };
    if with().count() < 2 {
        return None;
    }
    let (group, auroc) = with().min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    let lowest = format!("{} has the lowest AUROC, {auroc:.3}", group.name);
    let in_words = match &group.versus_rest {
        None => lowest,
        Some(versus) => {
            let interval = versus.interval.map_or(String::new(), |interval| {
                format!("95 % {:+.3} to {:+.3}, ", interval.low, interval.high)
            });
            format!(
                "{lowest}; {:+.3} beside all others ({interval}p = {:.3} corrected for {tests} tests){}",
                versus.difference,
                versus.p_holm,
                if versus.p_holm < ALPHA {
                    ""
                } else {
                    ", which may be chance"
                },
            )
        }
    };
    Some(WorstGroup {
        name: group.name.clone(),
        auroc,
        in_words,
    })
}
