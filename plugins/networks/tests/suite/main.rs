//! Tests of whole networks: against timm, and of what a person can get wrong.

mod formula;
mod heads;
mod numbers;
mod parity;
mod published;
mod stages;
mod starting;
mod support;
mod weight_files;
