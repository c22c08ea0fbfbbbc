//! The pages of reporting, made from runs that never happened.

#![expect(clippy::unwrap_used, reason = "a test fails at the right line")]

mod compare;
mod drawn_head;
mod explore;
mod made_up;
mod odd_cohorts;
mod report;
