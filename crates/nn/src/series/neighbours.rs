//! What stands some slices before or after.

use burn::tensor::{Tensor, TensorData};

use super::lengths::Lengths;
use super::padding::indices;

/// What stands beyond the ends of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Zeros.
    Zero,
    /// The slice at the end again.
    Repeat,
}

/// For each row of `[slices, width]` the one `offset` slices after it in its series (before it, where it is negative).
pub fn neighbours(x: Tensor<2>, lengths: &Lengths, offset: isize, ends: Ends) -> Tensor<2> {
    if offset == 0 {
        return x;
    }
    let mut rows = Vec::with_capacity(lengths.slices());
    let mut inside = Vec::with_capacity(lengths.slices());
    for range in lengths.rows() {
        for row in range.clone() {
            let wanted = row.saturating_add_signed(offset);
            let there = row.checked_add_signed(offset) == Some(wanted) && range.contains(&wanted);
            inside.push(if there { 1.0f32 } else { 0.0 });
            rows.push(wanted.clamp(range.start, range.end - 1));
        }
    }
    let device = x.device();
    let dtype = x.dtype();
    let found = x.select(0, indices(rows, &device));
    match ends {
        Ends::Repeat => found,
        Ends::Zero => {
            let inside = TensorData::new(inside, [lengths.slices(), 1]);
            found * Tensor::<2>::from_data(inside, &device).cast(dtype)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn neighbours_are_of_the_same_series() {
        let values = vec![1.0f32, 2.0, 3.0, 4.0, 5.0];
        let x = Tensor::<2>::from_data(TensorData::new(values, [5, 1]), &Device::flex());
        let lengths = Lengths::new([2, 0, 3]);
        let of = |offset, ends| -> Vec<f32> {
            neighbours(x.clone(), &lengths, offset, ends)
                .into_data()
                .try_to_vec()
                .unwrap()
        };
        assert_eq!(of(1, Ends::Zero), [2.0, 0.0, 4.0, 5.0, 0.0]);
        assert_eq!(of(-1, Ends::Repeat), [1.0, 1.0, 3.0, 3.0, 4.0]);
        assert_eq!(of(-2, Ends::Zero), [0.0, 0.0, 0.0, 0.0, 3.0]);
    }
}
