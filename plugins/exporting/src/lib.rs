//! What leaves ichflow for other programs: the competition's submission, weights, and model bundles, with what they
//! make of other cohorts (`external`).

pub mod bundle;
mod external;
pub mod kaggle_submission;
pub mod weights_files;

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_is_documented_and_its_example_works() {
        let faults = ichflow_api::testkit::faults("ichflow-exporting");
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
