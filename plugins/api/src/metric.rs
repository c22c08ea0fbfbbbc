//! Metrics that plugins bring: one function over the slices of a label, registered where it is defined.
//!
//! ```
//! /// Share of positive slices.
//! fn prevalence(truth: &[bool], _probabilities: &[f64]) -> Option<f64> {
//!     let positives = truth.iter().filter(|positive| **positive).count();
//!     (!truth.is_empty()).then(|| positives as f64 / truth.len() as f64)
//! }
//!
//! ichflow_api::register_metric!("prevalence", "prevalence", prevalence);
//! # let measured = ichflow_api::metric::measured(&[true, false], &[0.5, 0.5]);
//! # assert_eq!(measured["prevalence"], Some(0.5));
//! ```

use std::collections::BTreeMap;

/// A metric of one label.
pub struct LabelMetric {
    /// Its key in `metrics.json`.
    pub name: &'static str,
    /// Its column in a report's table of further metrics.
    pub title: &'static str,
    /// From the truth and the probabilities of the same slices, in one order; `None` where it is undefined.
    pub compute: fn(truth: &[bool], probabilities: &[f64]) -> Option<f64>,
}

inventory::collect!(LabelMetric);

/// All registered metrics, by name; what [`register_metric!`](crate::register_metric) registers is not in another order
/// in another build.
pub fn registered() -> Vec<&'static LabelMetric> {
    let mut metrics: Vec<&LabelMetric> = inventory::iter::<LabelMetric>().collect();
    metrics.sort_by_key(|metric| metric.name);
    metrics
}

/// The values of all registered metrics, by name.
pub fn measured(truth: &[bool], probabilities: &[f64]) -> BTreeMap<&'static str, Option<f64>> {
    let value =
        |metric: &LabelMetric| (metric.compute)(truth, probabilities).filter(|value| value.is_finite());
    let metrics = registered().into_iter();
    metrics.map(|metric| (metric.name, value(metric))).collect()
}

/// Registers a metric of one label: its key in `metrics.json`, its column in reports, and the function.
#[macro_export]
macro_rules! register_metric {
    ($name:literal, $title:literal, $compute:expr) => {
        $crate::inventory::submit! {
            $crate::metric::LabelMetric { name: $name, title: $title, compute: $compute }
        }
    };
}
