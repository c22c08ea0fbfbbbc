//! Decision curves.

use ichflow_api::data::measures::DecisionCurve;
use ichflow_api::metrics::decision_curve;

use super::cases::Cases;
use crate::settings::Evaluate;

/// Dense where a missed finding weighs far more than a false positive.
fn thresholds() -> Vec<f64> {
    let dense = (1..20).map(|percent| f64::from(percent) / 100.0);
    let sparse = (4..20).map(|twentieth| f64::from(twentieth) / 20.0);
    dense.chain(sparse).collect()
}

/// Among these cases, then at each stated prevalence, which is one of exams.
pub(super) fn curves(cases: &Cases, settings: &Evaluate) -> Vec<DecisionCurve> {
    let stated = settings.prevalences.iter().map(|prevalence| Some(*prevalence));
    let stated = stated.filter(|_| !cases.unit.is_slice());
    let thresholds = thresholds();
    std::iter::once(None)
        .chain(stated)
        .filter_map(|prevalence| {
            let points = decision_curve(&cases.truth, &cases.probabilities, &thresholds, prevalence).ok()?;
            Some(DecisionCurve { prevalence, points })
        })
        .collect()
}
