//! The RSNA 2019 competition's files: the labels CSV, directories of slices, and cohorts made of both.
//!
//! The stage `rsna` reads them from disk; the `phantom` makes them up first and then comes here too.

mod corrections;
mod image_id;
mod labels;
mod layout;
mod load;
mod stage;

use ichflow_api::data::labels::rsna::LABELS;
use ichflow_api::prelude::*;

pub use image_id::ImageId;
pub use labels::LabelTable;
pub(crate) use load::{Files, load};
pub use stage::Rsna;

/// A problem where the recipe has labels that the competition's files have not.
pub(crate) fn unknown_labels(labels: &LabelSet) -> Vec<Problem> {
    let error = labels.places_in(&LABELS, "the competition's files").err();
    let problem = |error: Error| {
        Problem::new("", error.to_string())
            .help("`names` in `[labels]` may name some of theirs; `table` reads labels of one's own")
    };
    error.map(problem).into_iter().collect()
}
