//! The part of a recipe that turns slices into probabilities.
//!
//! It is found by following wires backwards from the model, and from the predictions if what follows the network is to
//! come along. Loaders and splits are replaced by the slices to predict, the stage that trained by the weights it
//! ended with, and what stages found in the training data ([`Context::settle`]) is written into their parameters.

use std::collections::BTreeMap;

use ichflow_api::bundle::wires::{SLICES, TRAINED, TRAINED_ON_TOGETHER, TRAINED_SERIES, parts, stage_of};
use ichflow_api::data::profile::DataProfile;
use ichflow_api::ports::{ArtifactType, InputPort, Need};
use ichflow_api::prelude::*;
use ichflow_api::registry::Registry;
use ichflow_api::stage::AnyStage;
use ichflow_api::tensors::model::Resize;
use toml::{Table, Value};

/// Stages in the order of the recipe, and the wires that end in the model and in the predictions.
pub(super) struct Chain {
    /// The stages' tables, by name.
    pub stages: Table,
    /// Where the model comes from: "tta.model".
    pub model: String,
    /// Where the predictions come from: "calibrate.valid".
    pub predictions: String,
}

impl Chain {
    /// Takes in the stages of another chain of the same recipe.
    pub(super) fn with(&mut self, other: Self, recipe: &Table) {
        let mut both = std::mem::take(&mut self.stages);
        both.extend(other.stages);
        let order = recipe
            .keys()
            .filter_map(|name| both.get(name).map(|table| (name, table)));
        self.stages = order.map(|(name, table)| (name.clone(), table.clone())).collect();
    }
}

/// Follows wires through a recipe as it was resolved.
pub(super) struct Collector<'a> {
    recipe: &'a Table,
    registry: &'a Registry,
    settled: &'a dyn Fn(&str) -> Option<Table>,
    taken: BTreeMap<String, Table>,
}

impl<'a> Collector<'a> {
    /// `settled` gives the parameters with which a stage needs no training data.
    pub(super) fn new(
        recipe: &'a Table,
        registry: &'a Registry,
        settled: &'a dyn Fn(&str) -> Option<Table>,
    ) -> Self {
        Self {
            recipe,
            registry,
            settled,
            taken: BTreeMap::new(),
        }
    }

    /// The chain that ends in the model `model` ("fit.model") and the predictions `predictions`
    /// ("smooth.valid").
    ///
    /// # Errors
    /// When the predictions are another model's, or several models' together; when a stage before the network
    /// looks at training data and has not said what it found.
    pub(super) fn chain(mut self, model: &str, predictions: &str) -> Result<Chain> {
        self.take(predictions)?;
        let used: Vec<&str> = self
            .taken
            .values()
            .filter_map(|table| table.get("model").and_then(Value::as_str))
            .collect();
        if !used.contains(&model) {
            let made_with = if used.is_empty() {
                "without a model".to_owned()
            } else {
                format!("with `{}`", used.join("`, `"))
            };
            return Err(Error::new(format!(
                "the predictions `{predictions}` are not made with the model `{model}`, but {made_with}"
            ))
            .help("wire the bundle to the predictions of its own model: `valid = \"predict.valid\"`"));
        }
        let order = self.recipe.keys().filter(|name| self.taken.contains_key(*name));
        let stages = order
            .map(|name| (name.clone(), Value::Table(self.taken[name].clone())))
            .collect();
        Ok(Chain {
            stages,
            model: model.to_owned(),
            predictions: predictions.to_owned(),
        })
    }

    /// Takes the stage behind a wire, and all it stands on.
    fn take(&mut self, wire: &str) -> Result<()> {
        let name = stage_of(wire);
        if self.taken.contains_key(name) {
            return Ok(());
        }
        let written = self
            .recipe
            .get(name)
            .and_then(Value::as_table)
            .ok_or_else(|| Error::new(format!("the recipe has no stage `{name}`")))?;
        let (registration, params) = parts(written, self.registry)?;
        let settled = (self.settled)(name);
        let mut params = settled.clone().unwrap_or(params);
        if registration.family == Family::Network {
            // Weights to start from: the bundle's own take their place, and the file may be gone.
            params.remove("weights");
        }
        let stage = registration
            .build(params.clone())
            .doing("the parameters of a stage cannot be read")?;
        let ports = stage.ports();
        let makes = |artifact| ports.outputs.iter().any(|output| output.artifact == artifact);
        let takes = |is: fn(&InputPort) -> bool| ports.inputs.iter().any(is);
        let trained = if takes(is::<NetworkSpec>) && makes(ArtifactType::of::<Model>()) {
            Some(TRAINED)
        } else if takes(is::<SeriesModel>) && makes(ArtifactType::of::<SeriesModel>()) {
            Some(TRAINED_ON_TOGETHER)
        } else if takes(is::<SeriesNetworkSpec>) && makes(ArtifactType::of::<SeriesModel>()) {
            Some(TRAINED_SERIES)
        } else {
            None
        };
        let mut table = Table::new();
        table.insert("use".into(), trained.unwrap_or(registration.name).into());
        for input in &ports.inputs {
            let builds = is::<Window>(input)
                || is::<Resize>(input)
                || is::<NetworkSpec>(input)
                || is::<SeriesNetworkSpec>(input)
                || is::<Model>(input)
                || is::<SeriesModel>(input);
            if trained.is_some() && !builds {
                continue;
            }
            if let Some(wire) = self.source(name, written, input, settled.is_some(), stage.as_ref())? {
                table.insert(input.name.into(), wire.into());
            }
        }
        if trained.is_none() {
            table.extend(params);
        }
        self.taken.insert(name.to_owned(), table);
        Ok(())
    }

