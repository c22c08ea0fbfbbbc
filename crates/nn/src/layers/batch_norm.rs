//! Batch normalisation with PyTorch's bookkeeping.

use burn::module::{Flag, Module, Param, RunningState};
use burn::nn::Initializer;
use burn::tensor::module::{batch_norm, batch_norm_train};
use burn::tensor::{Device, Tensor};

use crate::activation::Activation;
use crate::context::ForwardContext;
use crate::cpu;
pub use crate::cpu::Normalised;

/// Normalises every channel of `[batch, channels, height, width]` (Ioffe and Szegedy, 2015).
///
/// Two things set it apart from burn's own: its parameters have PyTorch's names, and the running
/// variance follows the unbiased variance of the batch, as in PyTorch. With burn's biased one, a
/// network trained on few values per channel (small images, small batches) would normalise by a
/// variance too small.
///
/// Batch statistics are used on a device with autodiff unless the layer is frozen, running
/// statistics otherwise, as burn's own does.
#[derive(Module, Debug)]
pub struct BatchNorm2d {
    /// Multiplied with the normalised values, `[channels]`.
    pub weight: Param<Tensor<1>>,
    /// Added to them, `[channels]`.
    pub bias: Param<Tensor<1>>,
    /// Off while the layer is frozen.
    pub training: Param<Flag>,
    /// Moving average of the batches' means, `[channels]`.
    pub running_mean: RunningState<Tensor<1>>,
    /// Moving average of the batches' variances, `[channels]`.
    pub running_var: RunningState<Tensor<1>>,
    epsilon: f64,
    momentum: f64,
}

impl BatchNorm2d {
    /// A fresh layer. `momentum` is the weight of the newest batch in the moving averages.
    pub fn new(channels: usize, epsilon: f64, momentum: f64, device: &Device) -> Self {
        Self {
            weight: Initializer::Ones.init([channels], device),
            bias: Initializer::Zeros.init([channels], device),
            training: Param::from_bool(true),
            running_mean: RunningState::new(Tensor::zeros([channels], device)),
            running_var: RunningState::new(Tensor::ones([channels], device)),
            epsilon,
            momentum,
        }
    }

    /// With a scale that starts at zero (zero-initialised residual; Goyal et al., 2017, arXiv 1706.02677): at first a
    /// block that ends in it passes on its shortcut alone.
    #[must_use]
    pub fn zero_init_residual(mut self, device: &Device) -> Self {
        let channels = self.weight.dims();
        self.weight = Initializer::Zeros.init(channels, device);
        self
    }

    /// Normalises `[batch, channels, height, width]`.
    pub fn forward(&self, x: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        self.forward_then(Activation::None, x, context)
    }

    /// Normalises `[batch, channels, height, width]` and applies `activation`, both in one go where the device
    /// can.
    pub fn forward_then(&self, activation: Activation, x: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        let device = x.device();
        let [batch, _, height, width] = x.dims();
        let line = [self.weight.val(), self.bias.val()];
        if !(device.is_autodiff() && self.training.is_enabled()) {
            let mean = self.running_mean.value().to_device(&device);
            let variance = self.running_var.value().to_device(&device);
            return normalise(x, line, Some([mean, variance]), self.epsilon, activation, context).output;
        }
        let result = normalise(x, line, None, self.epsilon, activation, context);
        if let Some([mean, variance]) = result.of_batch {
            let count = (batch * height * width) as f64;
            let unbiased = variance * (count / (count - 1.0).max(1.0));
            for (running, batch) in [(&self.running_mean, mean), (&self.running_var, unbiased)] {
                let old = running.value_sync().to_device(&device);
                let new = old * (1.0 - self.momentum) + batch * self.momentum;
                running.update(new.detach());
            }
        }
        result.output
    }
}

/// Normalises every channel of `[batch, channels, height, width]` (Ioffe and Szegedy, 2015, arXiv 1502.03167), then
/// applies `activation`: by the mean and the variance given, `[channels]`, or else by those of the batch, through which
/// gradients then flow.
pub fn normalise(
    x: Tensor<4>,
    [weight, bias]: [Tensor<1>; 2],
    given: Option<[Tensor<1>; 2]>,
    epsilon: f64,
    activation: Activation,
    context: &ForwardContext,
) -> Normalised {
    let result = context.kernel((x, [weight, bias], given), |(x, line, given)| {
        cpu::normalise(x, line, given, epsilon, activation)
    });
    match result {
        Ok(normalised) => normalised,
        Err((x, line, given)) => generic_normalise(x, line, given, epsilon, activation),
    }
}

/// [`normalise`] by burn's operations.
pub(super) fn generic_normalise(
    x: Tensor<4>,
    [weight, bias]: [Tensor<1>; 2],
    given: Option<[Tensor<1>; 2]>,
    epsilon: f64,
    activation: Activation,
) -> Normalised {
    let (output, of_batch) = match given {
        Some([mean, variance]) => (batch_norm(x, weight, bias, mean, variance, epsilon), None),
        None => {
            let result = batch_norm_train(x, weight, bias, epsilon);
            let statistics = [result.mean, result.variance].map(Tensor::detach);
            (result.output, Some(statistics))
        }
    };
    Normalised {
        output: activation.apply(output),
        of_batch,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;

    #[test]
    fn running_statistics_follow_pytorch() {
        let device = Device::flex().autodiff();
        let norm = BatchNorm2d::new(1, 1e-5, 0.1, &device);
        // Mean 3, unbiased variance 20/3.
        let x = Tensor::<4>::from_data(
            TensorData::new(vec![0.0f32, 2.0, 4.0, 6.0], [1, 1, 2, 2]),
            &device,
        );
        let y = norm.forward(x.clone(), &ForwardContext::default());
        assert!(y.mean().into_scalar::<f32>().abs() < 1e-6);
        let mean: f32 = norm.running_mean.value_sync().into_scalar();
        let variance: f32 = norm.running_var.value_sync().into_scalar();
        assert!((mean - 0.3).abs() < 1e-6, "{mean}");
        assert!((variance - (0.9 + 2.0 / 3.0)).abs() < 1e-6, "{variance}");
    }

    #[test]
    fn a_frozen_layer_uses_and_keeps_its_running_statistics() {
        let device = Device::flex().autodiff();
        let norm = BatchNorm2d::new(1, 0.0, 0.1, &device).freeze();
        let x = Tensor::<4>::ones([2, 1, 2, 2], &device) * 5.0;
        let y: f32 = norm.forward(x, &ForwardContext::default()).max().into_scalar();
        assert_eq!(y, 5.0);
        assert_eq!(norm.running_mean.value_sync().into_scalar::<f32>(), 0.0);
    }

    #[test]
    fn one_value_a_channel_stays_finite() {
        let device = Device::flex().autodiff();
        let norm = BatchNorm2d::new(1, 1e-5, 0.1, &device);
        norm.forward(
            Tensor::<4>::ones([1, 1, 1, 1], &device),
            &ForwardContext::default(),
        );
        assert!(norm.running_var.value_sync().into_scalar::<f32>().is_finite());
    }
}
