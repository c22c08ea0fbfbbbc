//! Matrix products.

use gemm::Parallelism;

use crate::kernels::vectorised;

/// A matrix in a slice, with any order of rows and columns.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    /// The values.
    pub(crate) data: &'a [f32],
    /// Rows and columns.
    pub(crate) size: [usize; 2],
    /// Steps in the slice from a row to the next, and from a column to the next.
    pub(crate) step: [usize; 2],
}

impl<'a> Matrix<'a> {
    /// Row after row, `step` apart.
    pub(crate) fn rows(data: &'a [f32], size: [usize; 2], step: usize) -> Self {
        Self {
            data,
            size,
            step: [step, 1],
        }
    }

    /// With rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
        let ([rows, columns], [down, right]) = (self.size, self.step);
        Self {
            data: self.data,
            size: [columns, rows],
            step: [right, down],
        }
    }

    /// Columns from `first` on.
    fn columns(self, first: usize, count: usize) -> Self {
        self.transposed().rows_from(first, count).transposed()
    }

    /// Rows from `first` on.
    fn rows_from(self, first: usize, count: usize) -> Self {
        Self {
            data: &self.data[first * self.step[0]..],
            size: [count, self.size[1]],
            step: self.step,
        }
    }

    fn fits(&self) -> bool {
        fits(self.data.len(), self.size, self.step)
    }
}

/// Whether the last element of a matrix is inside a slice of `len` values.
fn fits(len: usize, [rows, columns]: [usize; 2], [down, right]: [usize; 2]) -> bool {
    rows == 0 || columns == 0 || (rows - 1) * down + (columns - 1) * right < len
}

/// Most products that are added up in one chain. `gemm` never cuts so short a depth, whatever the caches are like; for
/// more it would cut where the first-level cache of this processor is full.
const DEPTH: usize = 512;
/// Results up to which, and depths up to which, `gemm` has ways of its own, in which a vector's width tells.
const FEW: usize = 256;
const SHALLOW: usize = 2;
/// Columns that are added up side by side where `gemm` is not asked.
const LANES: usize = 16;

/// `out = a · b`, or `out += a · b`; rows of `out` lie `step` apart. On one thread.
///
/// The same bits on every processor, and for a row of `a` whatever other rows there are: the depth is cut into equal
/// slices by itself alone; every slice of every value is one chain of multiply-adds, each rounded once, in the order of
/// the depth; and slices are added in their order.
///
/// # Panics
///
/// If sizes do not fit one another or their slices: a fault of this crate.
pub(crate) fn product(out: &mut [f32], step: usize, a: Matrix, b: Matrix, add: bool) {
    let ([rows, depth], [depth_of_b, columns]) = (a.size, b.size);
    assert_eq!(depth, depth_of_b, "the matrices do not fit one another");
    assert!(a.fits() && b.fits(), "a matrix does not fit its slice");
    assert!(
        step >= columns && fits(out.len(), [rows, columns], [step, 1]),
        "the product does not fit its slice"
    );
    if rows == 0 || columns == 0 {
        return;
    }
    if depth == 0 {
        if !add {
            out.chunks_mut(step)
                .take(rows)
                .for_each(|row| row[..columns].fill(0.0));
        }
        return;
    }
    let slice = depth.div_ceil(depth.div_ceil(DEPTH));
    for first in (0..depth).step_by(slice) {
        let count = slice.min(depth - first);
        let (a, b) = (a.columns(first, count), b.rows_from(first, count));
        let add = add || first > 0;
        // Equal slices: only a depth of one or two has a slice of so few.
        if rows == 1 || columns == 1 || rows * columns <= FEW || count <= SHALLOW {
            vectorised!(chains(out, step, a, b, add));
        } else {
            packed(out, step, a, b, add);
        }
    }
}