    /// The wire of an input in the chain; nothing if the input is not wired or not needed.
    fn source(
        &mut self,
        name: &str,
        written: &Table,
        input: &InputPort,
        settled: bool,
        stage: &dyn AnyStage,
    ) -> Result<Option<String>> {
        let Some(wire) = written.get(input.name).and_then(Value::as_str) else {
            return Ok(None);
        };
        if is::<DataProfile>(input) {
            // The bundle's own takes its place: see `profile.rs`.
            return Ok(None);
        }
        let data = is::<Cohort>(input) || is::<Pixels>(input) || is::<Folds>(input);
        let of_slices = data || is::<Predictions>(input) || is::<Embeddings>(input);
        if of_slices && input.need == Need::Optional && input.name.starts_with("test") {
            return Ok(None);
        }
        if is::<Embeddings>(input) && input.name != "embeddings" {
            return Err(Error::new(format!(
                "`{name}` takes embeddings of several networks (`{}`), and a bundle holds one",
                input.name
            ))
            .help("wire the bundle to predictions of a series model on one network's embeddings"));
        }
        if is::<Predictions>(input) && input.name != "valid" && input.name != "exams" {
            return Err(Error::new(format!(
                "`{name}` makes one prediction of several (`{}`), and a bundle holds one model",
                input.name
            ))
            .help("wire the bundle to the predictions of its model: `valid = \"predict.valid\"`"));
        }
        let makes = |wanted: ArtifactType| {
            stage
                .ports()
                .outputs
                .iter()
                .any(|output| output.artifact == wanted)
        };
        let before_the_network = makes(ArtifactType::of::<Window>())
            || makes(ArtifactType::of::<NetworkSpec>())
            || makes(ArtifactType::of::<Resize>());
        if data && before_the_network && !settled {
            return Err(Error::new(format!(
                "`{name}` looks at the training data (`{}`), which is not there where a bundle is used",
                input.name
            ))
            .help(
                "a stage that finds something in the cohort says with which parameters it would do the same \
                   again: Context::settle",
            ));
        }
        if is::<Folds>(input) {
            return Ok(Some(format!("{SLICES}.folds")));
        }
        if data && self.is_loader(wire) {
            let output = if is::<Cohort>(input) { "cohort" } else { "pixels" };
            return Ok(Some(format!("{SLICES}.{output}")));
        }
        self.take(wire)?;
        Ok(Some(wire.to_owned()))
    }

    fn is_loader(&self, wire: &str) -> bool {
        self.recipe
            .get(stage_of(wire))
            .and_then(|table| table.get("use")?.as_str())
            .and_then(|name| self.registry.find(name))
            .is_some_and(|registration| registration.family == Family::Load)
    }
}

/// The predictions of slices that the exams of a wire are made of; where a series model makes exams itself, these
/// exams.
pub(super) fn slices_of_exams(stages: &Table, exams: &str) -> Option<String> {
    let mut wire = exams;
    // No longer than there are stages, against wires that go round in circles.
    for _ in 0..=stages.len() {
        let before = predictions_before(stages, wire);
        if wire.ends_with(".exams") {
            return Some(before.unwrap_or(wire).to_owned());
        }
        wire = before?;
    }
    None
}

/// The predictions that those of a wire are made of; none where a network makes them.
pub(super) fn predictions_before<'a>(stages: &'a Table, wire: &str) -> Option<&'a str> {
    let table = stages.get(stage_of(wire))?;
    let from = |port: &str| table.get(port).and_then(Value::as_str);
    from("exams").or_else(|| from("valid"))
}

/// Where the predictions of a wire begin: what a network makes.
pub(super) fn root<'a>(stages: &'a Table, wire: &'a str) -> &'a str {
    let mut wire = wire;
    for _ in 0..stages.len() {
        match predictions_before(stages, wire) {
            Some(before) => wire = before,
            None => break,
        }
    }
    wire
}

pub(super) fn is<A: Artifact>(input: &InputPort) -> bool {
    input.artifact == ArtifactType::of::<A>()
}
