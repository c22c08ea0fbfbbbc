//! Kernels beside burn's operations, and series alone beside series in a batch.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Distribution, Gradients, Tensor};
use proptest::prelude::*;

use super::*;
use crate::context::ForwardContext;
use crate::layers::{SliceDropout, SliceLinear};

/// Largest difference that another order of additions may make.
const CLOSE: f32 = 2e-5;

fn random(dims: [usize; 2], device: &Device) -> Tensor<2> {
    Tensor::random(dims, Distribution::Uniform(-1.0, 1.0), device)
}

fn difference<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    assert_eq!(a.dims(), b.dims());
    if a.shape().num_elements() == 0 {
        return 0.0;
    }
    let largest: f32 = b.clone().abs().max().into_scalar();
    let off: f32 = (a - b).abs().max().into_scalar();
    off / largest.max(1.0)
}

/// Gradients of all parameters, in order.
fn gradients_of(module: &impl Module, gradients: &Gradients) -> Vec<Tensor<1>> {
    struct Collect<'a>(&'a Gradients, Vec<Tensor<1>>);
    impl ModuleVisitor for Collect<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let gradient = param.val().grad(self.0).unwrap();
            let count = gradient.shape().num_elements();
            self.1.push(gradient.reshape([count]));
        }
    }
    let mut collect = Collect(gradients, Vec::new());
    module.visit(&mut collect);
    collect.1
}

/// Whether a module gives the same, and the same gradients, by kernels and by burn's operations.
fn agrees<M: Module>(
    module: &M,
    x: &Tensor<2>,
    run: impl Fn(&M, Tensor<2>, &ForwardContext) -> Tensor<2>,
) -> Result<(), TestCaseError> {
    let one = |context: &ForwardContext| {
        let x = x.clone().detach().require_grad();
        let y = run(module, x.clone(), context);
        let slopes = y.clone().detach().mul_scalar(3.0).cos();
        let gradients = (y.clone() * slopes).sum().backward();
        (
            y.inner(),
            x.grad(&gradients).unwrap(),
            gradients_of(module, &gradients),
        )
    };
    let ours = one(&ForwardContext::default());
    let burns = one(&ForwardContext::default().without_kernels());
    prop_assert!(difference(ours.0, burns.0) < CLOSE);
    prop_assert!(difference(ours.1, burns.1) < CLOSE);
    prop_assert_eq!(ours.2.len(), burns.2.len());
    for (ours, burns) in ours.2.into_iter().zip(burns.2) {
        prop_assert!(difference(ours, burns) < CLOSE);
    }
    Ok(())
}

/// Lengths of a few series, with slices at all.
fn some_lengths() -> impl Strategy<Value = Lengths> {
    prop::collection::vec(0..9usize, 1..40)
        .prop_filter("slices", |lengths| lengths.iter().sum::<usize>() > 0)
        .prop_map(Lengths::new)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn recurrences_and_their_gradients_are_burns(
        lengths in some_lengths(),
        (inputs, hidden, both) in (1..12usize, 1..20usize, any::<bool>()),
        lstm in any::<bool>(),
    ) {
        let device = Device::flex().autodiff();
        let kind = if lstm { CellKind::Lstm } else { CellKind::Gru };
        let layer = RecurrentLayer::new(kind, inputs, hidden, both, &device);
        let x = random([lengths.slices(), inputs], &device);
        agrees(&layer, &x, |layer, x, context| layer.forward(x, &lengths, context))?;
    }

    #[test]
    fn encoder_layers_and_their_gradients_are_burns(
        lengths in some_lengths(),
        (heads, width, hidden) in (1..4usize, 1..9usize, 1..20usize),
    ) {
        let device = Device::flex().autodiff();
        let layer = EncoderLayer::new(heads * width, heads, hidden, 0.0, &device);
        let x = random([lengths.slices(), heads * width], &device);
        agrees(&layer, &x, |layer, x, context| layer.forward(x, &lengths, context))?;
    }

    #[test]
    fn pooling_and_its_gradients_are_burns(lengths in some_lengths(), inputs in 1..20usize) {
        let device = Device::flex().autodiff();
        let layer = GatedAttention::new(inputs, 8, &device);
        let x = random([lengths.slices(), inputs], &device);
        agrees(&layer, &x, |layer, x, context| layer.forward(x, &lengths, context).0)?;
    }

    #[test]
    fn linear_layers_and_their_gradients_are_burns(
        (rows, inputs, outputs) in (1..600usize, 1..300usize, 1..300usize),
    ) {
        let device = Device::flex().autodiff();
        let layer = SliceLinear::new(inputs, outputs, &device);
        let x = random([rows, inputs], &device);
        agrees(&layer, &x, |layer, x, context| layer.forward(x, context))?;
    }
}

