//! Example slices in Hounsfield units, for the viewer.

use std::collections::{BTreeMap, BTreeSet};

use ichflow_api::data::identity::Subject;
use ichflow_api::prelude::*;
use ichflow_api::tensors::heat_map;
use ichflow_pages::viewer::{Detail, Heat, HeatMap, Hu, Sides, View, ViewSlice, packed};

use super::slices::Strip;
use crate::explain::HeatMaps;
use crate::render::privacy::Privacy;
use crate::render::shrink::shrunk;

/// From which probability on the sheet calls a label positive.
const THRESHOLD: f64 = 0.5;

/// What the viewer of the page shows.
pub(crate) struct Embedded {
    /// The slices, in the order of the sheet.
    pub view: View,
    /// How many there would be, were there no limit.
    pub of: usize,
    /// How many pixels of a side were averaged into one, where any were.
    pub averaged: usize,
}

/// What the slices are embedded with.
pub(super) struct Settings<'a> {
    /// Bytes that HU may take in the page.
    pub most_bytes: usize,
    /// Longest side, in pixels.
    pub size: usize,
    /// Through what the pictures of the sheet are, in words.
    pub look: &'static str,
    pub heat_maps: Option<&'a HeatMaps>,
    pub privacy: &'a Privacy,
}

/// The id of a slice's picture in the sheet, where the viewer finds what the network saw.
pub(super) fn picture_id(index: usize) -> String {
    format!("example-{index}")
}

/// The slices of the sheet, each once, as many as the page may hold; `None` where there is none.
///
/// # Errors
/// Where the run should stop.
pub(super) fn embedded(
    predictions: &Predictions,
    strips: &[Strip],
    pixels: &Pixels,
    settings: &Settings<'_>,
    context: &Context,
) -> Result<Option<Embedded>> {
    let mut reasons: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut order = Vec::new();
    for strip in strips {
        for example in &strip.examples {
            let reasons = reasons.entry(example.index).or_default();
            if reasons.is_empty() {
                order.push(example);
            }
            reasons.push(strip.title.clone());
        }
    }
    let mut view = View::new("Example slices", predictions.labels.names().to_vec());
    view.label = predictions.labels.headline();
    view.thresholds = vec![Some(THRESHOLD); predictions.labels.len()];
    let (mut bytes, mut averaged) = (0, 1);
    for example in &order {
        context.checkpoint()?;
        let slice = &predictions.slices[example.index];
        let Ok(image) = pixels.read(slice) else { continue };
        let small = shrunk(&image, settings.size);
        let hu = packed(&small.hu).doing("HU cannot be compressed")?;
        bytes += hu.len();
        if bytes > settings.most_bytes {
            break;
        }
        let factor = image.rows as f64 / small.rows.max(1) as f64;
        averaged = averaged.max(factor.round() as usize);
        view.seen = Some(settings.look.into());
        view.slices.push(ViewSlice {
            name: settings.privacy.slice(&slice.id),
            rows: small.rows,
            columns: small.columns,
            spacing_mm: spacing(slice, pixels, factor),
            position_mm: slice.position_mm,
            sides: slice
                .header
                .orientation
                .and_then(|axes| Sides::of(axes.map(f64::from))),
            probabilities: predictions.probabilities[example.index].clone(),
            truth: truth(slice, predictions.labels.len()),
            details: details(slice, &reasons[&example.index], settings.privacy),
            hu: Some(Hu::Packed(hu)),
            seen: example
                .picture
                .is_some()
                .then(|| format!("#{}", picture_id(example.index))),
            heat: heat(slice, predictions.labels.len(), settings.heat_maps),
            ..ViewSlice::default()
        });
    }
    let of = order
        .iter()
        .map(|example| example.index)
        .collect::<BTreeSet<_>>()
        .len();
    Ok((!view.slices.is_empty()).then_some(Embedded { view, of, averaged }))
}

/// Millimetres between the pixels that are shown: those of the file, by as much as images were made smaller on the way.
fn spacing(slice: &Slice, pixels: &Pixels, factor: f64) -> Option<[f64; 2]> {
    let [between_rows, between_columns] = slice.header.spacing_mm?;
    let shown = pixels.shown(slice);
    Some([
        f64::from(between_rows) * shown.height / shown.rows as f64 * factor,
        f64::from(between_columns) * shown.width / shown.columns as f64 * factor,
    ])
}

fn truth(slice: &Slice, labels: usize) -> Vec<Option<bool>> {
    match &slice.labels {
        Some(truth) => (0..labels).map(|label| truth.positive(label)).collect(),
        None => Vec::new(),
    }
}

fn details(slice: &Slice, reasons: &[String], privacy: &Privacy) -> Vec<Detail> {
    let detail = |what: &str, value: String| Detail {
        what: what.into(),
        value,
    };
    vec![
        detail("patient", privacy.patient(Subject::of(slice).name())),
        detail("shown as", reasons.join(" · ")),
    ]
}

fn heat(slice: &Slice, labels: usize, maps: Option<&HeatMaps>) -> Vec<Option<Heat>> {
    let Some(maps) = maps else { return Vec::new() };
    let of = |map: &heat_map::HeatMap| {
        Heat::Map(HeatMap {
            rows: map.rows,
            columns: map.columns,
            values: map
                .values
                .iter()
                .map(|value| (255.0 * value).round() as u8)
                .collect(),
        })
    };
    (0..labels)
        .map(|label| maps.find(&slice.id, label).map(of))
        .collect()
}
