//! Recipes: from text to stages with checked parameters, with every problem found in one go.
//!
//! [`raw`] reads the files and `--set` arguments into one table whose values remember where they were written
//! ([`layers`]) and lays out its sweep ([`sweep`]); [`vars`] fills in variables; [`top_level`] knows the keys that
//! are no stages, and [`stage`] finds each stage in the registry and lets [`schema`] check its table. What comes out,
//! [`Recipe`], has no mistake of its own; how its stages are wired is the business of [`crate::plan`].

pub mod catalogue;
mod checked;
pub mod json_schema;
mod labels;
pub mod layers;
mod missing;
mod origins;
pub mod problem;
pub mod raw;
mod renamed;
pub mod schema;
mod set_text;
pub mod source;
pub mod stage;
pub mod suggest;
pub mod sweep;
mod syntax;
mod top_level;
pub mod value;
pub mod vars;

pub use checked::Recipe;
pub use labels::resolved as resolved_labels;
pub use top_level::FORMAT;
