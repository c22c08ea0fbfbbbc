//! `ichflow drift BUNDLE PREDICTIONS…`: periods beside the data a model was made with.
//!
//! [`period`] reads a table that `predict` wrote, [`shifts`] compares, [`text`] is for a terminal.

mod command;
mod period;
mod shifts;
mod text;
