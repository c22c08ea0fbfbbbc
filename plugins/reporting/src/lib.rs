//! Reporting: pages and pictures for people. What is measured is evaluation's.
//!
//! | stage | what it makes |
//! |---|---|
//! | [`metrics-report`](metrics_report) | `report.html`: a run in one file that needs no network |
//! | [`grad-cam`](explain) | heat maps of where the network looked |
//! | [`localization`](explain) | whether heat maps lie where annotations are |
//! | [`label-review`](label_review) | labels that the model doubts, and a CSV of decisions |
//! | [`eda-report`](explore) | the data alone on one page, with a window explorer |
//!
//! The page of `ichflow compare` is drawn in `compare`, that of `ichflow drift` in `drift`. `render` has what every page is drawn with. What a page
//! shows as a number is taken from `metrics.json`'s own structure, never computed twice.

pub mod checklist;
mod compare;
mod drift;
pub mod explain;
pub mod explore;
pub mod label_review;
pub mod metrics_report;
mod render;

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_is_documented_and_its_example_works() {
        let none: Vec<String> = Vec::new();
        assert_eq!(ichflow_api::testkit::faults("ichflow-reporting"), none);
    }
}
