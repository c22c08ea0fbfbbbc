//! An upload from its arrival until it is forgotten.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::answer::Answer;
use super::receive::Spooled;
use super::room::Taken;

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Queued,
    Reading,
    Predicting,
    Done,
    Failed,
}

impl Step {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Reading => "reading",
            Self::Predicting => "predicting",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn is_last(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

/// How far it is, in numbers.
#[derive(Clone, Debug)]
pub(crate) struct Status {
    pub step: Step,
    /// Why it failed.
    pub message: Option<String>,
    /// Slices predicted.
    pub done: usize,
    /// Slices to predict.
    pub of: usize,
}

/// Files that were sent together, and what came of them.
pub(crate) struct Upload {
    /// Nobody guesses it.
    pub id: String,
    /// The bundle that predicts it, by its place among the served ones.
    pub bundle: usize,
    bundle_name: String,
    files: usize,
    bytes: u64,
    status: watch::Sender<Status>,
    held: Mutex<Held>,
    answer: OnceLock<Answer>,
    /// When it was done.
    pub(super) ended: OnceLock<Instant>,
}

/// What is given back when nobody needs it any more.
pub(super) struct Held {
    /// Who reads them holds them: a descriptor that is closed may soon be that of another file.
    pub files: Arc<Vec<Spooled>>,
    pub bytes: Option<Taken>,
    pub handles: Option<Taken>,
    /// Its place in the queue.
    pub place: Option<Taken>,
}

impl Upload {
    pub(super) fn new(id: String, (bundle, name): (usize, &str), bytes: u64, held: Held) -> Self {
        let waiting = Status {
            step: Step::Queued,
            message: None,
            done: 0,
            of: 0,
        };
        Self {
            id,
            bundle,
            bundle_name: name.to_owned(),
            files: held.files.len(),
            bytes,
            status: watch::Sender::new(waiting),
            held: Mutex::new(held),
            answer: OnceLock::new(),
            ended: OnceLock::new(),
        }
    }

    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its files, which stay open as long as somebody has them.
    pub(super) fn files_held(&self) -> Arc<Vec<Spooled>> {
        self.held().files.clone()
    }

    /// Files of it.
    pub(crate) fn files(&self) -> usize {
        self.files
    }

    /// Its files are gone.
    pub(super) fn forget_files(&self) {
        let mut held = self.held();
        held.files = Arc::default();
        (held.bytes, held.handles) = (None, None);
    }

    /// Follows it.
    pub(crate) fn watch(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// How far it is.
    pub(crate) fn step(&self) -> Step {
        self.status.borrow().step
    }

    /// What came of it, once it is done.
    pub(crate) fn answer(&self) -> Option<&Answer> {
        self.answer.get()
    }

    pub(super) fn begin(&self, step: Step, of: usize) {
        self.held().place = None;
        self.status
            .send_modify(|status| (status.step, status.of) = (step, of));
    }

    /// `share` of its slices are predicted.
    pub(super) fn advance(&self, share: f64) {
        self.status.send_modify(|status| {
            let done = (status.of as f64 * share).floor() as usize;
            status.done = status.done.max(done.min(status.of));
        });
    }

    pub(super) fn end(&self, result: Result<Answer, String>) {
        let _ = self.ended.set(Instant::now());
        self.held().place = None;
        let message = match result {
            Ok(answer) => {
                let _ = self.answer.set(answer);
                None
            }
            Err(message) => Some(message),
        };
        self.status.send_modify(|status| {
            status.step = if message.is_some() {
                Step::Failed
            } else {
                Step::Done
            };
            status.done = status.of;
            status.message = message;
        });
    }

    /// Without the slices: for lists and events.
    pub(crate) fn summary(&self) -> Value {
        let status = self.status.borrow().clone();
        let answer = self.answer();
        json!({
            "id": self.id,
            "bundle": self.bundle_name,
            "state": status.step.name(),
            "message": status.message,
            "progress": { "done": status.done, "of": status.of },
            "received": { "files": self.files, "bytes": self.bytes },
            "labels": answer.map_or(&[][..], |answer| &answer.labels),
            "exams": answer.map_or(&[][..], |answer| &answer.exams),
            "other_files": answer.map_or(&[][..], |answer| &answer.other_files),
        })
    }

    /// All of it.
    pub(crate) fn whole(&self) -> Value {
        let mut object = self.summary();
        object["slices"] = self.answer().map_or(&[][..], |answer| &answer.slices).into();
        object
    }
}
