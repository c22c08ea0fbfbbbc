//! How sure the numbers of a label are, by the formulas of docs/statistics.md.
//!
//! `cases` says whether every patient has one case, on which the choice of formulas rests; `area` has the AUROC,
//! `points` what thresholds give, `benefit` decision curves, `calibration` distances from frequencies.

mod area;
mod benefit;
mod calibration;
mod cases;
mod points;
#[cfg(test)]
mod tests;

use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::data::measures::LabelStatistics;
use ichflow_api::data::thresholds::LabelThresholds;
use ichflow_api::metrics::{Interval, cluster_bootstrap_of};
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

use crate::settings::Evaluate;
pub(super) use cases::Cases;

/// Thresholds that were chosen: those to name, and those to call each case by.
pub struct Chosen<'a> {
    of_label: &'a LabelThresholds,
    of_row: Vec<&'a LabelThresholds>,
}

impl<'a> Chosen<'a> {
    /// For the cases of `predictions` whose truth is known.
    pub fn of(predictions: &Predictions, thresholds: &'a Thresholds) -> Self {
        let known = predictions.with_truth();
        Self {
            of_label: &thresholds.of_label,
            of_row: known.map(|(slice, ..)| thresholds.for_slice(&slice.id)).collect(),
        }
    }
}

/// The statistics of every label.
pub fn statistics(
    labelled: &LabelledPredictions,
    chosen: Option<&Chosen<'_>>,
    settings: &Evaluate,
    rng: &mut ChaCha8Rng,
) -> Vec<LabelStatistics> {
    let seeds: Vec<u64> = (0..labelled.labels.len()).map(|_| rng.next_u64()).collect();
    seeds
        .into_par_iter()
        .enumerate()
        .map(|(label, seed)| of_label(labelled, label, chosen, settings, seed))
        .collect()
}

fn of_label(
    labelled: &LabelledPredictions,
    label: usize,
    chosen: Option<&Chosen<'_>>,
    settings: &Evaluate,
    seed: u64,
) -> LabelStatistics {
    let cases = Cases::of(labelled, label);
    let mut notes = cases.notes();
    let ranked = area::Ranking::of(&cases, settings.max_fpr);
    let points = points::of(&cases, chosen, label, settings);
    // Of the partial area, then of all that follows from each threshold's counts.
    let each = points::derived(&Default::default(), settings, cases.unit).len();
    let rng = ChaCha8Rng::seed_from_u64(seed);
    let intervals = resampled(&cases, settings, rng, 1 + each * points.len(), |times| {
        let mut found = vec![ranked.partial(&cases, times)];
        for point in &points {
            found.extend(points::derived(&point.counted(times), settings, cases.unit));
        }
        found
    });
    let (of_partial, of_points) = intervals.split_at(1);
    let operating_points = points
        .iter()
        .zip(of_points.chunks(each))
        .map(|(point, intervals)| point.statistics(&cases, intervals, settings, &mut notes))
        .collect();
    LabelStatistics {
        label: labelled.labels.name(label).to_owned(),
        cases: cases.truth.len(),
        positives: cases.positives,
        one_case_a_patient: cases.independent,
        auroc: area::auroc(&cases, &mut notes),
        partial_auroc: area::partial(&cases, settings.max_fpr, of_partial[0]),
        operating_points,
        decision_curves: benefit::curves(&cases, settings),
        calibration: calibration::of(&cases, settings, seed, &mut notes),
        notes,
    }
}

/// 95 % intervals over resampled patients; `statistics` takes how often each patient counts. None where patients are not
/// known. An interval of no width is none: resamples that agree saw too little, and are not certain.
fn resampled(
    cases: &Cases,
    settings: &Evaluate,
    mut rng: ChaCha8Rng,
    count: usize,
    statistics: impl Fn(&[u32]) -> Vec<Option<f64>> + Sync,
) -> Vec<Option<Interval>> {
    if !cases.patients_known {
        return vec![None; count];
    }
    let patients: Vec<usize> = (0..cases.patients).collect();
    let found = cluster_bootstrap_of(count, &patients, settings.bootstrap, &mut rng, |drawn| {
        let mut times = vec![0_u32; cases.patients];
        for patient in drawn {
            times[*patient] += 1;
        }
        statistics(&times)
    });
    let wide = |interval: Option<Interval>| interval.filter(|interval| interval.low < interval.high);
    found.into_iter().map(wide).collect()
}
