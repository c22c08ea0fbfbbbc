//! Both networks as one, and its gradients in the memory of a few slices.

use std::sync::Arc;

use burn::module::{Module, ParamId};
use burn::optim::{GradientsAccumulator, GradientsParams};
use ichflow_api::nn::series::{AnySeriesNetwork, SeriesInput};
use ichflow_api::nn::{CenterWidth, EmbeddedLayer, ForwardContext};
use ichflow_api::prelude::*;

use crate::fit::Trained;
use crate::fit::optimizer::{Optimizer, Rule};

/// The network on slices, and the network over series above it.
#[derive(Module, Debug)]
pub struct Together {
    /// Makes features and logits of slices.
    pub image: Network,
    /// Reads series of these.
    pub series: AnySeriesNetwork,
}

impl Trained for Together {
    fn windows(&self) -> Result<Vec<CenterWidth>> {
        self.image.windows()
    }

    fn own_rules(&self, optimizer: &Arc<dyn Optimizer>) -> Vec<(ParamId, Rule)> {
        self.image.own_rules(optimizer)
    }
}

impl Together {
    /// The loss, off the tape, and the gradients of `share` times it, in the memory that one chunk of slices takes.
    ///
    /// `images` gives the images of a chunk by its number, `[slices, channels, height, width]`, the same at every
    /// call; the chunks' slices one after the other are those of `input`, whose embeddings and logits are replaced.
    /// The features of all chunks are computed first and nothing else of them is kept; the gradients that the loss has
    /// with respect to these are then carried on through each chunk, which is computed a second time (gradient
    /// checkpointing; Chen et al., 2016, arXiv 1604.06174). Normalisation sees a chunk at a time, and its running
    /// statistics follow each chunk once.
    pub(super) fn gradients(
        &self,
        input: SeriesInput,
        chunks: usize,
        images: impl Fn(usize) -> Tensor<4>,
        seed: impl Fn(usize),
        loss: impl FnOnce(ichflow_api::nn::series::SeriesOutput) -> Option<Tensor<1>>,
        share: f64,
    ) -> Option<(Tensor<1>, GradientsParams)> {
        let device = input.device();
        // Clones share running statistics; a forked network has its own, which are dropped with it.
        let scratch = self.image.clone().fork(&device);
        let mut parts: [Vec<Tensor<2>>; 2] = [Vec::new(), Vec::new()];
        for chunk in 0..chunks {
            seed(chunk);
            let made = EmbeddedLayer::Pooled.embed(&scratch, images(chunk))?;
            for (parts, part) in parts.iter_mut().zip(made) {
                parts.push(part.inner());
            }
        }
        drop(scratch);
        let sizes: Vec<usize> = parts[0].iter().map(|part| part.dims()[0]).collect();
        let [features, logits] = parts.map(|parts| Tensor::from_inner(Tensor::cat(parts, 0)).require_grad());
        let reads_logits = input.logits.dims()[1] > 0;
        let input = SeriesInput {
            embeddings: features.clone(),
            logits: if reads_logits {
                logits.clone()
            } else {
                input.logits.clone()
            },
            ..input
        };
        seed(chunks);
        let loss = loss(self.series.forward(input, &ForwardContext::default()))?;
        let plain = loss.clone().inner();
        let mut tape = loss.mul_scalar(share).backward();
        let of_features = features.grad_remove(&mut tape);
        let of_logits = logits.grad_remove(&mut tape);
        let mut gathered = GradientsAccumulator::new();
        gathered.accumulate(self, GradientsParams::from_grads(tape, self));
        let Some(of_features) = of_features else {
            return Some((plain, gathered.grads()));
        };
        let mut first = 0;
        for (chunk, size) in sizes.into_iter().enumerate() {
            let rows = first..first + size;
            first = rows.end;
            seed(chunk);
            let [features, logits] = EmbeddedLayer::Pooled.embed(&self.image, images(chunk))?;
            let pulled = |made: Tensor<2>, gradient: &Tensor<2>| {
                (made * Tensor::from_inner(gradient.clone().slice([rows.clone()]))).sum()
            };
            let mut pull = pulled(features, &of_features);
            if let Some(of_logits) = &of_logits {
                pull = pull + pulled(logits, of_logits);
            }
            gathered.accumulate(self, GradientsParams::from_grads(pull.backward(), self));
        }
        Some((plain, gathered.grads()))
    }
}
