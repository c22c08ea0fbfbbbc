//! How far probabilities are from frequencies.

use ichflow_api::data::measures::{CalibrationStatistics, Measure, Method};
use ichflow_api::metrics::{
    CalibrationCurve, Coefficient, Confidence, Interval, calibration_in_the_large, calibration_line,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::cases::Cases;
use super::resampled;
use crate::settings::Evaluate;

/// A curve fitted again in every resample takes long: of more cases it has no interval, and needs it less.
const MOST_FOR_AN_INTERVAL: usize = 2_000;
/// Points of the curve.
const POINTS: usize = 25;

/// Calibration of the cases; `None` where they are of one class.
pub(super) fn of(
    cases: &Cases,
    settings: &Evaluate,
    seed: u64,
    notes: &mut Vec<String>,
) -> Option<CalibrationStatistics> {
    if !cases.both_classes() {
        return None;
    }
    // What a probability of 0 means on the logit scale is decided as for a submission.
    let eps = settings.submission_clip.max(settings.eps);
    let (truth, probabilities) = (&cases.truth, &cases.probabilities);
    let mut noted = |what: &str, error: String| notes.push(format!("{what} is not given: {error}"));
    let measure = |coefficient: Coefficient| measure(coefficient, cases.patients_known);
    let in_the_large = match calibration_in_the_large(truth, probabilities, &cases.patient, eps) {
        Ok(found) => measure(found),
        Err(error) => {
            noted("calibration-in-the-large", error.to_string());
            None
        }
    };
    let line = match calibration_line(truth, probabilities, &cases.patient, eps) {
        Ok(found) => Some(found),
        Err(error) => {
            noted("the calibration line", error.to_string());
            None
        }
    };
    let curve = match CalibrationCurve::fit(truth, probabilities, eps) {
        Ok(found) => Some(found),
        Err(error) => {
            noted("the calibration curve", error.to_string());
            None
        }
    };
    let ici_interval = curve.as_ref().and_then(|_| interval(cases, settings, seed, eps));
    if curve.is_some() && ici_interval.is_none() && settings.bootstrap > 0 && cases.patients_known {
        let why = match cases.truth.len() > MOST_FOR_AN_INTERVAL {
            true => format!("there are more than {MOST_FOR_AN_INTERVAL} cases"),
            false => "most resamples have no curve, since their probabilities separate the classes".into(),
        };
        notes.push(format!("the calibration index has no interval: {why}"));
    }
    Some(CalibrationStatistics {
        in_the_large,
        intercept: line.and_then(|line| measure(line.intercept)),
        slope: line.and_then(|line| measure(line.slope)),
        perfect_p: line
            .map(|line| line.perfect_p)
            .filter(|p| p.is_finite() && cases.patients_known),
        ici_interval,
        curve: curve
            .as_ref()
            .map_or_else(Vec::new, |curve| points(curve, probabilities)),
        errors: curve.map(|curve| curve.errors()),
    })
}

fn measure(coefficient: Coefficient, patients_known: bool) -> Option<Measure> {
    let interval = Some(coefficient.interval(Confidence::PERCENT_95))
        .filter(|interval| patients_known && interval.low.is_finite() && interval.low < interval.high);
    coefficient.value.is_finite().then_some(Measure {
        value: coefficient.value,
        interval,
        method: interval.map(|_| Method::Sandwich),
    })
}

/// Of the integrated calibration index.
fn interval(cases: &Cases, settings: &Evaluate, seed: u64, eps: f64) -> Option<Interval> {
    if cases.truth.len() > MOST_FOR_AN_INTERVAL {
        return None;
    }
    let rng = ChaCha8Rng::seed_from_u64(seed.wrapping_add(1));
    let found = resampled(cases, settings, rng, 1, |times| {
        let repeated = |case: usize| std::iter::repeat_n(case, times[cases.patient[case]] as usize);
        let (truth, probabilities): (Vec<bool>, Vec<f64>) = (0..cases.truth.len())
            .flat_map(repeated)
            .map(|case| (cases.truth[case], cases.probabilities[case]))
            .unzip();
        let curve = CalibrationCurve::fit(&truth, &probabilities, eps).ok();
        vec![curve.map(|curve| curve.errors().ici)]
    });
    found.first().copied().flatten()
}

/// The curve between the lowest and the highest probability.
fn points(curve: &CalibrationCurve, probabilities: &[f64]) -> Vec<[f64; 2]> {
    let low = probabilities.iter().copied().fold(1.0, f64::min);
    let high = probabilities.iter().copied().fold(0.0, f64::max);
    (0..POINTS)
        .map(|step| low + (high - low) * step as f64 / (POINTS - 1) as f64)
        .map(|probability| [probability, curve.observed_at(probability)])
        .collect()
}
