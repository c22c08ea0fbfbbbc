//! The one trait a plugin author implements.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::data::labels::LabelSet;
use crate::error::Result;
use crate::needs::{Known, Needs};
use crate::ports::{Descriptions, Inputs, Outputs, Ports};

/// What kind of work a stage does; groups `ichflow stages` and the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Finds and describes slices.
    Load,
    /// Keeps Hounsfield units where batches can be read quickly.
    Store,
    /// Turns Hounsfield units into the channels a network sees.
    Window,
    /// Changes geometry or intensity: resizing, augmentation.
    Transform,
    /// Decides which slices are for training and which for validation.
    Split,
    /// Backbones and heads.
    Network,
    /// What training minimises.
    Loss,
    /// Fits a network.
    Train,
    /// Applies a model, and what follows its outputs.
    Predict,
    /// Writes files that other programs read.
    Export,
    /// Numbers and pictures for people.
    Report,
}

impl Family {
    /// Every family, in the order a recipe usually has them.
    pub const ALL: [Self; 11] = [
        Self::Load,
        Self::Store,
        Self::Window,
        Self::Transform,
        Self::Split,
        Self::Network,
        Self::Loss,
        Self::Train,
        Self::Predict,
        Self::Export,
        Self::Report,
    ];

    /// The family's name on the command line and in documentation.
    pub fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Store => "store",
            Self::Window => "window",
            Self::Transform => "transform",
            Self::Split => "split",
            Self::Network => "network",
            Self::Loss => "loss",
            Self::Train => "train",
            Self::Predict => "predict",
            Self::Export => "export",
            Self::Report => "report",
        }
    }
}

/// A mistake in a stage's parameters that their types cannot express.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The parameter, as a path from the stage's table: `phases[0].lr`. Empty: the whole stage.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Whether the stage can run all the same: it is said as a warning.
    pub is_advice: bool,
}

impl Problem {
    /// A mistake in the value of `key`.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            message: message.into(),
            help: None,
            is_advice: false,
        }
    }

    /// Something about the value of `key` that deserves attention, and that somebody may want so.
    pub fn advice(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            is_advice: true,
            ..Self::new(key, message)
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, advice: impl Into<String>) -> Self {
        self.help = Some(advice.into());
        self
    }
}

/// A file or directory a stage reads, named by one of its parameters.
///
/// `ichflow check` looks whether it is there, before anything runs.
#[derive(Clone, Debug)]
pub struct ExternalPath {
    /// The parameter that names it.
    pub key: &'static str,
    /// Where it is, relative to the working directory.
    pub path: PathBuf,
    /// Whether it must be a directory (else a file).
    pub directory: bool,
}

impl ExternalPath {
    /// A file.
    pub fn file(key: &'static str, path: impl Into<PathBuf>) -> Self {
        Self {
            key,
            path: path.into(),
            directory: false,
        }
    }

    /// A directory.
    pub fn directory(key: &'static str, path: impl Into<PathBuf>) -> Self {
        Self {
            directory: true,
            ..Self::file(key, path)
        }
    }
}

