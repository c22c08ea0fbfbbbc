//! Fewer pixels, more channels, nothing lost.

use burn::tensor::Tensor;

/// Makes four channels of the four pixels of every 2×2 square: `[batch, channels, height, width]` to
/// `[batch, 4 · channels, height / 2, width / 2]`. A missing last row or column is taken as zeros.
pub fn space_to_depth(x: Tensor<4>) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let x = if height % 2 + width % 2 > 0 {
        x.pad((0, width % 2, 0, height % 2), 0.0f32)
    } else {
        x
    };
    let (rows, columns) = (height.div_ceil(2), width.div_ceil(2));
    x.reshape([batch, channels, rows, 2, columns, 2])
        .permute([0, 1, 3, 5, 2, 4])
        .reshape([batch, 4 * channels, rows, columns])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Int};

    #[test]
    fn squares_become_channels() {
        let device = Device::flex();
        let x = Tensor::<1, Int>::arange(0..12, &device)
            .float()
            .reshape([1, 1, 3, 4]);
        let y = space_to_depth(x);
        assert_eq!(y.dims(), [1, 4, 2, 2]);
        assert_eq!(
            y.into_data().try_to_vec::<f32>().unwrap(),
            [
                0.0, 2.0, 8.0, 10.0, 1.0, 3.0, 9.0, 11.0, 4.0, 6.0, 0.0, 0.0, 5.0, 7.0, 0.0, 0.0
            ]
        );
    }
}
