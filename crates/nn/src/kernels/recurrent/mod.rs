//! Recurrences over series of different lengths.
//!
//! The products of the input with its weights are made beforehand, for all steps at once. What is left, the product
//! of the state and what the gates do, runs here for some series together, each piece of work from the first step to
//! the last. In a piece, rows stand in the order of steps, the longest series first: at every step the series that
//! still go on are the first ones, and one product serves them all.
//!
//! A series' numbers are the same bit for bit whatever series are with it ([`Panels`]). The reverse direction begins at
//! each series' own last slice.

mod gru;
mod lstm;
mod pieces;

use rayon::prelude::*;

use crate::kernels::matrix::{Matrix, product};
use crate::kernels::panels::Panels;
use crate::kernels::vectorised;

pub(crate) use gru::Gru;
pub(crate) use lstm::Lstm;
use pieces::{Piece, pieces};

/// What happens in one step of one series.
pub(crate) trait Cell: Copy + std::fmt::Debug + Send + Sync + 'static {
    /// Gates, each of which has a row of weights for every value of the state.
    const GATES: usize;
    /// Numbers a value of the state leaves for the way back.
    const SAVED: usize;

    /// One step: `x` and `h` are the products of input and state with their weights, biases included, of all gates;
    /// `before` and `saved_before` state and saved numbers of the step before, zeros at first.
    fn forward(
        x: &[f32],
        h: &[f32],
        before: &[f32],
        saved_before: &[f32],
        saved: &mut [f32],
        state: &mut [f32],
    );

    /// The way back through it. `gradient` is that of the state, and becomes what of it reaches the state before
    /// without a product; `cell` the gradient of what the cell keeps beside its state, of this step, and becomes that of
    /// the step before. Gives the gradients of `x` and `h`.
    fn backward(
        saved: &[f32],
        before: &[f32],
        saved_before: &[f32],
        gradient: &mut [f32],
        cell: &mut [f32],
        of_x: &mut [f32],
        of_h: &mut [f32],
    );
}

/// Sizes of a recurrence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Values of the state.
    pub(crate) hidden: usize,
    /// 1, or 2 with a reverse direction.
    pub(crate) directions: usize,
}

/// What the way there leaves for the way back, of one piece.
#[derive(Debug)]
pub(crate) struct Trace {
    piece: Piece,
    /// States, `[rows, hidden]`, in the piece's order.
    states: Vec<f32>,
    /// Saved numbers, `[rows, SAVED · hidden]`.
    saved: Vec<f32>,
}

/// Gradients of what a recurrence takes.
pub(crate) struct Gradients {
    /// Of the input's products, `[slices, directions · GATES · hidden]`.
    pub(crate) input: Vec<f32>,
    /// Of the weights, `[directions · GATES · hidden, hidden]`.
    pub(crate) weight: Vec<f32>,
    /// Of the bias, `[directions · GATES · hidden]`.
    pub(crate) bias: Vec<f32>,
}

/// Runs all series of `lengths`. `input` `[slices, directions · GATES · hidden]` holds the input's products, `weight`
/// `[directions · GATES · hidden, hidden]` the state's weights, and `out` `[slices, directions · hidden]` takes the
/// states.
pub(crate) fn forward<C: Cell>(
    sizes: Sizes,
    lengths: &[usize],
    input: &[f32],
    weight: &[f32],
    bias: &[f32],
    out: &mut [f32],
) -> Vec<Trace> {
    let Sizes { hidden, directions } = sizes;
    let gates = C::GATES * hidden;
    let weights: Vec<Panels> = weight
        .chunks_exact((gates * hidden).max(1))
        .map(|weight| Panels::new([hidden, gates], |value, gate| weight[gate * hidden + value]))
        .collect();
    let traces: Vec<Trace> = pieces(lengths, directions)
        .into_par_iter()
        .map(|piece| {
            let weight = &weights[piece.direction];
            forward_piece::<C>(sizes, piece, input, weight, bias)
        })
        .collect();
    for trace in &traces {
        let left = trace.piece.direction * hidden;
        for (row, state) in trace.piece.rows.iter().zip(trace.states.chunks_exact(hidden)) {
            let at = row * directions * hidden + left;
            out[at..at + hidden].copy_from_slice(state);
        }
    }
    traces
}

