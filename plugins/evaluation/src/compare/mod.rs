//! `ichflow compare RUN…` and the stage `compare`: runs side by side.
//!
//! `runs` finds the runs that are meant, `record` reads what each left behind and `validation` the predictions
//! behind its score; `comparison` sorts, pairs and groups; `text` and `json` show it. The page is reporting's
//! ([`ichflow_api::data::comparison::html`]).

mod command;
mod comparison;
mod json;
mod record;
mod runs;
mod stage;
mod text;
mod validation;

#[cfg(test)]
mod tests;
