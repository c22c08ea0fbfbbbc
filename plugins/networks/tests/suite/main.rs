//! Tests of whole networks: against timm, and of what a person can get wrong.

mod formula;
mod parity;
mod stages;
mod support;
mod weight_files;
