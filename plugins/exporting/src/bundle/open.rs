//! Using a bundle: the model of its weights, and the predictions its chain makes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::module::Module;
use ichflow_api::context::RunContext;
use ichflow_api::data::labels::COUNT;
use ichflow_api::nn::weights::load_safetensors;
use ichflow_api::ports::AnyArtifact;
use ichflow_api::prelude::*;
use ichflow_api::registry::Registry;
use ichflow_api::tensors::model::{Preparation, Resize};
use ichflow_api::tensors::views::Views;
use toml::{Table, Value};

use super::chain::{SLICES, TRAINED, parts, stage_of};
use super::format::Index;

/// A bundle whose files are what they were when it was written.
pub struct Bundle {
    directory: PathBuf,
    index: Index,
    chain: Table,
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
    pub fn model(&self, run: &RunContext) -> Result<Model> {
        let mut machine = Machine::new(self, run)?;
        let model = machine.make(&self.index.model)?;
        let model = model
            .downcast::<Model>()
            .map_err(|_| self.broken(&self.index.model))?;
        Ok(Model::clone(&model))
    }

    /// What the whole chain, what follows the network included, makes of some slices.
    pub fn predict(&self, run: &RunContext, cohort: Cohort, pixels: Pixels) -> Result<Predictions> {
        let mut machine = Machine::new(self, run)?;
        let folds = Folds {
            of_slice: vec![Fold::Valid; cohort.len()],
        };
        let given: [(&str, AnyArtifact); 3] = [
            ("cohort", Arc::new(cohort)),
            ("pixels", Arc::new(pixels)),
            ("folds", Arc::new(folds)),
        ];
        for (name, artifact) in given {
            machine.made.insert(format!("{SLICES}.{name}"), artifact);
        }
        let wire = &self.index.predictions;
        let predictions = machine.make(wire)?;
        let predictions = predictions
            .downcast::<Predictions>()
            .map_err(|_| self.broken(wire))?;
        Ok(Predictions::clone(&predictions))
    }

    fn broken(&self, wire: &str) -> Error {
        Error::new(format!(
            "{}: `{wire}` is not what the bundle says it is",
            self.directory.display()
        ))
        .help("run the recipe again")
    }
}

/// Runs the stages of a chain, each when something of it is first needed.
struct Machine<'a> {
    bundle: &'a Bundle,
    run: &'a RunContext,
    registry: Registry,
    made: BTreeMap<String, AnyArtifact>,
    /// Stages that wait for others, against wires that go round in circles.
    waiting: Vec<String>,
}

impl<'a> Machine<'a> {
    fn new(bundle: &'a Bundle, run: &'a RunContext) -> Result<Self> {
        Ok(Self {
            bundle,
            run,
            registry: Registry::collect().doing("the program cannot be used")?,
            made: BTreeMap::new(),
            waiting: Vec::new(),
        })
    }

    fn make(&mut self, wire: &str) -> Result<AnyArtifact> {
        if let Some(made) = self.made.get(wire) {
            return Ok(made.clone());
        }
        let bundle = self.bundle;
        let name = stage_of(wire);
        let table = bundle
            .chain
            .get(name)
            .and_then(Value::as_table)
            .filter(|_| !self.waiting.iter().any(|waiting| waiting == name))
            .ok_or_else(|| bundle.broken(wire))?;
        self.waiting.push(name.to_owned());
        if table.get("use").and_then(Value::as_str) == Some(TRAINED) {
            let model = self.trained(table)?;
            self.made.insert(wire.to_owned(), Arc::new(model));
        } else {
            self.run_stage(name, table)?;
        }
        self.waiting.pop();
        self.made.get(wire).cloned().ok_or_else(|| bundle.broken(wire))
    }

    fn run_stage(&mut self, name: &str, table: &Table) -> Result<()> {
        let (registration, params) = parts(table, &self.registry)?;
        let stage = registration
            .build(params)
            .doing("the parameters of a stage of the bundle cannot be read")?;
        let ports = stage.ports();
        let mut inputs = Inputs::default();
        for input in &ports.inputs {
            if let Some(wire) = table.get(input.name).and_then(Value::as_str) {
                inputs = inputs.with_any(input.name, self.make(wire)?);
            }
        }
        let context = Context::new(self.run, name, registration.name, "bundle");
        let mut outputs = stage.run(&inputs, &context)?;
        for output in &ports.outputs {
            if let Some((_, artifact)) = outputs.take(output.name) {
                self.made.insert(format!("{name}.{}", output.name), artifact);
            }
        }
        Ok(())
    }

    /// The network with the bundle's weights, and what comes before it.
    fn trained(&mut self, table: &Table) -> Result<Model> {
        let mut inputs = Inputs::default();
        for port in ["window", "resize", "network"] {
            if let Some(wire) = table.get(port).and_then(Value::as_str) {
                inputs = inputs.with_any(port, self.make(wire)?);
            }
        }
        let window = inputs.get::<Window>("window")?;
        let spec = inputs.get::<NetworkSpec>("network")?;
        let index = &self.bundle.index;
        let device = &self.run.device.open();
        let network = spec
            .build(window.channels(), COUNT, device)?
            .with_window(window.learned(device));
        let weights = self.bundle.directory.join(&index.weights.file);
        Ok(Model {
            preparation: Preparation {
                window: Window::clone(&window),
                resize: inputs.find::<Resize>("resize")?.map(|resize| *resize),
                normalisation: Normalisation {
                    mean: index.mean.clone(),
                    std: index.std.clone(),
                },
            },
            network: load_safetensors(network, &weights)?.valid(),
            description: index.network.clone(),
            views: Views::default(),
        })
    }
}
