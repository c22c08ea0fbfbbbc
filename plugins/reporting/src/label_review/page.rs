//! The page: doubted slices, exam by exam, each with its labels and its neighbours.

use std::collections::{BTreeMap, HashMap};

use askama::Template;
use ichflow_api::data::identity::{Subject, series_of};
use ichflow_api::prelude::*;
use ichflow_pages::frame::{Assets, Frame};

use super::doubts::{DoubtedUnit, LabelSummary, Review};
use super::stage::Pictured;
use crate::render::numbers::{counted, thousands};
use crate::render::privacy::Privacy;

/// What the page is made of.
pub(crate) struct Material<'a> {
    pub title: &'a str,
    pub review: &'a Review,
    pub predictions: &'a Predictions,
    pub pictured: &'a Pictured,
    /// By the place in the pool.
    pub pictures: &'a BTreeMap<usize, String>,
    /// Through what slices are shown, in words.
    pub look: String,
    /// What reads the decisions back, where they can be read.
    pub recipe_line: Option<String>,
    /// What labels are about.
    pub truth_of: Level,
    pub privacy: &'a Privacy,
}

#[derive(Template)]
#[template(path = "label_review/page.html")]
struct Page<'a> {
    title: &'a str,
    verdict: String,
    units: &'static str,
    look: &'a str,
    labels: Vec<LabelRow>,
    recipe_line: Option<&'a str>,
    truth_of: Level,
    exams: Vec<Exam<'a>>,
    not_shown: usize,
}

/// A label in the table of all.
struct LabelRow {
    name: String,
    positives: String,
    negatives: String,
    missed: String,
    overcalled: String,
    /// With the share of all that are given, where it was computed.
    estimated: Option<Estimated>,
    note: String,
}

/// How many labels are expected to be wrong.
struct Estimated {
    full: String,
    shown: String,
    beside: String,
}

/// An exam with doubted labels.
struct Exam<'a> {
    title: String,
    beside: String,
    units: Vec<Unit<'a>>,
}

/// A slice, or an exam as a whole.
struct Unit<'a> {
    /// The first of its rows, by which the page is linked.
    anchor: usize,
    /// The one before and the one after, to go on by keyboard.
    before: Option<usize>,
    after: Option<usize>,
    name: String,
    place: String,
    pictures: Vec<Picture<'a>>,
    labels: Vec<LabelLine>,
}

struct Picture<'a> {
    uri: Option<&'a str>,
    alt: String,
    caption: &'static str,
    is_itself: bool,
}

