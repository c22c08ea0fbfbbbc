//! Memory of large tensors, used again.
//!
//! A training step makes and drops hundreds of megabytes of maps. Given back to the operating system and asked
//! for anew, each page of them costs a fault and is filled with zeros first, which takes as long as computing
//! what goes there. Buffers wait here instead, by their length: batches have the same shapes over and over.

use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::sync::{Mutex, MutexGuard, PoisonError};

use burn::tensor::Bytes;
use burn_std::{AccessError, AccessPolicy, AllocationController, AllocationProperty};

/// Shorter buffers, in values, are left to the allocator, which keeps those itself.
const SHORTEST: usize = 16 * 1024;

#[derive(Default)]
struct Pool {
    idle: HashMap<usize, Vec<Vec<f32>>>,
    /// Values in buffers that wait.
    idle_values: usize,
    /// Values in buffers that are in use, and the most there ever were at once.
    used_values: usize,
    most_used: usize,
}

static POOL: Mutex<Option<Pool>> = Mutex::new(None);

fn pool() -> MutexGuard<'static, Option<Pool>> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A buffer of `len` values that may hold anything.
pub(crate) fn take(len: usize) -> Vec<f32> {
    if len < SHORTEST {
        return vec![0.0; len];
    }
    let mut pool = pool();
    let pool = pool.get_or_insert_default();
    pool.used_values += len;
    pool.most_used = pool.most_used.max(pool.used_values);
    match pool.idle.get_mut(&len).and_then(Vec::pop) {
        Some(buffer) => {
            pool.idle_values -= len;
            buffer
        }
        None => vec![0.0; len],
    }
}

/// Takes a buffer that [`take`] gave back.
fn give(buffer: Vec<f32>) {
    let len = buffer.len();
    let mut pool = pool();
    let pool = pool.get_or_insert_default();
    pool.used_values = pool.used_values.saturating_sub(len);
    // More than was ever in use at once: shapes have changed, and what waits for the old ones waits in vain.
    if pool.idle_values + len > pool.most_used {
        pool.idle.clear();
        pool.idle_values = 0;
    }
    pool.idle_values += len;
    pool.idle.entry(len).or_default().push(buffer);
}

/// Memory of a tensor, of a buffer that [`take`] gave.
pub(crate) fn into_bytes(buffer: Vec<f32>) -> Bytes {
    let len = buffer.len() * size_of::<f32>();
    if buffer.len() < SHORTEST {
        return Bytes::from_elems(buffer);
    }
    // SAFETY: all `len` bytes of the buffer are there and hold numbers.
    unsafe { Bytes::from_controller(Box::new(Kept(buffer)), len) }
}

/// Gives its buffer back when the tensor is dropped.
struct Kept(Vec<f32>);

impl Drop for Kept {
    fn drop(&mut self) {
        give(std::mem::take(&mut self.0));
    }
}

impl AllocationController for Kept {
    fn alloc_align(&self) -> usize {
        align_of::<f32>()
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    fn capacity(&self) -> usize {
        size_of_val(self.0.as_slice())
    }

    unsafe fn memory_mut(&mut self, _: AccessPolicy) -> Result<&mut [MaybeUninit<u8>], AccessError> {
        let len = self.capacity();
        // SAFETY: these are the buffer's own bytes, borrowed as it is; any bytes make a number.
        Ok(unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), len) })
    }

    fn memory(&self, _: AccessPolicy) -> Result<&[MaybeUninit<u8>], AccessError> {
        // SAFETY: these are the buffer's own bytes, borrowed as it is.
        Ok(unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.capacity()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_of_a_dropped_tensor_is_used_again() {
        // A length that nothing else has.
        let len = SHORTEST + 12_345;
        let mut buffer = take(len);
        buffer[7] = 7.0;
        let mut bytes = into_bytes(buffer);
        assert_eq!(bytes.len(), 4 * len);
        bytes[..4].copy_from_slice(&5.0f32.to_ne_bytes());
        let copy = bytes.clone();
        drop(bytes);
        let again = take(len);
        assert_eq!((again[0], again[7]), (5.0, 7.0));
        assert_eq!(copy[..4], 5.0f32.to_ne_bytes());
    }
}
