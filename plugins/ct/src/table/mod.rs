//! Labels of one's own: CSVs of whatever make, matched to the slices of any directory.
//!
//! [`LabelFile`] are the parameters of one CSV, [`LabelTable`] is what was read of it, [`matched`] holds several against the
//! slices of a directory and counts what found no partner on either side. The stage `table` does all three; loaders of
//! public data sets make the parameters themselves.

mod columns;
mod corrections;
mod digests;
mod export;
mod guess;
mod inspect;
mod key;
mod label_file;
mod label_table;
mod layout;
mod matching;
mod readers;
pub(crate) mod recipe_text;
mod rows;
mod stage;
mod template;
#[cfg(test)]
mod tests;
mod units;
mod unmatched;
mod values;
mod words;

pub use key::Key;
pub use label_file::LabelFile;
pub use readers::Agreement;
pub use stage::Table;
pub(crate) use stage::{load, load_found};

pub(crate) use corrections::correct;
pub(crate) use label_table::{LabelRow, LabelTable, RowName};
pub(crate) use matching::{Matched, matched};
