//! Uploads that wait for a bundle.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::upload::Upload;

/// Files that are predicted together at most, unless a single upload has more: few enough that the first of them does not
/// wait long for the last.
const FILES: usize = 128;

/// First in, first out.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    uploads: VecDeque<Arc<Upload>>,
    closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an upload last.
    pub(super) fn push(&self, upload: Arc<Upload>) {
        self.lock().uploads.push_back(upload);
        self.changed.notify_one();
    }

    /// Takes an upload out, if it still waits.
    pub(super) fn remove(&self, id: &str) {
        self.lock().uploads.retain(|upload| upload.id != id);
    }

    /// Those at the head that are predicted together, waiting for one; nothing once the queue is closed.
    pub(super) fn take(&self) -> Option<Vec<Arc<Upload>>> {
        let mut waiting = self.lock();
        while waiting.uploads.is_empty() && !waiting.closed {
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        if waiting.closed {
            return None;
        }
        let (mut taken, mut files) = (Vec::new(), 0);
        while let Some(next) = waiting.uploads.front()
            && (taken.is_empty() || files + next.files() <= FILES)
        {
            files += next.files();
            taken.extend(waiting.uploads.pop_front());
        }
        Some(taken)
    }

    /// Ends the waiting; those that wait are given back.
    pub(super) fn close(&self) -> Vec<Arc<Upload>> {
        let mut waiting = self.lock();
        waiting.closed = true;
        self.changed.notify_all();
        waiting.uploads.drain(..).collect()
    }
}
