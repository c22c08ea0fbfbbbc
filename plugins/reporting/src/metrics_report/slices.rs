//! Example slices: as the network saw them, with truth and prediction.

use ichflow_api::data::identity::SeriesOrder;
use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::HostBatch;

use crate::explain::{HeatMaps, overlay};
use crate::render::choose::{Choice, choose};
use crate::render::png::{data_uri, picture};

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

/// Through what slices are shown.
pub(crate) enum Look<'a> {
    /// As the network saw them, before its own shift and scale.
    Model(&'a Model),
    /// Through a window of the recipe, where nothing was trained.
    Window(&'a Window),
    /// Through the brain window, 40/80.
    Brain,
}

impl Look<'_> {
    /// Images `[batch, channels, height, width]`.
    pub(crate) fn images(&self, batch: &HuBatch) -> Tensor<4> {
        match self {
            Self::Model(model) => model.images(batch),
            Self::Window(window) => window.apply(batch),
            Self::Brain => linear_window(batch.hu(), 40.0, 80.0),
        }
    }

    /// Neighbours it needs.
    pub(crate) fn offsets(&self) -> Vec<i32> {
        match self {
            Self::Model(model) => model.preparation.window.offsets(),
            Self::Window(window) => window.offsets(),
            Self::Brain => Vec::new(),
        }
    }

    /// What is seen, in words.
    pub(crate) fn in_words(&self) -> String {
        let plural = |channels: usize| format!("{channels} channel{}", if channels == 1 { "" } else { "s" });
        match self {
            Self::Model(model) => {
                let size = match model.preparation.resize {
                    Some(resize) => format!("{0} × {0} pixels", resize.size),
                    None => "the stored size".into(),
                };
                format!("{} at {size}", plural(model.preparation.window.channels()))
            }
            Self::Window(window) => format!("{} at the stored size", plural(window.channels())),
            Self::Brain => "the brain window, 40/80 HU".into(),
        }
    }
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
    let progress = context.progress("rendering example slices", wanted.len(), "slices");
    let mut pictures = std::collections::BTreeMap::new();
    let cohort = Cohort {
        slices: predictions.slices.clone(),
        labels: predictions.labels.clone(),
        ..Cohort::default()
    };
    let order = SeriesOrder::of(&cohort.slices);
    for index in wanted {
        context.checkpoint()?;
        let offsets = look.offsets();
        let picture = HostBatch::read_one(pixels, &cohort, &order, index, &offsets).and_then(|host| {
            picture(
                look.images(&host.upload(&cohort, &context.device())),
                settings.size,
            )
        });
        match picture {
            Ok(uri) => {
                pictures.insert(index, uri);
            }
            // One unreadable example must not cost the whole report, at the end of a long run.
            Err(error) => context.warn(format!(
                "{} is not pictured in the report: {}",
                predictions.slices[index].id,
                error.chain()
            )),
        }
        progress.advance(1);
    }
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
