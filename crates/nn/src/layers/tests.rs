//! Kernels beside burn's own operations: values and all gradients.
//!
//! Both add the same f32 numbers in another order, so what differs is rounding: up to 1e-5 of the largest value,
//! or of the sum of the absolute values that cancelled (weights' gradients are sums over thousands).

use burn::module::Param;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::{Device, Distribution, Tensor, activation};
use proptest::prelude::*;

use super::batch_norm::generic_normalise;
use super::*;
use crate::cpu;
use crate::optimizer::{AdamStep, adam};
use crate::{ForwardContext, Precision};

/// What inference and training in f32 are told.
fn plain() -> ForwardContext {
    ForwardContext::default()
}

/// Largest difference of two tensors over the largest value.
fn difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f64 {
    let scale = largest(&b).max(1e-3);
    difference_over(scale, a, b)
}

/// Largest difference of two tensors over the size of the terms that they are the sums of.
fn difference_over<const D: usize>(terms: f64, a: Tensor<D>, b: Tensor<D>) -> f64 {
    assert_eq!(a.dims(), b.dims());
    largest(&(a - b)) / terms
}

fn largest<const D: usize>(tensor: &Tensor<D>) -> f64 {
    let largest: f32 = tensor.clone().abs().max().into_scalar();
    f64::from(largest)
}

fn random<const D: usize>(dims: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(dims, Distribution::Normal(0.3, 1.0), device)
}

/// Whether no value is so near to a bend of the function that rounding decides on which side of it the gradient is.
fn clear_of_bends(straight: Tensor<4>, function: Activation, rounding: f64) -> bool {
    let bends: &[f32] = match function {
        Activation::Relu => &[0.0],
        Activation::Relu6 => &[0.0, 6.0],
        _ => &[],
    };
    bends.iter().all(|&bend| {
        let nearest: f32 = (straight.clone() - bend).abs().min().into_scalar();
        f64::from(nearest) > rounding
    })
}

/// Rounding differs by so much of the largest value.
const CLOSE: f64 = 2e-5;

#[derive(Clone, Debug)]
struct Shape {
    batch: usize,
    groups: usize,
    per_group: [usize; 2],
    size: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: PaddingConfig2d,
    bias: bool,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let padding = prop_oneof![
        Just(PaddingConfig2d::Valid),
        Just(PaddingConfig2d::Same),
        (0..4usize, 0..4usize, 0..4usize, 0..4usize)
            .prop_map(|(a, b, c, d)| PaddingConfig2d::Explicit(a, b, c, d)),
    ];
    let groups = prop_oneof![
        Just((1, [1..20usize, 1..20])),
        Just((24, [1..2, 1..2])),
        Just((4, [1..9, 1..9]))
    ];
    let groups = groups.prop_flat_map(|(groups, [inputs, outputs])| (Just(groups), inputs, outputs));
    let sides = || prop_oneof![Just(1usize), Just(2), Just(3), Just(5), Just(7)];
    (
        1..4usize,
        groups,
        7..15usize,
        7..15usize,
        sides(),
        sides(),
        1..4usize,
        1..3usize,
        padding,
        any::<bool>(),
    )
        .prop_map(
            |(
                batch,
                (groups, inputs, outputs),
                height,
                width,
                down,
                right,
                by_rows,
                by_columns,
                padding,
                bias,
            )| Shape {
                batch,
                groups,
                per_group: [inputs, outputs],
                size: [height, width],
                kernel: [down, right],
                stride: [by_rows, by_columns],
                padding,
                bias,
            },
        )
}

/// Output and gradients of input, weight and bias.
type Results = (Tensor<4>, Tensor<4>, Tensor<4>, Option<Tensor<1>>);

