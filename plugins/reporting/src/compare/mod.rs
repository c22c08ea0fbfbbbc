//! The page of `ichflow compare`. What it shows is evaluation's
//! ([`Comparison`](ichflow_api::data::comparison::Comparison)).

mod exams;
mod page;
mod pictures;
