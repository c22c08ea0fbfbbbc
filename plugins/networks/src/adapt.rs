//! A first convolution for another number of channels.

use burn::tensor::{DType, TensorData};

/// Makes a first convolution `[outputs, 3, height, width]` one for `channels` channels, as timm does: for one
/// channel the three are added up, which gives for grey images what the three gave for grey ones in colour; for
/// more they are repeated in turn and scaled by `3 / channels`. One for grey images, `[outputs, 1, height, width]`, is
/// shared out evenly, which gives for channels that are alike what it gave for the one. Other tensors stay as they are.
pub fn adapt_inputs(weight: &mut TensorData, channels: usize) {
    let [outputs, inputs @ (1 | 3), height, width] = weight.shape()[..] else {
        return;
    };
    if channels == inputs {
        return;
    }
    let area = height * width;
    let old: Vec<f32> = weight.clone().convert_dtype(DType::F32).iter::<f32>().collect();
    let mut values = Vec::with_capacity(outputs * channels * area);
    for filter in old.chunks_exact(inputs * area) {
        if inputs == 1 {
            for _ in 0..channels {
                values.extend(filter.iter().map(|value| value / channels as f32));
            }
        } else if channels == 1 {
            let (red, rest) = filter.split_at(area);
            let (green, blue) = rest.split_at(area);
            values.extend((0..area).map(|place| red[place] + green[place] + blue[place]));
        } else {
            let scale = 3.0 / channels as f32;
            for channel in 0..channels {
                let start = channel % 3 * area;
                values.extend(filter[start..start + area].iter().map(|value| value * scale));
            }
        }
    }
    *weight = TensorData::new(values, [outputs, channels, height, width]);
}
