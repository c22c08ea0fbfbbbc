//! `ichflow score PREDICTIONS TRUTH`: every metric of any two CSV files, without a recipe.
//!
//! `command` has its arguments, `files` measures what they name, `text` shows it on a terminal.

mod command;
mod files;
mod text;
