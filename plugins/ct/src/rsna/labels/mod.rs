//! The labels CSV: six rows per image, or one row with six columns, in any order, some of them repeated.
//!
//! [`columns`] reads the first line, [`rows`] the others, and [`table`] holds what came of them.

mod columns;
mod rows;
mod table;

pub use table::LabelTable;
