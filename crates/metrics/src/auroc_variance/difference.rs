//! Whether two models order the same cases equally well.

use super::AurocEstimate;
use super::covariance::{Cases, Contributions};
use crate::special::normal;
use crate::{Confidence, Interval, MetricsError, checks};

/// Two models' AUROCs on the same cases.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct AurocDifference {
    /// The first model's.
    pub first: AurocEstimate,
    /// The second model's.
    pub second: AurocEstimate,
    /// Covariance of both, which is what makes a comparison on the same cases sharp.
    pub covariance: f64,
}

impl AurocDifference {
    /// The second's AUROC less the first's.
    pub fn difference(&self) -> f64 {
        self.second.auroc - self.first.auroc
    }

    /// Standard error of the difference.
    pub fn standard_error(&self) -> f64 {
        let variance = self.first.variance + self.second.variance - 2.0 * self.covariance;
        // What rounding leaves of two models that order the cases alike.
        let noise = 1e-14 * (self.first.variance + self.second.variance);
        if variance > noise { variance.sqrt() } else { 0.0 }
    }

    /// The difference in standard errors. `None` where the standard error is 0, as for two models that order
    /// the cases alike.
    pub fn z(&self) -> Option<f64> {
        let error = self.standard_error();
        (error > 0.0).then(|| self.difference() / error)
    }

    /// Two-sided p value of "both areas are the same"; `None` as [`Self::z`].
    pub fn p_value(&self) -> Option<f64> {
        self.z().map(normal::two_sided)
    }

    /// Interval of the difference; `None` as [`Self::z`].
    pub fn interval(&self, confidence: Confidence) -> Option<Interval> {
        self.z()
            .map(|_| confidence.around(self.difference(), self.standard_error()))
    }
}

/// DeLong's paired test (1988): two models on the same cases, one case a patient.
///
/// # Errors
/// As [`auroc_delong`](crate::auroc_delong).
pub fn auroc_difference_delong(
    truth: &[bool],
    first: &[f64],
    second: &[f64],
    cluster_of: &[usize],
) -> Result<AurocDifference, MetricsError> {
    checks::independent(
        cluster_of,
        "DeLong's test",
        "Obuchowski's (auroc_difference_clustered)",
    )?;
    auroc_difference_clustered(truth, first, second, cluster_of)
}

/// Obuchowski's paired test (1997): two models on the same cases, any number of cases a patient.
///
/// # Errors
/// As [`auroc_clustered`](crate::auroc_clustered).
pub fn auroc_difference_clustered(
    truth: &[bool],
    first: &[f64],
    second: &[f64],
    cluster_of: &[usize],
) -> Result<AurocDifference, MetricsError> {
    let cases = Cases::of(truth, cluster_of)?;
    let (first, second) = (cases.contributions(first)?, cases.contributions(second)?);
    let estimate = |model: &Contributions| AurocEstimate {
        auroc: model.auroc,
        variance: cases.covariance(model, model).max(0.0),
    };
    Ok(AurocDifference {
        first: estimate(&first),
        second: estimate(&second),
        covariance: cases.covariance(&first, &second),
    })
}
