//! What an epoch came to: its metrics, whether it is the best, its line.

use std::time::Duration;

use ichflow_api::context::Progress;
use ichflow_api::prelude::*;
use ichflow_api::tensors::history::Epoch;
use serde_json::json;

use super::checkpoint::Best;
use super::metric::Outcome;
use super::report::{Label, memory_mib};
use super::result;
use super::run::Run;
use super::trainer::Trainer;

impl Trainer<'_> {
    /// Judges the epoch that was just trained by the held-out slices, and begins the next.
    pub(super) fn judge(&self, run: &mut Run, phase: usize, progress: &dyn Progress) -> Result<()> {
        let network = run.evaluated();
        let model = self.model(network.clone());
        let held_out = self.held_out(&model, progress)?;
        let epoch = run.history.epochs.len() + 1;
        let outcome = Outcome {
            truth: held_out.truth,
            probabilities: held_out.probabilities,
            train_loss: run.position.sums.mean(),
            epoch,
        };
        let value = outcome.value(self.fit.keep);
        let best = run
            .best
            .as_ref()
            .is_none_or(|best| self.fit.keep.improves(value, best.value));
        let [lr, lr_end] = self.rates_of_epoch(run, phase);
        let windows = result::windows_of(&network)?;
        if best {
            result::write_best(self.directory, epoch, network.clone())?;
            run.best = Some(Best { epoch, value });
            let kept = result::best_file(self.directory, epoch);
            result::place(&kept, &self.context.file("checkpoints/best.bpk")?)?;
        }
        result::write_network(&self.context.file("checkpoints/last.bpk")?, network)?;
        let position = &mut run.position;
        let record = Epoch {
            epoch,
            phase: phase + 1,
            lr,
            train_loss: outcome.train_loss,
            valid_loss: outcome.valid_loss(),
            valid_auc_any: outcome.auc(0),
            best,
            slices_per_second: position.sums.slices as f64 / position.seconds.max(1e-9),
            waiting: position.waited / position.seconds.max(1e-9),
            lr_end,
            gradient_norm: position.sums.largest_norm,
            seconds: position.seconds,
            watched: outcome.value(self.fit.watched()),
            memory_mib: memory_mib(),
            windows,
        };
        position.judging[0] += held_out.took.as_secs_f64();
        position.judging[1] += held_out.waited.as_secs_f64();
        position.sums = Default::default();
        position.batches_of_epoch = 0;
        position.epochs_of_phase += 1;
        (position.seconds, position.waited) = (0.0, 0.0);
        self.say(&record, &Label::of(self.fit, epoch - 1));
        run.history.epochs.push(record);
        run.history.write_csv(&self.context.file("history.csv")?)
    }

    pub(super) fn model(&self, network: Network) -> Model {
        Model {
            preparation: self.preparation.clone(),
            network,
            description: self.description.clone(),
            views: Default::default(),
        }
    }

    fn say(&self, epoch: &Epoch, label: &Label) {
        let some = |text: Option<String>| text.unwrap_or_default();
        self.context.say(format!(
            "{label} · loss {:.4} · held out {:.4}{}{} · lr {:.1e}{} · {:.1} slices/s · waiting {:.1} %{}",
            epoch.train_loss,
            epoch.valid_loss,
            some(epoch.valid_auc_any.map(|auc| format!(" · AUC any {auc:.3}"))),
            if epoch.best { " · best" } else { "" },
            epoch.lr_end,
            some(epoch.gradient_norm.map(|norm| format!(" · norm {norm:.2}"))),
            epoch.slices_per_second,
            100.0 * epoch.waiting,
            some(epoch.memory_mib.map(|mib| format!(" · {mib:.0} MiB"))),
        ));
        self.context.event("epoch", json!(epoch));
    }

    /// The whole training in a line.
    pub(super) fn sum_up(&self, run: &Run) {
        let epochs = &run.history.epochs;
        let [judging, judging_waited] = run.position.judging;
        let seconds: f64 = epochs.iter().map(|epoch| epoch.seconds).sum::<f64>() + judging;
        let waited: f64 = epochs
            .iter()
            .map(|epoch| epoch.seconds * epoch.waiting)
            .sum::<f64>()
            + judging_waited;
        let share = waited / seconds.max(1e-9);
        let best = run.best.as_ref().map_or(0, |best| best.epoch);
        self.context.say(format!(
            "{} epochs in {:.1?}, {:.1} % of it waiting for data; epoch {best} is kept",
            epochs.len(),
            Duration::from_secs_f64(seconds.max(0.0)),
            100.0 * share
        ));
        self.context.record_fact("waiting", json!(share));
        self.context.event(
            "trained",
            json!({"epochs": epochs.len(), "seconds": seconds, "waiting": share, "kept": best}),
        );
    }
}
