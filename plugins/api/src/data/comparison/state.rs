//! How far a run came.

use std::fmt;
use std::fs::{File, TryLockError};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

/// The name of the file in a run's directory that the program holds locked while it is at work.
pub const LOCK: &str = ".lock";

/// How far a run came.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum RunState {
    /// A program works on it.
    AtWork {
        /// The stage at work, and how far it is: "train, epoch 3".
        at: String,
    },
    /// It came to its end.
    Done,
    /// A stage failed.
    Failed {
        /// Why.
        reason: String,
    },
    /// It was told to stop.
    Interrupted,
    /// Its program ended without a word: it was killed, or the machine went down.
    Killed {
        /// The stage at work then, and how far it was.
        at: String,
    },
    /// Its files cannot be read.
    Damaged {
        /// Why.
        reason: String,
    },
}

impl RunState {
    /// "at work", "done", "failed", "interrupted", "killed", "damaged".
    pub fn name(&self) -> &'static str {
        match self {
            Self::AtWork { .. } => "at work",
            Self::Done => "done",
            Self::Failed { .. } => "failed",
            Self::Interrupted => "interrupted",
            Self::Killed { .. } => "killed",
            Self::Damaged { .. } => "damaged",
        }
    }

    /// The state that an ended run's `provenance.json` tells.
    pub(super) fn of_outcome(outcome: &Value) -> Self {
        match outcome {
            Value::String(outcome) if outcome == "done" => Self::Done,
            Value::String(outcome) if outcome == "interrupted" => Self::Interrupted,
            Value::String(outcome) => Self::Failed {
                reason: outcome.clone(),
            },
            outcome => match outcome["failed"].as_str() {
                Some(reason) => Self::Failed {
                    reason: reason.to_owned(),
                },
                None => Self::Damaged {
                    reason: "provenance.json does not say how it ended".into(),
                },
            },
        }
    }

    /// The state of a run that has no `provenance.json` yet.
    pub(super) fn without_end(directory: &Path) -> Self {
        let at = last_event(directory);
        match is_at_work(directory) {
            true => Self::AtWork { at },
            false => Self::Killed { at },
        }
    }
}

/// With its reason or place: "failed: no slice has labels".
impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::AtWork { at } | Self::Killed { at } if !at.is_empty() => write!(f, " in {at}"),
            Self::Failed { reason } | Self::Damaged { reason } => write!(f, ": {reason}"),
            _ => Ok(()),
        }
    }
}

/// Whether some program works on the run right now.
pub fn is_at_work(directory: &Path) -> bool {
    File::open(directory.join(LOCK))
        .is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// The stage of the last event, and the last epoch it told of; empty where there is none.
fn last_event(directory: &Path) -> String {
    let events = std::fs::read_to_string(directory.join("events.jsonl")).unwrap_or_default();
    // The last line may be half written.
    let mut events = events
        .lines()
        .rev()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let Some(last) = events.next() else {
        return String::new();
    };
    let stage = last["stage"].as_str().unwrap_or_default();
    let epoch = std::iter::once(last.clone())
        .chain(events)
        .take_while(|event| event["stage"].as_str() == Some(stage))
        .find(|event| event["kind"].as_str() == Some("epoch"))
        .and_then(|event| event["details"]["epoch"].as_u64());
    match epoch {
        Some(epoch) => format!("{stage}, epoch {epoch} done"),
        None => stage.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_an_end_is_at_work_only_while_somebody_holds_it() {
        let home = tempfile::tempdir().unwrap();
        let event = |stage: &str, kind: &str, details: &str| {
            format!("{{\"stage\":\"{stage}\",\"kind\":\"{kind}\",\"details\":{details}}}\n")
        };
        let events = [
            event("load", "started", "{}"),
            event("train", "epoch", "{\"epoch\":2}"),
            event("train", "warning", "{}"),
            "{\"stage\":\"tr".into(),
        ];
        std::fs::write(home.path().join("events.jsonl"), events.concat()).unwrap();
        let lock = File::create(home.path().join(LOCK)).unwrap();
        lock.lock().unwrap();
        let said = || RunState::without_end(home.path()).to_string();
        assert_eq!(said(), "at work in train, epoch 2 done");
        drop(lock);
        assert_eq!(said(), "killed in train, epoch 2 done");
        std::fs::remove_file(home.path().join("events.jsonl")).unwrap();
        assert_eq!(said(), "killed");
    }

    #[test]
    fn an_end_is_what_provenance_says() {
        let of = |outcome: &str| {
            RunState::of_outcome(&serde_json::from_str::<Value>(outcome).unwrap()).to_string()
        };
        assert_eq!(of("\"done\""), "done");
        assert_eq!(of("\"interrupted\""), "interrupted");
        assert_eq!(of("{\"failed\": \"no disk\"}"), "failed: no disk");
        assert_eq!(of("7"), "damaged: provenance.json does not say how it ended");
    }
}
