//! `calibrate`: probabilities that agree with observed frequencies.

mod fitted_curve;
pub mod isotonic_curve;
pub mod sigmoid_curve;

use ichflow_api::data::calibration::{LabelCalibration, LabelReliability};
use ichflow_api::metrics;
use ichflow_api::prelude::*;
use serde_json::json;

use super::parts::{count, deal};
use crate::slices::offer;
pub use fitted_curve::FittedCurve;
use isotonic_curve::IsotonicCurve;
use sigmoid_curve::SigmoidCurve;

/// The shape of the curve from predicted to calibrated probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// A sigmoid of the logit with a slope and an offset: two numbers per label.
    #[default]
    Platt,
    /// A sigmoid of the logit with a slope alone: one number per label.
    Temperature,
    /// Any rising curve: for thousands of positives.
    Isotonic,
}

/// Calibrates each label's probabilities, so that they agree with observed frequencies.
///
/// The curves are fitted to validation predictions alone. Validation slices are calibrated by curves fitted
/// without their patient (cross-fitting over patients), so that the scores that follow are honest; test
/// slices by curves fitted to all validation slices. A label that every slice has, or none, is left as it
/// is. Subtypes and `any` are calibrated apart: `consistent-any` after this makes them agree. With `curves`, as an
/// earlier run has fitted them, nothing is fitted and all slices are calibrated alike.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Calibrate {
    /// The shape of the curves: `platt`, `temperature` or `isotonic`.
    pub method: Method,
    /// Into how many parts the validation patients are dealt; each is calibrated by curves fitted to the
    /// others.
    #[schemars(range(min = 2, max = 1000))]
    pub parts: usize,
    /// Curves fitted earlier, one per label in the usual order (`any` first); `method` and `parts` are
    /// then not used.
    #[schemars(length(min = 6, max = 6))]
    pub curves: Option<Vec<FittedCurve>>,
}

