//! How much memory training would take: tried out with one slice and with several.

use burn::tensor::{Distribution, Tensor};
use ichflow_api::needs::{Bytes, Known, Needs};
use ichflow_api::nn::parameters;
use ichflow_api::prelude::*;
use ichflow_api::tensors::model::Preparation;

use super::Fit;
use super::peak_memory::peak_memory_mib;

/// Batches that lie ready in host memory while one is in use, and that one.
const BATCHES_IN_MEMORY: u64 = 4;
/// Slices of the larger step that is tried.
const SEVERAL: usize = 5;

/// Memory of the program, the parameters, their gradients and the optimizer's moments, and of what a batch leaves
/// for its gradients. The last is measured: the high-water mark of the process after a step with one slice and after
/// a step with several. Nothing where the system does not tell it, or where an artifact is only made from data.
pub(super) fn of(fit: &Fit, known: &Known) -> Result<Needs> {
    let spec = known.inputs.artifact(input::NETWORK);
    let window = known.inputs.artifact(input::WINDOW);
    let loss = known.inputs.artifact(input::LOSS);
    let (Some(spec), Some(window), Some(loss), Some(stored)) = (spec, window, loss, known.foreseen) else {
        return Ok(Needs::default());
    };
    let resize = known.inputs.artifact(optional::RESIZE).map(|resize| *resize);
    let device = known.device.open().autodiff();
    let network = spec
        .build(window.channels(), known.labels.len(), &device)?
        .with_window(window.learned(&device));
    let parameters = parameters::count(&network) as u64;
    let preparation = Preparation {
        window: (*window).clone(),
        resize,
        normalisation: spec.normalisation(),
    };
    let step = |slices: usize| -> Option<u64> {
        let shape = [slices, 1, stored.rows as usize, stored.columns as usize];
        let values = || Tensor::<4>::random(shape, Distribution::Uniform(-100.0, 200.0), &device);
        let tags = vec![SliceTags::default(); slices];
        let offsets = window.offsets().into_iter().filter(|offset| *offset != 0);
        let batch = offsets.fold(HuBatch::new(values(), tags.clone()), |batch, offset| {
            batch.with_neighbours(offset, HuBatch::new(values(), tags.clone()))
        });
        let images = preparation.images(&batch, network.window.as_ref());
        let logits = network.forward(preparation.normalisation.apply(images));
        let truth = Tensor::zeros([slices, known.labels.len()], &device);
        let gradients = loss
            .loss(logits, &Targets::new(truth, &known.labels, true))
            .backward();
        let mib = peak_memory_mib()?;
        drop(gradients);
        Some((mib * 1024.0 * 1024.0) as u64)
    };
    let several = fit.batch.clamp(2, SEVERAL);
    let (Some(one), Some(more)) = (step(1), step(several)) else {
        return Ok(Needs::default());
    };
    let per_slice = more.saturating_sub(one) / (several as u64 - 1);
    let batch = fit.batch as u64;
    let moments = fit.optimizer.memory() as u64;
    let averages = u64::from(fit.ema.is_some());
    let state = parameters * 4 * (moments + averages);
    let offsets = window.offsets().len().max(1) as u64;
    let host = BATCHES_IN_MEMORY * batch * offsets * stored.rows * stored.columns * 2;
    Ok(Needs {
        memory: Some(Bytes {
            bytes: one + per_slice * (batch - 1) + state + host,
            how: format!(
                "{parameters} parameters; {:.0} MB a slice, batches of {batch}",
                per_slice as f64 / 1e6
            ),
        }),
        ..Needs::default()
    })
}
