//! What the prevalence baseline predicts.

use ichflow_api::data::exams::exams_of;
use ichflow_api::data::measures::Prevalence;
use ichflow_api::metrics;
use ichflow_api::prelude::*;

/// What the prevalence baseline predicts for what was measured: the share of positives among what was trained on; without
/// a split, as of a bundle on another cohort, that among what is measured.
pub(super) fn of(cohort: &Cohort, folds: Option<&Folds>, measured: &Predictions) -> Result<Vec<f64>> {
    let unit = measured.unit;
    let Some(folds) = folds else {
        let truth: Vec<_> = measured.with_truth().map(|(_, _, truth)| truth).collect();
        return metrics::prevalence(&truth, measured.labels.len()).ok_or_else(|| unlabelled(unit));
    };
    of_training(cohort, folds, unit)
}

fn unlabelled(unit: Level) -> Error {
    Error::new(format!("no {unit} that the prevalence is counted in has labels"))
        .help("give the loader a labels file: `rsna` reads one, `dicom-dir` gives slices alone")
}

/// Share of positives of each label among the slices trained on, or the exams that all were trained on; where there is
/// none, among those for validation.
pub(super) fn of_training(cohort: &Cohort, folds: &Folds, unit: Level) -> Result<Vec<f64>> {
    if cohort.len() != folds.of_slice.len() {
        return Err(Error::new(format!(
            "the folds are of {} slices, but the cohort has {}",
            folds.of_slice.len(),
            cohort.len()
        ))
        .help("wire `cohort` and `folds` to the cohort that was split and its own split"));
    }
    let labels = cohort.labels.len();
    let found = match unit {
        Level::Slice => {
            let trained = folds.indices(Fold::Train);
            let counted = match trained.is_empty() {
                true => folds.indices(Fold::Valid),
                false => trained,
            };
            let truth: Vec<_> = counted
                .into_iter()
                .filter_map(|index| cohort.slices[index].labels.as_ref())
                .collect();
            metrics::prevalence(&truth, labels)
        }
        _ => {
            let exams = exams_of(&cohort.slices, unit, cohort.level);
            let of = |fold: Fold| {
                let whole = exams
                    .iter()
                    .filter(|exam| exam.slices.iter().all(|slice| folds.of_slice[*slice] == fold));
                let truth: Vec<_> = whole.filter_map(|exam| exam.truth.as_ref()).collect();
                metrics::prevalence(&truth, labels)
            };
            // Where exams were split apart, all of them.
            let all = || {
                let truth: Vec<_> = exams.iter().filter_map(|exam| exam.truth.as_ref()).collect();
                metrics::prevalence(&truth, labels)
            };
            of(Fold::Train).or_else(|| of(Fold::Valid)).or_else(all)
        }
    };
    found.ok_or_else(|| unlabelled(unit))
}

/// The same with the labels' names.
pub(super) fn named(labels: &LabelSet, shares: &[f64]) -> Vec<Prevalence> {
    let both = labels.names().iter().zip(shares);
    both.map(|(label, share)| Prevalence {
        label: label.clone(),
        share: *share,
    })
    .collect()
}
