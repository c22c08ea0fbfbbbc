//! Evaluation: numbers about predictions, and no pages.
//!
//! | stage or command | what it makes |
//! |---|---|
//! | [`evaluate`] | `metrics.json`: every metric of the validation and the test predictions |
//! | `ichflow score` ([`score`]) | the same of any two CSV files, without a recipe |
//! | `compare` and `ichflow compare` ([`compare`]) | finished runs side by side, with paired intervals |
//!
//! [`measures`] says what is measured and [`settings`] how; the formulas are `ichflow-metrics`'s. Reports are drawn by
//! `ichflow-reporting` from the [`Metrics`](ichflow_api::data::measures::Metrics) and the
//! [`Comparison`](ichflow_api::data::comparison::Comparison) made here.

pub mod compare;
pub mod evaluate;
mod exams;
pub mod measures;
mod metrics;
pub mod score;
pub mod settings;
mod table;

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_is_documented_and_its_example_works() {
        let none: Vec<String> = Vec::new();
        assert_eq!(ichflow_api::testkit::faults("ichflow-evaluation"), none);
    }
}
