//! Calibration in two numbers: whether probabilities are too high or too low, too extreme or too timid.

use crate::logistic;
use crate::special::normal;
use crate::{Confidence, Interval, MetricsError, checks};

/// A coefficient of a logistic regression, on the logit scale.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Coefficient {
    /// The estimate.
    pub value: f64,
    /// Its standard error over patients.
    pub standard_error: f64,
}

impl Coefficient {
    /// The interval of Wald, `value ± z·SE`.
    pub fn interval(&self, confidence: Confidence) -> Interval {
        confidence.around(self.value, self.standard_error)
    }

    /// Two-sided p value of "the coefficient is `value`".
    pub fn p_value_of(&self, value: f64) -> f64 {
        normal::two_sided((self.value - value) / self.standard_error)
    }
}

/// Cox's recalibration (1958), `logit P(positive) = intercept + slope·logit p`; 0 and 1 are perfect.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct CalibrationLine {
    /// Where the line passes p = 0.5; see [`calibration_in_the_large`] for whether p is too high on the whole.
    pub intercept: Coefficient,
    /// Below 1 the probabilities are too extreme, as after overfitting; above 1 they are too timid.
    pub slope: Coefficient,
    /// p value of "intercept 0 and slope 1" (Wald's test with two degrees of freedom).
    pub perfect_p: f64,
}

/// Calibration intercept and slope; standard errors hold for several cases a patient.
///
/// `truth`, `probabilities` and `cluster_of` have one entry a case, the last its patient. Probabilities are
/// clipped to `[eps, 1 − eps]`, since those of 0 and 1 have no logit.
///
/// # Errors
/// [`MetricsError::NoSpread`] where all probabilities are alike, [`MetricsError::Separated`] where they separate
/// the classes, [`MetricsError::TooFew`] with one class or fewer than three cases or two patients,
/// [`MetricsError::Range`] and [`MetricsError::Length`] for bad arguments.
pub fn calibration_line(
    truth: &[bool],
    probabilities: &[f64],
    cluster_of: &[usize],
    eps: f64,
) -> Result<CalibrationLine, MetricsError> {
    let logits = logits(truth, probabilities, cluster_of, eps)?;
    let rows: Vec<[f64; 2]> = logits.iter().map(|logit| [1.0, *logit]).collect();
    let fit = logistic::fit(
        &rows,
        &vec![0.0; rows.len()],
        truth,
        cluster_of,
        "the calibration slope",
    )?;
    let coefficient = |k: usize| Coefficient {
        value: fit.coefficients[k],
        standard_error: fit.covariance[k][k].sqrt(),
    };
    let off = [fit.coefficients[0], fit.coefficients[1] - 1.0];
    // Two patients' scores span one direction only; there is no joint test then.
    let distance = logistic::inverse(&fit.covariance).map_or(f64::NAN, |inverse| {
        (0..2)
            .map(|i| (0..2).map(|j| off[i] * inverse[i][j] * off[j]).sum::<f64>())
            .sum::<f64>()
    });
    Ok(CalibrationLine {
        intercept: coefficient(0),
        slope: coefficient(1),
        // The upper tail of χ² with two degrees of freedom.
        perfect_p: (-distance / 2.0).exp(),
    })
}

/// Calibration-in-the-large: the intercept with the slope held at 1. Above 0 the probabilities are too low on
/// the whole, below 0 too high; 0 where the mean fits.
///
/// # Errors
/// As [`calibration_line`], without [`MetricsError::NoSpread`] and [`MetricsError::Separated`].
pub fn calibration_in_the_large(
    truth: &[bool],
    probabilities: &[f64],
    cluster_of: &[usize],
    eps: f64,
) -> Result<Coefficient, MetricsError> {
    let logits = logits(truth, probabilities, cluster_of, eps)?;
    let rows = vec![[1.0]; logits.len()];
    let fit = logistic::fit(&rows, &logits, truth, cluster_of, "calibration-in-the-large")?;
    Ok(Coefficient {
        value: fit.coefficients[0],
        standard_error: fit.covariance[0][0].sqrt(),
    })
}

