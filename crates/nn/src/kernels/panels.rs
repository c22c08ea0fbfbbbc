//! Products of a few rows with one matrix, over and over.
//!
//! A recurrence multiplies its state by the same weights at every step, and the state has few rows: packing the weights
//! anew for each product, as a matrix library does, takes as long as multiplying. Here they are packed once.
//!
//! Every value is one chain of multiply-adds over the depth, in order, whatever rows are with it: a row gives the same
//! bits in any company.

use crate::kernels::vectorised;

/// Columns of a panel.
const COLUMNS: usize = 16;
/// Rows that are multiplied at a time: as many accumulators as registers hold.
const ROWS: usize = 6;

/// A matrix in panels of some columns, each row after row.
pub(crate) struct Panels {
    values: Vec<f32>,
    depth: usize,
    columns: usize,
}

impl Panels {
    /// Of the matrix whose value in row `k` and column `c` is `value(k, c)`.
    pub(crate) fn new([depth, columns]: [usize; 2], value: impl Fn(usize, usize) -> f32) -> Self {
        let panels = columns.div_ceil(COLUMNS);
        let mut values = vec![0.0; panels * depth * COLUMNS];
        for (panel, values) in values.chunks_exact_mut((depth * COLUMNS).max(1)).enumerate() {
            for (row, values) in values.chunks_exact_mut(COLUMNS).enumerate() {
                let first = panel * COLUMNS;
                for (offset, place) in values.iter_mut().take(columns - first).enumerate() {
                    *place = value(row, first + offset);
                }
            }
        }
        Self {
            values,
            depth,
            columns,
        }
    }

    /// `out += rows · matrix`, of `rows` `[…, depth]` and `out` `[…, columns]`.
    pub(crate) fn multiply_add(&self, rows: &[f32], out: &mut [f32]) {
        let (depth, columns) = (self.depth, self.columns);
        if depth == 0 || columns == 0 {
            return;
        }
        vectorised!({
            for (rows, out) in rows.chunks(ROWS * depth).zip(out.chunks_mut(ROWS * columns)) {
                for (panel, values) in self.values.chunks_exact(depth * COLUMNS).enumerate() {
                    let first = panel * COLUMNS;
                    match out.len() / columns {
                        6 => block::<6>(rows, values, depth, columns, first, out),
                        5 => block::<5>(rows, values, depth, columns, first, out),
                        4 => block::<4>(rows, values, depth, columns, first, out),
                        3 => block::<3>(rows, values, depth, columns, first, out),
                        2 => block::<2>(rows, values, depth, columns, first, out),
                        _ => block::<1>(rows, values, depth, columns, first, out),
                    }
                }
            }
        });
    }
}

/// `N` rows times one panel, added to columns `first` on.
#[inline(always)]
fn block<const N: usize>(
    rows: &[f32],
    panel: &[f32],
    depth: usize,
    columns: usize,
    first: usize,
    out: &mut [f32],
) {
    let mut sums = [[0.0f32; COLUMNS]; N];
    let rows: [&[f32]; N] = std::array::from_fn(|row| &rows[row * depth..(row + 1) * depth]);
    let (panel, _) = panel.as_chunks::<COLUMNS>();
    for (k, weights) in panel.iter().enumerate().take(depth) {
        for row in 0..N {
            let value = rows[row][k];
            for column in 0..COLUMNS {
                sums[row][column] = value.mul_add(weights[column], sums[row][column]);
            }
        }
    }
    let count = COLUMNS.min(columns - first);
    for (row, sums) in sums.iter().enumerate() {
        let out = &mut out[row * columns + first..row * columns + first + count];
        out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_right_and_a_row_is_alike_in_any_company() {
        let value = |index: usize| (index * 7919 % 101) as f32 / 50.0 - 1.0;
        for [depth, columns] in [[1, 1], [5, 16], [33, 40], [96, 288]] {
            let panels = Panels::new([depth, columns], |k, c| value(k * columns + c));
            let rows: Vec<f32> = (0..20 * depth).map(|index| value(3 * index + 1)).collect();
            let mut whole = vec![1.0; 20 * columns];
            panels.multiply_add(&rows, &mut whole);
            for (place, found) in whole.iter().enumerate() {
                let (row, column) = (place / columns, place % columns);
                let products =
                    (0..depth).map(|k| f64::from(rows[row * depth + k] * value(k * columns + column)));
                let expected = 1.0 + products.sum::<f64>();
                assert!((f64::from(*found) - expected).abs() < 1e-4, "{found} {expected}");
            }
            for count in 1..=20 {
                let mut part = vec![1.0; count * columns];
                panels.multiply_add(&rows[..count * depth], &mut part);
                assert_eq!(part, whole[..count * columns], "{count} rows");
            }
        }
    }
}
