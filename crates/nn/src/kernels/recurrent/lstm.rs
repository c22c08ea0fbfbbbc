//! Long short-term memory (Hochreiter and Schmidhuber, 1997; with forget gates, Gers et al., 2000), as PyTorch has it.

use super::Cell;
use super::gru::{parts, parts_mut};
use crate::kernels::activation::{sigmoid, tanh};

/// Long short-term memory. Gates stand in the order input i, forget f, cell g, output o: the cell is
/// `f · before + i · g`, the state `o · tanh(cell)`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lstm;

impl Cell for Lstm {
    const GATES: usize = 4;
    /// i, f, g, o, and the cell.
    const SAVED: usize = 5;

    #[inline(always)]
    fn forward(x: &[f32], h: &[f32], _: &[f32], saved_before: &[f32], saved: &mut [f32], state: &mut [f32]) {
        let ([x_input, x_forget, x_cell, x_output], [h_input, h_forget, h_cell, h_output]) =
            (parts(x), parts(h));
        let [.., cells_before] = parts::<5>(saved_before);
        let [inputs, forgets, candidates, outputs, cells] = parts_mut(saved);
        let count = state.len();
        for index in 0..count {
            let input = sigmoid(x_input[..count][index] + h_input[..count][index]);
            let forget = sigmoid(x_forget[..count][index] + h_forget[..count][index]);
            let candidate = tanh(x_cell[..count][index] + h_cell[..count][index]);
            let output = sigmoid(x_output[..count][index] + h_output[..count][index]);
            let cell = forget.mul_add(cells_before[..count][index], input * candidate);
            inputs[..count][index] = input;
            forgets[..count][index] = forget;
            candidates[..count][index] = candidate;
            outputs[..count][index] = output;
            cells[..count][index] = cell;
            state[index] = output * tanh(cell);
        }
    }

    #[inline(always)]
    fn backward(
        saved: &[f32],
        _: &[f32],
        saved_before: &[f32],
        gradient: &mut [f32],
        cell: &mut [f32],
        of_x: &mut [f32],
        of_h: &mut [f32],
    ) {
        let [inputs, forgets, candidates, outputs, cells] = parts(saved);
        let [.., cells_before] = parts::<5>(saved_before);
        {
            let [of_input, of_forget, of_candidate, of_output] = parts_mut(&mut *of_x);
            let count = gradient.len();
            for index in 0..count {
                let (input, forget) = (inputs[..count][index], forgets[..count][index]);
                let (candidate, output) = (candidates[..count][index], outputs[..count][index]);
                let squashed = tanh(cells[..count][index]);
                let of_state = gradient[index];
                let of_cell = (of_state * output).mul_add(1.0 - squashed * squashed, cell[..count][index]);
                of_input[..count][index] = of_cell * candidate * input * (1.0 - input);
                of_forget[..count][index] = of_cell * cells_before[..count][index] * forget * (1.0 - forget);
                of_candidate[..count][index] = of_cell * input * (1.0 - candidate * candidate);
                of_output[..count][index] = of_state * squashed * output * (1.0 - output);
                cell[..count][index] = of_cell * forget;
                // All of it goes through the products.
                gradient[index] = 0.0;
            }
        }
        of_h.copy_from_slice(of_x);
    }
}
