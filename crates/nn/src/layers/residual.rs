//! Shortcuts.

use burn::tensor::Tensor;

use crate::activation::Activation;
use crate::context::ForwardContext;
use crate::cpu;

/// `activation(main(x) + x)`: maps beside a shortcut (He et al., 2016, arXiv 1512.03385). `main` keeps their shape,
/// `[batch, channels, height, width]`, and their tape.
pub fn residual(
    x: Tensor<4>,
    activation: Activation,
    main: impl FnOnce(Tensor<4>) -> Tensor<4>,
    context: &ForwardContext,
) -> Tensor<4> {
    match context.kernel((x, main), |(x, main)| cpu::residual(x, activation, main)) {
        Ok(sum) => sum,
        Err((x, main)) => activation.apply(main(x.clone()) + x),
    }
}

/// `activation(x + y)` of maps of one shape, `[batch, channels, height, width]`.
pub fn add(x: Tensor<4>, y: Tensor<4>, activation: Activation, context: &ForwardContext) -> Tensor<4> {
    match context.kernel((x, y), |(x, y)| cpu::add(x, y, activation)) {
        Ok(sum) => sum,
        Err((x, y)) => activation.apply(x + y),
    }
}
