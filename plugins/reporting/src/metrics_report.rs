//! `metrics-report`: a run on one page, in one file.

use ichflow_api::prelude::*;

use crate::measures::Metrics;
use crate::page::{self, Material};
use crate::sheet::{self, SheetSettings};

/// Writes `report.html`: the scores beside what they must beat, the data, the curves, example slices with
/// truth and prediction, the recipe and where everything came from. One file that needs no network.
/// Patients appear under short hashes of their identifiers; no other identifying tag is shown.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsReport {
    /// How many positive slices of each label to show with the highest probabilities, and as many again
    /// with the lowest.
    #[schemars(range(min = 0, max = 12))]
    pub examples: usize,
    /// How many of the most confident mistakes to show.
    #[schemars(range(min = 0, max = 48))]
    pub mistakes: usize,
    /// Longest side of the example slices, in pixels; larger images are averaged down.
    #[schemars(range(min = 32, max = 512))]
    pub image_size: usize,
}

impl Default for MetricsReport {
    fn default() -> Self {
        Self {
            examples: 3,
            mistakes: 8,
            image_size: 256,
        }
    }
}

impl Stage for MetricsReport {
    const NAME: &'static str = "metrics-report";
    const FAMILY: Family = Family::Report;
    const SUMMARY: &'static str =
        "the run on one page: scores, data, curves, example slices, recipe, provenance";
    const EXAMPLE: &'static str = "[report]\nuse = \"metrics-report\"\nexamples = 4\n";

    fn ports(&self) -> Ports {
        Ports::new()
            .input(Input::of::<Cohort>("cohort"))
            .input(Input::of::<Folds>("folds"))
            .input(Input::of::<Predictions>("valid").by_name())
            .input(Input::of::<Predictions>("test").optional())
            .input(Input::of::<History>("history"))
            .input(Input::of::<Model>("model"))
            .input(Input::of::<Pixels>("pixels"))
            .input(Input::of::<Metrics>("metrics"))
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let valid = inputs.get::<Predictions>("valid")?;
        let test = inputs.find::<Predictions>("test")?;
        let model = inputs.get::<Model>("model")?;
        let settings = SheetSettings {
            examples: self.examples,
            mistakes: self.mistakes,
            size: self.image_size,
        };
        let strips = sheet::strips(
            &valid,
            &*inputs.get::<Pixels>("pixels")?,
            &model,
            settings,
            context,
        )?;
        let html = page::html(&Material {
            cohort: &*inputs.get::<Cohort>("cohort")?,
            folds: &*inputs.get::<Folds>("folds")?,
            valid: &valid,
            test: test.as_deref(),
            history: &*inputs.get::<History>("history")?,
            model: &model,
            metrics: &*inputs.get::<Metrics>("metrics")?,
            strips: &strips,
            run: context.run(),
        })?;
        let path = context.file("report.html")?;
        std::fs::write(&path, html).at("write", &path)?;
        context.set_report(path);
        Ok(Outputs::new())
    }
}

ichflow_api::register!(MetricsReport);
