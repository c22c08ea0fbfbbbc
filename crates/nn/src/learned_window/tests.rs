//! Learned windows beside the paper's layer, and their gradients.

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
