//! Layers against PyTorch's GRU, LSTM and TransformerEncoderLayer, and gated attention.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use ichflow_api::nn::series::{CellKind, EncoderLayer, GatedAttention, Lengths, Recurrent};
use ichflow_api::prelude::*;

use crate::reference::{REFERENCE, by_formula, compare, difference, lengths, numbers, tensor};

/// In float32 by kernels, and in float64 by burn's operations.
fn is_pytorchs<M: Module>(
    name: &str,
    build: impl Fn(&Device) -> M,
    run: impl Fn(&M, Tensor<2>, &Lengths) -> Tensor<2>,
) {
    let device = Device::flex().autodiff();
    let reference = &REFERENCE["layers"][name];
    for (double, bounds) in [(false, [1e-6, 1e-5]), (true, [1e-7, 1e-7])] {
        let what = format!("{name}, {}", if double { "float64" } else { "float32" });
        let module = by_formula(build(&device), double);
        let lengths = lengths();
        let x = tensor("x", [lengths.slices(), 24], &device, double).require_grad();
        let y = run(&module, x.clone(), &lengths);
        let gradients = compare(&what, &module, vec![("slices", y)], reference, bounds);
        let found = x.grad(&gradients).unwrap();
        let values: Vec<f64> = found.into_data().iter::<f64>().collect();
        let step = values.len().div_ceil(60);
        let values: Vec<f64> = values.into_iter().step_by(step).collect();
        let off = difference(&values, &numbers(&reference["gradient_of_input"]));
        println!("{what}: the input's gradient differs by {off:.1e}");
        assert!(off < bounds[1], "{what}: {off:.1e}");
    }
}

fn context() -> ForwardContext {
    ForwardContext::default()
}

#[test]
fn gated_recurrent_units_are_pytorchs() {
    is_pytorchs(
        "gru",
        |device| Recurrent::new(CellKind::Gru, 24, 16, 2, 0.0, device),
        |module, x, lengths| module.forward(x, lengths, &context()),
    );
}

#[test]
fn long_short_term_memory_is_pytorchs() {
    is_pytorchs(
        "lstm",
        |device| Recurrent::new(CellKind::Lstm, 24, 16, 2, 0.0, device),
        |module, x, lengths| module.forward(x, lengths, &context()),
    );
}

#[test]
fn encoder_layers_are_pytorchs() {
    is_pytorchs(
        "encoder",
        |device| EncoderLayer::new(24, 3, 40, 0.0, device),
        |module, x, lengths| module.forward(x, lengths, &context()),
    );
}

#[test]
fn gated_attention_is_its_formula() {
    is_pytorchs(
        "attention",
        |device| GatedAttention::new(24, 12, device),
        |module, x, lengths| module.forward(x, lengths, &context()).0,
    );
}
