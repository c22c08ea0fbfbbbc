//! Ports: the named, typed inputs and outputs by which stages are wired together.
//!
//! A stage declares each of its ports as a constant, which holds the port's name, its type and whether it may be
//! absent. The planner wires by it, the stage takes and offers by it, and another name or type does not compile:
//!
//! ```
//! use ichflow_api::prelude::*;
//!
//! const COHORT: Input<Cohort> = Input::required("cohort");
//! const TEST: OptionalInput<Cohort> = OptionalInput::new("test");
//!
//! fn slices(inputs: &Inputs) -> Result<usize> {
//!     let test = inputs.get(TEST)?.map_or(0, |test| test.len());
//!     Ok(inputs.take(COHORT)?.len() + test)
//! }
//! ```
//!
//! ```compile_fail,E0308
//! use ichflow_api::prelude::*;
//!
//! const COHORT: Input<Cohort> = Input::required("cohort");
//!
//! fn folds(inputs: &Inputs) -> Result<std::sync::Arc<Folds>> {
//!     inputs.take(COHORT) // a cohort is no folds
//! }
//! ```
//!
//! ```compile_fail,E0308
//! use ichflow_api::prelude::*;
//!
//! const COHORT: Output<Cohort> = Output::new("cohort");
//!
//! fn offer(folds: Folds) -> Outputs {
//!     Outputs::new().with(COHORT, folds) // folds are no cohort
//! }
//! ```
//!
//! Ports that stages of several plugins share are in [`common_ports`](crate::common_ports).
//!
//! `artifact` is what passes through a port, and what is known of it before it exists; `port` the constants, and what
//! the planner knows of them; `passed` the artifacts themselves while a recipe runs; `descriptions` what stands for
//! them while it is planned.

mod artifact;
mod descriptions;
mod passed;
mod port;

pub use artifact::{AnyArtifact, Artifact, ArtifactType, Description};
pub use descriptions::Descriptions;
pub use passed::{Inputs, Outputs};
pub use port::{AnyInput, Input, InputPort, Need, OptionalInput, Output, OutputPort, Port, Ports};
