//! Labels: which there are ([`LabelSet`]), the truth of one unit ([`truth::Labels`]), and what a unit is ([`Level`]).

mod level;
mod set;
pub mod truth;

pub use level::Level;
pub use set::LabelSet;

/// Label names; every array of six numbers in ichflow follows this order.
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

/// Weight of each label in the competition's metric: `any` counts twice.
pub const METRIC_WEIGHTS: [f64; COUNT] = [2.0, 1.0, 1.0, 1.0, 1.0, 1.0];

/// What the prevalence baseline scores on stage 2 of the competition: anything near it learned nothing.
pub const STAGE_2_PREVALENCE_LOG_LOSS: f64 = 0.2311;

/// Truth of one slice, in the order of [`LABELS`].
pub type Labels = [bool; COUNT];

/// Index of a label by its name.
pub fn index_of(name: &str) -> Option<usize> {
    LABELS.iter().position(|label| *label == name)
}

/// The labels as 0 and 1.
pub fn as_f32(labels: &Labels) -> [f32; COUNT] {
    labels.map(|positive| if positive { 1.0 } else { 0.0 })
}
