//! `ichflow predict BUNDLE PATH…`: probabilities of files, by a bundle.
//!
//! [`rows`] makes a row of every file or frame, [`portions`] decides which slices are computed together, [`predicted`] fills
//! the rows, and [`table`] writes them.

mod command;
mod portions;
mod predicted;
mod rows;
mod table;
