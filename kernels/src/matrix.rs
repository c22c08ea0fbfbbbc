//! Matrix products.

use gemm::Parallelism;

/// A matrix in a slice, with any order of rows and columns.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    /// The values.
    pub data: &'a [f32],
    /// Rows and columns.
    pub size: [usize; 2],
    /// Steps in the slice from a row to the next, and from a column to the next.
    pub step: [usize; 2],
}

impl<'a> Matrix<'a> {
    /// Row after row, `step` apart.
    pub fn rows(data: &'a [f32], size: [usize; 2], step: usize) -> Self {
        Self {
            data,
            size,
            step: [step, 1],
        }
    }

    /// With rows and columns exchanged.
    pub fn transposed(self) -> Self {
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
pub fn product(out: &mut [f32], step: usize, a: Matrix, b: Matrix, add: bool) {
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
