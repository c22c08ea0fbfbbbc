//! What training says of itself.

use super::Fit;

/// Which epoch this is.
pub struct Label {
    epoch: usize,
    epochs: usize,
}

impl Label {
    /// The epoch that follows `done` of them.
    pub fn of(fit: &Fit, done: usize) -> Self {
        Self {
            epoch: done + 1,
            epochs: fit.phases.iter().map(|phase| phase.epochs).sum(),
        }
    }

    /// A line beside the progress bar.
    pub fn note(
        &self,
        (batch, batches): (usize, usize),
        loss: f64,
        lr: f64,
        waiting: f64,
        memory: Option<f64>,
    ) -> String {
        let memory = memory.map_or(String::new(), |mib| format!(" · {mib:.0} MiB"));
        format!(
            "{self} · batch {batch}/{batches} · loss {loss:.4} · lr {lr:.1e} · waiting {:.0} %{memory}",
            100.0 * waiting
        )
    }
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "epoch {}/{}", self.epoch, self.epochs)
    }
}

/// The most memory that the process has held so far, in MiB; nothing where the system does not say (Linux
/// does). What it holds between two steps would say little: a step's maps are gone by then.
pub fn memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

/// A loss that is no number any more, or too large.
pub mod exploded {
    use ichflow_api::prelude::*;
    use serde_json::{Value, json};

    use super::super::readings::Exploded;
    use super::Label;

    /// Slices named in the message; all are in the event.
    const NAMED: usize = 5;

    fn ids<'a>(found: &Exploded, cohort: &'a Cohort) -> Vec<&'a str> {
        let slices = found.indices.iter().filter_map(|index| cohort.slices.get(*index));
        slices.map(|slice| slice.id.as_str()).collect()
    }

    /// For `events.jsonl`.
    pub fn details(found: &Exploded, cohort: &Cohort) -> Value {
        json!({
            "loss": found.loss.to_string(),
            "batch": found.batch,
            "lr": found.lr,
            "gradient_norm": found.norm.map(|norm| norm.to_string()),
            "gradient_norm_before": found.norm_before,
            "slices": ids(found, cohort),
        })
    }

    /// What, where, and what to try.
    pub fn error(found: &Exploded, label: &Label, phase: usize, steps: usize, cohort: &Cohort) -> Error {
        let ids = ids(found, cohort);
        let named = ids[..ids.len().min(NAMED)].join(", ");
        let more = ids.len().saturating_sub(NAMED);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let what = if found.loss.is_finite() {
            format!("grew to {:.3e}", found.loss)
        } else {
            format!("is no number any more ({})", found.loss)
        };
        let before = match found.norm_before {
            Some(norm) => format!("the gradient norm before it was {norm:.3}"),
            None => "it was the first step that was looked at".into(),
        };
        Error::new(format!(
            "the training loss {what} in {label}, phase {}, batch {} (an epoch has {steps} steps), learning \
             rate {:.1e}; {before}; the batch's slices are {named}{more}",
            phase + 1,
            found.batch,
            found.lr,
        ))
        .help(
            "try a lower `lr`, `warmup = 1` or `clip_norm = 1.0`; if it stops here again, look at these \
             slices: odd values spoil a whole batch",
        )
    }
}
