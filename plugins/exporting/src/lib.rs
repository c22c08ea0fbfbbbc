//! What leaves ichflow for other programs: the competition's submission, and model bundles; what they make of files
//! (`predict`), of their periods (`drift`) and of other cohorts (`external`).

pub mod bundle;
mod drift;
mod external;
pub mod kaggle_submission;
mod predict;
pub mod weights_files;

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_is_documented_and_its_example_works() {
        let faults = ichflow_api::testkit::faults("ichflow-exporting");
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