/// A label of a slice: given, predicted, and what is suggested.
struct LabelLine {
    name: String,
    given: &'static str,
    probability: String,
    bar: u32,
    /// Its row of the CSV, and what is suggested; of labels that are not doubted nothing.
    doubt: Option<(usize, &'static str)>,
}

pub(crate) fn html(material: &Material<'_>) -> Result<String> {
    let review = material.review;
    let units: Vec<&DoubtedUnit> = review
        .units()
        .filter(|unit| material.pictured.of_unit.contains_key(&unit.index))
        .collect();
    let anchors: Vec<usize> = units.iter().map(|unit| anchor(unit)).collect();
    let place_of: HashMap<usize, usize> = anchors
        .iter()
        .enumerate()
        .map(|(place, row)| (*row, place))
        .collect();
    let places = places(&material.pictured.pool.slices);
    let mut exams = Vec::new();
    for (number, exam) in review.exams.iter().enumerate() {
        let shown: Vec<Unit<'_>> = exam
            .units
            .iter()
            .filter_map(|unit| {
                let place = *place_of.get(&anchor(unit))?;
                let mut shown = self::unit(material, unit, &places);
                shown.before = place.checked_sub(1).map(|before| anchors[before]);
                shown.after = anchors.get(place + 1).copied();
                Some(shown)
            })
            .collect();
        let Some(first) = exam.units.first().filter(|_| !shown.is_empty()) else {
            continue;
        };
        let doubts: usize = exam.units.iter().map(|unit| unit.doubts.len()).sum();
        let patient = Subject::of(&material.predictions.slices[first.index]);
        exams.push(Exam {
            title: format!("Exam {}", number + 1),
            beside: format!(
                "patient {} · {}{}",
                material.privacy.patient(patient.name()),
                counted(doubts, "doubted label", "doubted labels"),
                match review.unit {
                    Level::Slice => format!(" on {}", counted(exam.units.len(), "slice", "slices")),
                    _ => String::new(),
                }
            ),
            units: shown,
        });
    }
    let count = review.units().count();
    let page = Page {
        title: match material.title.trim() {
            "" => "Untitled run",
            title => title,
        },
        verdict: verdict(review, count),
        units: review.unit.plural(),
        look: &material.look,
        labels: review.labels.iter().map(label_row).collect(),
        recipe_line: material.recipe_line.as_deref(),
        truth_of: material.truth_of,
        exams,
        not_shown: count - units.len(),
    };
    let body = page.render().doing("the page of doubted labels cannot be made")?;
    let frame = Frame {
        title: &format!("Doubted labels: {} · ichflow", page.title),
        skip: "Skip to the review",
        body: &body,
        assets: Assets::Inline {
            styles: &[include_str!("style.css")],
            scripts: &[],
        },
    };
    frame.html().doing("the page of doubted labels cannot be made")
}

fn anchor(unit: &DoubtedUnit) -> usize {
    unit.doubts.first().map_or(0, |doubt| doubt.row)
}

fn verdict(review: &Review, units: usize) -> String {
    let of = format!("{} {}", thousands(review.reviewed), review.unit.plural());
    match review.rows {
        0 => format!("No label of {of} is doubted."),
        rows => format!(
            "{} on {} of {of}.",
            counted(rows, "label is doubted", "labels are doubted"),
            thousands(units)
        ),
    }
}

fn label_row(label: &LabelSummary) -> LabelRow {
    let given = label.given_positive + label.given_negative;
    LabelRow {
        name: label.label.clone(),
        positives: thousands(label.given_positive),
        negatives: thousands(label.given_negative),
        missed: thousands(label.listed_missed),
        overcalled: thousands(label.listed_overcalled),
        estimated: label.found.as_ref().map(|found| Estimated {
            full: found.estimated_errors.to_string(),
            shown: format!("{:.1}", found.estimated_errors),
            beside: format!(
                "{:.1} % of {}; {:.1} missed, {:.1} overcalled",
                100.0 * found.estimated_errors / given.max(1) as f64,
                thousands(given),
                found.estimated_missed,
                found.estimated_overcalled
            ),
        }),
        note: label.note.clone().unwrap_or_default(),
    }
}

/// Where each slice stands in its series, from 1, and how many slices that has.
fn places(slices: &[Slice]) -> HashMap<usize, (usize, usize)> {
    let mut places = HashMap::new();
    for series in series_of(slices) {
        for (place, index) in series.iter().enumerate() {
            places.insert(*index, (place + 1, series.len()));
        }
    }
    places
}

fn unit<'a>(
    material: &Material<'a>,
    unit: &DoubtedUnit,
    places: &HashMap<usize, (usize, usize)>,
) -> Unit<'a> {
    let predictions = material.predictions;
    let slice = &predictions.slices[unit.index];
    let is_slice = predictions.unit.is_slice();
    let name = match is_slice {
        true => material.privacy.slice(&slice.id),
        false => format!("{} {}", predictions.unit, material.privacy.patient(&slice.id)),
    };
    let of_unit = material
        .pictured
        .of_unit
        .get(&unit.index)
        .copied()
        .unwrap_or_default();
    let place = of_unit[1].and_then(|place| places.get(&place));
    let place = place.map_or(String::new(), |(place, of)| {
        let standing = if is_slice {
            ""
        } else {
            "its slice of the highest probability, "
        };
        format!("{standing}{place} of {of} along the series")
    });
    let labels = lines(predictions, unit);
    let given: Vec<&str> = labels
        .iter()
        .filter(|line| line.given == "yes")
        .map(|line| line.name.as_str())
        .collect();
    let given = match given.is_empty() {
        true => predictions.labels.nothing().to_owned(),
        false => given.join(", "),
    };
    let captions = ["before", "", "after"];
    let pictures = of_unit
        .into_iter()
        .zip(captions)
        .filter_map(|(place, caption)| {
            let place = place?;
            let is_itself = caption.is_empty();
            Some(Picture {
                uri: material.pictures.get(&place).map(String::as_str),
                alt: match is_itself {
                    true => format!("{name}, windowed. Given: {given}."),
                    false => format!("The slice {caption} {name}."),
                },
                caption,
                is_itself,
            })
        })
        .collect();
    Unit {
        anchor: anchor(unit),
        before: None,
        after: None,
        name,
        place,
        pictures,
        labels,
    }
}

/// The doubted labels, and those that are given or predicted beside.
fn lines(predictions: &Predictions, unit: &DoubtedUnit) -> Vec<LabelLine> {
    let probabilities = &predictions.probabilities[unit.index];
    let truth = predictions.slices[unit.index].labels.as_ref();
    (0..predictions.labels.len())
        .filter_map(|label| {
            let doubt = unit.doubts.iter().find(|doubt| doubt.label == label);
            let given = truth.and_then(|truth| truth.positive(label));
            if doubt.is_none() && given != Some(true) && probabilities[label] < 0.1 {
                return None;
            }
            Some(LabelLine {
                name: predictions.labels.name(label).to_owned(),
                given: match given {
                    Some(true) => "yes",
                    Some(false) => "no",
                    None => "unknown",
                },
                probability: format!("{:.2}", probabilities[label]),
                bar: (100.0 * probabilities[label]).round() as u32,
                doubt: doubt.map(|doubt| (doubt.row, if doubt.given { "no" } else { "yes" })),
            })
        })
        .collect()
}
