//! The pages of reporting, made from runs that never happened.

mod made_up;
mod report;
