//! `calibrate`: probabilities that are as frequent as they say.

pub mod isotonic_curve;
pub mod sigmoid_curve;

use std::collections::HashMap;

use ichflow_api::labels::{COUNT, Labels};
use ichflow_api::metrics;
use ichflow_api::prelude::*;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use isotonic_curve::IsotonicCurve;
use sigmoid_curve::SigmoidCurve;

/// The shape of the curve from predicted to calibrated probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A sigmoid of the logit with a slope and an offset: two numbers a label.
    #[default]
    Platt,
    /// A sigmoid of the logit with a slope alone: one number a label.
    Temperature,
    /// Any rising curve: for thousands of positives.
    Isotonic,
}

/// Calibrates each label's probabilities so that they are as frequent as they say.
///
/// The curves are fitted to held-out predictions alone. Held-out slices are calibrated by curves fitted
/// without their patient (cross-fitting over patients), so that the scores that follow are honest; test
/// slices by curves fitted to all held-out slices. A label that every slice has, or none, is left as it
/// is. Subtypes and `any` are calibrated apart: `consistent-any` after this makes them agree.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Calibrate {
    /// The shape of the curves: `platt`, `temperature` or `isotonic`.
    pub method: Method,
    /// Into how many parts the held-out patients are dealt; each is calibrated by curves fitted to the
    /// others.
    #[schemars(range(min = 2, max = 1000))]
    pub parts: usize,
}

impl Default for Calibrate {
    fn default() -> Self {
        Self {
            method: Method::Platt,
            parts: 5,
        }
    }
}

/// From predicted to calibrated probabilities of one label.
enum Curve {
    /// There was nothing to fit to.
    Same,
    Sigmoid(SigmoidCurve),
    Isotonic(IsotonicCurve),
}

impl Curve {
    fn fit(method: Method, probabilities: &[f64], truth: &[bool]) -> Self {
        let positives = truth.iter().filter(|positive| **positive).count();
        if positives == 0 || positives == truth.len() {
            return Self::Same;
        }
        match method {
            Method::Platt => Self::Sigmoid(SigmoidCurve::fit(probabilities, truth, true)),
            Method::Temperature => Self::Sigmoid(SigmoidCurve::fit(probabilities, truth, false)),
            Method::Isotonic => Self::Isotonic(IsotonicCurve::fit(probabilities, truth)),
        }
    }

    fn apply(&self, probability: f64) -> f64 {
        match self {
            Self::Same => probability,
            Self::Sigmoid(curve) => curve.apply(probability),
            Self::Isotonic(curve) => curve.apply(probability),
        }
    }
}

/// A curve for every label.
struct Curves([Curve; COUNT]);

impl Curves {
    /// Fits to the held-out slices for which `keep` holds and whose truth is known.
    fn fit(method: Method, held_out: &Predictions, keep: impl Fn(usize) -> bool) -> Self {
        let (probabilities, truth): (Vec<[f64; COUNT]>, Vec<Labels>) = (0..held_out.slices.len())
            .filter(|index| keep(*index))
            .filter_map(|index| {
                let truth = held_out.slices[index].labels?;
                Some((held_out.probabilities[index], truth))
            })
            .unzip();
        Self(std::array::from_fn(|label| {
            let of_label: Vec<f64> = probabilities.iter().map(|row| row[label]).collect();
            let truth: Vec<bool> = truth.iter().map(|truth| truth[label]).collect();
            Curve::fit(method, &of_label, &truth)
        }))
    }

    fn apply(&self, row: &[f64; COUNT]) -> [f64; COUNT] {
        std::array::from_fn(|label| self.0[label].apply(row[label]))
    }

    /// Labels that are left as they are.
    fn untouched(&self) -> impl Iterator<Item = &'static str> + '_ {
        let same = |label: &usize| matches!(self.0[*label], Curve::Same);
        (0..COUNT).filter(same).map(|label| LABELS[label])
    }
}

impl Stage for Calibrate {
    const NAME: &'static str = "calibrate";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str =
        "makes probabilities as frequent as they say, by Platt, temperature or isotonic";
    const EXAMPLE: &'static str = "[calibrate]\nuse = \"calibrate\"\nmethod = \"platt\"\n";
    const SEEDED: bool = true;

