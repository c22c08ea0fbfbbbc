//! `model-bundle`: a directory that holds all it takes to predict; `bundled-model` and `ichflow predict` use it.

mod bundled_model;
mod card;
mod chain;
mod exams;
mod follow;
mod profile;

use std::fs;
use std::path::Path;

use ichflow_api::bundle::wires::{TRAINED_ON_TOGETHER, TRAINED_SERIES, stage_of};
use ichflow_api::digest::sha256_of_file;
use ichflow_api::nn::weights::{save_safetensors, save_series};
use ichflow_api::prelude::*;
use ichflow_api::registry::Registry;
use ichflow_api::tensors::model::Resize;
use serde_json::json;
use toml::{Table, Value};

use chain::Collector;
use ichflow_api::bundle::format::{
    BundledSeries, BundledThresholds, BundledWindows, CARD, CHAIN, DigestedFile, FORMAT, Index, RECIPE,
    SERIES_TRAINED_ON, SERIES_WEIGHTS, TRAINED_ON, WEIGHTS,
};

pub(crate) use follow::{Fit, Followed, fitted_steps, follow};

/// Writes `model/`, which `ichflow predict` needs and nothing else: the weights (`weights.safetensors`, timm's names
/// and PyTorch's layout), the stages that turn slices into probabilities with what they found in the training data
/// (`model.toml`: window, size, network, views, smoothing, calibration …), thresholds, the whole resolved recipe, a
/// model card (`README.md`) and `bundle.json`, which lists it all with label order, shift and scale of the input, and
/// digests of the files and of the training data.
///
/// Put it after what should be in it: the predictions it takes say which steps after the network come along, and the
/// scores it takes stand in the card. Where the recipe makes exams of slices (`aggregate`), that comes along too, with
/// what follows: `exams = "calibrate_exams.valid"` names the last step, else it is what `triage` sorts.
///
/// With a `data-profile` before it, the bundle knows what its training data looked like (`profile.json`, `features.bin`):
/// `ichflow predict` flags exams that are unlike them, `ichflow drift` compares periods.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelBundle {}

impl Stage for ModelBundle {
    const NAME: &'static str = "model-bundle";
    const FAMILY: Family = Family::Export;
    const SUMMARY: &'static str = "a directory that holds all it takes to predict";
    const EXAMPLE: &'static str = "[bundle]\nuse = \"model-bundle\"\n";
    const VERSION: u32 = 2;

    fn ports() -> Ports {
        Ports::new()
            .takes(input::MODEL)
            .takes(input::VALID)
            .takes(input::COHORT)
            .takes(input::FOLDS)
            .takes(optional::THRESHOLDS)
            .takes(optional::SCORES)
            .takes(optional::SERIES_MODEL)
            .takes(optional::PROFILE)
            .takes(optional::EXAMS)
            .takes(optional::EXAM_THRESHOLDS)
            .takes(optional::TRIAGE)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let model = inputs.take(input::MODEL)?;
        let cohort = inputs.take(input::COHORT)?;
        let run = context.run();
        let recipe: Table = run
            .resolved_recipe
            .parse()
            .doing("the resolved recipe cannot be read")?;
        let wire = |port: &str| {
            recipe
                .get(context.stage())
                .and_then(|table| table.get(port)?.as_str())
                .ok_or_else(|| Error::new(format!("the resolved recipe wires nothing to `{port}`")))
        };
        let registry = Registry::collect().doing("the program cannot be used")?;
        let settled = |stage: &str| run.settled(stage);
        let collect = |predictions: &str| {
            Collector::new(&recipe, &registry, &settled).chain(wire("model")?, predictions)
        };
        let mut chain = match collect(wire("valid")?) {
            Ok(chain) => chain,
            // Predictions of several folds are nobody's fault: the model then comes with its own.
            Err(error) => match own_predictions(&recipe, wire("model")?).map(|own| (collect(&own), own)) {
                Some((Ok(chain), own)) => {
                    context.warn(format!(
                        "{}; it comes with `{own}` and nothing that follows that",
                        error.chain()
                    ));
                    chain
                }
                _ => return Err(error),
            },
        };
        let exams = exams::bundled(inputs, &recipe, context, |wire| collect(wire))?;
        let exams = exams.map(|(of_exams, exams)| {
            chain.with(of_exams, &recipe);
            exams
        });
        let steps = chain
            .stages
            .iter()
            .filter_map(|(name, table)| Some(format!("{name} (`{}`)", table.get("use")?.as_str()?)))
            .collect();

        let card_path = context.file(&format!("model/{CARD}"))?;
        let directory = card_path
            .parent()
            .ok_or_else(|| Error::new("the run directory has no place for a bundle"))?;
        let profile = inputs.get(optional::PROFILE)?.map(|found| {
            let valid = inputs.take(input::VALID)?;
            profile::bundled(&found, &valid, wire("profile")?, &mut chain, &recipe, directory)
        });
        let profile = profile.transpose()?;
        let weights = directory.join(WEIGHTS);
        save_safetensors(&model.network, &weights)?;
        let normalisation = &model.preparation.normalisation;
        let provenance = &run.provenance;
        let index = Index {
            format: FORMAT,
            title: run.title.clone(),
            labels: cohort.labels.names().to_vec(),
            label_set: cohort.labels.clone(),
            network: model.description.clone(),
            channels: model.preparation.window.channels(),
            image_size_px: model.preparation.resize.map(|Resize { size }| size),
            mean: normalisation.mean.clone(),
            std: normalisation.std.clone(),
            learned_window: learned_window(&model)?,
            // Thresholds are of the predictions they were chosen on.
            thresholds: inputs
                .get(optional::THRESHOLDS)?
                .filter(|_| wire("valid").is_ok_and(|valid| valid == chain.predictions))
                .filter(|thresholds| thresholds.unit.is_slice())
                .map(|thresholds| BundledThresholds {
                    target: thresholds.target.clone(),
                    of_label: thresholds.of_label.clone(),
                    wire: wire("thresholds").ok().map(str::to_owned),
                }),
            model: chain.model.clone(),
            predictions: chain.predictions.clone(),
            weights: DigestedFile {
                file: WEIGHTS.to_owned(),
                sha256: sha256_of_file(&weights)?,
            },
            trained_on: (!model.trained_on.is_empty())
                .then(|| DigestedFile::write(directory, TRAINED_ON, &model.trained_on.to_bytes()))
                .transpose()?,
            profile,
            exams,
            series: bundled_series(&chain.stages, inputs, &recipe, directory, context)?,
            chain: DigestedFile::write(directory, CHAIN, text_of(chain.stages)?.as_bytes())?,
            recipe: DigestedFile::write(directory, RECIPE, run.resolved_recipe.as_bytes())?,
            data: json!(run.facts()),
            ichflow: provenance["ichflow"].clone(),
            burn: provenance["burn"].clone(),
            git: provenance["git"].clone(),
        };
        let text = card::card(&card::Material {
            title: model.in_title(&run.title),
            index: &index,
            parameters: ichflow_api::nn::parameters::count(&model.network),
            cohort: &cohort,
            folds: &*inputs.take(input::FOLDS)?,
            scores: inputs.get(optional::SCORES)?.as_deref(),
            steps,
        });
        fs::write(&card_path, text).at("write", &card_path)?;
        // Last: with it the bundle is whole.
        index.write(directory)?;
        Ok(Outputs::new())
    }
}

