//! Batches of series, read ahead on another thread.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ichflow_api::error::{Error, Result};

use crate::fit::Batches;

/// Batches kept ready ahead of the one in use; bounds memory.
const AHEAD: usize = 2;

/// An iterator over batches that are read ahead, in order. Dropping it stops the reading.
pub(super) struct Ahead<B> {
    batches: Option<Receiver<Result<B>>>,
    reader: Option<JoinHandle<()>>,
    waited: Duration,
}

impl<B: Send + 'static> Ahead<B> {
    /// Starts reading `count` batches, each by its number.
    pub(super) fn start(count: usize, read: impl Fn(usize) -> Result<B> + Send + 'static) -> Self {
        let (sender, receiver) = sync_channel(AHEAD);
        let reader = std::thread::spawn(move || {
            for number in 0..count {
                let batch = read(number);
                let failed = batch.is_err();
                // Nobody waits any more once the receiver is gone.
                if sender.send(batch).is_err() || failed {
                    return;
                }
            }
        });
        Self {
            batches: Some(receiver),
            reader: Some(reader),
            waited: Duration::ZERO,
        }
    }
}

impl<B> Iterator for Ahead<B> {
    type Item = Result<B>;

    fn next(&mut self) -> Option<Self::Item> {
        let begun = Instant::now();
        let batch = self.batches.as_ref().and_then(|batches| batches.recv().ok());
        self.waited += begun.elapsed();
        if batch.is_none()
            && let Some(reader) = self.reader.take()
            && reader.join().is_err()
        {
            return Some(Err(Error::new(
                "the thread that reads embeddings stopped unexpectedly",
            )));
        }
        batch
    }
}

impl<B> Batches<B> for Ahead<B> {
    fn waited(&self) -> Duration {
        self.waited
    }
}

impl<B> Drop for Ahead<B> {
    fn drop(&mut self) {
        // Closing the channel wakes a reader that waits to hand a batch over.
        self.batches = None;
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
