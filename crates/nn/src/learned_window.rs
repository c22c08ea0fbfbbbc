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

use burn::module::{Module, Param, ParamGroup};
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor, TensorData};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::center_width::CenterWidth;
use crate::error::{Error, Result};

/// Narrowest window, in HU. A width below it counts as this one; its gradient goes on to the width as if it
/// were not held, so that a window can widen again.
pub const MIN_WIDTH: f64 = 1.0;

/// The bounded function that follows WSO's convolution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `upbound · σ(z)`: soft edges, a gradient everywhere.
    #[default]
    Sigmoid,
    /// `min(max(z, 0), upbound)`: a linear window; what lies outside it has no gradient.
    Relu,
}

/// The constants of a window's function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// The bounded function.
    pub activation: Activation,
    /// U: what a window rises to.
    pub upbound: f64,
    /// How far a sigmoid window is from 0 and from `upbound` at its edges; `upbound / 255` in the paper.
    pub eps: f64,
}

impl Curve {
    /// `z`'s rise over the width of a window: `2·ln(U/eps − 1)` for the sigmoid, `U` for the bounded ReLU.
    pub fn rise(&self) -> f64 {
        match self.activation {
            Activation::Sigmoid => 2.0 * (self.upbound / self.eps - 1.0).ln(),
            Activation::Relu => self.upbound,
        }
    }

    /// The window of a convolution's weight and bias.
    pub fn window(&self, convolution: Convolution) -> CenterWidth {
        let Convolution { weight, bias } = convolution;
        let center = match self.activation {
            Activation::Sigmoid => -bias / weight,
            Activation::Relu => self.upbound / (2.0 * weight) - bias / weight,
        };
        CenterWidth {
            center,
            width: self.rise() / weight,
        }
    }

    /// The weight and bias by which WSO's convolution shows a window.
    pub fn convolution(&self, window: CenterWidth) -> Convolution {
        let weight = self.rise() / window.width;
        let zero_at = match self.activation {
            Activation::Sigmoid => window.center,
            Activation::Relu => window.center - window.width / 2.0,
        };
        Convolution {
            weight,
            bias: -weight * zero_at,
        }
    }
}