/// Logits of the clipped probabilities, after checks.
fn logits(
    truth: &[bool],
    probabilities: &[f64],
    cluster_of: &[usize],
    eps: f64,
) -> Result<Vec<f64>, MetricsError> {
    checks::length("clusters", truth.len(), cluster_of.len())?;
    let (_, clusters) = checks::compact(cluster_of);
    checks::at_least("patients", 2, clusters)?;
    clipped_logits(truth, probabilities, eps)
}

/// `ln(p/(1 − p))` of probabilities clipped to `[eps, 1 − eps]`.
pub(crate) fn clipped_logits(
    truth: &[bool],
    probabilities: &[f64],
    eps: f64,
) -> Result<Vec<f64>, MetricsError> {
    checks::probabilities(truth, probabilities)?;
    if !(eps > 0.0 && eps < 0.5) {
        return Err(MetricsError::Range {
            what: "eps",
            value: eps,
            allowed: "above 0 and below 0.5",
        });
    }
    let logit = |p: &f64| {
        let p = p.clamp(eps, 1.0 - eps);
        (p / (1.0 - p)).ln()
    };
    Ok(probabilities.iter().map(logit).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EPS: f64 = 1e-6;

    #[test]
    fn degenerate_cases_are_refused() {
        let truth = [false, true, false, true];
        let clusters = [0, 1, 2, 3];
        let line = |truth: &[bool], p: &[f64], clusters: &[usize]| calibration_line(truth, p, clusters, EPS);
        assert!(matches!(
            line(&truth, &[0.3; 4], &clusters),
            Err(MetricsError::NoSpread { .. })
        ));
        assert!(matches!(
            line(&truth, &[0.1, 0.9, 0.2, 0.8], &clusters),
            Err(MetricsError::Separated { .. })
        ));
        assert!(matches!(
            line(&[true; 4], &[0.1, 0.9, 0.2, 0.8], &clusters),
            Err(MetricsError::TooFew { .. })
        ));
        assert!(matches!(
            line(&truth, &[0.1, 0.9, 0.8, 0.2], &[5; 4]),
            Err(MetricsError::TooFew { .. })
        ));
        assert!(matches!(line(&[], &[], &[]), Err(MetricsError::TooFew { .. })));
        assert!(matches!(
            line(&truth, &[0.1, f64::NAN, 0.8, 0.2], &clusters),
            Err(MetricsError::Range { .. })
        ));
        assert!(calibration_line(&truth, &[0.1, 0.9, 0.8, 0.2], &clusters, 0.0).is_err());
        let certain = line(&truth, &[0.0, 1.0, 1.0, 0.0], &clusters).unwrap();
        assert!(certain.slope.value.is_finite(), "0 and 1 are clipped");
    }

    proptest! {
        #[test]
        fn recalibrated_probabilities_are_calibrated(
            cases in prop::collection::vec((any::<bool>(), 0.05_f64..0.95), 12..60),
        ) {
            let (truth, probabilities): (Vec<bool>, Vec<f64>) = cases.into_iter().unzip();
            let clusters: Vec<usize> = (0..truth.len()).collect();
            let Ok(line) = calibration_line(&truth, &probabilities, &clusters, EPS) else {
                return Ok(());
            };
            prop_assume!(line.slope.value.abs() < 5.0 && line.slope.value.abs() > 1e-3);
            let recalibrated: Vec<f64> = probabilities
                .iter()
                .map(|p| logistic::sigmoid(line.intercept.value + line.slope.value * (p / (1.0 - p)).ln()))
                .collect();
            prop_assume!(recalibrated.iter().all(|p| (EPS..=1.0 - EPS).contains(p)));
            let again = calibration_line(&truth, &recalibrated, &clusters, EPS).unwrap();
            prop_assert!(again.intercept.value.abs() < 1e-6 && (again.slope.value - 1.0).abs() < 1e-6);
            let large = calibration_in_the_large(&truth, &recalibrated, &clusters, EPS).unwrap();
            prop_assert!(large.value.abs() < 1e-7, "the mean of a fitted line fits");
        }
    }
}