/// [`product`] of one slice of the depth, for operands large enough.
fn packed(out: &mut [f32], step: usize, a: Matrix, b: Matrix, add: bool) {
    let ([rows, depth], [_, columns]) = (a.size, b.size);
    // SAFETY: `product` has seen that every element the three matrices name is inside their slices; `out` is borrowed
    // alone, and rows of it do not overlap since they are at least as far apart as they are long.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            depth,
            out.as_mut_ptr(),
            1,
            step as isize,
            add,
            a.data.as_ptr(),
            a.step[1] as isize,
            a.step[0] as isize,
            b.data.as_ptr(),
            b.step[1] as isize,
            b.step[0] as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// [`product`] of one slice of the depth, some columns at a time.
#[inline(always)]
fn chains(out: &mut [f32], step: usize, a: Matrix, b: Matrix, add: bool) {
    let ([rows, depth], [_, columns]) = (a.size, b.size);
    let mut panel = vec![[0.0f32; LANES]; depth];
    for first in (0..columns).step_by(LANES) {
        let count = LANES.min(columns - first);
        for (k, values) in panel.iter_mut().enumerate() {
            for (lane, value) in values.iter_mut().enumerate().take(count) {
                *value = b.data[k * b.step[0] + (first + lane) * b.step[1]];
            }
        }
        for row in 0..rows {
            let mut sums = [0.0f32; LANES];
            for (k, values) in panel.iter().enumerate() {
                let factor = a.data[row * a.step[0] + k * a.step[1]];
                for (sum, value) in sums.iter_mut().zip(values) {
                    *sum = factor.mul_add(*value, *sum);
                }
            }
            let out = &mut out[row * step + first..][..count];
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = if add { *out + sum } else { sum };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(count: usize, seed: u64) -> Vec<f32> {
        let mut state = seed;
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 40) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    }

    /// What [`product`] says of its order, value by value.
    fn expected(a: Matrix, b: Matrix, before: Option<f32>, row: usize, column: usize) -> f32 {
        let depth = a.size[1];
        let slice = depth.div_ceil(depth.div_ceil(DEPTH));
        let mut out = before;
        for first in (0..depth).step_by(slice) {
            let mut sum = 0.0f32;
            for k in first..(first + slice).min(depth) {
                let factor = a.data[row * a.step[0] + k * a.step[1]];
                sum = factor.mul_add(b.data[k * b.step[0] + column * b.step[1]], sum);
            }
            out = Some(out.map_or(sum, |out| out + sum));
        }
        out.unwrap_or(0.0)
    }

    /// Compares every value of a product, and of some of its rows, with [`expected`].
    fn is_as_said([rows, depth, columns]: [usize; 3], turned: [bool; 2], add: bool, gap: usize) {
        let (a, b) = (values(rows * depth, 1), values(depth * columns, 2));
        let matrix = |data, [down, right]: [usize; 2], turned| match turned {
            false => Matrix::rows(data, [down, right], right),
            true => Matrix::rows(data, [right, down], down).transposed(),
        };
        let (a, b) = (
            matrix(&a, [rows, depth], turned[0]),
            matrix(&b, [depth, columns], turned[1]),
        );
        let step = columns + gap;
        let before = values(rows * step, 3);
        let mut out = before.clone();
        product(&mut out, step, a, b, add);
        for (place, value) in out.iter().enumerate() {
            let (row, column) = (place / step, place % step);
            let expected = if column < columns {
                expected(a, b, add.then_some(before[place]), row, column)
            } else {
                before[place]
            };
            assert_eq!(
                value.to_bits(),
                expected.to_bits(),
                "{row}, {column} of {rows} × {depth} × {columns}, turned {turned:?}, added {add}: {value} {expected}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn every_value_is_added_up_in_the_order_of_the_depth(
            rows in 1_usize..80,
            depth in 1_usize..1400,
            columns in 1_usize..80,
            turned in any::<[bool; 2]>(),
            add in any::<bool>(),
            gap in 0_usize..3,
        ) {
            is_as_said([rows, depth, columns], turned, add, gap);
        }
    }

    #[test]
    fn sizes_of_networks_are_added_up_in_the_order_of_the_depth() {
        for [rows, depth, columns] in [
            [1, 1280, 6],
            [8, 1280, 6],
            [2, 1, 300],
            [300, 2, 8],
            [1000, 3, 1],
            [1, 2048, 500],
            [150, 27, 16],
            [1024, 24, 144],
            [96, 1024, 200],
            [70, 1152, 192],
            [65, 513, 66],
            [64, 4608, 64],
        ] {
            for turned in [[false, false], [false, true], [true, false], [true, true]] {
                for add in [false, true] {
                    is_as_said([rows, depth, columns], turned, add, 0);
                }
            }
        }
    }
}
