//! Splitting: which slices a network is trained on, and which are for validation.
//!
//! | stage | what it does |
//! |---|---|
//! | [`group-kfold`](group_kfold) | one of k folds of whole patients for validation, equal in slices |
//! | [`hold-out`](hold_out) | before a split: sites that become test slices |
//! | [`leak-check`](leak_check) | no split: whether two cohorts share patients or images |
//! | [`multilabel-stratified`](multilabel_stratified) | a validation share, or one of k folds, in which every label is as frequent as in the rest |
//! | [`predefined`] | the validation slices that a CSV names |
//! | [`random`] | patients for validation at random |
//! | [`site-split`](site_split) | the sites that a recipe names for validation |
//! | [`validation-only`](validation_only) | every slice, to measure a model that was trained before |
//!
//! [`iterative`] is the stratifying algorithm, for any number of folds and any share of each; [`part`] says
//! which part is for validation and [`groups`] which slices must stay together; [`split`] is what every
//! splitter does in the end: it says how well every fold came out, and [`leak`] whether anything stands on
//! both sides.

pub mod group_kfold;
pub mod groups;
pub mod hold_out;
pub mod iterative;
pub mod leak;
pub mod leak_check;
pub mod multilabel_stratified;
pub mod part;
pub mod predefined;
pub mod random;
pub mod site_split;
mod sites;
pub mod split;
pub mod validation_only;

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_is_documented_and_its_example_works() {
        let none: Vec<String> = Vec::new();
        assert_eq!(ichflow_api::testkit::faults("ichflow-splitting"), none);
    }
}