/// One output channel of WSO's 1×1 convolution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Convolution {
    /// Times HU.
    pub weight: f64,
    /// Added.
    pub bias: f64,
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::conv::{Conv2d, Conv2dConfig};

    const HU: [i16; 12] = [-3024, -1000, -40, 3, 20, 33, 40, 47, 61, 80, 130, 2000];
    const WINDOWS: [CenterWidth; 2] = [
        CenterWidth {
            center: 50.0,
            width: 100.0,
        },
        CenterWidth {
            center: 50.0,
            width: 130.0,
        },
    ];

    fn curve(activation: Activation) -> Curve {
        Curve {
            activation,
            upbound: 1.0,
            eps: 1.0 / 255.0,
        }
    }

    fn hu(device: &Device) -> Tensor<4> {
        Tensor::from_data(TensorData::new(HU.map(f32::from).to_vec(), [1, 1, 3, 4]), device)
    }

    fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    /// The initial weights and biases that the paper gives for its two presets.
    #[test]
    fn the_presets_of_the_paper_have_its_weights_and_come_back() {
        let sigmoid = curve(Activation::Sigmoid);
        for (window, weight, bias) in [
            (WINDOWS[0], 0.110_746_685_340_370_73, -5.537_334_267_018_537),
            (WINDOWS[1], 0.085_189_757_954_131_33, -4.259_487_897_706_567),
        ] {
            let found = sigmoid.convolution(window);
            assert!(
                (found.weight - weight).abs() < 1e-12 && (found.bias - bias).abs() < 1e-12,
                "{found:?}"
            );
        }
        let relu = curve(Activation::Relu).convolution(WINDOWS[0]);
        assert!(
            (relu.weight - 0.01).abs() < 1e-15 && relu.bias.abs() < 1e-15,
            "{relu:?}"
        );
        for activation in [Activation::Sigmoid, Activation::Relu] {
            for upbound in [1.0, 255.0] {
                let curve = Curve {
                    activation,
                    upbound,
                    eps: upbound / 255.0,
                };
                for window in [
                    WINDOWS[1],
                    CenterWidth {
                        center: -600.0,
                        width: 1500.0,
                    },
                ] {
                    let back = curve.window(curve.convolution(window));
                    assert!((back.center - window.center).abs() < 1e-9, "{back:?}");
                    assert!((back.width - window.width).abs() < 1e-9, "{back:?}");
                }
            }
        }
    }

    /// The paper's layer itself: burn's 1×1 convolution with the paper's weights, then the activation.
    fn as_in_the_paper(curve: Curve, device: &Device) -> Conv2d {
        let [first, second] = WINDOWS.map(|window| curve.convolution(window));
        let mut layer = Conv2dConfig::new([1, 2], [1, 1]).init(device);
        let weights = [first.weight as f32, second.weight as f32];
        layer.weight = Param::from_tensor(Tensor::<1>::from_floats(weights, device).reshape([2, 1, 1, 1]));
        layer.bias = Some(Param::from_tensor(Tensor::from_floats(
            [first.bias as f32, second.bias as f32],
            device,
        )));
        layer
    }

    fn activated(z: Tensor<4>, curve: Curve) -> Tensor<4> {
        match curve.activation {
            Activation::Sigmoid => sigmoid(z) * curve.upbound,
            Activation::Relu => z.clamp(0.0, curve.upbound),
        }
    }

    #[test]
    fn it_is_the_papers_convolution_with_its_activation() {
        let device = Device::flex();
        for activation in [Activation::Sigmoid, Activation::Relu] {
            for upbound in [1.0, 255.0] {
                let curve = Curve {
                    activation,
                    upbound,
                    eps: upbound / 255.0,
                };
                let hu = hu(&device);
                let got = values(LearnedWindow::new(&WINDOWS, curve, &device).forward(hu.clone(), None));
                let paper = values(activated(
                    as_in_the_paper(curve, &device).forward(hu.clone()),
                    curve,
                ));
                for (got, paper) in got.iter().zip(&paper) {
                    assert!((got - paper).abs() <= 1e-5 * upbound as f32, "{got} {paper}");
                }
            }
        }
    }

    /// Some loss that weighs every pixel differently.
    fn loss(images: Tensor<4>) -> Tensor<1> {
        let weights = Tensor::<1, burn::tensor::Int>::arange(0..24, &images.device()).float();
        (images.reshape([24]) * (weights * 0.7).sin()).sum()
    }

    /// ∂L/∂c = −w·∂L/∂b − …: the convolution's gradients carried over to center and width by the chain rule
    /// (b = −w·z₀, w = rise/width), and differences of the loss, both against what autodiff gives.
    #[test]
    fn gradients_are_the_convolutions_by_the_chain_rule_and_numeric_ones() {
        let device = Device::flex().autodiff();
        for activation in [Activation::Sigmoid, Activation::Relu] {
            let curve = curve(activation);
            let hu = hu(&device);
            let window = LearnedWindow::new(&WINDOWS, curve, &device);
            let gradients = loss(window.forward(hu.clone(), None)).backward();
            let center = values(window.center.val().grad(&gradients).unwrap());
            let width = values(window.width.val().grad(&gradients).unwrap());

            let paper = as_in_the_paper(curve, &device);
            let gradients = loss(activated(paper.forward(hu.clone()), curve)).backward();
            let by_weight = values(paper.weight.val().grad(&gradients).unwrap());
            let by_bias = values(paper.bias.as_ref().unwrap().val().grad(&gradients).unwrap());

            for (channel, of) in WINDOWS.iter().enumerate() {
                let (by_weight, by_bias) = (f64::from(by_weight[channel]), f64::from(by_bias[channel]));
                let weight = curve.convolution(*of).weight;
                let weight_by_width = -weight / of.width;
                let bias_by_width = match activation {
                    Activation::Sigmoid => -weight_by_width * of.center,
                    // b = −(rise/width)·(center − width/2) = −rise·center/width + rise/2.
                    Activation::Relu => weight * of.center / of.width,
                };
                let expected = [
                    -weight * by_bias,
                    weight_by_width * by_weight + bias_by_width * by_bias,
                ];
                let numeric = [[0.25, 0.0], [0.0, 0.25]].map(|[shift, stretch]| {
                    let at = |sign: f64| {
                        let mut windows = WINDOWS;
                        windows[channel].center += sign * shift;
                        windows[channel].width += sign * stretch;
                        let moved = LearnedWindow::new(&windows, curve, &device);
                        f64::from(loss(moved.forward(hu.clone(), None)).into_scalar::<f32>())
                    };
                    (at(1.0) - at(-1.0)) / 0.5
                });
                for (index, got) in [center[channel], width[channel]].into_iter().enumerate() {
                    let got = f64::from(got);
                    assert!((got - expected[index]).abs() < 1e-5, "{got} {expected:?}");
                    // A bounded ReLU has corners, but none within a quarter of a HU of these.
                    assert!((got - numeric[index]).abs() < 1e-4, "{got} {numeric:?}");
                }
            }
        }
    }

    #[test]
    fn a_width_below_the_least_counts_as_the_least_and_can_grow_again() {
        let device = Device::flex().autodiff();
        let at = |width: f64| {
            let window = CenterWidth { center: 40.2, width };
            LearnedWindow::new(&[window], curve(Activation::Sigmoid), &device)
        };
        for width in [-80.0, 0.0, 0.5] {
            let window = at(width);
            let images = window.forward(hu(&device), None);
            assert_eq!(
                values(images.clone()),
                values(at(MIN_WIDTH).forward(hu(&device), None))
            );
            let gradients = images.sum().backward();
            assert_ne!(values(window.width.val().grad(&gradients).unwrap())[0], 0.0);
            assert_eq!(window.windows().unwrap()[0].width, MIN_WIDTH);
        }
    }

    #[test]
    fn far_away_slices_give_numbers_and_finite_gradients() {
        let device = Device::flex().autodiff();
        for activation in [Activation::Sigmoid, Activation::Relu] {
            let narrow = CenterWidth {
                center: 40.0,
                width: 1.0,
            };
            let window = LearnedWindow::new(&[narrow], curve(activation), &device);
            let hu = [i16::MIN, -3024, 40, i16::MAX].map(f32::from).to_vec();
            let hu = Tensor::from_data(TensorData::new(hu, [1, 1, 2, 2]), &device);
            let images = window.forward(hu, None);
            assert_eq!(values(images.clone()), [0.0, 0.0, 0.5, 1.0]);
            let gradients = images.sum().backward();
            for parameter in [&window.center, &window.width] {
                assert!(values(parameter.val().grad(&gradients).unwrap())[0].is_finite());
            }
        }
    }
}
