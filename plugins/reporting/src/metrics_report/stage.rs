//! `metrics-report`: a run on one page, in one file.

use std::collections::BTreeSet;
use std::path::Path;

use ichflow_api::data::identity::Subject;
use ichflow_api::nn::summary::Summary;
use ichflow_api::prelude::*;

use super::along;
use super::embedded;
use super::material::Material;
use super::page;
use super::slices::{self, SheetSettings, Strip};
use crate::checklist::{Checklist, Sources, Written, family_of};
use crate::explain::HeatMaps;
use crate::render::look::Look;
use crate::render::privacy::Privacy;

/// Writes `report.html`: the scores beside what they must beat, the data and its split, curves, calibration,
/// operating points, subgroups (pixel encodings, positions in the series, patients), example slices with truth and prediction,
/// the recipe and where everything came from. One file that needs no network; every picture's numbers are in
/// it as CSV. What a recipe does not have (a network, calibration, a baseline) is left out.
///
/// Patients, and slices not named as the competition does, appear under short salted hashes; no other
/// identifying tag is shown. `report_names.csv` beside the report says whose the shown slices are: it is not
/// for passing on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsReport {
    /// How many positive slices of each label to show with the highest probabilities, and as many again
    /// with the lowest.
    #[schemars(range(min = 0, max = 12))]
    pub examples: usize,
    /// How many of the most confident mistakes to show, and as many slices with the lowest and the highest loss.
    #[schemars(range(min = 0, max = 48))]
    pub mistakes: usize,
    /// Longest side of the example slices, in pixels; larger images are averaged down.
    #[schemars(range(min = 32, max = 512))]
    pub image_size: usize,
    /// How many MB of the page example slices may take in Hounsfield units, compressed, so that they can be looked at through
    /// any window; those beyond are shown as pictures alone, and so are all with 0. Whoever has the page has these HU,
    /// of `image_size` pixels a side at most, and of slices chosen one by one, not of whole series.
    #[schemars(range(min = 0, max = 1000))]
    pub viewer_mb: usize,
    /// How many series to show slice by slice, where `baseline` is wired: `baseline = "predict.valid"` beside the
    /// predictions of a series model. Half are those on which the model gains most, half those on which it loses most.
    #[schemars(range(min = 0, max = 48))]
    pub along: usize,
    /// Whether identifiers of patients and slices are shown as they are instead of hashed.
    pub identify: bool,
    /// A reporting checklist to write beside the report, every item answered as far as the run knows it, with the place, and
    /// a blank where a person must write: `claim-2024` (`checklist_claim_2024.md`), `tripod-ai` (`checklist_tripod_ai.md`)
    /// or `both`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checklist: Option<Checklist>,
}

impl Default for MetricsReport {
    fn default() -> Self {
        Self {
            examples: 3,
            mistakes: 8,
            image_size: 256,
            viewer_mb: 6,
            along: 6,
            identify: false,
            checklist: None,
        }
    }
}

impl Stage for MetricsReport {
    const NAME: &'static str = "metrics-report";
    const FAMILY: Family = Family::Report;
    const SUMMARY: &'static str =
        "the run on one page: scores, data, curves, example slices, recipe, provenance";
    const EXAMPLE: &'static str = "[report]\nuse = \"metrics-report\"\nexamples = 4\n";

