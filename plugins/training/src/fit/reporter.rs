//! What training says of itself.

use std::time::Duration;

use ichflow_api::counted::counted;
use ichflow_api::prelude::*;
use ichflow_api::tensors::history::Epoch;
use serde_json::json;

use super::epoch_label::EpochLabel;
use super::exploded;
use super::phase::Phase;
use super::readings::Exploded;
use super::run::Run;
use super::task::Trained;

/// Says how training goes: to a person, and to `events.jsonl`.
pub(super) struct Reporter<'a> {
    context: &'a Context<'a>,
    epochs: usize,
    units: &'static str,
}

impl<'a> Reporter<'a> {
    /// Reports to `context` on a training of the given phases on `units`, "slices".
    pub(super) fn new(context: &'a Context<'a>, phases: &[Phase], units: &'static str) -> Self {
        Self {
            context,
            units,
            epochs: phases.iter().map(|phase| phase.epochs).sum(),
        }
    }

    /// The epoch that follows `done` of them.
    pub(super) fn label(&self, done: usize) -> EpochLabel {
        EpochLabel::new(done, self.epochs)
    }

    /// Training carries on where an earlier process stopped.
    pub(super) fn resumed<N: Trained>(&self, run: &Run<N>) {
        self.context.say(format!(
            "carries on after {} and {} of an earlier run",
            counted(run.history.epochs.len(), "epoch", "epochs"),
            counted(run.position.batches_of_epoch, "batch", "batches")
        ));
        self.context.event(
            "resumed",
            json!({"epochs": run.history.epochs.len(), "batches": run.position.batches}),
        );
    }

    /// A phase begins; its epochs hold what `holds` says.
    pub(super) fn phase(&self, index: usize, holds: &str) {
        self.context.say(format!("phase {}: {holds}", index + 1));
        self.context
            .event("phase", json!({"phase": index + 1, "epoch": holds}));
    }

    /// A phase ends before its last epoch.
    pub(super) fn stalled(&self, phase: usize, metric: &str, since: usize) {
        self.context.say(format!(
            "phase {} ends early: {metric} has not improved for {}",
            phase + 1,
            counted(since, "epoch", "epochs")
        ));
    }

    /// An epoch came to its end.
    pub(super) fn epoch(&self, epoch: &Epoch) {
        let label = self.label(epoch.epoch - 1);
        let labels = self.context.label_set();
        let headline = labels.name(labels.headline());
        let some = |text: Option<String>| text.unwrap_or_default();
        self.context.say(format!(
            "{label} · train loss {:.4} · validation loss {:.4}{}{} · lr {:.1e}{} · {:.1} {}/s · \
             data-loading wait {:.1} %{}",
            epoch.train_loss,
            epoch.valid_loss,
            some(
                epoch
                    .valid_auc_any
                    .map(|auc| format!(" · AUROC {headline} {auc:.3}"))
            ),
            if epoch.best { " · best" } else { "" },
            epoch.lr_end,
            some(
                epoch
                    .gradient_norm
                    .map(|norm| format!(" · gradient norm {norm:.2}"))
            ),
            epoch.slices_per_second,
            self.units,
            100.0 * epoch.data_loading_wait,
            some(epoch.memory_mib.map(|mib| format!(" · {mib:.0} MiB"))),
        ));
        self.context.event("epoch", json!(epoch));
    }

    /// A loss ended training, after `done` epochs, in a batch of the units `ids`.
    pub(super) fn exploded(
        &self,
        found: &Exploded,
        done: usize,
        [phase, steps]: [usize; 2],
        ids: &[String],
        units: &str,
    ) -> Error {
        self.context.event("exploded", exploded::details(found, ids));
        exploded::error(found, &self.label(done), phase, steps, ids, units)
    }

    /// The whole training in a line.
    pub(super) fn sum_up<N: Trained>(&self, run: &Run<N>) {
        let epochs = &run.history.epochs;
        let [validation, validation_waited] = run.position.validation;
        let seconds: f64 = epochs.iter().map(|epoch| epoch.seconds).sum::<f64>() + validation;
        let waited: f64 = epochs
            .iter()
            .map(|epoch| epoch.seconds * epoch.data_loading_wait)
            .sum::<f64>()
            + validation_waited;
        let share = waited / seconds.max(1e-9);
        let best = run.best.as_ref().map_or(0, |best| best.epoch);
        self.context.say(format!(
            "{} in {:.1?}, {:.1} % of it data-loading wait; epoch {best} is kept",
            counted(epochs.len(), "epoch", "epochs"),
            Duration::from_secs_f64(seconds.max(0.0)),
            100.0 * share
        ));
        self.context.record_fact("data_loading_wait", json!(share));
        self.context.event(
            "trained",
            json!({"epochs": epochs.len(), "seconds": seconds, "data_loading_wait": share, "kept": best}),
        );
    }
}