fn forward_piece<C: Cell>(sizes: Sizes, piece: Piece, input: &[f32], weight: &Panels, bias: &[f32]) -> Trace {
    let hidden = sizes.hidden;
    let (gates, kept) = (C::GATES * hidden, C::SAVED * hidden);
    let width = sizes.directions * gates;
    let left = piece.direction * gates;
    let bias = &bias[left..left + gates];
    let count = piece.rows.len();
    let mut states = vec![0.0; count * hidden];
    let mut saved = vec![0.0; count * kept];
    let mut products = vec![0.0; piece.widest() * gates];
    let (no_state, nothing_saved) = (vec![0.0; hidden], vec![0.0; kept]);
    for step in 0..piece.steps() {
        let [first, active] = piece.step(step);
        let (states_before, states) = states.split_at_mut(first * hidden);
        let (saved_before, saved) = saved.split_at_mut(first * kept);
        let before = piece.before(step);
        let products = &mut products[..active * gates];
        products
            .chunks_exact_mut(gates)
            .for_each(|product| product.copy_from_slice(bias));
        if let Some(before) = before {
            let states = &states_before[before * hidden..(before + active) * hidden];
            weight.multiply_add(states, products);
        }
        vectorised!({
            for rank in 0..active {
                let product = &products[rank * gates..(rank + 1) * gates];
                let row = piece.rows[first + rank] * width + left;
                let (state_before, kept_before) = match before {
                    None => (&no_state[..], &nothing_saved[..]),
                    Some(before) => {
                        let at = before + rank;
                        (
                            &states_before[at * hidden..(at + 1) * hidden],
                            &saved_before[at * kept..(at + 1) * kept],
                        )
                    }
                };
                C::forward(
                    &input[row..row + gates],
                    product,
                    state_before,
                    kept_before,
                    &mut saved[rank * kept..(rank + 1) * kept],
                    &mut states[rank * hidden..(rank + 1) * hidden],
                );
            }
        });
    }
    Trace { piece, states, saved }
}

/// Gradients, from that of the states `[slices, directions · hidden]`.
pub(crate) fn backward<C: Cell>(
    sizes: Sizes,
    slices: usize,
    traces: &[Trace],
    weight: &[f32],
    gradient: &[f32],
) -> Gradients {
    let Sizes { hidden, directions } = sizes;
    let gates = C::GATES * hidden;
    let weights: Vec<Panels> = weight
        .chunks_exact((gates * hidden).max(1))
        .map(|weight| Panels::new([gates, hidden], |gate, value| weight[gate * hidden + value]))
        .collect();
    let parts: Vec<Gradients> = traces
        .par_iter()
        .map(|trace| backward_piece::<C>(sizes, trace, &weights[trace.piece.direction], gradient))
        .collect();
    let width = directions * gates;
    let mut all = Gradients {
        input: vec![0.0; slices * width],
        weight: vec![0.0; width * hidden],
        bias: vec![0.0; width],
    };
    for (trace, part) in traces.iter().zip(parts) {
        let left = trace.piece.direction * gates;
        for (row, values) in trace.piece.rows.iter().zip(part.input.chunks_exact(gates)) {
            all.input[row * width + left..row * width + left + gates].copy_from_slice(values);
        }
        let add = |sums: &mut [f32], values: &[f32]| {
            sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
        };
        add(
            &mut all.weight[left * hidden..(left + gates) * hidden],
            &part.weight,
        );
        add(&mut all.bias[left..left + gates], &part.bias);
    }
    all
}

fn backward_piece<C: Cell>(sizes: Sizes, trace: &Trace, weight: &Panels, gradient: &[f32]) -> Gradients {
    let Sizes { hidden, directions } = sizes;
    let (gates, kept) = (C::GATES * hidden, C::SAVED * hidden);
    let Trace { piece, states, saved } = trace;
    let count = piece.rows.len();
    let mut of_x = vec![0.0; count * gates];
    let mut of_h = vec![0.0; count * gates];
    // States before each step beside the rows they belong to, for one product over all steps.
    let mut states_before = vec![0.0; count * hidden];
    let mut carried = vec![0.0; piece.widest() * hidden];
    let mut cells = vec![0.0; piece.widest() * hidden];
    let nothing_saved = vec![0.0; kept];
    for step in (0..piece.steps()).rev() {
        let [first, active] = piece.step(step);
        let before = piece.before(step);
        if let Some(before) = before {
            let rows = &states[before * hidden..(before + active) * hidden];
            states_before[first * hidden..(first + active) * hidden].copy_from_slice(rows);
        }
        vectorised!({
            for rank in 0..active {
                let at = first + rank;
                let carried = &mut carried[rank * hidden..(rank + 1) * hidden];
                let row = piece.rows[at] * directions * hidden + piece.direction * hidden;
                let given = &gradient[row..row + hidden];
                carried
                    .iter_mut()
                    .zip(given)
                    .for_each(|(sum, value)| *sum += value);
                let kept_before = match before {
                    None => &nothing_saved[..],
                    Some(before) => &saved[(before + rank) * kept..(before + rank + 1) * kept],
                };
                C::backward(
                    &saved[at * kept..(at + 1) * kept],
                    &states_before[at * hidden..(at + 1) * hidden],
                    kept_before,
                    carried,
                    &mut cells[rank * hidden..(rank + 1) * hidden],
                    &mut of_x[at * gates..(at + 1) * gates],
                    &mut of_h[at * gates..(at + 1) * gates],
                );
            }
        });
        if before.is_some() {
            let of_h = &of_h[first * gates..(first + active) * gates];
            weight.multiply_add(of_h, &mut carried[..active * hidden]);
        }
    }
    let mut of_weight = vec![0.0; gates * hidden];
    let mut of_bias = vec![0.0; gates];
    if count > 0 {
        let of_h = Matrix::rows(&of_h, [count, gates], gates).transposed();
        let states = Matrix::rows(&states_before, [count, hidden], hidden);
        product(&mut of_weight, hidden, of_h, states, false);
    }
    for row in of_h.chunks_exact(gates) {
        of_bias.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    Gradients {
        input: of_x,
        weight: of_weight,
        bias: of_bias,
    }
}
