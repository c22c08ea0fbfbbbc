//! What the tests of the schemes share.

use ichflow_api::prelude::*;

/// Slices of one row each.
pub(crate) fn batch_of(slices: &[&[i16]], tags: SliceTags) -> HuBatch {
    let hu: Vec<i16> = slices.concat();
    let columns = hu.len() / slices.len();
    HuBatch::upload(hu, 1, columns, vec![tags; slices.len()], &Device::flex())
}

/// What a scheme makes of a slice of one row: channel after channel.
pub(crate) fn applied(scheme: &impl WindowScheme, hu: &[i16]) -> Vec<f32> {
    values(scheme.apply(&batch_of(&[hu], SliceTags::default())))
}

/// All values of a tensor.
pub(crate) fn values(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

/// Holds values against each other to 1e-5.
#[track_caller]
pub(crate) fn assert_near(got: &[f32], expected: &[f32]) {
    assert_eq!(got.len(), expected.len(), "{got:?}");
    for (index, (value, wanted)) in got.iter().zip(expected).enumerate() {
        assert!(
            (value - wanted).abs() <= 1e-5,
            "value {index} is {value}, not {wanted}: {got:?}"
        );
    }
}

/// Slices of one value, padding, and both ends of i16 give as many channels as promised, and nothing but
/// numbers from 0 to 1. A slice looks the same alone and beside others.
#[track_caller]
pub(crate) fn assert_edges(scheme: &impl WindowScheme) {
    let slices: [&[i16]; 6] = [
        &[-3024; 4],
        &[0; 4],
        &[40; 4],
        &[i16::MIN, i16::MAX, -3024, 3000],
        &[-1000, -1000, -1000, -999],
        &[-3024, -1000, 40, 1800],
    ];
    let together = values(scheme.apply(&batch_of(&slices, SliceTags::default())));
    assert_eq!(together.len(), slices.len() * scheme.channels() * 4);
    for (slice, got) in slices.iter().zip(together.chunks(scheme.channels() * 4)) {
        assert!(
            got.iter().all(|value| (0.0..=1.0).contains(value)),
            "{slice:?}: {got:?}"
        );
        assert_near(&applied(scheme, slice), got);
    }
}
