//! The sheet of example slices, in words.

use ichflow_api::digest;
use ichflow_api::labels::{COUNT, LABELS};
use ichflow_api::prelude::*;

use super::Material;
use crate::sheet::{Example, Strip};

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
    pub id: &'a str,
    /// A short hash of its patient's identifier.
    pub patient: String,
    /// The picture as a data URI.
    pub picture: Option<&'a str>,
    /// What the picture shows, for those who cannot see it.
    pub alt: String,
    /// The labels it has or was given, and the one it was chosen for.
    pub labels: Vec<ExampleLabel>,
}

/// Truth and probability of one label.
pub(crate) struct ExampleLabel {
    /// The label.
    pub name: &'static str,
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
    let slice = |example: &'a Example| slice(material.valid, example);
    let strip = |strip: &'a Strip| ExampleStrip {
        title: &strip.title,
        slices: strip.examples.iter().filter_map(slice).collect(),
        remark: &strip.remark,
    };
    material.strips.iter().map(strip).collect()
}

fn slice<'a>(predictions: &'a Predictions, example: &'a Example) -> Option<ExampleSlice<'a>> {
    let slice = predictions.slices.get(example.index)?;
    let probabilities = predictions.probabilities.get(example.index)?;
    let truth = slice.labels?;
    let labels = (0..COUNT)
        .filter(|label| *label == example.label || truth[*label] || probabilities[*label] >= 0.1)
        .map(|label| ExampleLabel {
            name: LABELS[label],
            truth: if truth[label] { "yes" } else { "no" },
            probability: format!("{:.2}", probabilities[label]),
            bar: (100.0 * probabilities[label]).round() as u32,
            chosen: label == example.label,
            wrong: (probabilities[label] >= 0.5) != truth[label],
        })
        .collect();
    let of = |has: &dyn Fn(usize) -> bool| {
        let names: Vec<_> = (0..COUNT)
            .filter(|label| has(*label))
            .map(|label| LABELS[label])
            .collect();
        if names.is_empty() {
            "no hemorrhage".into()
        } else {
            names.join(", ")
        }
    };
    Some(ExampleSlice {
        id: &slice.id,
        patient: pseudonym(&slice.patient),
        picture: example.picture.as_deref(),
        alt: format!(
            "Slice {}, windowed. Truth: {}. Predicted at 0.5 or above: {}.",
            slice.id,
            of(&|label| truth[label]),
            of(&|label| probabilities[label] >= 0.5)
        ),
        labels,
    })
}

/// Tells patients apart without showing their identifiers. Whoever knows an identifier can still
/// recognise its hash: this keeps names off the page, it does not make data anonymous.
pub(crate) fn pseudonym(patient: &str) -> String {
    let mut digest = digest::Digest::new();
    digest.add("patient shown in a report").add(patient);
    digest.hex().chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patients_are_told_apart_but_not_named() {
        assert_eq!(pseudonym("Doe^Jane").len(), 8);
        assert_ne!(pseudonym("Doe^Jane"), pseudonym("Doe^John"));
        assert_eq!(pseudonym("a"), pseudonym("a"));
    }
}
