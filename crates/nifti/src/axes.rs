//! Along which stored axes slices, rows and columns lie.

use crate::affine::{Affine, cross, dot, length};

/// How a stored volume becomes axial slices: whole axes change places and direction, nothing is resampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Axes {
    /// The stored axis that a row of an image runs along, towards the patient's left.
    pub(crate) along_row: usize,
    /// The stored axis that a column of an image runs along, towards the back.
    pub(crate) along_column: usize,
    /// The stored axis from slice to slice.
    pub(crate) slices: usize,
    /// Whether a row's pixels come in reverse.
    pub(crate) row_reversed: bool,
    /// Whether a column's pixels come in reverse.
    pub(crate) column_reversed: bool,
}

/// Every order of three axes, the usual one first.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [1, 0, 2], [0, 2, 1], [2, 1, 0], [1, 2, 0], [2, 0, 1]];

impl Axes {
    /// The axes nearest to those of the patient.
    pub(crate) fn of(affine: &Affine) -> Self {
        let cosine =
            |axis: usize, part: usize| affine.axes[axis][part] / length(affine.axes[axis]).max(1e-12);
        let nearness = |[row, column, slices]: &[usize; 3]| {
            cosine(*row, 0).abs() + cosine(*column, 1).abs() + cosine(*slices, 2).abs()
        };
        let mut best = ORDERS[0];
        for order in &ORDERS[1..] {
            // A little nearer only by rounding is not nearer.
            if nearness(order) > nearness(&best) + 1e-9 {
                best = *order;
            }
        }
        let [along_row, along_column, slices] = best;
        Self {
            along_row,
            along_column,
            slices,
            row_reversed: cosine(along_row, 0) < 0.0,
            column_reversed: cosine(along_column, 1) < 0.0,
        }
    }

    /// The place of the first pixel of a slice, in mm; `size` are the numbers of voxels along the stored axes.
    pub(crate) fn first_pixel(self, affine: &Affine, size: [usize; 3], slice: usize) -> [f64; 3] {
        let last = |reversed: bool, axis: usize| if reversed { size[axis].saturating_sub(1) } else { 0 };
        let mut index = [0; 3];
        index[self.along_row] = last(self.row_reversed, self.along_row);
        index[self.along_column] = last(self.column_reversed, self.along_column);
        index[self.slices] = slice;
        std::array::from_fn(|part| {
            let along = |axis: usize| index[axis] as f64 * affine.axes[axis][part];
            affine.origin[part] + along(0) + along(1) + along(2)
        })
    }

    /// Directions of a row and of a column, as ImageOrientationPatient has them.
    pub(crate) fn orientation(self, affine: &Affine) -> [f64; 6] {
        let unit = |axis: usize, reversed: bool| {
            let sign = if reversed { -1.0 } else { 1.0 };
            let of = affine.axes[axis];
            // Zeros without a sign, as DICOM has them.
            of.map(|part| sign * part / length(of).max(1e-12) + 0.0)
        };
        let [a, b, c] = unit(self.along_row, self.row_reversed);
        let [d, e, f] = unit(self.along_column, self.column_reversed);
        [a, b, c, d, e, f]
    }

    /// Position of a slice along the normal of its plane, in mm; it rises towards the head.
    pub(crate) fn along_normal_mm(self, affine: &Affine, size: [usize; 3], slice: usize) -> f64 {
        let [a, b, c, d, e, f] = self.orientation(affine);
        let normal = cross([a, b, c], [d, e, f]);
        let long = length(normal).max(1e-12);
        dot(self.first_pixel(affine, size, slice), normal) / long
    }
}
