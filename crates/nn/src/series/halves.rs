//! Embeddings in half precision.

use crate::kernels::halves::widen;

/// Little-endian float16, as embeddings are kept on the disk, as float32; what is no number stays so.
///
/// # Panics
/// If there are not two bytes for every value: a fault of the program.
pub fn widen_halves(bytes: &[u8], values: &mut [f32]) {
    widen(bytes, values);
}
