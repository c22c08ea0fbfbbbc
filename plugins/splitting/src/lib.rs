//! Splitting: which slices a network is fitted on, and which are held out to judge it.
//!
//! | stage | what it does |
//! |---|---|
//! | [`group-kfold`](group_kfold) | holds out one of k folds of whole patients, equal in slices |
//! | [`multilabel-stratified`](multilabel_stratified) | holds out a share, or one of k folds, in which every label is as frequent as in the rest |
//! | [`predefined`] | holds out what a CSV says |
//! | [`random`] | holds out patients at random |
//!
//! [`iterative`] is the stratifying algorithm, for any number of folds and any share of each; [`part`] says
//! which part is held out and [`groups`] which slices must stay together; [`held_out`] is what every
//! splitter does in the end: it says how well every fold came out, and [`leak`] whether anything stands on
//! both sides.

pub mod group_kfold;
pub mod groups;
pub mod held_out;
pub mod iterative;
pub mod leak;
pub mod multilabel_stratified;
pub mod part;
pub mod predefined;
pub mod random;

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_is_documented_and_its_example_works() {
        let none: Vec<String> = Vec::new();
        assert_eq!(ichflow_api::testkit::faults("ichflow-splitting"), none);
    }
}
