//! What a threshold means for a day's work.

use crate::{MetricsError, checks};

/// Exams of one day by what they are and how they are called, on average.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct DailyWorkload {
    /// Positive exams called so.
    pub true_positives: f64,
    /// Negative exams called positive.
    pub false_positives: f64,
    /// Positive exams called negative.
    pub false_negatives: f64,
}

impl DailyWorkload {
    /// All exams called positive.
    pub fn called_positive(&self) -> f64 {
        self.true_positives + self.false_positives
    }
}

/// The workload of `exams` a day at `prevalence`: `exams·π·se` true and `exams·(1 − π)(1 − sp)` false positives.
///
/// The ends of an interval of sensitivity or specificity give the workload's.
///
/// # Errors
/// [`MetricsError::Range`] unless all shares are from 0 to 1 and the exams are finite and not negative.
pub fn daily_workload(
    sensitivity: f64,
    specificity: f64,
    prevalence: f64,
    exams: f64,
) -> Result<DailyWorkload, MetricsError> {
    checks::share("the sensitivity", sensitivity)?;
    checks::share("the specificity", specificity)?;
    checks::share("the prevalence", prevalence)?;
    if !(exams >= 0.0 && exams.is_finite()) {
        return Err(MetricsError::Range {
            what: "the number of exams",
            value: exams,
            allowed: "finite and not negative",
        });
    }
    let positives = exams * prevalence;
    Ok(DailyWorkload {
        true_positives: positives * sensitivity,
        false_positives: (exams - positives) * (1.0 - specificity),
        false_negatives: positives * (1.0 - sensitivity),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hospitals_day() {
        // 200 head CTs a day, 8 % with a hemorrhage, sensitivity 90 %, specificity 95 %.
        let day = daily_workload(0.9, 0.95, 0.08, 200.0).unwrap();
        assert!((day.true_positives - 14.4).abs() < 1e-9 && (day.false_positives - 9.2).abs() < 1e-9);
        assert!((day.false_negatives - 1.6).abs() < 1e-9 && (day.called_positive() - 23.6).abs() < 1e-9);
        assert!(
            daily_workload(1.1, 0.9, 0.1, 1.0).is_err() && daily_workload(0.9, 0.9, 0.1, f64::NAN).is_err()
        );
    }
}
