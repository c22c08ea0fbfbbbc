//! When a batch does not fit into memory.

use std::panic::AssertUnwindSafe;

use ichflow_api::guard;
use ichflow_api::prelude::*;
use ichflow_api::tensors::device::is_cpu;

use super::task::Task;

/// Runs work on a device, and finds out which batch it has memory for when it has not enough.
pub(super) struct MemoryGuard<'a, T> {
    /// What computes a batch.
    pub task: &'a T,
    /// Units in a batch, and batches in a step.
    pub batch: [usize; 2],
}

impl<T: Task> MemoryGuard<'_, T> {
    /// Runs `work`; if a GPU has no memory left in it, finds out which batch it has memory for, and says so. (Memory
    /// of the CPU is the system's: what asks for too much of that is ended by it.)
    ///
    /// # Errors
    /// Those of `work`, and where the device fails.
    pub(super) fn within<R>(&self, context: &Context, work: impl FnOnce() -> Result<R>) -> Result<R> {
        if self.task.devices().iter().all(is_cpu) {
            return work();
        }
        match guard::catch(AssertUnwindSafe(work)) {
            Ok(result) => result,
            Err(message) if ran_out(&message) => Err(self.too_large(context)),
            Err(message) => Err(Error::new(format!("training failed on the device: {message}"))),
        }
    }

    fn too_large(&self, context: &Context) -> Error {
        let [batch, accumulate] = self.batch;
        context.say(format!(
            "no memory for a batch of {batch}: looking for one that fits"
        ));
        let fits = largest_that_fits(batch, |size| self.fits(size));
        Error::new(format!(
            "the device has too little memory for a batch of {batch} {}",
            T::UNITS[1]
        ))
        .help(advice(batch, accumulate, fits, T::UNITS[0]))
    }

    /// Whether the gradients of a batch of `size` units can be computed.
    fn fits(&self, size: usize) -> bool {
        let trial = || -> Result<()> {
            self.task.devices().iter().for_each(Device::memory_cleanup);
            self.task.attempt(size)
        };
        matches!(guard::catch(AssertUnwindSafe(trial)), Ok(Ok(())))
    }
}

/// Whether the message of a failed step says that memory ran out.
pub(super) fn ran_out(message: &str) -> bool {
    let message = message.to_lowercase();
    [
        "out of memory",
        "out of device memory",
        "out-of-memory",
        "out_of_memory",
        "outofmemory",
    ]
    .iter()
    .any(|words| message.contains(words))
}

/// The largest batch below `failed` that fits, as `fits` finds by trying; nothing if not even one slice does.
///
/// Memory grows with the batch, so halves are tried until one fits, and then what lies between that and the last
/// that did not, to within an eighth.
pub(super) fn largest_that_fits(failed: usize, mut fits: impl FnMut(usize) -> bool) -> Option<usize> {
    let mut too_large = failed;
    let mut size = failed / 2;
    while size > 0 && !fits(size) {
        too_large = size;
        size /= 2;
    }
    if size == 0 {
        return None;
    }
    while too_large - size > (size / 8).max(1) {
        let middle = size + (too_large - size) / 2;
        if fits(middle) {
            size = middle;
        } else {
            too_large = middle;
        }
    }
    Some(size)
}

/// What to do about it: `fits` is the largest batch that does.
pub(super) fn advice(batch: usize, accumulate: usize, fits: Option<usize>, unit: &str) -> String {
    match fits {
        None => {
            let smaller = if unit == "slice" {
                "smaller images"
            } else {
                "a shorter window"
            };
            format!("not even a batch of one {unit} fits: use {smaller} or a smaller network")
        }
        Some(fits) => {
            // As many units a step as before, in batches that fit.
            let times = (batch * accumulate).div_ceil(fits);
            format!(
                "a batch of {fits} fits: set `batch = {fits}`, with `accumulate = {times}` for as large a step"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_devices_are_known() {
        for message in [
            "Can't allocate: out of device memory allocating 1073741824 bytes",
            "An out-of-memory error happened during launch",
            "DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")",
        ] {
            assert!(ran_out(message), "{message}");
        }
        assert!(!ran_out("index out of bounds: the len is 3"));
    }

    #[test]
    fn the_largest_batch_is_found_by_few_trials() {
        for room in 1..200 {
            for failed in [room + 1, 2 * room, 256, 1000] {
                if failed <= room {
                    continue;
                }
                let mut trials = 0;
                let found = largest_that_fits(failed, |size| {
                    trials += 1;
                    size <= room
                });
                let found = found.unwrap();
                assert!(
                    found <= room && room - found <= (found / 8).max(1),
                    "{room} {failed} {found}"
                );
                assert!(trials <= 16, "{trials}");
            }
        }
        assert_eq!(largest_that_fits(64, |_| false), None);
    }

    #[test]
    fn advice_keeps_the_size_of_a_step() {
        assert!(advice(64, 2, Some(24), "slice").contains("`batch = 24`, with `accumulate = 6`"));
        assert!(advice(64, 1, None, "slice").contains("not even"));
    }
}
