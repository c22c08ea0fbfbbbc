//! How an epoch is called in messages.

use super::peak_memory::peak_memory_mib;

/// Which epoch this is.
pub(super) struct EpochLabel {
    epoch: usize,
    epochs: usize,
}

impl EpochLabel {
    /// The epoch that follows `done` of `epochs`.
    pub(super) fn new(done: usize, epochs: usize) -> Self {
        Self {
            epoch: done + 1,
            epochs,
        }
    }

    /// A line beside the progress bar. `wait` is the share of time that training waited for data.
    pub(super) fn note(&self, [batch, batches]: [usize; 2], loss: f64, lr: f64, wait: f64) -> String {
        let memory = peak_memory_mib().map_or(String::new(), |mib| format!(" · {mib:.0} MiB"));
        format!(
            "{self} · batch {batch}/{batches} · loss {loss:.4} · lr {lr:.1e} · data-loading wait {:.0} %{memory}",
            100.0 * wait
        )
    }
}

impl std::fmt::Display for EpochLabel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "epoch {}/{}", self.epoch, self.epochs)
    }
}