fn results(layer: &Conv2d, x: &Tensor<4>, apply: impl Fn(&Conv2d, Tensor<4>) -> Tensor<4>) -> Results {
    let x = x.clone().detach().require_grad();
    let y = apply(layer, x.clone());
    // A gradient that is another for every value.
    let gradients = (y.clone().square() + y.clone()).sum().backward();
    let weight = layer.weight.val().grad(&gradients).unwrap();
    let bias = layer
        .bias
        .as_ref()
        .map(|bias| bias.val().grad(&gradients).unwrap());
    (y.inner(), x.grad(&gradients).unwrap(), weight, bias)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn convolutions_and_their_gradients_are_burns(shape in shapes()) {
        let device = Device::flex().autodiff();
        let [inputs, outputs] = shape.per_group.map(|channels| channels * shape.groups);
        let mut layer = Conv2dConfig::new([inputs, outputs], shape.kernel)
            .with_stride(shape.stride)
            .with_groups(shape.groups)
            .with_padding(shape.padding.clone())
            .with_bias(shape.bias)
            .init(&device);
        if shape.bias {
            layer.bias = Some(Param::from_tensor(random([outputs], &device)));
        }
        let x = random([shape.batch, inputs, shape.size[0], shape.size[1]], &device);
        let ours = results(&layer, &x, |layer, x| cpu::convolve(layer, x).unwrap());
        let burns = results(&layer, &x, |layer, x| layer.forward(x));
        prop_assert!(difference(ours.0, burns.0) < CLOSE);
        prop_assert!(difference(ours.1, burns.1) < CLOSE);
        prop_assert!(difference(ours.2, burns.2) < CLOSE);
        if let (Some(ours), Some(burns)) = (ours.3, burns.3) {
            prop_assert!(difference(ours, burns) < CLOSE);
        }
    }

    #[test]
    fn normalisation_and_its_gradients_are_burns(
        (batch, channels, height, width) in (1..5usize, 1..40usize, 1..12usize, 2..12usize),
        function in prop_oneof![
            Just(Activation::None), Just(Activation::Relu), Just(Activation::Relu6), Just(Activation::Silu)
        ],
        given: bool,
    ) {
        let device = Device::flex().autodiff();
        let x = random([batch, channels, height, width], &device) * 2.0;
        let line = [random([channels], &device), random([channels], &device)];
        let statistics = given.then(|| [random([channels], &device), random([channels], &device).abs() + 0.5]);
        // A gradient that is another for every value: without it, batch statistics would leave none at all.
        let slopes = random([batch, channels, height, width], &device);
        let straight = generic_normalise(x.clone(), line.clone(), statistics.clone(), 1e-5, Activation::None);
        // Over two values that are nearly equal, rounding grows as much as their difference does.
        let steepest = straight.of_batch.map_or(1.0, |[_, variance]| {
            let narrowest: f32 = (variance + 1e-5).sqrt().min().into_scalar();
            f64::from(narrowest.recip()).max(1.0)
        });
        prop_assume!(clear_of_bends(straight.output, function, 2e-6 * steepest));
        let run = |generic: bool| {
            let x = x.clone().detach().require_grad();
            let line = line.clone().map(|values| values.detach().require_grad());
            let given = statistics.clone().map(|pair| pair.map(Tensor::detach));
            let result = if generic {
                generic_normalise(x.clone(), line.clone(), given, 1e-5, function)
            } else {
                cpu::normalise(x.clone(), line.clone(), given, 1e-5, function).ok().unwrap()
            };
            let gradients = (result.output.clone() * slopes.clone()).sum().backward();
            let [weight, bias] = line.map(|values| values.grad(&gradients).unwrap());
            (result, x.grad(&gradients).unwrap(), weight, bias)
        };
        let (ours, burns) = (run(false), run(true));
        prop_assert!(difference(ours.0.output.inner(), burns.0.output.inner()) < CLOSE * steepest);
        // Of each gradient of x, all but a remainder cancels, and over two values nearly all of that.
        let terms = steepest * largest(&slopes) * largest(&line[0]);
        prop_assert!(difference_over(terms, ours.1, burns.1) < 5.0 * CLOSE * steepest);
        prop_assert!(difference(ours.2, burns.2) < 5.0 * CLOSE * steepest);
        prop_assert!(difference(ours.3, burns.3) < 5.0 * CLOSE);
        match (ours.0.of_batch, burns.0.of_batch) {
            (Some([mean, variance]), Some([truth, spread])) => {
                prop_assert!(difference_over(largest(&x), mean, truth) < CLOSE);
                prop_assert!(difference_over(largest(&x).powi(2), variance, spread) < CLOSE);
            }
            (ours, burns) => prop_assert!(ours.is_none() && burns.is_none() && given),
        }
    }

    #[test]
    fn weighed_maps_and_means_are_burns(
        (batch, channels, height, width) in (1..5usize, 1..40usize, 1..12usize, 1..12usize),
    ) {
        let device = Device::flex().autodiff();
        let x = random([batch, channels, height, width], &device);
        let layer = Conv2dConfig::new([channels, channels], [1, 1]).init(&device);
        let run = |generic: bool| {
            let x = x.clone().detach().require_grad();
            let y = if generic {
                let gate = layer.forward(x.clone().mean_dim(3).mean_dim(2));
                x.clone() * activation::sigmoid(gate)
            } else {
                cpu::squeeze_excite(x.clone(), |means| convolve(&layer, means, &plain())).ok().unwrap()
            };
            let gradients = (y.clone().square() + y.clone()).sum().backward();
            (y.inner(), x.grad(&gradients).unwrap(), layer.weight.val().grad(&gradients).unwrap())
        };
        let (ours, burns) = (run(false), run(true));
        prop_assert!(difference(ours.0, burns.0) < CLOSE);
        prop_assert!(difference(ours.1, burns.1) < CLOSE);
        prop_assert!(difference(ours.2, burns.2) < CLOSE);
    }

    #[test]
    fn shortcuts_and_their_gradients_are_burns(
        (batch, channels, height, width) in (1..5usize, 1..40usize, 2..12usize, 2..12usize),
        function in prop_oneof![
            Just(Activation::None), Just(Activation::Relu), Just(Activation::Relu6), Just(Activation::Silu)
        ],
    ) {
        let device = Device::flex().autodiff();
        let x = random([batch, channels, height, width], &device);
        let slopes = random([batch, channels, height, width], &device);
        let layer = Conv2dConfig::new([channels, channels], [3, 3]).with_padding(PaddingConfig2d::Same).init(&device);
        prop_assume!(clear_of_bends(layer.forward(x.clone()) + x.clone(), function, 1e-5));
        let run = |generic: bool| {
            let x = x.clone().detach().require_grad();
            let y = if generic {
                function.apply(layer.forward(x.clone()) + x.clone())
            } else {
                let once = cpu::residual(x.clone(), function, |x| convolve(&layer, x, &plain())).ok().unwrap();
                let again = cpu::add(convolve(&layer, x.clone(), &plain()), x.clone(), function).ok().unwrap();
                (once + again) * 0.5
            };
            let gradients = (y.clone() * slopes.clone()).sum().backward();
            (y.inner(), x.grad(&gradients).unwrap(), layer.weight.val().grad(&gradients).unwrap())
        };
        let (ours, burns) = (run(false), run(true));
        prop_assert!(difference(ours.0, burns.0) < CLOSE);
        prop_assert!(difference(ours.1, burns.1) < CLOSE);
        prop_assert!(difference(ours.2, burns.2) < CLOSE);
    }

    #[test]
    fn means_and_their_gradients_are_burns(
        (batch, channels, height, width) in (1..5usize, 1..40usize, 1..12usize, 1..12usize),
    ) {
        let device = Device::flex().autodiff();
        let x = random([batch, channels, height, width], &device);
        let run = |generic: bool| {
            let x = x.clone().detach().require_grad();
            let y = if generic { x.clone().mean_dim(3).mean_dim(2) } else { cpu::global_avg_pool(x.clone()).unwrap() };
            let gradients = (y.clone().square() + y.clone()).sum().backward();
            (y.inner(), x.grad(&gradients).unwrap())
        };
        let (ours, burns) = (run(false), run(true));
        prop_assert!(difference(ours.0, burns.0) < CLOSE);
        prop_assert!(difference(ours.1, burns.1) < CLOSE);
    }
}

