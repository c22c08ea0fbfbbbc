//! A bundle, opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Table;

use super::format::{DigestedFile, Index, Reference};
use super::machine::Machine;
use super::predictor::Predictor;
use super::wires::PROFILE;
use crate::context::RunContext;
use crate::prelude::*;

/// A bundle whose files are what they were when it was written.
pub struct Bundle {
    directory: PathBuf,
    index: Index,
    chain: Table,
}

impl Artifact for Bundle {
    const NAME: &'static str = "bundle";
}

impl Bundle {
    /// Opens a directory that `model-bundle` wrote.
    ///
    /// # Errors
    /// When it is none, or its files were changed.
    pub fn open(directory: &Path) -> Result<Self> {
        let index = Index::read(directory)?;
        let chain = index.chain.read(directory)?;
        let chain = String::from_utf8_lossy(&chain)
            .parse()
            .at("understand", &directory.join(&index.chain.file))?;
        index.weights.read(directory)?;
        if let Some(series) = &index.series {
            series.weights.read(directory)?;
        }
        Ok(Self {
            directory: directory.to_owned(),
            index,
            chain,
        })
    }

    /// What `bundle.json` says.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The stages that turn slices into probabilities.
    pub fn chain(&self) -> &Table {
        &self.chain
    }

    /// The model, on the device of `run`.
    ///
    /// # Errors
    /// When this program lacks one of its stages, or the bundle is not what it says.
    pub fn model(&self, run: &RunContext) -> Result<Model> {
        let mut machine = Machine::new(self, run)?;
        let model = machine.make(&self.index.model)?;
        let model = model
            .downcast::<Model>()
            .map_err(|_| self.broken(&self.index.model))?;
        Ok(Model::clone(&model))
    }

    /// The network over series, on the device of `run`.
    ///
    /// # Errors
    /// When the bundle has none, when this program lacks one of its stages, or the bundle is not what it says.
    pub fn series_model(&self, run: &RunContext) -> Result<SeriesModel> {
        let series = self.index.series.as_ref().ok_or_else(|| {
            Error::new(format!("{} has no network over series", self.directory.display()))
                .help("leave out `series`")
        })?;
        let model = Machine::new(self, run)?.make(&series.model)?;
        let model = model
            .downcast::<SeriesModel>()
            .map_err(|_| self.broken(&series.model))?;
        Ok(SeriesModel::clone(&model))
    }

    /// What training data looked like, and what was predicted of the validation exams; nothing where the recipe had no
    /// `data-profile`.
    ///
    /// # Errors
    /// Where its files are not what they were.
    pub fn reference(&self) -> Result<Option<Reference>> {
        let Some(files) = &self.index.profile else {
            return Ok(None);
        };
        let facts = files.facts.read(&self.directory)?;
        let reference: Reference =
            serde_json::from_slice(&facts).at("understand", &self.directory.join(&files.facts.file))?;
        let features = files.features.read(&self.directory)?;
        Ok(Some(Reference {
            profile: reference.profile.with_features(&features)?,
            ..reference
        }))
    }

    /// What predicts slices with it, any number of times; stages work in the directories of `run`.
    ///
    /// # Errors
    /// When the program's stages cannot be used.
    pub fn predictor<'a>(&'a self, run: &'a RunContext) -> Result<Predictor<'a>> {
        let mut machine = Machine::new(self, run)?;
        if let Some(reference) = self.reference()? {
            machine.keep(PROFILE, Arc::new(reference.profile));
        }
        Ok(Predictor::new(machine))
    }

    /// The slices that the network was trained on, as far as the bundle knows them.
    pub(super) fn trained_on(&self) -> Result<TrainedOn> {
        match &self.index.trained_on {
            Some(file) => self.slices_of(file),
            None => Ok(TrainedOn::default()),
        }
    }

    pub(super) fn slices_of(&self, file: &DigestedFile) -> Result<TrainedOn> {
        let bytes = file.read(&self.directory)?;
        TrainedOn::from_bytes(&bytes).ok_or_else(|| self.broken(&file.file))
    }

    /// Why there are no exams.
    pub fn without_exams(&self) -> Error {
        Error::new(format!(
            "the bundle {} makes no exams of slices",
            self.directory.display()
        ))
        .help("put `use = \"aggregate\"` before `model-bundle` in its recipe, and run that again")
    }

    /// Why a wire of the bundle cannot be used.
    pub fn broken(&self, wire: &str) -> Error {
        Error::new(format!(
            "{}: `{wire}` is not what the bundle says it is",
            self.directory.display()
        ))
        .help("run the recipe again")
    }
}
