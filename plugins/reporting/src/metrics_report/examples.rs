//! The sheet of example slices, in words.

use std::collections::BTreeSet;

use ichflow_api::data::identity::Subject;
use ichflow_api::prelude::*;
use ichflow_pages::viewer;

use super::embedded::{Embedded, picture_id};
use super::material::Material;
use super::slices::{Example, Strip};
use crate::render::numbers::counted;

/// The viewer of the slices.
pub(crate) struct ExampleViewer {
    /// What it shows, in words.
    pub said: String,
    /// Its element.
    pub element: String,
}

pub(crate) fn viewer(embedded: &Embedded) -> Result<ExampleViewer> {
    let shown = embedded.view.slices.len();
    let mut said = format!(
        "{} in Hounsfield units: scroll, choose a window, read values.",
        counted(shown, "validation slice", "validation slices")
    );
    if embedded.averaged > 1 {
        said += &format!(" Pixels are means of {0} × {0} of the slice.", embedded.averaged);
    }
    if shown < embedded.of {
        said += &format!(
            " {} more are in the sheet alone: the page may hold no more (viewer_mb), or their pixels could not be read.",
            embedded.of - shown
        );
    }
    said += " Bars below the slice are the probabilities of the chosen label, slice by slice; marks above them say where it is true.";
    let element = viewer::element(&embedded.view, "slice-sheet").doing("the viewer cannot be written")?;
    Ok(ExampleViewer { said, element })
}

/// A row of slices.
pub(crate) struct ExampleStrip<'a> {
    /// What they have in common.
    pub title: &'a str,
    /// The slices.
    pub slices: Vec<ExampleSlice<'a>>,
    /// Said where there are none.
    pub remark: &'a str,
}

/// One slice.
pub(crate) struct ExampleSlice<'a> {
    /// Its id.
    pub id: String,
    /// The id of its picture's element, where it is the first of this slice.
    pub element: Option<String>,
    /// A short hash of its patient's identifier.
    pub patient: String,
    /// The picture as a data URI.
    pub picture: Option<&'a str>,
    /// Where the network looked, to lay over the picture, as a data URI.
    pub heat: Option<&'a str>,
    /// Why there is no heat map, where others have one.
    pub without_heat: &'static str,
    /// What the picture shows, for those who cannot see it.
    pub alt: String,
    /// The labels it has or was given, and the one it was chosen for.
    pub labels: Vec<ExampleLabel<'a>>,
}

/// Truth and probability of one label.
pub(crate) struct ExampleLabel<'a> {
    /// The label.
    pub name: &'a str,
    /// "yes" or "no".
    pub truth: &'static str,
    /// The probability with two digits.
    pub probability: String,
    /// The probability in whole per cent, for the bar.
    pub bar: u32,
    /// Whether the slice was chosen for it.
    pub chosen: bool,
    /// Whether the prediction is on the wrong side of 0.5.
    pub wrong: bool,
}

pub(crate) fn strips<'a>(material: &Material<'a>) -> Vec<ExampleStrip<'a>> {
    let mut seen = BTreeSet::new();
    let mut slice = |example: &'a Example| slice(material, example, seen.insert(example.index));
    let strip = |strip: &'a Strip| ExampleStrip {
        title: &strip.title,
        slices: strip.examples.iter().filter_map(&mut slice).collect(),
        remark: &strip.remark,
    };
    material.strips.iter().map(strip).collect()
}

fn slice<'a>(material: &Material<'a>, example: &'a Example, is_first: bool) -> Option<ExampleSlice<'a>> {
    let (predictions, privacy) = (material.valid, material.privacy);
    let slice = predictions.slices.get(example.index)?;
    let probabilities = predictions.probabilities.get(example.index)?;
    let (truth, names) = (slice.labels.as_ref()?, &predictions.labels);
    let labels = (0..names.len())
        .filter(|label| *label == example.label || truth.is_positive(*label) || probabilities[*label] >= 0.1)
        .map(|label| ExampleLabel {
            name: names.name(label),
            truth: match truth.positive(label) {
                Some(true) => "yes",
                Some(false) => "no",
                None => "unknown",
            },
            probability: format!("{:.2}", probabilities[label]),
            bar: (100.0 * probabilities[label]).round() as u32,
            chosen: label == example.label,
            wrong: truth
                .positive(label)
                .is_some_and(|positive| positive != (probabilities[label] >= 0.5)),
        })
        .collect();
    let of = |has: &dyn Fn(usize) -> bool| {
        let positive: Vec<_> = (0..names.len())
            .filter(|label| has(*label))
            .map(|label| names.name(label))
            .collect();
        if positive.is_empty() {
            names.nothing().into()
        } else {
            positive.join(", ")
        }
    };
    Some(ExampleSlice {
        id: privacy.slice(&slice.id),
        element: is_first.then(|| picture_id(example.index)),
        patient: privacy.patient(Subject::of(slice).name()),
        picture: example.picture.as_deref(),
        heat: example.heat.as_deref(),
        without_heat: example.without_heat,
        alt: format!(
            "Slice {}, windowed. Truth: {}. Predicted at 0.5 or above: {}.",
            privacy.slice(&slice.id),
            of(&|label| truth.is_positive(label)),
            of(&|label| probabilities[label] >= 0.5)
        ),
        labels,
    })
}
