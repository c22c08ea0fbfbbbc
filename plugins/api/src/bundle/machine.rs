//! Running the stages of a bundle's chain.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use burn::module::Module;
use ichflow_nn::series::SeriesShape;
use ichflow_nn::weights::{load_safetensors, load_series};
use toml::{Table, Value};

use super::opened::Bundle;
use super::wires::{SLICES, TRAINED, TRAINED_ON_TOGETHER, TRAINED_SERIES, parts, stage_of};
use crate::context::RunContext;
use crate::ports::AnyArtifact;
use crate::prelude::*;
use crate::registry::{Registration, Registry};
use crate::tensors::model::Preparation;
use crate::tensors::views::Views;

/// What stands for the folds of the slices to predict, all of them to be predicted.
const FOLDS: &str = "slices.folds";
/// Pixels of a batch, in which a single image may have more: 32 slices of 512 × 512.
const PIXELS_OF_BATCH: usize = 32 * 512 * 512;

/// Runs the stages of a chain, each when something of it is first needed.
pub struct Machine<'a> {
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
    /// # Errors
    /// When the program's stages cannot be used.
    pub fn new(bundle: &'a Bundle, run: &'a RunContext) -> Result<Self> {
        Self::with(bundle, bundle.chain().clone(), run)
    }

    /// Stages in the place of the bundle's own.
    ///
    /// # Errors
    /// When the program's stages cannot be used.
    pub fn with(bundle: &'a Bundle, chain: Table, run: &'a RunContext) -> Result<Self> {
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

    pub(super) fn bundle(&self) -> &'a Bundle {
        self.bundle
    }

    /// Puts something that holds for all slices in the place of what the chain would make.
    pub(super) fn keep(&mut self, wire: &str, artifact: AnyArtifact) {
        self.made.insert(wire.to_owned(), artifact);
    }

    /// Forgets what was made of other slices.
    pub(super) fn begin(&mut self, key: String, cohort: &Cohort) {
        let of_slices = std::mem::replace(&mut self.of_slices, BTreeSet::from([SLICES.to_owned()]));
        self.made.retain(|wire, _| !of_slices.contains(stage_of(wire)));
        self.waiting.clear();
        self.key = key;
        let pixels = |slice: &Slice| slice.rows as usize * slice.columns as usize;
        let largest = cohort.slices.iter().map(pixels).max().unwrap_or(0);
        self.largest_batch = (PIXELS_OF_BATCH / largest.max(1)).max(1);
    }

    /// Puts something of the slices in work in the place of what the chain would make.
    pub fn give(&mut self, wire: &str, artifact: AnyArtifact) {
        self.of_slices.insert(stage_of(wire).to_owned());
        self.made.insert(wire.to_owned(), artifact);
    }

    /// The predictions of a wire.
    ///
    /// # Errors
    /// As [`Machine::make`].
    pub fn predictions(&mut self, wire: &str) -> Result<Predictions> {
        let made = self.make(wire)?;
        let made = made
            .downcast::<Predictions>()
            .map_err(|_| self.bundle.broken(wire))?;
        Ok(Predictions::clone(&made))
    }

    /// What a wire brings.
    ///
    /// # Errors
    /// When this program lacks a stage of the bundle, when one fails, or the bundle is not what it says.
    pub fn make(&mut self, wire: &str) -> Result<AnyArtifact> {
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
        let (Some(series), Some(wire)) = (&bundle.index().series, wire) else {
            return Err(bundle.broken(TRAINED_SERIES));
        };
        let spec = self.make(wire)?;
        let spec = spec
            .downcast::<SeriesNetworkSpec>()
            .map_err(|_| bundle.broken(wire))?;
        let shape = SeriesShape {
            features: series.features,
            logits: series.logits,
            labels: bundle.index().labels.len(),
        };
        let network = spec.build(shape, &self.run.device.open())?;
        let weights = bundle.directory().join(&series.weights.file);
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
        let index = self.bundle.index();
        let device = &self.run.device.open();
        let network = spec
            .build(window.channels(), index.labels.len(), device)?
            .with_window(window.learned(device));
        let weights = self.bundle.directory().join(&index.weights.file);
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
