//! Prediction: what a trained model says of slices, and what follows it.
//!
//! | stage | what it does |
//! |---|---|
//! | [`predict`] | probabilities of validation and test slices |
//! | [`data-profile`](data_profile) | what training data looked like, to tell exams that are unlike it |
//! | [`embed`] | a network's pooled features and logits of every slice |
//! | [`out_of_fold`] | embeddings of k folds put together, each by a network that was not trained on the slice |
//! | [`predict_series`] | a series model's probabilities of slices, and of exams |
//! | [`aggregate`] | one prediction for every exam, from those of its slices |
//! | [`triage`] | exams sorted into high, low and uncertain, with a promise about errors |
//! | [`tta`] | averages predictions over views of each slice |
//! | `smooth-z`, `consistent-any`, `calibrate`, `ensemble`, `thresholds` ([`postprocess`]) | refine predictions |
//! | `position-only`, `header-only`, `histogram-logistic` ([`baselines`]) | what is reached without a network |
//!
//! [`logistic`] is the regression that baselines and stacking ensembles share.

pub mod aggregate;
pub mod baselines;
mod batches;
pub mod data_profile;
pub mod embed;
mod exam_table;
pub mod logistic;
pub mod out_of_fold;
pub mod postprocess;
pub mod predict;
pub mod predict_series;
mod slices;
pub mod triage;
pub mod tta;

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_is_documented_and_its_example_works() {
        let faults = ichflow_api::testkit::faults("ichflow-prediction");
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
