//! The pictures of the data.

use ichflow_api::data::identity::{series_of, subjects_of};
use ichflow_api::error::Result;
use ichflow_api::prelude::{LabelSet, Labels, Slice};

use super::counts;
use super::embedding::Embedding;
use super::gather::Gathered;
use super::histogram::Histogram;
use super::series::{PARTS, Series};
use crate::render::plots::{self, Cloud, Column, Figure, Ink, Line};

const SMALL: (u32, u32) = (360, 270);
const WIDE: (u32, u32) = (440, 300);
/// Bars of a histogram.
const BARS: usize = 40;

/// How often values occur.
fn spread(title: &str, description: &str, names: (&str, &str), values: &[f64]) -> Result<Figure> {
    plots::columns(
        title,
        description.into(),
        names,
        &plots::columns_of(values, BARS),
        SMALL,
    )
}

/// Series: their length, slice spacing and gantry tilt.
pub(super) fn of_series(series: &[Series<'_>]) -> Result<Vec<Figure>> {
    let lengths: Vec<f64> = series.iter().map(|one| one.slices.len() as f64).collect();
    let steps: Vec<f64> = series.iter().filter_map(|one| one.step_mm).collect();
    let tilts: Vec<f64> = series.iter().filter_map(|one| one.tilt).collect();
    let gaps: Vec<f64> = series
        .iter()
        .filter_map(|one| Some(one.largest_mm? / one.step_mm?))
        .collect();
    Ok(vec![
        spread(
            "Slices per series",
            "How long series are.",
            ("slices", "series"),
            &lengths,
        )?,
        spread(
            "Slice spacing",
            "Each series' median spacing of neighbouring slices along the normal of their plane.",
            ("median slice spacing, mm", "series"),
            &steps,
        )?,
        spread(
            "Largest gap",
            "Each series' largest slice spacing as a multiple of its median; 1 is even.",
            ("largest ÷ median spacing", "series"),
            &gaps,
        )?,
        spread(
            "Gantry tilt",
            "How far the image plane leans out of the transverse plane, one value per series.",
            ("tilt, degrees", "series"),
            &tilts,
        )?,
    ])
}

/// Pixel spacing.
pub(super) fn of_spacing(spacing: &[f64]) -> Result<Figure> {
    plots::columns(
        "Pixel spacing",
        "How wide a pixel is, one value per slice.".into(),
        ("spacing, mm", "slices"),
        &plots::columns_of(spacing, BARS),
        WIDE,
    )
}

/// Labels: how many a slice has, how many of a patient's and a series' slices are positive.
pub(super) fn of_labels(slices: &[Slice], labels: &LabelSet) -> Result<Vec<Figure>> {
    let columns: Vec<Column> = counts::subtypes_of_slices(slices, labels)
        .iter()
        .enumerate()
        .map(|(number, count)| Column {
            from: number as f64 - 0.5,
            to: number as f64 + 0.5,
            count: *count,
        })
        .collect();
    let percent = |groups: &[Vec<usize>]| -> Vec<f64> {
        counts::positive_shares(slices, groups, labels)
            .into_iter()
            .map(|share| 100.0 * share)
            .collect()
    };
    let shares = |title: &str, description: &str, what: &str, values: &[f64]| {
        let tenths: Vec<Column> = (0..10)
            .map(|tenth| {
                let (from, to) = (10.0 * f64::from(tenth), 10.0 * f64::from(tenth + 1));
                Column {
                    from,
                    to,
                    count: values
                        .iter()
                        .filter(|value| **value >= from && (**value < to || tenth == 9))
                        .count(),
                }
            })
            .collect();
        plots::columns(
            title,
            description.into(),
            ("slices with hemorrhage, %", what),
            &tenths,
            SMALL,
        )
    };
    Ok(vec![
        plots::columns(
            "Sub-types per slice",
            "How many sub-types a slice has.".into(),
            ("sub-types", "slices"),
            &columns,
            SMALL,
        )?,
        shares(
            "Positive slices of each patient",
            "What share of a patient's slices has a hemorrhage.",
            "patients",
            &percent(&subjects_of(slices)),
        )?,
        shares(
            "Positive slices of each series",
            "What share of a series' slices has a hemorrhage.",
            "series",
            &percent(&series_of(slices)),
        )?,
    ])
}

/// Where along a series each label lies.
pub(super) fn along(series: &[Series<'_>], labels: &LabelSet) -> Result<Figure> {
    let lines: Vec<Line> = super::series::along(series, labels.len())
        .iter()
        .enumerate()
        .map(|(label, parts)| Line {
            name: labels.name(label).into(),
            points: parts
                .iter()
                .enumerate()
                .filter_map(|(part, share)| {
                    let middle = (part as f64 + 0.5) * 100.0 / PARTS as f64;
                    share.map(|share| (middle, 100.0 * share))
                })
                .collect(),
            ink: label_ink(labels, label),
        })
        .collect();
    plots::curves(
        "Where along the series each label lies",
        "Share of slices with the label, from the lowest slice of a series (0 %) to the highest (100 %)."
            .into(),
        ("position along the series, %", "slices with the label, %"),
        &lines,
        WIDE,
    )
}

/// The colour of a label in all pictures: the union is written in the colour of the text.
pub(super) fn label_ink(labels: &LabelSet, label: usize) -> Ink {
    match labels.kinds().position(|kind| kind == label) {
        Some(place) => Ink::series(place),
        None => Ink::Text,
    }
}

/// Per cent of the pixels at each density, from the lowest to the highest that occurs.
fn shares(histogram: &Histogram, width: i16) -> Vec<(f64, f64)> {
    let shares = histogram.shares(super::histogram::LOWEST, super::histogram::HIGHEST, width);
    let occurs = |(_, share): &(f64, f64)| *share > 0.0;
    let (first, last) = (shares.iter().position(occurs), shares.iter().rposition(occurs));
    let (Some(first), Some(last)) = (first, last) else {
        return Vec::new();
    };
    shares[first..=last]
        .iter()
        .map(|(hu, share)| (*hu, 100.0 * share))
        .collect()
}

/// All pixels, and those of each pixel encoding.
pub(super) fn of_hu(gathered: &Gathered) -> Result<Vec<Figure>> {
    let overall = Line {
        name: "all".into(),
        points: shares(&gathered.overall, 10),
        ink: Ink::First,
    };
    let encodings: Vec<Line> = gathered
        .encodings
        .iter()
        .enumerate()
        .map(|(place, (name, histogram))| Line {
            name: name.clone(),
            points: shares(histogram, 10),
            ink: Ink::series(place),
        })
        .collect();
    let axes = ("HU", "pixels, % (logarithmic)");
    Ok(vec![
        plots::logarithmic_curves(
            "Hounsfield units, all slices",
            "Share of pixels in steps of 10 HU.".into(),
            axes,
            &[overall],
            WIDE,
        )?,
        plots::logarithmic_curves(
            "Hounsfield units by pixel encoding",
            "The same for each pixel encoding; curves that agree are read alike.".into(),
            axes,
            &encodings,
            WIDE,
        )?,
    ])
}

/// The brain's Hounsfield units with each label, beside those of slices without any.
pub(super) fn of_hu_by_label(gathered: &Gathered, labels: &LabelSet) -> Result<Vec<Figure>> {
    let percent = |histogram: &Histogram| -> Vec<(f64, f64)> {
        histogram
            .shares(-20, 120, 2)
            .into_iter()
            .map(|(hu, share)| (hu, 100.0 * share))
            .collect()
    };
    let healthy = percent(&gathered.healthy);
    labels
        .names()
        .iter()
        .zip(&gathered.labels)
        .map(|(label, histogram)| {
            let title = format!("Hounsfield units with {label}");
            if histogram.total() == 0 {
                return Ok(Figure::absent(title, "No slice has it."));
            }
            let lines = [
                Line {
                    name: labels.nothing().into(),
                    points: if gathered.healthy.total() > 0 {
                        healthy.clone()
                    } else {
                        Vec::new()
                    },
                    ink: Ink::Reference,
                },
                Line {
                    name: label.clone(),
                    points: percent(histogram),
                    ink: Ink::First,
                },
            ];
            plots::curves(
                &title,
                "Share of all pixels in steps of 2 HU; in grey, slices without hemorrhage.".into(),
                ("HU", "pixels, %"),
                &lines,
                SMALL,
            )
        })
        .collect()
}

/// The feature embedding, each plane coloured by label and by pixel encoding.
pub(super) fn of_embedding(
    embedding: &Embedding,
    slices: &[&Slice],
    labels: &LabelSet,
    encodings: &[(String, Histogram)],
) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let explained = format!(
        "Principal components of standardised features; the two hold {:.0}\u{a0}% and {:.0}\u{a0}% of the total variance.",
        100.0 * embedding.explained[0],
        100.0 * embedding.explained[1]
    );
    let layouts = [
        (
            "PCA",
            &embedding.pca,
            ("first component", "second component"),
            explained.as_str(),
        ),
        (
            "t-SNE",
            &embedding.tsne,
            ("first axis", "second axis"),
            "Similar slices lie close together; distances between groups mean nothing.",
        ),
    ];
    for (name, points, axes, description) in layouts {
        let cloud = |title: String, ink: Ink, is: &dyn Fn(&Slice) -> bool| Cloud {
            name: title,
            points: embedding
                .slices
                .iter()
                .zip(points)
                .filter(|(index, _)| is(slices[**index]))
                .map(|(_, point)| *point)
                .collect(),
            ink,
            size: 3,
        };
        // The truth, whether it is positive at all, and of how many sub-types.
        let known = |slice: &Slice, is: &dyn Fn(&Labels, bool, usize) -> bool| {
            let truth = slice.labels.as_ref();
            truth.is_some_and(|truth| is(truth, labels.is_positive(truth), counts::subtypes(truth, labels)))
        };
        let mut by_label = vec![
            cloud("labels unknown".into(), Ink::Grid, &|slice| {
                slice.labels.is_none()
            }),
            cloud(labels.nothing().into(), Ink::Reference, &|slice| {
                known(slice, &|_, bleeds, count| count == 0 && !bleeds)
            }),
        ];
        by_label.extend(labels.kinds().map(|label| {
            cloud(labels.name(label).into(), label_ink(labels, label), &|slice| {
                known(slice, &|truth, _, count| count == 1 && truth.is_positive(label))
            })
        }));
        by_label.push(cloud("several sub-types".into(), Ink::Text, &|slice| {
            known(slice, &|_, bleeds, count| count > 1 || (count == 0 && bleeds))
        }));
        if slices.iter().any(|slice| slice.labels.is_some()) {
            figures.push(plots::scatter(
                &format!("{name}, by label"),
                description.into(),
                axes,
                &by_label,
                (460, 400),
            )?);
        }
        let by_encoding: Vec<Cloud> = encodings
            .iter()
            .enumerate()
            .map(|(place, (encoding, _))| {
                cloud(encoding.clone(), Ink::series(place), &|slice| {
                    let own = slice.encoding.in_words();
                    own == *encoding
                        || (encoding == "all others" && !encodings.iter().any(|(known, _)| *known == own))
                })
            })
            .collect();
        figures.push(plots::scatter(
            &format!("{name}, by pixel encoding"),
            description.into(),
            axes,
            &by_encoding,
            (460, 400),
        )?);
    }
    Ok(figures)
}
