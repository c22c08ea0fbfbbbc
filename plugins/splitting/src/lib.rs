//! Splitting: which slices a network is fitted on, and which are held out to judge it.
//!
//! | stage | what it does |
//! |---|---|
//! | [`multilabel-stratified`](multilabel_stratified) | holds out a share in which every label is as frequent as in the rest |
//!
//! [`iterative`] is the algorithm, for any number of folds and any share of each; [`groups`] says which
//! slices must stay together; [`balance`] says how well a split came out.

pub mod balance;
pub mod groups;
pub mod iterative;
pub mod multilabel_stratified;

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_is_documented_and_its_example_works() {
        let none: Vec<String> = Vec::new();
        assert_eq!(ichflow_api::testkit::faults("ichflow-splitting"), none);
    }
}
