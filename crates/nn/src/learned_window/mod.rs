//! Windows that a network learns: window setting optimisation (WSO, arXiv 1812.00572).
//!
//! The paper puts a 1×1 convolution from one channel to n before the network, then a bounded activation:
//! `U·σ(w·hu + b)` or `min(max(w·hu + b, 0), U)`. Each channel of that is a window, and [`Convolution`] goes
//! both ways between a window's center and width and the convolution's weight and bias.
//!
//! What is trained here is the center and the width themselves, in HU. The functions are the same ones, only
//! their parameters differ, and these suit gradient descent: a weight of 0.1 beside a bias of −5 that moves the
//! window by 10 HU for every 1 it changes by wants another learning rate for each and for every width, whereas
//! a step of Adam on a center is a number of HU, wherever the window is.

mod curve;
#[cfg(test)]
mod tests;

use burn::module::{Module, Param, ParamGroup};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor, TensorData};

pub use self::curve::{Activation, Convolution, Curve};
use crate::center_width::CenterWidth;
use crate::error::{Error, Result};

/// Narrowest window, in HU. A width below it counts as this one; its gradient goes on to the width as if it
/// were not held, so that a window can widen again.
pub const MIN_WIDTH: f64 = 1.0;

/// Windows whose centers and widths are trained with the network they belong to.
#[derive(Module, Debug)]
pub struct LearnedWindow {
    /// Centers in HU, `[channels]`.
    pub center: Param<Tensor<1>>,
    /// Widths in HU, `[channels]`; see [`MIN_WIDTH`].
    pub width: Param<Tensor<1>>,
    #[module(skip)]
    curve: Curve,
    /// Learning rate: about as many HU as a step of Adam moves a center by.
    pub lr: f64,
    /// Epochs at the beginning in which the windows stay as they are.
    pub freeze_epochs: usize,
}

impl LearnedWindow {
    /// Windows to start from, one channel each.
    pub fn new(windows: &[CenterWidth], curve: Curve, device: &Device) -> Self {
        let parameter = |value: fn(&CenterWidth) -> f64| {
            let values: Vec<f32> = windows.iter().map(|window| value(window) as f32).collect();
            Param::from_tensor(Tensor::from_data(
                TensorData::new(values, [windows.len()]),
                device,
            ))
        };
        Self {
            center: parameter(|window| window.center),
            width: parameter(|window| window.width),
            curve,
            lr: 1.0,
            freeze_epochs: 0,
        }
    }

    /// The learning rate in HU a step, and for how many epochs at the beginning it is 0.
    #[must_use]
    pub fn with_rate(mut self, lr: f64, freeze_epochs: usize) -> Self {
        self.lr = lr;
        self.freeze_epochs = freeze_epochs;
        self
    }

    /// The constants of the windows' function.
    pub fn curve(&self) -> Curve {
        self.curve
    }

    /// Number of windows.
    pub fn channels(&self) -> usize {
        self.center.val().dims()[0]
    }

    /// From HU `[batch, 1, height, width]` to `[batch, channels, height, width]`, 0 to `upbound`. Windows are
    /// wider by `widening`, in HU, `[batch, 1, 1, 1]`, where it is given, but never narrower than half.
    pub fn forward(&self, hu: Tensor<4>, widening: Option<Tensor<4>>) -> Tensor<4> {
        let shape = [1, self.channels(), 1, 1];
        let center = self.center.val().reshape(shape);
        let width = self.width.val();
        // Its value is the clamped width, its gradient that of the width.
        let held = (width.clone().clamp_min(MIN_WIDTH) - width.clone()).detach();
        let mut width = (width + held).reshape(shape);
        if let Some(widening) = widening {
            width = (width.clone() + widening).max_pair(width / 2.0);
        }
        // w·hu + b, from the center: f32 keeps more digits of it.
        let z = (hu - center) / width * self.curve.rise();
        match self.curve.activation {
            Activation::Sigmoid => sigmoid(z) * self.curve.upbound,
            Activation::Relu => (z + self.curve.upbound / 2.0).clamp(0.0, self.curve.upbound),
        }
    }

    /// Where the windows are now. Reads from the device.
    ///
    /// # Errors
    /// When the device does not give its values.
    pub fn windows(&self) -> Result<Vec<CenterWidth>> {
        let read = |parameter: &Param<Tensor<1>>| {
            parameter
                .val()
                .into_data()
                .convert::<f32>()
                .try_to_vec::<f32>()
                .map_err(|error| Error::Window {
                    reason: format!("{error:?}"),
                })
        };
        let windows = read(&self.center)?.into_iter().zip(read(&self.width)?);
        Ok(windows
            .map(|(center, width)| CenterWidth {
                center: f64::from(center),
                width: f64::from(width).max(MIN_WIDTH),
            })
            .collect())
    }

    /// The parameters, as optimizers want them named: the windows have an optimizer (Adam, without weight
    /// decay) and a learning rate of their own.
    pub fn group(&self) -> ParamGroup {
        ParamGroup::from_ids(vec![self.center.id, self.width.id])
    }
}
