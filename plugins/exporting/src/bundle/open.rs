//! Using a bundle: the model of its weights, and the predictions its chain makes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::module::Module;
use ichflow_api::context::RunContext;
use ichflow_api::data::profile::{Novelty, Readings};
use ichflow_api::nn::series::SeriesShape;
use ichflow_api::nn::weights::{load_safetensors, load_series};
use ichflow_api::ports::AnyArtifact;
use ichflow_api::prelude::*;
use ichflow_api::registry::{Registration, Registry};
use ichflow_api::tensors::model::Preparation;
use ichflow_api::tensors::views::Views;
use toml::{Table, Value};

use super::chain::{PROFILE, SLICES, TRAINED, TRAINED_ON_TOGETHER, TRAINED_SERIES, parts, stage_of};
use super::format::{DigestedFile, Index, Reference};

/// What stands for the folds of the slices to predict, all of them to be predicted.
const FOLDS: &str = "slices.folds";
/// Pixels of a batch, in which a single image may have more: 32 slices of 512 × 512.
const PIXELS_OF_BATCH: usize = 32 * 512 * 512;

/// A bundle whose files are what they were when it was written.
pub struct Bundle {
    pub(super) directory: PathBuf,
    pub(super) index: Index,
    pub(super) chain: Table,
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
            machine
                .made
                .insert(PROFILE.to_owned(), Arc::new(reference.profile));
        }
        Ok(Predictor { machine, calls: 0 })
    }

    /// The slices that the network was trained on, as far as the bundle knows them.
    fn trained_on(&self) -> Result<TrainedOn> {
        match &self.index.trained_on {
            Some(file) => self.slices_of(file),
            None => Ok(TrainedOn::default()),
        }
    }

    fn slices_of(&self, file: &DigestedFile) -> Result<TrainedOn> {
        let bytes = file.read(&self.directory)?;
        TrainedOn::from_bytes(&bytes).ok_or_else(|| self.broken(&file.file))
    }

    /// Why there are no exams.
    pub(crate) fn without_exams(&self) -> Error {
        Error::new(format!(
            "the bundle {} makes no exams of slices",
            self.directory.display()
        ))
        .help("put `use = \"aggregate\"` before `model-bundle` in its recipe, and run that again")
    }

    pub(super) fn broken(&self, wire: &str) -> Error {
        Error::new(format!(
            "{}: `{wire}` is not what the bundle says it is",
            self.directory.display()
        ))
        .help("run the recipe again")
    }
}

/// Predicts slices with a bundle. The model is made once, what is of the slices anew with each call.
pub struct Predictor<'a> {
    machine: Machine<'a>,
    calls: usize,
}

/// What a bundle makes of slices.
pub struct Predicted {
    /// Probabilities.
    pub predictions: Predictions,
    /// What was read of each slice beside the training data, where the bundle knows that.
    pub readings: Option<Readings>,
}

impl Predictor<'_> {
    /// What the whole chain, what follows the network included, makes of some slices. Those that cannot be read are
    /// among the excluded ones of the run, and not among the predictions.
    ///
    /// # Errors
    /// When this program lacks a stage of the bundle, when one fails, or when the run should stop.
    pub fn predict(&mut self, mut cohort: Cohort, pixels: Pixels) -> Result<Predicted> {
        let machine = &mut self.machine;
        cohort.labels = machine.bundle.index.label_set.clone();
        self.calls += 1;
        machine.begin(format!("slices-{}", self.calls), &cohort);
        let given: [(&str, AnyArtifact); 2] = [("cohort", Arc::new(cohort)), ("pixels", Arc::new(pixels))];
        for (name, artifact) in given {
            machine.give(&format!("{SLICES}.{name}"), artifact);
        }
        let bundle = machine.bundle;
        let predictions = machine.predictions(&bundle.index.predictions)?;
        let novelty = bundle.index.profile.as_ref().map(|profile| {
            let novelty = machine.make(&profile.novelty)?;
            novelty
                .downcast::<Novelty>()
                .map_err(|_| bundle.broken(&profile.novelty))
        });
        Ok(Predicted {
            predictions,
            readings: novelty.transpose()?.map(|novelty| novelty.valid.clone()),
        })
    }

    /// What the exams of the slices last predicted are made of; nothing where the bundle makes none.
    ///
    /// # Errors
    /// As [`Predictor::predict`].
    pub fn slices_of_exams(&mut self) -> Result<Option<Predictions>> {
        let bundle = self.machine.bundle;
        let Some(exams) = &bundle.index.exams else {
            return Ok(None);
        };
        self.machine.predictions(&exams.slices).map(Some)
    }

    /// Exams, of all that [`Predictor::slices_of_exams`] gave of their slices.
    ///
    /// # Errors
    /// When the bundle makes none, or as [`Predictor::predict`].
    pub fn exams(&mut self, slices: Predictions) -> Result<Predictions> {
        let bundle = self.machine.bundle;
        let exams = bundle
            .index
            .exams
            .as_ref()
            .ok_or_else(|| bundle.without_exams())?;
        self.calls += 1;
        self.machine
            .begin(format!("slices-{}", self.calls), &Cohort::default());
        self.machine.give(&exams.slices, Arc::new(slices));
        self.machine.predictions(&exams.predictions)
    }
}

