//! `ichflow predict BUNDLE PATH…`: probabilities of files, by a bundle.
//!
//! [`rows`] makes a row of every file or frame, [`portions`] decides which slices are computed together, [`predicted`] fills
//! the rows, [`ood`] says how far exams are from the training data, [`table`] writes all of it, and [`exam_table`] what is
//! said of whole exams.

mod command;
pub(crate) mod exam_table;
pub(crate) mod ood;
mod portions;
pub(crate) mod predicted;
pub(crate) mod rows;
pub(crate) mod table;