ichflow_api::register!(ModelBundle);

/// Writes the weights of the network over series that the chain's predictions are made with, if they are.
fn bundled_series(
    stages: &Table,
    inputs: &Inputs,
    recipe: &Table,
    directory: &Path,
    context: &Context,
) -> Result<Option<BundledSeries>> {
    let trained = |table: &Value| table.get("use").and_then(Value::as_str) == Some(TRAINED_SERIES);
    let Some((name, _)) = stages.iter().find(|(_, table)| trained(table)) else {
        return Ok(None);
    };
    let own = recipe
        .get(context.stage())
        .and_then(|table| table.get("series_model"));
    let wire = own.and_then(Value::as_str).unwrap_or_default();
    let model = inputs
        .get(optional::SERIES_MODEL)?
        .filter(|_| stage_of(wire) == name || trained_on(stages, wire))
        .ok_or_else(|| {
            Error::new(format!(
                "the predictions are made with the series model of `{name}`"
            ))
            .help(format!(
                "wire the bundle to it: `series_model = \"{name}.series_model\"`"
            ))
        })?;
    let weights = directory.join(SERIES_WEIGHTS);
    save_series(&model.network, &weights)?;
    Ok(Some(BundledSeries {
        network: model.description.clone(),
        model: wire.to_owned(),
        features: model.shape.features,
        logits: model.shape.logits,
        level: model.level,
        weights: DigestedFile {
            file: SERIES_WEIGHTS.to_owned(),
            sha256: sha256_of_file(&weights)?,
        },
        trained_on: DigestedFile::write(directory, SERIES_TRAINED_ON, &model.trained_on.to_bytes())?,
    }))
}

/// Whether a wire starts at a stage that trained both networks on.
fn trained_on(stages: &Table, wire: &str) -> bool {
    let stage = stages.get(stage_of(wire));
    stage.and_then(|table| table.get("use")?.as_str()) == Some(TRAINED_ON_TOGETHER)
}

/// The predictions that a stage makes with this very model, if one does.
fn own_predictions(recipe: &Table, model: &str) -> Option<String> {
    let by_it = |table: &Value| {
        table.get("model").and_then(Value::as_str) == Some(model)
            && table.get("folds").is_some()
            && table.get("pixels").is_some()
    };
    let (name, _) = recipe.iter().find(|(_, table)| by_it(table))?;
    Some(format!("{name}.valid"))
}

/// The chain as a text that people can read too.
fn text_of(stages: Table) -> Result<String> {
    let stages =
        toml::to_string(&Value::Table(stages)).doing("the bundle's stages cannot be written as TOML")?;
    Ok(format!(
        "# The stages that turn slices into probabilities. `slices` are those to predict; the network's weights are\n\
         # {WEIGHTS}. Written by the stage `model-bundle` and held by a digest in bundle.json.\n\n{stages}"
    ))
}

/// Centers and widths of the windows that the network has learned; the weights hold them too, as
/// `window.center` and `window.width`.
fn learned_window(model: &Model) -> Result<Option<BundledWindows>> {
    let Some(learned) = &model.network.window else {
        return Ok(None);
    };
    let curve = learned.curve();
    Ok(Some(BundledWindows {
        windows_hu: learned.windows()?,
        activation: json!(curve.activation),
        upbound: curve.upbound,
        eps: curve.eps,
    }))
}

#[cfg(test)]
mod tests;
