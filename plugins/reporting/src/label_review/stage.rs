//! The stage `label-review`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use ichflow_api::counted::counted;
use ichflow_api::data::identity::SeriesOrder;
use ichflow_api::prelude::*;
use serde_json::json;

use super::decisions::{self, Key};
use super::doubts::Review;
use super::page::{self, Material};
use crate::render::look::Look;
use crate::render::privacy::Privacy;

/// Lists slices, or exams, whose labels the model doubts, by confident learning: `label_review.html` to look at them,
/// `label_review.csv` to decide.
///
/// Every label is a question of its own. A slice counts for a side where its probability reaches the mean probability of
/// the slices given as such; where that side is not the given one, it is listed. How many labels are wrong in all is
/// estimated from the same counts and stands in `label_review.json`. Predictions have to be out-of-fold, and those of
/// slices that the network was trained on are refused: validation predictions of one split review the validation slices,
/// and `ensemble` over k folds puts those of the whole cohort together.
///
/// In the CSV, `decision` is filled in with `1` or `0` by whoever looked; what stays empty changes nothing. `table` and
/// `rsna` read it back as corrections; the page shows the line. It names slices as their headers do, so that it finds
/// them again, and is not for passing on; the page shows short hashes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LabelReview {
    /// How many slices to picture; all are in the CSV.
    #[schemars(range(min = 0, max = 2000))]
    pub shown: usize,
    /// Longest side of a picture, in pixels; larger images are averaged down.
    #[schemars(range(min = 32, max = 512))]
    pub image_size: usize,
    /// Whether to show the slices before and after along the series, too.
    pub neighbours: bool,
    /// Whether identifiers of patients and slices are shown on the page as they are instead of hashed.
    pub identify: bool,
}

impl Default for LabelReview {
    fn default() -> Self {
        Self {
            shown: 60,
            image_size: 256,
            neighbours: true,
            identify: false,
        }
    }
}

/// What the CSV is called.
const CSV: &str = "label_review.csv";

impl Stage for LabelReview {
    const NAME: &'static str = "label-review";
    const FAMILY: Family = Family::Report;
    const SUMMARY: &'static str = "slices and exams whose labels the model doubts, and a CSV of decisions";
    const EXAMPLE: &'static str = "[review]                            # after predict, or ensemble over k folds\nuse = \"label-review\"\nshown = 100\n";

    fn ports() -> Ports {
        Ports::new()
            .takes(input::VALID)
            .takes(input::COHORT)
            .takes(input::PIXELS)
            .takes(optional::MODEL)
            .takes(optional::WINDOW)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let predictions = inputs.take(input::VALID)?;
        let cohort = inputs.take(input::COHORT)?;
        let review = Review::of(&predictions)?;
        if review.reviewed == 0 {
            return Err(Error::new(format!(
                "no predicted {} has a known label, so there is none to doubt",
                predictions.unit
            ))
            .help("wire `valid` to predictions of labelled slices"));
        }
        let model = inputs.get(optional::MODEL)?;
        let window = inputs.get(optional::WINDOW)?;
        let look = Look::of(model.as_deref(), window.as_deref());

        // Labels of slices are decided slice by slice: what an exam is worth says nothing of each.
        let decidable = predictions.unit == cohort.level;
        let key = Key::of(&predictions.slices, predictions.unit);
        let path = context.file(CSV)?;
        let nameless = decisions::write(&path, &review, &predictions, &key, decidable)?;
        if nameless > 0 {
            context.warn(format!(
                "{} of exams that name no {} and are not in {CSV}",
                counted(nameless, "doubted label is", "doubted labels are"),
                key.column()
            ));
        }
        let path = context.file("label_review.json")?;
        write_json(&path, &review)?;

        let pictured = Pictured::of(self, &review, &predictions, &cohort);
        let pictures = look.pictures(
            &pictured.pool,
            &*inputs.take(input::PIXELS)?,
            &pictured.wanted,
            self.image_size,
            context,
        )?;
        let privacy = Privacy::of(cohort.slices.iter().chain(&predictions.slices), self.identify);
        let recipe_line = decidable.then(|| key.recipe_line(CSV, predictions.unit));
        let html = page::html(&Material {
            title: &context.run().title,
            review: &review,
            predictions: &predictions,
            pictured: &pictured,
            pictures: &pictures,
            look: look.in_words(),
            recipe_line: recipe_line.clone(),
            truth_of: cohort.level,
            privacy: &privacy,
        })?;
        let path = context.file("label_review.html")?;
        std::fs::write(&path, html).at("write", &path)?;

        let estimated: f64 = review
            .labels
            .iter()
            .filter_map(|label| label.found.as_ref())
            .map(|found| found.estimated_errors)
            .sum();
        let units = review.units().count();
        context.say(format!(
            "{} doubted on {} of {} {}; about {estimated:.0} wrong labels expected",
            counted(review.rows, "label is", "labels are"),
            units,
            review.reviewed,
            predictions.unit.plural(),
        ));
        if let Some(line) = recipe_line {
            context.say(format!(
                "fill in `decision` in {CSV}; `table` reads it with {line}"
            ));
        }
        context.event(
            "label review",
            json!({"doubted": review.rows, "estimated": estimated}),
        );
        Ok(Outputs::new())
    }
}

ichflow_api::register!(LabelReview);

fn write_json(path: &Path, review: &Review) -> Result<()> {
    let text = serde_json::to_string_pretty(review).doing("cannot write the review as JSON")?;
    std::fs::write(path, text + "\n").at("write", path)
}

/// Which slices are pictured.
pub(crate) struct Pictured {
    /// The slices that pictures are of: those predicted, or of whole exams, the cohort's.
    pub pool: Cohort,
    /// Of each unit pictured, by its place among the predictions: the slice before, itself, the one after.
    pub of_unit: BTreeMap<usize, [Option<usize>; 3]>,
    /// All of them, each once.
    pub wanted: Vec<usize>,
}

impl Pictured {
    fn of(settings: &LabelReview, review: &Review, predictions: &Predictions, cohort: &Cohort) -> Self {
        let pool = match predictions.unit {
            Level::Slice => cohort.with_slices(predictions.slices.clone()),
            _ => cohort.clone(),
        };
        let order = SeriesOrder::of(&pool.slices);
        // A slice stands for an exam under the exam's name.
        let place_of: HashMap<(&Path, u32), usize> = pool
            .slices
            .iter()
            .enumerate()
            .map(|(place, slice)| ((slice.file.as_path(), slice.frame), place))
            .collect();
        let mut of_unit = BTreeMap::new();
        for unit in review.units().take(settings.shown) {
            let slice = &predictions.slices[unit.index];
            let place = match predictions.unit {
                Level::Slice => Some(unit.index),
                _ => place_of.get(&(slice.file.as_path(), slice.frame)).copied(),
            };
            let beside = |offset: i32| {
                let place = place.filter(|_| settings.neighbours)?;
                Some(order.neighbour(place, offset)).filter(|neighbour| *neighbour != place)
            };
            of_unit.insert(unit.index, [beside(-1), place, beside(1)]);
        }
        let mut wanted: Vec<usize> = of_unit.values().flatten().filter_map(|place| *place).collect();
        wanted.sort_unstable();
        wanted.dedup();
        drop(place_of);
        Self {
            pool,
            of_unit,
            wanted,
        }
    }
}