/// All layers in one, so that one test tells of them all.
#[derive(Module, Debug)]
struct Everything {
    convolution: SliceConvolution,
    recurrent: Recurrent,
    memory: Recurrent,
    encoder: EncoderLayer,
    head: SeriesHead,
}

impl Everything {
    fn new(inputs: usize, device: &Device) -> Self {
        Self {
            convolution: SliceConvolution::new(inputs, 72, [3, 2], device),
            recurrent: Recurrent::new(CellKind::Gru, 72, 40, 2, 0.0, device),
            memory: Recurrent::new(CellKind::Lstm, 80, 24, 1, 0.0, device),
            encoder: EncoderLayer::new(48, 4, 96, 0.0, device),
            head: SeriesHead::new(48, 6, 0.0, Some(16), device),
        }
    }

    fn forward(&self, x: Tensor<2>, lengths: &Lengths, context: &ForwardContext) -> SeriesOutput {
        let x = self.convolution.forward(x, lengths, context);
        let x = self.recurrent.forward(x, lengths, context);
        let x = self.memory.forward(x, lengths, context);
        let x = self.encoder.forward(x, lengths, context);
        self.head.forward(x, lengths, context)
    }
}

fn bits(tensor: Tensor<2>) -> Vec<u32> {
    let values = tensor.into_data().try_to_vec::<f32>().unwrap();
    values.into_iter().map(f32::to_bits).collect()
}

#[test]
fn a_series_gives_the_same_bits_alone_and_in_any_batch() {
    let device = Device::flex();
    const INPUTS: usize = 700;
    let module = Everything::new(INPUTS, &device);
    let each = [1, 40, 7, 33, 2, 60, 24, 31, 3, 5, 64, 17].repeat(4);
    let lengths = Lengths::new(each);
    let x = random([lengths.slices(), INPUTS], &device);
    let run = |first: usize, count: usize| {
        let ranges: Vec<_> = lengths.rows().skip(first).take(count).collect();
        let rows = ranges[0].start..ranges[count - 1].end;
        let part = Lengths::new(&lengths.each()[first..first + count]);
        let x = x.clone().narrow(0, rows.start, rows.len());
        let output = module.forward(x, &part, &ForwardContext::default());
        (
            rows,
            [output.slices, output.weights.unwrap(), output.exam.unwrap()].map(bits),
        )
    };
    let (_, whole) = run(0, lengths.series());
    for (first, count) in (0..12)
        .map(|first| (first, 1))
        .chain([(3, 2), (7, 20), (1, 40), (47, 1)])
    {
        let (rows, part) = run(first, count);
        let ranges = [rows.start * 6..rows.end * 6, rows, first * 6..(first + count) * 6];
        for ((part, whole), range) in part.iter().zip(&whole).zip(ranges) {
            assert!(*part == whole[range], "{count} series from {first} on");
        }
    }
}

#[test]
fn training_gives_the_same_bits_on_any_number_of_threads() {
    let device = Device::flex().autodiff();
    let module = Everything::new(130, &device);
    let lengths = Lengths::new([5, 1, 40, 7, 33, 2, 60, 24].repeat(9));
    let x = random([lengths.slices(), 130], &device);
    let run = || {
        let output = module.forward(x.clone(), &lengths, &ForwardContext::default());
        let gradients =
            (output.slices.clone().square().sum() + output.exam.unwrap().square().sum()).backward();
        let found = gradients_of(&module, &gradients);
        (
            output.slices.into_data(),
            found.into_iter().map(Tensor::into_data).collect::<Vec<_>>(),
        )
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
fn what_is_dropped_has_no_gradient() {
    let device = Device::flex().autodiff();
    let dropout = SliceDropout::new(0.5);
    let context = ForwardContext::default();
    let x = Tensor::<2>::ones([40, 30], &device).require_grad();
    let y = dropout.forward(x.clone(), &context);
    let gradients = y.clone().sum().backward();
    let y = y.into_data();
    assert_eq!(y, x.grad(&gradients).unwrap().into_data());
    assert!(y.iter::<f32>().any(|value| value == 0.0) && y.iter::<f32>().any(|value| value == 2.0));
    let plain = Tensor::<2>::ones([2, 2], &Device::flex());
    assert_eq!(
        dropout.forward(plain.clone(), &context).into_data(),
        plain.into_data()
    );
}
