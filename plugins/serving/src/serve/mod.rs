//! `ichflow serve`: its arguments, and from start to stop.

mod command;
