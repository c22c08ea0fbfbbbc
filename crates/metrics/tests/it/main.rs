//! The numbers beside other programs, and what holds of them whatever the data.

#![expect(clippy::unwrap_used, reason = "a test fails at the right line")]

mod auroc_variance;
mod coverage;
mod drift;
mod label_errors;
mod scikit_learn;
mod statistics;
mod triage;
mod triage_promise;