/// Runs the stages of a chain, each when something of it is first needed.
pub(super) struct Machine<'a> {
    bundle: &'a Bundle,
    /// The stages: the bundle's chain, or what stands for it.
    chain: Table,
    run: &'a RunContext,
    registry: Registry,
    made: BTreeMap<String, AnyArtifact>,
    /// Stages whose results are of the slices in work, and not of the bundle alone.
    of_slices: BTreeSet<String>,
    /// Names what stages keep of the slices in work.
    key: String,
    /// Slices that may share a batch, by the size of the largest.
    largest_batch: usize,
    /// Stages that wait for others, against wires that go round in circles.
    waiting: Vec<String>,
}

impl<'a> Machine<'a> {
    fn new(bundle: &'a Bundle, run: &'a RunContext) -> Result<Self> {
        Self::with(bundle, bundle.chain.clone(), run)
    }

    /// Stages in the place of the bundle's own.
    pub(super) fn with(bundle: &'a Bundle, chain: Table, run: &'a RunContext) -> Result<Self> {
        Ok(Self {
            bundle,
            chain,
            run,
            registry: Registry::collect().doing("the program cannot be used")?,
            made: BTreeMap::new(),
            of_slices: BTreeSet::from([SLICES.to_owned()]),
            key: "bundle".to_owned(),
            largest_batch: usize::MAX,
            waiting: Vec::new(),
        })
    }

    /// Forgets what was made of other slices.
    fn begin(&mut self, key: String, cohort: &Cohort) {
        let of_slices = std::mem::replace(&mut self.of_slices, BTreeSet::from([SLICES.to_owned()]));
        self.made.retain(|wire, _| !of_slices.contains(stage_of(wire)));
        self.waiting.clear();
        self.key = key;
        let pixels = |slice: &Slice| slice.rows as usize * slice.columns as usize;
        let largest = cohort.slices.iter().map(pixels).max().unwrap_or(0);
        self.largest_batch = (PIXELS_OF_BATCH / largest.max(1)).max(1);
    }

    /// Puts something of the slices in work in the place of what the chain would make.
    pub(super) fn give(&mut self, wire: &str, artifact: AnyArtifact) {
        self.of_slices.insert(stage_of(wire).to_owned());
        self.made.insert(wire.to_owned(), artifact);
    }

    /// The predictions of a wire.
    pub(super) fn predictions(&mut self, wire: &str) -> Result<Predictions> {
        let made = self.make(wire)?;
        let made = made
            .downcast::<Predictions>()
            .map_err(|_| self.bundle.broken(wire))?;
        Ok(Predictions::clone(&made))
    }

    pub(super) fn make(&mut self, wire: &str) -> Result<AnyArtifact> {
        if let Some(made) = self.made.get(wire) {
            return Ok(made.clone());
        }
        let bundle = self.bundle;
        let name = stage_of(wire);
        let table = self
            .chain
            .get(name)
            .and_then(Value::as_table)
            .filter(|_| !self.waiting.iter().any(|waiting| waiting == name))
            .cloned()
            .ok_or_else(|| bundle.broken(wire))?;
        let table = &table;
        self.waiting.push(name.to_owned());
        match table.get("use").and_then(Value::as_str) {
            Some(TRAINED) => {
                let model = self.trained(table)?;
                self.made.insert(wire.to_owned(), Arc::new(model));
            }
            Some(TRAINED_SERIES) => {
                let model = self.trained_series(table)?;
                self.made.insert(wire.to_owned(), Arc::new(model));
            }
            Some(TRAINED_ON_TOGETHER) => {
                let output = wire.split_once('.').map_or("", |(_, output)| output);
                let before = table.get(output).and_then(Value::as_str);
                let model = self.make(before.ok_or_else(|| bundle.broken(wire))?)?;
                self.made.insert(wire.to_owned(), model);
            }
            _ => self.run_stage(name, table)?,
        }
        self.waiting.pop();
        self.made.get(wire).cloned().ok_or_else(|| bundle.broken(wire))
    }

