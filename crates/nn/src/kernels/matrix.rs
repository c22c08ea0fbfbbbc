//! Matrix products.

use gemm::Parallelism;

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

    fn fits(&self) -> bool {
        fits(self.data.len(), self.size, self.step)
    }
}

/// Whether the last element of a matrix is inside a slice of `len` values.
fn fits(len: usize, [rows, columns]: [usize; 2], [down, right]: [usize; 2]) -> bool {
    rows == 0 || columns == 0 || (rows - 1) * down + (columns - 1) * right < len
}

/// `out = a · b`, or `out += a · b`; rows of `out` lie `step` apart. On one thread, so that the order of
/// additions depends on the sizes alone.
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
    // SAFETY: `fits` says that every element the three matrices name is inside their slices; `out` is borrowed
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

/// `out = a · b` with the same bits for a row of `a` whatever other rows there are, and how many.
///
/// # Panics
///
/// As [`product`].
pub(crate) fn product_by_rows(out: &mut [f32], step: usize, a: Matrix, b: Matrix) {
    let ([rows, depth], [_, columns]) = (a.size, b.size);
    let fewest = fewest_rows(depth, columns);
    if rows >= fewest {
        product(out, step, a, b, false);
        return;
    }
    let mut padded = vec![0.0; fewest * depth];
    for (row, padded) in padded.chunks_exact_mut(depth.max(1)).take(rows).enumerate() {
        for (column, value) in padded.iter_mut().enumerate() {
            *value = a.data[row * a.step[0] + column * a.step[1]];
        }
    }
    let mut result = vec![0.0; fewest * columns];
    product(
        &mut result,
        columns,
        Matrix::rows(&padded, [fewest, depth], depth),
        b,
        false,
    );
    for (row, result) in result.chunks_exact(columns.max(1)).take(rows).enumerate() {
        out[row * step..row * step + columns].copy_from_slice(result);
    }
}

/// From how many rows on `gemm` adds up every row's products in one order. For fewer it has ways of its own: for one
/// row, for products of up to 256 values, and for sides of up to 64, where a depth is cut at 512.
fn fewest_rows(depth: usize, columns: usize) -> usize {
    let few = 256 / columns.max(1) + 1;
    let shallow = if columns <= 64 && depth > 512 { 65 } else { 2 };
    few.max(shallow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_out_alike_whatever_rows_are_with_it() {
        let mut state = 1_u64;
        let mut random = |count: usize| -> Vec<f32> {
            (0..count)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 40) as f32 / (1 << 23) as f32 - 1.0
                })
                .collect()
        };
        const ROWS: usize = 150;
        for (depth, columns) in [
            (1, 8),
            (2, 8),
            (27, 16),
            (24, 144),
            (144, 32),
            (240, 40),
            (576, 64),
            (576, 65),
            (576, 128),
            (128, 6),
            (1152, 192),
            (1280, 6),
            (1280, 1),
        ] {
            let (a, b) = (random(ROWS * depth), random(depth * columns));
            for weights in [
                Matrix::rows(&b, [columns, depth], depth).transposed(),
                Matrix::rows(&b, [depth, columns], columns),
            ] {
                let mut whole = vec![0.0; ROWS * columns];
                product_by_rows(
                    &mut whole,
                    columns,
                    Matrix::rows(&a, [ROWS, depth], depth),
                    weights,
                );
                for rows in (1..=70).chain([ROWS - 7]) {
                    for first in [0, 7] {
                        let mut part = vec![0.0; rows * columns];
                        let some = Matrix::rows(&a[first * depth..], [rows, depth], depth);
                        product_by_rows(&mut part, columns, some, weights);
                        assert_eq!(
                            part,
                            whole[first * columns..(first + rows) * columns],
                            "{rows} rows from {first} on, {depth} deep, {columns} columns"
                        );
                    }
                }
            }
        }
    }
}
