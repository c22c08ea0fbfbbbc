//! Through what slices are shown on a page.

use std::collections::BTreeMap;

use ichflow_api::data::identity::SeriesOrder;
use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::HostBatch;

use super::png::picture;

/// Through what slices are shown.
pub(crate) enum Look<'a> {
    /// As the network saw them, before its own shift and scale.
    Model(&'a Model),
    /// Through a window of the recipe, where nothing was trained.
    Window(&'a Window),
    /// Through the brain window, 40/80.
    Brain,
}

impl<'a> Look<'a> {
    /// Through the model's window, else that of the recipe, else the brain window.
    pub(crate) fn of(model: Option<&'a Model>, window: Option<&'a Window>) -> Self {
        match (model, window) {
            (Some(model), _) => Self::Model(model),
            (None, Some(window)) => Self::Window(window),
            (None, None) => Self::Brain,
        }
    }

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

    /// What it is called.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Model(_) => "as the network sees it",
            Self::Window(_) => "the recipe's window",
            Self::Brain => "brain",
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

    /// Pictures of some slices of a cohort as data URIs, at most `longest` pixels a side, by their index. Those that cannot
    /// be read are told of and left out: one of them must not cost a page at the end of a long run.
    ///
    /// # Errors
    /// Where the run should stop.
    pub(crate) fn pictures(
        &self,
        cohort: &Cohort,
        pixels: &Pixels,
        wanted: &[usize],
        longest: usize,
        context: &Context,
    ) -> Result<BTreeMap<usize, String>> {
        let progress = context.progress("rendering slices", wanted.len(), "slices");
        let order = SeriesOrder::of(&cohort.slices);
        let offsets = self.offsets();
        let mut pictures = BTreeMap::new();
        for index in wanted {
            context.checkpoint()?;
            let host = HostBatch::read_one(pixels, cohort, &order, *index, &offsets);
            match host.and_then(|host| {
                let images = self.images(&host.upload(cohort, &context.device()));
                picture(images, longest)
            }) {
                Ok(uri) => {
                    pictures.insert(*index, uri);
                }
                Err(error) => context.warn(format!(
                    "{} is not pictured: {}",
                    cohort.slices[*index].id,
                    error.chain()
                )),
            }
            progress.advance(1);
        }
        Ok(pictures)
    }
}