/// A step of a recipe.
///
/// The implementing type *is* the parameters: a recipe's table is deserialized into it. Derive
/// `Serialize`, `Deserialize` (with `deny_unknown_fields`), `JsonSchema`; write a doc comment on the
/// type (what it does) and on every field (what it changes, in which unit); put ranges into
/// `#[schemars(range(…))]`, where `ichflow check` finds them.
pub trait Stage: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// What recipes write after `use =`; lower case, words joined by `-`.
    const NAME: &'static str;
    /// What kind of work it does.
    const FAMILY: Family;
    /// One line for lists.
    const SUMMARY: &'static str;
    /// A table as a recipe would have it. It is parsed and checked by a test.
    const EXAMPLE: &'static str;
    /// Raise it when the same parameters and inputs give another result: it is part of cache keys.
    const VERSION: u32 = 1;
    /// Whether the recipe's seed changes the result: if so, it is part of cache keys.
    const SEEDED: bool = false;
    /// Parameters that never change the result, only how it comes about: limits, amounts computed at once.
    /// They are no part of cache keys. One within a table is `checkpoint.every_minutes`.
    const IMMATERIAL: &'static [&'static str] = &[];
    /// Keys it once had, each with what a recipe writes now, in which `…` stands for the value: `("weight_decay",
    /// "`optimizer = { kind = \"adamw\", weight_decay = … }`")`. A key within a table of a list is `phases[].rise`.
    const RENAMED: &'static [(&'static str, &'static str)] = &[];
    /// Whether its work can be split over machines: in a run with a [shard](crate::context::Context::shard) it
    /// does its part, leaves it where the run without finds it, and says by
    /// [`Outputs::part`](crate::ports::Outputs::part) that what it offers is not all.
    const SHARDED: bool = false;

    /// All it may take and offer, each by the constant with which it takes or offers it.
    fn ports() -> Ports;

    /// Of `all` its ports those that it has with these parameters, and what they insist on.
    fn narrow(&self, all: Ports) -> Ports {
        all
    }

    /// What it will offer, as far as its parameters and the descriptions of its inputs tell. Fetches nothing and reads
    /// nothing.
    fn describe(&self, _inputs: &Descriptions) -> Descriptions {
        Descriptions::new()
    }

    /// Mistakes that types and ranges cannot express, and advice. Reads nothing.
    fn check(&self) -> Vec<Problem> {
        Vec::new()
    }

    /// Mistakes beside the labels of the recipe: a number too few, a label that there is not. Reads nothing.
    fn check_labels(&self, _labels: &LabelSet) -> Vec<Problem> {
        Vec::new()
    }

    /// Files and directories it will read.
    fn reads(&self) -> Vec<ExternalPath> {
        Vec::new()
    }

    /// The public collections that its images come from, such as "RSNA 2019": two loaders of one recipe that share one
    /// may have the same images under two names, and the recipe's author is told.
    fn origins(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// What it would take, as far as it can tell from what is known before anything runs. May look at the files it
    /// will read, and may take some seconds.
    ///
    /// # Errors
    /// Where files that it will read cannot be looked at.
    fn needs(&self, _known: &Known) -> Result<Needs> {
        Ok(Needs::default())
    }

    /// Brings onto this machine what it needs from elsewhere. A run does so before its first stage begins, so that a
    /// network that is down costs no work.
    ///
    /// # Errors
    /// When it cannot be brought.
    fn fetch(&self) -> Result<()> {
        Ok(())
    }

    /// Where it would go on with what a run that was stopped has left in `directory`, the place of its result: "resumes at
    /// epoch 4 of 10". Nothing where it would begin anew.
    fn resumes(&self, _directory: &Path) -> Option<String> {
        None
    }

    /// Does the work.
    ///
    /// # Errors
    /// What, where, and what to do; [`Error::Interrupted`](crate::error::Error::Interrupted) where the run should stop. A slice that cannot be read is
    /// none: it is excluded ([`Context::quarantine`]).
    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs>;
}

/// A stage whose type is known only at run time: what the application holds.
pub trait AnyStage: Send + Sync {
    /// The ports it has with its parameters, see [`Stage::narrow`].
    fn ports(&self) -> Ports;
    /// See [`Stage::describe`].
    fn describe(&self, inputs: &Descriptions) -> Descriptions;
    /// See [`Stage::check`].
    fn check(&self) -> Vec<Problem>;
    /// See [`Stage::check_labels`].
    fn check_labels(&self, labels: &LabelSet) -> Vec<Problem>;
    /// See [`Stage::reads`].
    fn reads(&self) -> Vec<ExternalPath>;
    /// See [`Stage::origins`].
    fn origins(&self) -> Vec<&'static str>;
    /// See [`Stage::needs`].
    ///
    /// # Errors
    /// See [`Stage::needs`].
    fn needs(&self, known: &Known) -> Result<Needs>;
    /// See [`Stage::fetch`].
    ///
    /// # Errors
    /// As the stage's own.
    fn fetch(&self) -> Result<()>;
    /// See [`Stage::resumes`].
    fn resumes(&self, directory: &Path) -> Option<String>;
    /// See [`Stage::run`].
    ///
    /// # Errors
    /// See [`Stage::run`].
    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs>;
    /// All parameters with their values, defaults included.
    ///
    /// # Errors
    /// Where a parameter has no form in TOML.
    fn params(&self) -> Result<toml::Table>;
}

impl<S: Stage> AnyStage for S {
    fn ports(&self) -> Ports {
        self.narrow(S::ports())
    }

    fn describe(&self, inputs: &Descriptions) -> Descriptions {
        Stage::describe(self, inputs)
    }

    fn check(&self) -> Vec<Problem> {
        Stage::check(self)
    }

    fn check_labels(&self, labels: &LabelSet) -> Vec<Problem> {
        Stage::check_labels(self, labels)
    }

    fn reads(&self) -> Vec<ExternalPath> {
        Stage::reads(self)
    }

    fn origins(&self) -> Vec<&'static str> {
        Stage::origins(self)
    }

    fn needs(&self, known: &Known) -> Result<Needs> {
        Stage::needs(self, known)
    }

    fn fetch(&self) -> Result<()> {
        Stage::fetch(self)
    }

    fn resumes(&self, directory: &Path) -> Option<String> {
        Stage::resumes(self, directory)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        Stage::run(self, inputs, context)
    }

    fn params(&self) -> Result<toml::Table> {
        toml::Table::try_from(self).map_err(|error| {
            crate::error::Error::caused_by(
                format!("the parameters of `{}` cannot be written as TOML", S::NAME),
                error,
            )
        })
    }
}
