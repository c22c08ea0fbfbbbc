//! The gradients of a batch.

use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::HostBatch;

use super::made::{data, learner, network};
use crate::fit::data::Data;
use crate::fit::gradients::norm;

fn host(data: &Data, indices: &[usize]) -> HostBatch {
    data.feed(vec![indices.to_vec()]).next().unwrap().unwrap()
}

fn scalar(tensor: Tensor<1>) -> f32 {
    tensor.into_scalar()
}

#[test]
fn a_batch_is_the_mean_of_its_parts() {
    let (data, network) = (data(&[], true), network());
    let learner = learner(&data);
    let of = |indices: &[usize], share| {
        learner
            .gradients(&network, host(&data, indices), 0, share)
            .unwrap()
    };
    let (whole, gradients) = of(&[0, 1, 2, 3], 1.0);
    let (first, of_first) = of(&[0, 1], 0.5);
    let (second, of_second) = of(&[2, 3], 0.5);
    let mut gathered = burn::optim::GradientsAccumulator::new();
    gathered.accumulate(&network, of_first);
    gathered.accumulate(&network, of_second);
    // The loss of a batch is its own mean, whatever share it has in the step; gradients are scaled by the share.
    let mean = (scalar(first) + scalar(second)) / 2.0;
    assert!((scalar(whole) - mean).abs() < 1e-6);
    let parts = norm(&network, &gathered.grads()).map(scalar).unwrap();
    let whole = norm(&network, &gradients).map(scalar).unwrap();
    assert!(
        (whole - parts).abs() < 1e-6 * whole && whole > 1e-3,
        "{whole} {parts}"
    );
}

#[test]
fn a_batch_without_slices_is_an_error() {
    let (data, network) = (data(&["ID_0"], true), network());
    let empty = host(&data, &[0]);
    assert!(empty.is_empty() && empty.unread.len() == 1);
    let error = learner(&data).gradients(&network, empty, 0, 1.0).err().unwrap();
    assert!(error.to_string().contains("without slices"));
}
