//! `metrics-report`: a run on one page, in one file.
//!
//! `stage` gathers the `material`, `page` makes HTML of it; each section of the page has a file of its own, and each part of
//! the section "Evidence" one in `evidence`.

mod along;
mod curves;
mod data;
mod embedded;
mod evidence;
mod examples;
mod groups;
mod material;
mod network;
mod origin;
mod page;
mod scores;
mod series;
mod slices;
mod stage;
mod subgroups;
mod table;
mod tables;
mod windows;

pub use stage::MetricsReport;
