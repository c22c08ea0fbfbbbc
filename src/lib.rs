//! ichflow: from a TOML recipe to a finished experiment on head CT.
//!
//! This crate is the application: it knows recipes, plans and runs, and no stage by name. Stages come
//! from plugins, crates that register them through [`ichflow_api`]. A program of one's own is three
//! lines: name the plugins, so that the linker keeps them, and call [`main`].
//!
//! ```no_run
//! use ichflow_windowing as _; // any plugin crates, one's own among them
//!
//! fn main() -> std::process::ExitCode {
//!     ichflow::main()
//! }
//! ```

pub mod cli;
pub mod duration;
pub mod memory;
pub mod plan;
pub mod recipe;
pub mod run;

pub use cli::main;
