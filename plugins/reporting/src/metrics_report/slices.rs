//! Example slices: as the network saw them, with truth and prediction.

use ichflow_api::prelude::*;

use crate::explain::{HeatMaps, overlay};
use crate::render::choose::{Choice, choose};
use crate::render::look::Look;
use crate::render::png::data_uri;

/// Rows of an overlay, in pixels: heat has no detail, and the page stretches it over the slice.
const HEAT_SIZE: usize = 64;

/// How many slices to show, and how large.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SheetSettings {
    /// Positives of each label with the highest and with the lowest probability, each.
    pub examples: usize,
    /// Most confident mistakes, slices with the lowest and with the highest loss, each.
    pub mistakes: usize,
    /// Longest side of a picture, in pixels.
    pub size: usize,
}

/// A row of the sheet.
pub(crate) struct Strip {
    /// What its slices have in common.
    pub title: String,
    /// Its slices.
    pub examples: Vec<Example>,
    /// Said where there are none.
    pub remark: String,
}

/// One slice of the sheet.
pub(crate) struct Example {
    /// Index into the predictions.
    pub index: usize,
    /// The label it was chosen for.
    pub label: usize,
    /// A PNG as a data URI; `None` where the pixels cannot be read.
    pub picture: Option<String>,
    /// Where the network looked for this label, to lay over the picture, if that was asked for.
    pub heat: Option<String>,
    /// Why there is no heat map, where others have one.
    pub without_heat: &'static str,
}

/// Chooses slices and renders each once.
pub(crate) fn strips(
    predictions: &Predictions,
    pixels: &Pixels,
    look: &Look<'_>,
    settings: SheetSettings,
    heat_maps: Option<&HeatMaps>,
    context: &Context,
) -> Result<Vec<Strip>> {
    if predictions.unit != Level::Slice {
        // An exam has no picture of its own, and its slices are not what was predicted.
        return Ok(Vec::new());
    }
    let choices = choose(predictions, settings.examples, settings.mistakes);
    let mut wanted: Vec<usize> = choices.iter().flat_map(Choice::indices).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let cohort = Cohort {
        slices: predictions.slices.clone(),
        labels: predictions.labels.clone(),
        ..Cohort::default()
    };
    let pictures = look.pictures(&cohort, pixels, &wanted, settings.size, context)?;
    let example = |(index, label): (usize, usize)| {
        let map = heat_maps.and_then(|maps| maps.find(&predictions.slices[index].id, label));
        let without_heat = match (heat_maps, map) {
            (Some(_), None) => "No heat map: grad-cam did not take this slice.",
            (Some(_), Some(map)) if map.hottest().is_none() => {
                "No heat: no place spoke for the label in bold."
            }
            _ => "",
        };
        let heat = map
            .filter(|map| map.hottest().is_some())
            .map(|map| overlay(map, HEAT_SIZE, HEAT_SIZE * map.columns / map.rows.max(1)))
            .transpose()?;
        Ok(Example {
            index,
            label,
            picture: pictures.get(&index).cloned(),
            heat: heat.map(|png| data_uri(&png)),
            without_heat,
        })
    };
    choices
        .into_iter()
        .map(|choice| {
            Ok(Strip {
                title: choice.title,
                examples: choice.slices.into_iter().map(example).collect::<Result<_>>()?,
                remark: choice.remark,
            })
        })
        .collect()
}