#[test]
fn maps_off_the_tape_stay_as_they_are() {
    let device = Device::flex();
    let x = random([2, 8, 32, 32], &device);
    let before = x.clone().into_data();
    let values = |value: f32| Tensor::<1>::full([8], value, &device);
    let line = [values(2.0), values(1.0)];
    let normalised = normalise(
        x.clone(),
        line,
        Some([values(0.5), values(4.0)]),
        0.0,
        Activation::None,
        &plain(),
    );
    let expected = (x.clone() - 0.5) + 1.0;
    assert!(difference(normalised.output, expected) < CLOSE);
    assert_eq!(x.into_data(), before);
}

#[test]
fn the_same_numbers_on_any_number_of_threads() {
    let device = Device::flex().autodiff();
    let layer = Conv2dConfig::new([24, 40], [3, 3]).with_bias(true).init(&device);
    let deep = Conv2dConfig::new([40, 40], [5, 5])
        .with_groups(40)
        .with_padding(PaddingConfig2d::Same)
        .init(&device);
    let x = random([6, 24, 40, 40], &device);
    let line = [random([40], &device), random([40], &device)];
    let run = || {
        let x = x.clone().detach().require_grad();
        let y = convolve(&deep, convolve(&layer, x.clone(), &plain()), &plain());
        let y = normalise(y, line.clone(), None, 1e-5, Activation::Silu, &plain()).output;
        let gradients = y.clone().square().sum().backward();
        let weights = [&layer, &deep].map(|layer| layer.weight.val().grad(&gradients).unwrap().into_data());
        (y.into_data(), x.grad(&gradients).unwrap().into_data(), weights)
    };
    let pool = |threads| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
    };
    let one = pool(1).install(run);
    for threads in [2, 3, 7] {
        assert!(pool(threads).install(run) == one, "{threads} threads");
    }
}

