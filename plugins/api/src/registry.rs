//! The registry: one record per stage, collected at link time.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::ports::Ports;
use crate::stage::{AnyStage, Family, Stage};

/// All that is known of a stage without running it.
pub struct Registration {
    /// What recipes write after `use =`.
    pub name: &'static str,
    /// What kind of work it does.
    pub family: Family,
    /// One line for lists.
    pub summary: &'static str,
    /// A table as a recipe would have it.
    pub example: &'static str,
    /// Part of cache keys.
    pub version: u32,
    /// Whether the recipe's seed changes the result.
    pub seeded: bool,
    /// Parameters that are no part of cache keys.
    pub immaterial: &'static [&'static str],
    /// Keys it once had, and what is written now.
    pub renamed: &'static [(&'static str, &'static str)],
    /// Whether its work can be split over machines.
    pub sharded: bool,
    /// The crate that brings it.
    pub plugin: &'static str,
    /// Source file of the registration.
    pub file: &'static str,
    /// Line of the registration.
    pub line: u32,
    ports: fn() -> Ports,
    schema: fn() -> Value,
    build: fn(toml::Table) -> Result<Box<dyn AnyStage>, toml::de::Error>,
}

inventory::collect!(Registration);

impl Registration {
    /// The record of stage `S`; [`register!`](crate::register) calls this.
    pub const fn of<S: Stage>(plugin: &'static str, file: &'static str, line: u32) -> Self {
        Self {
            name: S::NAME,
            family: S::FAMILY,
            summary: S::SUMMARY,
            example: S::EXAMPLE,
            version: S::VERSION,
            seeded: S::SEEDED,
            immaterial: S::IMMATERIAL,
            renamed: S::RENAMED,
            sharded: S::SHARDED,
            plugin,
            file,
            line,
            ports: S::ports,
            schema: schema_of::<S>,
            build: build::<S>,
        }
    }

    /// All ports that the stage may have; those it has depend on its parameters.
    pub fn ports(&self) -> Ports {
        (self.ports)()
    }

    /// JSON Schema (draft-07, nothing referenced) of the parameters.
    pub fn schema(&self) -> Value {
        (self.schema)()
    }

    /// A stage with the given parameters, defaults filled in.
    ///
    /// # Errors
    /// Where a parameter is unknown, missing or of another type; the message is serde's.
    pub fn build(&self, params: toml::Table) -> Result<Box<dyn AnyStage>, toml::de::Error> {
        (self.build)(params)
    }

    /// The stage of [`Registration::example`].
    ///
    /// # Errors
    /// Where the example is no recipe's table; a test of every plugin holds that it is.
    pub fn build_example(&self) -> Result<Box<dyn AnyStage>> {
        let recipe: toml::Table = toml::from_str(self.example).map_err(|error| {
            Error::caused_by(format!("the example of `{}` is not TOML", self.name), error)
        })?;
        let table = recipe
            .values()
            .filter_map(toml::Value::as_table)
            .find(|table| table.get("use").and_then(toml::Value::as_str) == Some(self.name))
            .ok_or_else(|| {
                Error::new(format!(
                    "the example of `{0}` has no table with use = \"{0}\"",
                    self.name
                ))
            })?;
        let mut params = table.clone();
        params.remove("use");
        self.build(params).map_err(|error| {
            Error::caused_by(
                format!("the example of `{}` does not fit its parameters", self.name),
                error,
            )
        })
    }
}

fn schema_of<S: Stage>() -> Value {
    let mut settings = schemars::generate::SchemaSettings::draft07();
    settings.inline_subschemas = true;
    settings.into_generator().into_root_schema_for::<S>().to_value()
}

fn build<S: Stage>(params: toml::Table) -> Result<Box<dyn AnyStage>, toml::de::Error> {
    params
        .try_into::<S>()
        .map(|stage| Box::new(stage) as Box<dyn AnyStage>)
}

/// Two stages that claim one name.
#[derive(Debug, thiserror::Error)]
#[error("two stages are called `{name}`: {first} and {second}")]
pub struct DuplicateStage {
    /// The name both claim.
    pub name: &'static str,
    /// Where one is registered.
    pub first: String,
    /// Where the other is registered.
    pub second: String,
}

/// Every stage linked into this program, by name.
pub struct Registry {
    stages: BTreeMap<&'static str, &'static Registration>,
}

impl Registry {
    /// Collects the registrations of every linked plugin.
    ///
    /// # Errors
    /// Where two plugins register stages of one name.
    pub fn collect() -> Result<Self, DuplicateStage> {
        let mut stages: BTreeMap<&'static str, &'static Registration> = BTreeMap::new();
        for registration in inventory::iter::<Registration> {
            if let Some(other) = stages.insert(registration.name, registration) {
                // inventory's order is not defined, so the two places are sorted.
                let place = |r: &Registration| format!("{} ({}:{})", r.plugin, r.file, r.line);
                let (a, b) = (place(other), place(registration));
                let (first, second) = if a <= b { (a, b) } else { (b, a) };
                return Err(DuplicateStage {
                    name: registration.name,
                    first,
                    second,
                });
            }
        }
        Ok(Self { stages })
    }

    /// The stage called `name`.
    pub fn find(&self, name: &str) -> Option<&'static Registration> {
        self.stages.get(name).copied()
    }

    /// Every stage, by family in recipe order, then by name.
    pub fn all(&self) -> Vec<&'static Registration> {
        let mut all: Vec<_> = self.stages.values().copied().collect();
        all.sort_by_key(|r| (r.family, r.name));
        all
    }

    /// Names of all stages, sorted.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.stages.keys().copied()
    }
}

/// Registers a [`Stage`](crate::stage::Stage): `ichflow_api::register!(MyStage);`
#[macro_export]
macro_rules! register {
    ($stage:ty) => {
        $crate::inventory::submit! {
            $crate::registry::Registration::of::<$stage>(env!("CARGO_PKG_NAME"), file!(), line!())
        }
    };
}
