//! Whole networks against the same ones written down of PyTorch's layers.

use burn::tensor::Device;
use ichflow_api::prelude::*;

use crate::reference::{REFERENCE, by_formula, compare, input, named, shape};
use crate::stages::spec;

/// In float32 by kernels, and in float64 by burn's operations.
fn is_pytorchs(class: &str, stage: &'static str, params: &str) {
    let device = Device::flex().autodiff();
    let spec = spec(stage, &format!("{params}\ndropout = 0.0"));
    for (double, bounds) in [(false, [2e-6, 1e-5]), (true, [1e-7, 1e-7])] {
        let what = format!("{stage}, {}", if double { "float64" } else { "float32" });
        let network = by_formula(spec.build(shape(), &device).unwrap(), double);
        let outputs = named(network.forward(input(&device, double), &ForwardContext::default()));
        compare(&what, &network, outputs, &REFERENCE["networks"][class], bounds);
    }
}

#[test]
fn series_gru() {
    let params = "hidden = 12\nlayers = 2\nexam = \"attention\"\nattention = 8";
    is_pytorchs("SeriesGru", "series-gru", params);
}

#[test]
fn series_lstm() {
    let params = "inputs = [\"embedding\", \"differences\"]\nhidden = 20\nlayers = 2";
    is_pytorchs("SeriesLstm", "series-lstm", params);
}

#[test]
fn series_conv_gru() {
    let params = "inputs = [\"embedding\", \"logits\"]\nwide = 24\nnarrow = 16\nhidden = 8\nchannels = 10";
    is_pytorchs("SeriesConvGru", "series-conv-gru", params);
}

#[test]
fn series_transformer() {
    let params = "model = 16\nheads = 4\nlayers = 2\nhidden = 24";
    is_pytorchs("SeriesTransformer", "series-transformer", params);
}

#[test]
fn series_conv() {
    is_pytorchs("SeriesConv", "series-conv", "width = 16\nlayers = 3");
}

#[test]
fn series_attention() {
    is_pytorchs(
        "SeriesAttention",
        "series-attention",
        "hidden = 16\nattention = 8",
    );
}
