//! Reporting: numbers and pictures for people.
//!
//! | stage | what it makes |
//! |---|---|
//! | [`evaluate`] | `metrics.json`: every metric of the held-out and the test predictions |
//! | [`metrics-report`](metrics_report) | `report.html`: one file that needs no network |
//! | [`grad-cam`](grad_cam) | heat maps of where the network looked |
//! | [`eda-report`](eda) | the same of the data alone, with a window explorer |
//! | [`compare`] | `compare.html`: runs side by side |
//!
//! The command `ichflow score` ([`score`]) measures any two CSV files in the same way, without a recipe;
//! `ichflow compare` ([`compare`]) holds runs against one another.
//!
//! [`measures`] defines what is measured; [`plots`] holds one file per kind of picture; [`sheet`] chooses
//! and renders example slices; [`page`] turns all of it into HTML. What the page shows as a number is
//! taken from `metrics.json`'s own structure, never computed twice.

pub mod compare;
pub mod eda;
pub mod evaluate;
pub mod grad_cam;
pub mod measures;
pub mod metrics_report;
mod page;
mod plots;
pub mod score;
mod sheet;

#[cfg(test)]
mod tests {
    #[test]
    fn every_stage_is_documented_and_its_example_works() {
        let none: Vec<String> = Vec::new();
        assert_eq!(ichflow_api::testkit::faults("ichflow-reporting"), none);
    }
}
