//! `label-review`: slices and exams whose labels the model doubts, as a page to look at and a CSV to decide in.
//!
//! `doubts` finds them, by confident learning of `ichflow-metrics`; `decisions` writes the CSV, `page` the page.

mod decisions;
mod doubts;
mod page;
mod stage;

pub use stage::LabelReview;
