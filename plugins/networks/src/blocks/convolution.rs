//! Convolutions, padded and initialised as timm does.

use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Initializer, PaddingConfig2d};
use burn::tensor::Device;

/// How the borders of a map are padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// PyTorch's: the same number of zeros on all sides, whatever the size of the map.
    Symmetric,
    /// TensorFlow's "same": as many zeros as make the output `ceil(size / stride)`, an odd one at the
    /// bottom and on the right. It depends on the size of the map.
    Same,
    /// None.
    Valid,
}

/// Describes a square convolution; [`Convolution::init`] makes it.
#[derive(Clone, Debug)]
pub struct Convolution {
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    groups: usize,
    padding: Padding,
    bias: bool,
    deviation: Option<f64>,
}

impl Convolution {
    /// A convolution of stride 1, symmetrically padded, without bias.
    pub fn new(inputs: usize, outputs: usize, kernel: usize) -> Self {
        Self {
            inputs,
            outputs,
            kernel,
            stride: 1,
            groups: 1,
            padding: Padding::Symmetric,
            bias: false,
            deviation: None,
        }
    }

    /// Every channel by itself.
    pub fn depthwise(channels: usize, kernel: usize) -> Self {
        Self {
            groups: channels,
            ..Self::new(channels, channels, kernel)
        }
    }

    /// Step in pixels.
    #[must_use]
    pub fn stride(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// As many groups of channels that do not mix.
    #[must_use]
    pub fn groups(self, groups: usize) -> Self {
        Self { groups, ..self }
    }

    /// Weights drawn with this standard deviation, instead of He's.
    #[must_use]
    pub fn deviation(self, deviation: f64) -> Self {
        Self {
            deviation: Some(deviation),
            ..self
        }
    }

    /// Padding of the borders.
    #[must_use]
    pub fn padding(self, padding: Padding) -> Self {
        Self { padding, ..self }
    }

    /// With a bias.
    #[must_use]
    pub fn bias(self) -> Self {
        Self { bias: true, ..self }
    }

    /// The layer. Weights are drawn from N(0, 2 / fan-out) with fan-out = `kernel² · outputs / groups`
    /// (He et al., 2015, as in TensorFlow's EfficientNet and timm), biases are zero.
    pub fn init(&self, device: &Device) -> Conv2d {
        let fan_out = self.kernel * self.kernel * self.outputs / self.groups;
        let padding = match self.padding {
            Padding::Symmetric => {
                let each = (self.stride - 1 + self.kernel - 1) / 2;
                PaddingConfig2d::Explicit(each, each, each, each)
            }
            Padding::Same => PaddingConfig2d::Same,
            Padding::Valid => PaddingConfig2d::Valid,
        };
        let mut layer = Conv2dConfig::new([self.inputs, self.outputs], [self.kernel; 2])
            .with_stride([self.stride; 2])
            .with_groups(self.groups)
            .with_padding(padding)
            .with_bias(false)
            .with_initializer(Initializer::Normal {
                mean: 0.0,
                std: self.deviation.unwrap_or((2.0 / fan_out as f64).sqrt()),
            })
            .init(device);
        if self.bias {
            layer.bias = Some(Initializer::Zeros.init([self.outputs], device));
        }
        layer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Tensor;

    fn output_size(convolution: &Convolution, size: usize) -> usize {
        let device = Device::flex();
        let x = Tensor::<4>::zeros([1, 1, size, size], &device);
        convolution.init(&device).forward(x).dims()[3]
    }

    #[test]
    fn sizes_are_halved_upwards_by_both_paddings() {
        for kernel in [1, 3, 5, 7] {
            for size in [8, 9] {
                for padding in [Padding::Symmetric, Padding::Same] {
                    let convolution = Convolution::new(1, 2, kernel).stride(2).padding(padding);
                    assert_eq!(
                        output_size(&convolution, size),
                        size.div_ceil(2),
                        "{convolution:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn same_padding_puts_the_odd_zero_last() {
        let device = Device::flex();
        let mut layer = Convolution::new(1, 1, 3)
            .stride(2)
            .padding(Padding::Same)
            .init(&device);
        layer.weight = layer.weight.map(|weight| weight.ones_like());
        let sums = layer.forward(Tensor::ones([1, 1, 4, 4], &device)).into_data();
        // No zeros at the top left; one row and one column of them at the bottom right.
        assert_eq!(sums.try_to_vec::<f32>().unwrap(), [9.0, 6.0, 6.0, 4.0]);
    }

    #[test]
    fn weights_are_drawn_by_fan_out() {
        let device = Device::flex();
        device.seed(1);
        let layer = Convolution::depthwise(512, 5).init(&device);
        let std: f32 = layer.weight.val().flatten::<1>(0, 3).var(0).sqrt().into_scalar();
        assert!((std - (2.0f32 / 25.0).sqrt()).abs() < 0.01, "{std}");
    }
}
