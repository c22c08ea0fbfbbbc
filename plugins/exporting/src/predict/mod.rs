//! `ichflow predict BUNDLE PATH…`: probabilities of files, by a bundle.
//!
//! [`rows`] makes a row of every file or frame, [`portions`] decides which slices are computed together, [`predicted`] fills
//! the rows, [`ood`] says how far exams are from the training data, and [`table`] writes all of it.

mod command;
pub(crate) mod ood;
mod portions;
mod predicted;
mod rows;
mod table;