    fn run_stage(&mut self, name: &str, table: &Table) -> Result<()> {
        let (registration, mut params) = parts(table, &self.registry)?;
        // How many slices may be unusable was said of the training data.
        for name in registration.immaterial {
            params.remove(*name);
        }
        self.bound_batch(registration, &mut params);
        let stage = registration
            .build(params)
            .doing("the parameters of a stage of the bundle cannot be read")?;
        let ports = stage.ports();
        let mut inputs = Inputs::default();
        let mut count = None;
        for input in &ports.inputs {
            let Some(wire) = table.get(input.name).and_then(Value::as_str) else {
                continue;
            };
            if self.of_slices.contains(stage_of(wire)) || wire == FOLDS {
                self.of_slices.insert(name.to_owned());
            }
            if wire == FOLDS {
                continue;
            }
            let artifact = self.make(wire)?;
            if self.of_slices.contains(stage_of(wire)) {
                self.of_slices.insert(name.to_owned());
            }
            if let Some(cohort) = artifact.downcast_ref::<Cohort>() {
                count.get_or_insert(cohort.len());
            }
            inputs = inputs.with_any(input.name, artifact);
        }
        // The store may have excluded slices: folds are of those that the stage itself gets.
        for input in &ports.inputs {
            if table.get(input.name).and_then(Value::as_str) == Some(FOLDS) {
                let of_slice = vec![Fold::Valid; count.unwrap_or(0)];
                inputs = inputs.with_any(input.name, Arc::new(Folds { of_slice }));
            }
        }
        let context = Context::new(self.run, name, registration.name, &self.key);
        let mut outputs = stage.run(&inputs, &context)?;
        for output in &ports.outputs {
            if let Some(artifact) = outputs.take_any(output.name) {
                self.made.insert(format!("{name}.{}", output.name), artifact);
            }
        }
        Ok(())
    }

    /// Large images share a batch with fewer others, so that memory is bounded.
    fn bound_batch(&self, registration: &Registration, params: &mut Table) {
        let batch = params.get("batch").and_then(Value::as_integer);
        if let Some(batch) = batch
            && registration.family == Family::Predict
        {
            let bound = i64::try_from(self.largest_batch).unwrap_or(i64::MAX);
            params.insert("batch".into(), Value::Integer(batch.min(bound)));
        }
    }

    /// The network over series with the bundle's weights.
    fn trained_series(&mut self, table: &Table) -> Result<SeriesModel> {
        let bundle = self.bundle;
        let wire = table.get("series_network").and_then(Value::as_str);
        let (Some(series), Some(wire)) = (&bundle.index.series, wire) else {
            return Err(bundle.broken(TRAINED_SERIES));
        };
        let spec = self.make(wire)?;
        let spec = spec
            .downcast::<SeriesNetworkSpec>()
            .map_err(|_| bundle.broken(wire))?;
        let shape = SeriesShape {
            features: series.features,
            logits: series.logits,
            labels: bundle.index.labels.len(),
        };
        let network = spec.build(shape, &self.run.device.open())?;
        let weights = bundle.directory.join(&series.weights.file);
        Ok(SeriesModel {
            network: load_series(network, &weights)?.valid(),
            shape,
            description: series.network.clone(),
            level: series.level,
            trained_on: bundle.slices_of(&series.trained_on)?,
        })
    }

    /// The network with the bundle's weights, and what comes before it.
    fn trained(&mut self, table: &Table) -> Result<Model> {
        let mut inputs = Inputs::default();
        for port in ["window", "resize", "network"] {
            if let Some(wire) = table.get(port).and_then(Value::as_str) {
                inputs = inputs.with_any(port, self.make(wire)?);
            }
        }
        let window = inputs.take(input::WINDOW)?;
        let spec = inputs.take(input::NETWORK)?;
        let index = &self.bundle.index;
        let device = &self.run.device.open();
        let network = spec
            .build(window.channels(), index.labels.len(), device)?
            .with_window(window.learned(device));
        let weights = self.bundle.directory.join(&index.weights.file);
        Ok(Model {
            preparation: Preparation {
                window: Window::clone(&window),
                resize: inputs.get(optional::RESIZE)?.map(|resize| *resize),
                normalisation: Normalisation {
                    mean: index.mean.clone(),
                    std: index.std.clone(),
                },
            },
            network: load_safetensors(network, &weights)?.valid(),
            description: index.network.clone(),
            views: Views::default(),
            trained_on: self.bundle.trained_on()?,
        })
    }
}
