//! Recurrent layers over the slices of a series.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};

use super::lengths::Lengths;
use super::padding::Padding;
use crate::context::{Call, ForwardContext, Values};
use crate::cpu;
use crate::layers::slice_linear::uniform;
use crate::layers::{SliceDropout, SliceLinear};

/// What a recurrent layer consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// Gated recurrent units (Cho et al., 2014, arXiv 1406.1078), with PyTorch's place of the reset gate.
    Gru,
    /// Long short-term memory (Hochreiter and Schmidhuber, 1997).
    Lstm,
}

impl CellKind {
    /// Gates of a cell.
    pub fn gates(self) -> usize {
        match self {
            Self::Gru => 3,
            Self::Lstm => 4,
        }
    }
}

/// Weights of one direction, by PyTorch's names and in its order of gates.
#[derive(Module, Debug)]
pub struct Direction {
    /// Of the input, `[gates · hidden, inputs]`.
    pub weight_ih: Param<Tensor<2>>,
    /// Of the state, `[gates · hidden, hidden]`.
    pub weight_hh: Param<Tensor<2>>,
    /// Beside the input's product, `[gates · hidden]`.
    pub bias_ih: Param<Tensor<1>>,
    /// Beside the state's product, `[gates · hidden]`.
    pub bias_hh: Param<Tensor<1>>,
}

impl Direction {
    fn new(kind: CellKind, inputs: usize, hidden: usize, device: &Device) -> Self {
        let (rows, start) = (kind.gates() * hidden, uniform(hidden));
        Self {
            weight_ih: start.init([rows, inputs], device),
            weight_hh: start.init([rows, hidden], device),
            bias_ih: start.init([rows], device),
            bias_hh: start.init([rows], device),
        }
    }
}

/// One layer, in one direction or both.
///
/// The products of all slices' inputs are one product. The reverse direction begins at each series' own last slice.
#[derive(Module, Debug)]
pub struct RecurrentLayer {
    /// From the first slice to the last.
    pub ahead: Direction,
    /// From the last slice to the first.
    pub reverse: Option<Direction>,
    hidden: usize,
    #[module(skip)]
    kind: CellKind,
}

impl RecurrentLayer {
    /// A fresh layer with a state of `hidden` values in each direction.
    pub fn new(kind: CellKind, inputs: usize, hidden: usize, bidirectional: bool, device: &Device) -> Self {
        let direction = || Direction::new(kind, inputs, hidden, device);
        Self {
            ahead: direction(),
            reverse: bidirectional.then(direction),
            hidden,
            kind,
        }
    }

    /// Values of a slice's state, of both directions.
    pub fn outputs(&self) -> usize {
        self.hidden * (1 + usize::from(self.reverse.is_some()))
    }

    /// From `[slices, inputs]` to states `[slices, outputs]`, those from the first slice on before the others.
    pub fn forward(&self, x: Tensor<2>, lengths: &Lengths, context: &ForwardContext) -> Tensor<2> {
        let input = SliceLinear {
            weight: Param::initialized(self.ahead.weight_ih.id, self.both(|side| &side.weight_ih)),
            bias: Some(Param::initialized(
                self.ahead.bias_ih.id,
                self.both(|side| &side.bias_ih),
            )),
        };
        let input = input.forward(x, context);
        context.called(Call {
            weight: self.ahead.weight_hh.id,
            output: &input.dims(),
            multiply_adds_per_value: self.hidden,
            values: Values::Features(&input),
        });
        let (weight, bias) = (self.both(|side| &side.weight_hh), self.both(|side| &side.bias_hh));
        let directions = 1 + usize::from(self.reverse.is_some());
        let states = context.kernel(input, |input| {
            cpu::series::recurrent(self.kind, directions, lengths, input, &weight, &bias)
        });
        match states {
            Ok(states) => states,
            Err(input) => self.step_by_step(input, lengths, &weight, &bias),
        }
    }

    /// A parameter of the directions, one below the other.
    fn both<const D: usize>(&self, of: fn(&Direction) -> &Param<Tensor<D>>) -> Tensor<D> {
        let ahead = of(&self.ahead).val();
        match &self.reverse {
            None => ahead,
            Some(reverse) => Tensor::cat(vec![ahead, of(reverse).val()], 0),
        }
    }

