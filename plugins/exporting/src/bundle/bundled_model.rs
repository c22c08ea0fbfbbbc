//! `bundled-model`: the model of a bundle, in a recipe.

use std::path::PathBuf;

use ichflow_api::prelude::*;

use ichflow_api::bundle::Bundle;
use ichflow_api::bundle::format::INDEX;

/// The bundle itself, for `bundled-steps`.
const BUNDLE: Output<Bundle> = Output::new("bundle");

/// The model of a bundle that another recipe has written, in place of training one: to measure it on other data, to
/// look at it, or to put it into an ensemble.
///
/// It is the network with its window, size, shift and scale, and its views if it had `tta`. What followed the network
/// (smoothing, calibration, exams, triage) `bundled-steps` applies to its predictions.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BundledModel {
    /// The bundle's directory, such as `runs/b0_bsb/latest/model`.
    pub path: PathBuf,
    /// Whether the bundle's network over series comes too, for `predict-series` after an `embed` of the model.
    #[serde(default)]
    pub series: bool,
    /// Whether what its training data looked like comes too, so that `predict` flags exams that are unlike them.
    #[serde(default)]
    pub profile: bool,
}

impl Stage for BundledModel {
    const NAME: &'static str = "bundled-model";
    const FAMILY: Family = Family::Train;
    const SUMMARY: &'static str = "a model that was trained before, from its bundle";
    const EXAMPLE: &'static str = "[model]\nuse = \"bundled-model\"\npath = \"runs/b0_bsb/latest/model\"\n";

    fn ports() -> Ports {
        Ports::new()
            .offers(output::MODEL)
            .offers(output::SERIES_MODEL)
            .offers(output::PROFILE)
            .offers(BUNDLE)
    }

    fn narrow(&self, all: Ports) -> Ports {
        all.offers_only_if(self.series, output::SERIES_MODEL)
            .offers_only_if(self.profile, output::PROFILE)
    }

    fn reads(&self) -> Vec<ExternalPath> {
        let mut paths = vec![ExternalPath::directory("path", &self.path)];
        // It has digests of all that the bundle holds: another bundle in the same place, such as that of `latest`, is
        // another model to whatever keeps results.
        let index = self.path.join(INDEX);
        if index.is_file() {
            paths.push(ExternalPath::file("path", index));
        }
        paths
    }

    fn run(&self, _inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let bundle = Bundle::open(&self.path)?;
        let index = bundle.index();
        if index.label_set != *context.label_set() {
            return Err(Error::new(format!(
                "the model of {} predicts {}, and the recipe is about {}",
                self.path.display(),
                index.label_set,
                context.label_set()
            ))
            .help("declare in `[labels]` what the model was trained for: its `recipe.toml` has it"));
        }
        context.say(format!("{}: {}", index.title, index.network));
        context.record_fact("weights_sha256", index.weights.sha256.clone().into());
        let model = bundle.model(context.run())?;
        let series = self
            .series
            .then(|| bundle.series_model(context.run()))
            .transpose()?;
        let reference = if self.profile { bundle.reference()? } else { None };
        if self.profile && reference.is_none() {
            return Err(Error::new(format!(
                "{} has no profile of its training data",
                self.path.display()
            ))
            .help(
                "leave out `profile`, or put `use = \"data-profile\"` before `model-bundle` in its recipe",
            ));
        }
        Ok(Outputs::new()
            .with_some(output::PROFILE, reference.map(|reference| reference.profile))
            .with(output::MODEL, model)
            .with_some(output::SERIES_MODEL, series)
            .with(BUNDLE, bundle))
    }
}

ichflow_api::register!(BundledModel);