    fn ports() -> Ports {
        Ports::new()
            .takes(input::COHORT)
            .takes(optional::FOLDS)
            .takes(input::VALID)
            .takes(optional::TEST)
            .takes(optional::BASELINE)
            .takes(optional::HISTORY)
            .takes(optional::MODEL)
            .takes(optional::WINDOW)
            .takes(optional::SELECTION)
            .takes(HeatMaps::INPUT)
            .takes(input::PIXELS)
            .takes(input::METRICS)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let valid = inputs.take(input::VALID)?;
        let test = inputs.get(optional::TEST)?;
        let model = inputs.get(optional::MODEL)?;
        let window = inputs.get(optional::WINDOW)?;
        let history = inputs.get(optional::HISTORY)?;
        let selection = inputs.get(optional::SELECTION)?;
        let cohort = inputs.take(input::COHORT)?;
        let folds = match inputs.get(optional::FOLDS)? {
            Some(folds) => Folds::clone(&folds),
            // Nothing was split off: all of it is measured.
            None => Folds {
                of_slice: vec![Fold::Valid; cohort.len()],
            },
        };
        let pixels = inputs.take(input::PIXELS)?;
        let settings = SheetSettings {
            examples: self.examples,
            mistakes: self.mistakes,
            size: self.image_size,
        };
        let look = Look::of(model.as_deref(), window.as_deref());
        let heat_maps = inputs.get(HeatMaps::INPUT)?;
        let strips = slices::strips(&valid, &pixels, &look, settings, heat_maps.as_deref(), context)?;
        let shown = cohort.slices.iter().chain(&valid.slices);
        let privacy = Privacy::of(
            shown.chain(test.iter().flat_map(|test| &test.slices)),
            self.identify,
        );
        let embedded = embedded::embedded(
            &valid,
            &strips,
            &pixels,
            &embedded::Settings {
                most_bytes: self.viewer_mb * 1_000_000,
                size: self.image_size,
                look: look.name(),
                heat_maps: heat_maps.as_deref(),
                privacy: &privacy,
            },
            context,
        )?;
        let along = match inputs.get(optional::BASELINE)? {
            Some(baseline) => {
                along::series(&valid, &baseline, self.along, &pixels, &look, &privacy, context)?
            }
            None => Vec::new(),
        };
        write_names(&valid, &strips, &privacy, &context.file("report_names.csv")?)?;
        let metrics = inputs.take(input::METRICS)?;
        let network = model
            .as_deref()
            .map(|model| summary(model, &cohort, &pixels, context));
        let checklists = self.checklist.map_or(Vec::new(), |checklist| {
            checklist.written(&Sources {
                cohort: &cohort,
                folds: &folds,
                valid: &valid,
                test: test.as_deref(),
                history: history.as_deref(),
                model: model.as_deref(),
                network: network.as_ref(),
                selection: selection.as_deref(),
                metrics: &metrics,
                run: context.run(),
                family: family_of,
            })
        });
        write_checklists(&checklists, context)?;
        let html = page::html(&Material {
            cohort: &cohort,
            folds: &folds,
            valid: &valid,
            test: test.as_deref(),
            history: history.as_deref(),
            model: model.as_deref(),
            selection: selection.as_deref(),
            metrics: &metrics,
            strips: &strips,
            embedded: embedded.as_ref(),
            along: &along,
            look: look.in_words(),
            network,
            checklists: &checklists,
            privacy: &privacy,
            run: context.run(),
        })?;
        let path = context.file("report.html")?;
        std::fs::write(&path, html).at("write", &path)?;
        context.set_report(path);
        Ok(Outputs::new())
    }
}

ichflow_api::register!(MetricsReport);

/// The network in numbers, for an image as it saw them.
fn summary(model: &Model, cohort: &Cohort, pixels: &Pixels, context: &Context) -> Summary {
    // A store may have brought slices to another size than their headers say.
    let stored = || cohort.slices.iter().find_map(|slice| pixels.read(slice).ok());
    let [rows, columns] = match model.preparation.resize {
        Some(resize) => [resize.size; 2],
        None => stored().map_or([224; 2], |image| [image.rows, image.columns]),
    };
    let channels = model.preparation.window.channels();
    Summary::of(&model.network, [channels, rows, columns], &context.device())
}

/// Writes the checklists, and says how much of each the run answers.
fn write_checklists(checklists: &[Written], context: &Context) -> Result<()> {
    for one in checklists {
        let path = context.file(one.file)?;
        std::fs::write(&path, &one.markdown).at("write", &path)?;
        let counts = one.counts;
        context.say(format!(
            "{}: of {} items {} answered, {} in part, {} for a person alone: {}",
            one.name, counts.items, counts.answered, counts.in_part, counts.open, one.file
        ));
    }
    Ok(())
}

/// Writes what the report calls the slices it shows, with their ids and patients.
fn write_names(predictions: &Predictions, strips: &[Strip], privacy: &Privacy, path: &Path) -> Result<()> {
    let shown: BTreeSet<usize> = strips
        .iter()
        .flat_map(|strip| strip.examples.iter().map(|example| example.index))
        .collect();
    let mut writer = csv::Writer::from_path(path).at("write", path)?;
    let head = ["shown", "id", "patient_shown", "patient"];
    writer.write_record(head).at("write", path)?;
    for slice in shown
        .into_iter()
        .filter_map(|index| predictions.slices.get(index))
    {
        let names = [
            privacy.slice(&slice.id),
            slice.id.clone(),
            privacy.patient(Subject::of(slice).name()),
            slice.patient.clone(),
        ];
        writer.write_record(names).at("write", path)?;
    }
    writer.flush().at("write", path)
}
