//! The six labels of the RSNA 2019 challenge, for what knows them by name: its files, the phantom, published numbers.

/// Label names in the order that ichflow uses.
pub const LABELS: [&str; 6] = [
    "any",
    "epidural",
    "intraparenchymal",
    "intraventricular",
    "subarachnoid",
    "subdural",
];

/// Number of labels.
pub const COUNT: usize = LABELS.len();

/// Weight of each label in the challenge's metric: `any` counts twice.
pub const METRIC_WEIGHTS: [f64; COUNT] = [2.0, 1.0, 1.0, 1.0, 1.0, 1.0];

/// What the prevalence baseline scores on stage 2 of the competition: anything near it learned nothing.
pub const STAGE_2_PREVALENCE_LOG_LOSS: f64 = 0.2311;

/// Index of a label by its name.
pub fn index_of(name: &str) -> Option<usize> {
    LABELS.iter().position(|label| *label == name)
}