    fn ports(&self) -> Ports {
        super::ports()
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let held_out = inputs.get::<Predictions>("valid")?;
        if held_out.with_truth().next().is_none() {
            return Err(Error::new(
                "no held-out slice has known labels, so there is nothing to calibrate to",
            )
            .help("hold out slices of the labelled cohort"));
        }
        let part_of = deal(&held_out, self.parts, &mut context.rng("parts"))?;
        let parts = part_of.iter().max().map_or(0, |last| last + 1);
        let mut calibrated = (*held_out).clone();
        for part in 0..parts {
            let curves = Curves::fit(self.method, &held_out, |index| part_of[index] != part);
            for (index, row) in calibrated.probabilities.iter_mut().enumerate() {
                if part_of[index] == part {
                    *row = curves.apply(row);
                }
            }
        }
        let curves = Curves::fit(self.method, &held_out, |_| true);
        let untouched: Vec<&str> = curves.untouched().collect();
        if !untouched.is_empty() {
            context.warn(format!(
                "held-out slices are all alike in {}: left as they are",
                untouched.join(", ")
            ));
        }
        describe(&held_out, &calibrated, &curves, parts, context);
        let test = inputs.find::<Predictions>("test")?.map(|test| Predictions {
            slices: test.slices.clone(),
            probabilities: test.probabilities.iter().map(|row| curves.apply(row)).collect(),
        });
        super::offer(calibrated, test, context)
    }
}

ichflow_api::register!(Calibrate);

/// The part of every slice: all slices of a patient (of a study, where no patient is named) in one part,
/// and bleeding spread over the parts.
fn deal(predictions: &Predictions, parts: usize, rng: &mut ChaCha8Rng) -> Result<Vec<usize>> {
    let mut numbers: HashMap<(bool, &str), usize> = HashMap::new();
    let mut bleeding: Vec<usize> = Vec::new();
    let patient_of: Vec<usize> = predictions
        .slices
        .iter()
        .map(|slice| {
            let (patient, study) = (slice.patient.trim(), slice.study.trim());
            let key = if patient.is_empty() {
                (false, study)
            } else {
                (true, patient)
            };
            let next = numbers.len();
            let number = *numbers.entry(key).or_insert(next);
            bleeding.resize(numbers.len(), 0);
            bleeding[number] += usize::from(slice.labels.is_some_and(|labels| labels[0]));
            number
        })
        .collect();
    if bleeding.len() < 2 {
        return Err(Error::new(
            "the held-out slices are of one patient, and a patient cannot calibrate itself",
        )
        .help("hold out more patients, or leave `calibrate` out"));
    }
    let mut order: Vec<usize> = (0..bleeding.len()).collect();
    order.shuffle(rng);
    // Stable: patients who bleed on equally many slices keep their random order.
    order.sort_by_key(|patient| std::cmp::Reverse(bleeding[*patient]));
    let parts = parts.min(order.len());
    let mut part_of = vec![0; order.len()];
    for (place, patient) in order.into_iter().enumerate() {
        part_of[patient] = place % parts;
    }
    Ok(patient_of.into_iter().map(|patient| part_of[patient]).collect())
}

/// Says what calibration did to the held-out slices.
fn describe(before: &Predictions, after: &Predictions, curves: &Curves, parts: usize, context: &Context) {
    let measure = |predictions: &Predictions| {
        let (probabilities, truth): (Vec<_>, Vec<_>) = predictions
            .with_truth()
            .map(|(_, probabilities, truth)| (*probabilities, truth))
            .unzip();
        metrics::weighted_log_loss(&truth, &probabilities, metrics::DEFAULT_EPS).unwrap_or(f64::NAN)
    };
    let (before, after) = (measure(before), measure(after));
    context.say(format!(
        "weighted log loss of held-out slices {before:.4} → {after:.4}, cross-fitted over {parts} parts"
    ));
    let sigmoids: Vec<_> = LABELS
        .iter()
        .zip(&curves.0)
        .filter_map(|(label, curve)| match curve {
            Curve::Sigmoid(curve) => {
                Some(json!({"label": label, "slope": curve.slope, "offset": curve.offset}))
            }
            Curve::Same | Curve::Isotonic(_) => None,
        })
        .collect();
    context.event(
        "calibration",
        json!({"parts": parts, "log_loss_before": before, "log_loss_after": after, "sigmoids": sigmoids}),
    );
}

#[cfg(test)]
mod tests;