#[test]
fn what_kernels_cannot_do_burn_does() {
    let device = Device::flex();
    let dilated = Conv2dConfig::new([3, 4], [3, 3])
        .with_dilation([2, 2])
        .init(&device);
    let x = random([1, 3, 9, 9], &device);
    assert!(cpu::convolve(&dilated, x.clone()).is_err());
    assert_eq!(convolve(&dilated, x, &plain()).dims(), [1, 4, 5, 5]);
}

#[test]
fn steps_of_adam_are_burns_operations() {
    let device = Device::flex();
    let (weight, gradient) = (random([70, 300], &device), random([70, 300], &device));
    let run = |kernels: bool| {
        let (mut weight, mut state) = (weight.clone(), None);
        for step in 1..4 {
            let step = AdamStep {
                betas: [0.9, 0.999],
                epsilon: 1e-8,
                lr: 1e-2,
                decay: 0.1,
                step,
            };
            // A tensor on the tape is not taken by the kernel.
            let on = |tensor: Tensor<2>| {
                if kernels {
                    tensor
                } else {
                    Tensor::from_inner(tensor)
                }
            };
            let old = state.map(|state: [Tensor<2>; 2]| state.map(on));
            (weight, state) = adam(step, on(weight), on(gradient.clone()), old);
            if !kernels {
                weight = weight.inner();
                state = state.map(|state| state.map(Tensor::inner));
            }
        }
        (weight, state.unwrap())
    };
    let ((ours, [mean, variance]), (burns, [of_burn, spread])) = (run(true), run(false));
    assert!(difference(ours, burns) < CLOSE);
    assert!(difference(mean, of_burn) < CLOSE);
    assert!(difference(variance, spread) < CLOSE);
}

#[test]
fn bfloat16_rounds_what_layers_multiply_and_what_comes_of_it() {
    let device = Device::flex().autodiff();
    let layer = Conv2dConfig::new([16, 24], [3, 3]).with_bias(true).init(&device);
    let x = random([2, 16, 12, 12], &device);
    let slopes = random([2, 24, 10, 10], &device);
    let run = |precision| {
        let x = x.clone().detach().require_grad();
        let y = convolve(&layer, x.clone(), &plain().with_precision(precision));
        let gradients = (y.clone() * slopes.clone()).sum().backward();
        let weight = layer.weight.val().grad(&gradients).unwrap();
        (y.inner(), x.grad(&gradients).unwrap(), weight)
    };
    let (whole, short) = (run(Precision::F32), run(Precision::Bf16));
    // burn's own bfloat16 says which numbers there are.
    let exact = |x: Tensor<4>| {
        x.clone()
            .cast(burn::tensor::FloatDType::BF16)
            .cast(burn::tensor::FloatDType::F32)
    };
    for (short, whole) in [(short.0, whole.0), (short.1, whole.1), (short.2, whole.2)] {
        assert_eq!(short.clone().into_data(), exact(short.clone()).into_data());
        let off = difference(short, whole);
        assert!((1e-5..2e-2).contains(&off), "{off}");
    }
    // burn's operations on numbers of that type, where kernels are not asked.
    let burns = {
        let bf16 = burn::tensor::FloatDType::BF16;
        let mut layer = layer.clone();
        layer.weight = layer.weight.map(|weight| exact(weight.detach()).cast(bf16));
        layer.bias = layer.bias.map(|bias| bias.map(|bias| bias.detach().cast(bf16)));
        layer
            .forward(x.clone().cast(bf16))
            .cast(burn::tensor::FloatDType::F32)
    };
    let ours = convolve(&layer, x.clone(), &plain().with_precision(Precision::Bf16));
    // The last bit of a rounded sum may fall to either side.
    assert!(difference(ours.inner(), burns.inner()) < 8e-3);
}
