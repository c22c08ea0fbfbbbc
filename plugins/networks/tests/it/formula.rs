//! Weights and images by formula; `tests/reference/networks.py` has the other half.

use burn::tensor::{Device, Tensor, TensorData};

/// Values in `[0, 1)` that depend on the name and the place alone; see `uniform` in the script.
pub(super) fn uniform(name: &str, count: usize) -> Vec<f64> {
    let start = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
    });
    (0..count as u64)
        .map(|index| {
            let mut z = start.wrapping_add(index.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            ((z ^ (z >> 31)) >> 40) as f64 / f64::from(1 << 24)
        })
        .collect()
}

/// A tensor of a network.
pub(super) fn weight(name: &str, shape: &[usize]) -> Vec<f32> {
    let values = uniform(name, shape.iter().product());
    let place: Box<dyn Fn(f64) -> f64> = if shape.len() > 1 {
        let bound = (6.0 / shape[1..].iter().product::<usize>() as f64).sqrt();
        Box::new(move |u| (2.0 * u - 1.0) * bound)
    } else if name.ends_with("weight") || name.ends_with("running_var") {
        Box::new(|u| 0.5 + u)
    } else {
        Box::new(|u| (u - 0.5) * 0.4)
    };
    values.into_iter().map(|u| place(u) as f32).collect()
}

/// Two images of three channels.
pub(super) fn images(size: usize, device: &Device) -> Tensor<4> {
    let patches = uniform("patches", 2 * 3 * 8 * 8);
    let noise = uniform(&format!("noise {size}"), 2 * 3 * size * size);
    let patch = |place: usize| place * 8 / size;
    let values: Vec<f32> = noise
        .iter()
        .enumerate()
        .map(|(index, noise)| {
            let (plane, y, x) = (index / (size * size), index / size % size, index % size);
            (0.75 * patches[(plane * 8 + patch(y)) * 8 + patch(x)] + 0.25 * noise) as f32
        })
        .collect();
    Tensor::from_data(TensorData::new(values, [2, 3, size, size]), device)
}