impl Default for Calibrate {
    fn default() -> Self {
        Self {
            method: Method::Platt,
            parts: 5,
            curves: None,
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
    fn fit(method: Method, probabilities: &[f64], truth: &[bool]) -> Result<Self> {
        let positives = truth.iter().filter(|positive| **positive).count();
        if positives == 0 || positives == truth.len() {
            return Ok(Self::Same);
        }
        Ok(match method {
            Method::Platt => Self::Sigmoid(SigmoidCurve::fit(probabilities, truth, true)?),
            Method::Temperature => Self::Sigmoid(SigmoidCurve::fit(probabilities, truth, false)?),
            Method::Isotonic => Self::Isotonic(IsotonicCurve::fit(probabilities, truth)),
        })
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
struct Curves(Vec<Curve>);

impl Curves {
    /// Fits to the validation slices for which `keep` holds and whose truth is known.
    fn fit(method: Method, validation: &Predictions, keep: impl Fn(usize) -> bool) -> Result<Self> {
        let curves = (0..validation.labels.len()).map(|label| {
            let known = validation.known(label).filter(|(index, ..)| keep(*index));
            let (probabilities, truth): (Vec<f64>, Vec<bool>) = known
                .map(|(_, positive, probability)| (probability, positive))
                .unzip();
            Curve::fit(method, &probabilities, &truth)
        });
        Ok(Self(curves.collect::<Result<_>>()?))
    }

    /// Curves that are there already.
    fn known(curves: &[FittedCurve], labels: &LabelSet) -> Result<Self> {
        let curves: Option<Vec<Curve>> = curves.iter().map(FittedCurve::curve).collect();
        match curves.filter(|curves| curves.len() == labels.len()) {
            Some(curves) => Ok(Self(curves)),
            None => Err(Error::new(format!(
                "`curves` are not {} curves, one per label",
                labels.len()
            ))),
        }
    }

    fn apply(&self, row: &[f64]) -> Vec<f64> {
        let curves = self.0.iter().zip(row);
        curves
            .map(|(curve, probability)| curve.apply(*probability))
            .collect()
    }

    /// All of some predictions, calibrated.
    fn to_all(&self, predictions: &Predictions) -> Predictions {
        predictions.with_rows(
            predictions
                .probabilities
                .iter()
                .map(|row| self.apply(row))
                .collect(),
        )
    }

    /// Labels that are left as they are.
    fn untouched<'a>(&'a self, labels: &'a LabelSet) -> impl Iterator<Item = &'a str> {
        let same = |(_, curve): &(&String, &Curve)| matches!(curve, Curve::Same);
        let named = labels.names().iter().zip(&self.0);
        named.filter(same).map(|(label, _)| label.as_str())
    }
}

impl Stage for Calibrate {
    const NAME: &'static str = "calibrate";
    const FAMILY: Family = Family::Predict;
    const SUMMARY: &'static str =
        "calibrates probabilities: Platt scaling, temperature or isotonic regression";
    const EXAMPLE: &'static str = "[calibrate]\nuse = \"calibrate\"\nmethod = \"platt\"\n";
    const SEEDED: bool = true;

    fn ports() -> Ports {
        super::ports().offers(output::CALIBRATION)
    }

    fn narrow(&self, all: Ports) -> Ports {
        all.offers_only_if(self.curves.is_none(), output::CALIBRATION)
    }

    fn check(&self) -> Vec<Problem> {
        let curves = self.curves.iter().flatten().enumerate();
        curves
            .filter(|(_, curve)| curve.curve().is_none())
            .map(|(index, _)| {
                Problem::new(format!("curves[{index}]"), "this makes no curve").help(
                    "give `slope` and `offset`, or `predicted` and `observed` that rise, or an empty table",
                )
            })
            .collect()
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        super::check_one_level(
            &*inputs.take(input::VALID)?,
            inputs.get(optional::TEST)?.as_deref(),
        )?;
        if let Some(curves) = &self.curves {
            let curves = Curves::known(curves, &inputs.take(input::VALID)?.labels)?;
            return super::refine(inputs, context, |predictions| curves.to_all(predictions));
        }
        let validation = inputs.take(input::VALID)?;
        if validation.with_truth().next().is_none() {
            return Err(Error::new(
                "no validation slice has known labels, so there is nothing to calibrate to",
            )
            .help("split the labelled cohort, so that some of its slices are for validation"));
        }
        let part_of = deal(&validation, self.parts, &mut context.rng("parts"))?;
        let parts = count(&part_of);
        let mut calibrated = (*validation).clone();
        for part in 0..parts {
            let curves = Curves::fit(self.method, &validation, |index| part_of[index] != part)?;
            for (index, row) in calibrated.probabilities.iter_mut().enumerate() {
                if part_of[index] == part {
                    *row = curves.apply(row);
                }
            }
        }
        let curves = Curves::fit(self.method, &validation, |_| true)?;
        let untouched: Vec<&str> = curves.untouched(&validation.labels).collect();
        if !untouched.is_empty() {
            context.warn(format!(
                "all validation slices have the same label for {}: left as they are",
                untouched.join(", ")
            ));
        }
        let calibration = compare(&validation, &calibrated, self.method);
        describe(&calibration, &curves, &validation.labels, parts, context);
        context.settle(&Self {
            curves: Some(curves.0.iter().map(FittedCurve::of).collect()),
            ..self.clone()
        })?;
        let test = inputs.get(optional::TEST)?.map(|test| curves.to_all(&test));
        Ok(offer(calibrated, test, context)?.with(output::CALIBRATION, calibration))
    }
}

ichflow_api::register!(Calibrate);

/// What calibration did to the validation slices.
fn compare(before: &Predictions, after: &Predictions, method: Method) -> Calibration {
    const BINS: usize = 15;
    let loss = |predictions: &Predictions| {
        let (probabilities, truth): (Vec<_>, Vec<_>) = predictions
            .with_truth()
            .map(|(_, probabilities, truth)| (probabilities, truth))
            .unzip();
        let weights = predictions.labels.weights();
        metrics::weighted_log_loss(&truth, &probabilities, weights, metrics::DEFAULT_EPS).unwrap_or(f64::NAN)
    };
    let of_label = |predictions: &Predictions, label: usize| {
        let (probabilities, truth): (Vec<f64>, Vec<bool>) = predictions
            .known(label)
            .map(|(_, positive, probability)| (probability, positive))
            .unzip();
        let defined = |value: Option<f64>| value.unwrap_or(f64::NAN);
        LabelReliability {
            log_loss: defined(metrics::label_log_loss(
                &truth,
                &probabilities,
                metrics::DEFAULT_EPS,
            )),
            expected_calibration_error: defined(metrics::expected_calibration_error(
                &truth,
                &probabilities,
                BINS,
            )),
            bins: metrics::reliability(&truth, &probabilities, BINS),
        }
    };
    Calibration {
        unit: before.unit,
        method: match method {
            Method::Platt => "platt",
            Method::Temperature => "temperature",
            Method::Isotonic => "isotonic",
        }
        .into(),
        weighted_log_loss_before: loss(before),
        weighted_log_loss_after: loss(after),
        labels: (0..before.labels.len())
            .map(|label| LabelCalibration {
                label: before.labels.name(label).into(),
                before: of_label(before, label),
                after: of_label(after, label),
            })
            .collect(),
    }
}

/// Says what calibration did to the validation slices.
fn describe(calibration: &Calibration, curves: &Curves, labels: &LabelSet, parts: usize, context: &Context) {
    let (before, after) = (
        calibration.weighted_log_loss_before,
        calibration.weighted_log_loss_after,
    );
    context.say(format!(
        "weighted log loss of validation {} {before:.4} → {after:.4}, cross-fitted over {parts} parts",
        calibration.unit.plural()
    ));
    let sigmoids: Vec<_> = labels
        .names()
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