    /// The recurrence by burn's operations, of the input's products.
    fn step_by_step(
        &self,
        input: Tensor<2>,
        lengths: &Lengths,
        weight: &Tensor<2>,
        bias: &Tensor<1>,
    ) -> Tensor<2> {
        let padding = Padding::new(lengths, &input);
        let (padded, mask) = (padding.pad(input), padding.mask());
        let rows = self.kind.gates() * self.hidden;
        let [series, longest, width] = padded.dims();
        let mut sides = Vec::new();
        for direction in 0..width / rows {
            let weight = weight.clone().narrow(0, direction * rows, rows).transpose();
            let bias = bias.clone().narrow(0, direction * rows, rows).unsqueeze::<2>();
            let mut state = Tensor::<2>::zeros([series, self.hidden], &mask.device()).cast(mask.dtype());
            let mut cell = state.clone();
            let mut states = Vec::with_capacity(longest);
            for step in 0..longest {
                let slice = if direction == 0 { step } else { longest - 1 - step };
                let x = padded
                    .clone()
                    .slice([
                        0..series,
                        slice..slice + 1,
                        direction * rows..(direction + 1) * rows,
                    ])
                    .reshape([series, rows]);
                let h = state.clone().matmul(weight.clone()) + bias.clone();
                let there = mask.clone().narrow(1, slice, 1);
                let (new, new_cell) = self.cell(x, h, state.clone(), cell.clone());
                // A series that is at its end, or not yet at its last slice, keeps its state.
                let keep = there.clone().neg() + 1.0;
                state = new * there.clone() + state * keep.clone();
                cell = new_cell * there + cell * keep;
                states.push(state.clone().unsqueeze_dim::<3>(1));
            }
            if direction == 1 {
                states.reverse();
            }
            sides.push(Tensor::cat(states, 1));
        }
        padding.unpad(Tensor::cat(sides, 2))
    }

    /// State and cell after a step, of the input's and the state's products.
    fn cell(&self, x: Tensor<2>, h: Tensor<2>, state: Tensor<2>, cell: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let gate =
            |products: &Tensor<2>, index: usize| products.clone().narrow(1, index * self.hidden, self.hidden);
        let sum = |index: usize| gate(&x, index) + gate(&h, index);
        match self.kind {
            CellKind::Gru => {
                let (reset, update) = (activation::sigmoid(sum(0)), activation::sigmoid(sum(1)));
                let new = (gate(&x, 2) + reset * gate(&h, 2)).tanh();
                (new.clone() + update * (state - new), cell)
            }
            CellKind::Lstm => {
                let (input, forget) = (activation::sigmoid(sum(0)), activation::sigmoid(sum(1)));
                let cell = forget * cell + input * sum(2).tanh();
                (activation::sigmoid(sum(3)) * cell.clone().tanh(), cell)
            }
        }
    }
}

/// Recurrent layers one above another.
#[derive(Module, Debug)]
pub struct Recurrent {
    /// From the input up.
    pub layers: Vec<RecurrentLayer>,
    /// Applied between layers while training.
    pub dropout: SliceDropout,
}

impl Recurrent {
    /// Fresh layers in both directions.
    pub fn new(
        kind: CellKind,
        inputs: usize,
        hidden: usize,
        layers: usize,
        dropout: f64,
        device: &Device,
    ) -> Self {
        let layer = |index: usize| {
            let inputs = if index == 0 { inputs } else { 2 * hidden };
            RecurrentLayer::new(kind, inputs, hidden, true, device)
        };
        Self {
            layers: (0..layers).map(layer).collect(),
            dropout: SliceDropout::new(dropout),
        }
    }

    /// Values of a slice's state.
    pub fn outputs(&self) -> usize {
        self.layers.last().map_or(0, RecurrentLayer::outputs)
    }

    /// From `[slices, inputs]` to the states of the last layer, `[slices, outputs]`.
    pub fn forward(&self, x: Tensor<2>, lengths: &Lengths, context: &ForwardContext) -> Tensor<2> {
        let mut below = x;
        for (index, layer) in self.layers.iter().enumerate() {
            if index > 0 {
                below = self.dropout.forward(below, context);
            }
            below = layer.forward(below, lengths, context);
        }
        below
    }
}
