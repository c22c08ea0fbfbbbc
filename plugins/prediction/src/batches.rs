//! Slices, batch by batch: each batch is a piece of a result, and always of the same slices, so that it comes out the
//! same whoever computes it.

use std::sync::Arc;

use ichflow_api::data::identity::SeriesOrder;
use ichflow_api::data::profile::HuCounts;
use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::{Feed, HostBatch, Unread, batches_of};
use rayon::prelude::*;

/// The slices of one cohort that a stage computes.
pub(crate) struct Part {
    /// Where they are from.
    pub(crate) cohort: Arc<Cohort>,
    /// Their indices, batch by batch.
    pub(crate) batches: Vec<Vec<usize>>,
}

impl Part {
    pub(crate) fn new(cohort: Arc<Cohort>, indices: &[usize], batch: usize) -> Self {
        Self {
            cohort,
            batches: batches_of(indices, batch),
        }
    }

    /// Excludes a slice that an earlier run could not read: it may have kept that, and not why.
    pub(crate) fn exclude(&self, index: usize, pixels: &Pixels, context: &Context) -> Result<()> {
        let mut read = HostBatch::read(pixels, &self.cohort, &SeriesOrder::default(), vec![index], &[])?;
        if read.unread.is_empty() {
            let reason = "it could not be read when it was to be predicted".to_owned();
            read.unread.push(Unread { index, reason });
        }
        read.exclude_unread(&self.cohort, context);
        Ok(())
    }
}

/// One batch of a part.
pub(crate) struct Computed<'a> {
    /// Its number over all parts.
    pub(crate) piece: usize,
    /// The slices that belong to it.
    pub(crate) asked: &'a [usize],
    /// Those of them that can be read, in order.
    pub(crate) read: Vec<usize>,
    /// These, on the device; nothing where none can be read.
    pub(crate) batch: Option<HuBatch>,
    /// The histogram of each, where that was asked for.
    pub(crate) histograms: Vec<HuCounts>,
}

/// What is done with batches.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    /// What a person reads beside the progress: "predicting".
    pub(crate) name: &'static str,
    /// Whether histograms are counted.
    pub(crate) with_histograms: bool,
}

impl Work {
    /// Work without histograms.
    pub(crate) const fn named(name: &'static str) -> Self {
        Self {
            name,
            with_histograms: false,
        }
    }
}

/// Goes through the batches `wanted`, numbered over all parts; slices that cannot be read are excluded from the run.
pub(crate) fn each(
    model: &Model,
    pixels: &Pixels,
    parts: &[Part],
    wanted: &[usize],
    work: Work,
    context: &Context,
    mut compute: impl FnMut(Computed<'_>) -> Result<()>,
) -> Result<()> {
    let mut first = 0;
    let mut left = Vec::new();
    for part in parts {
        let numbers = first..first + part.batches.len();
        let pieces: Vec<usize> = wanted
            .iter()
            .copied()
            .filter(|piece| numbers.contains(piece))
            .collect();
        left.push((part, first, pieces));
        first = numbers.end;
    }
    let slices = |(part, first, pieces): &(&Part, usize, Vec<usize>)| {
        let sizes = pieces.iter().map(|piece| part.batches[piece - first].len());
        sizes.sum::<usize>()
    };
    let progress = context.progress(work.name, left.iter().map(slices).sum(), "slices");
    let offsets = model.preparation.window.offsets();
    for (part, first, pieces) in left {
        let batches = pieces.iter().map(|piece| part.batches[piece - first].clone());
        let feed = Feed::start(
            pixels.clone(),
            part.cohort.clone(),
            batches.collect(),
            offsets.clone(),
        );
        for (piece, host) in pieces.into_iter().zip(feed) {
            context.checkpoint()?;
            let host = host?;
            host.exclude_unread(&part.cohort, context);
            let asked = &part.batches[piece - first];
            let histograms = match work.with_histograms && !host.is_empty() {
                true => host
                    .hu
                    .par_chunks_exact(host.rows * host.columns)
                    .map(HuCounts::of)
                    .collect(),
                false => Vec::new(),
            };
            compute(Computed {
                histograms,
                piece,
                asked,
                read: host.indices.clone(),
                batch: (!host.is_empty()).then(|| host.upload(&part.cohort, &context.device())),
            })?;
            progress.advance(asked.len() as u64);
        }
    }
    Ok(())
}

/// The values of a tensor, in host memory.
pub(crate) fn values(tensor: Tensor<2>) -> Result<Vec<f32>> {
    tensor
        .into_data()
        .convert::<f32>()
        .try_to_vec::<f32>()
        .map_err(|error| Error::new(format!("the model's output cannot be read: {error:?}")))
}
