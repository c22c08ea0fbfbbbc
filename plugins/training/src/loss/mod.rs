//! Losses, one file each.

pub mod asymmetric;
pub mod bce;
pub mod focal;
pub mod weighted_log_loss;

use ichflow_api::prelude::*;

/// A problem where a parameter does not have one number a label.
fn one_a_label(key: &str, given: Option<&[f64]>, labels: &LabelSet) -> Option<Problem> {
    let given = given?.len();
    (given != labels.len()).then(|| {
        Problem::new(
            key,
            format!("`{key}` has {given} numbers for {} labels", labels.len()),
        )
        .help(format!("one number a label, in this order: {labels}"))
    })
}
