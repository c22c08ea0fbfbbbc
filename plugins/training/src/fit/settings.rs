//! What a recipe says of training, whatever is trained.

use std::collections::BTreeMap;

use ichflow_api::prelude::*;

use super::checkpoint::Checkpoint;
use super::early_stopping::EarlyStopping;
use super::gradients::Clipping;
use super::metric::Metric;
use super::optimizer::Optimizer;
use super::phase::Phase;
use crate::kind::Kind;

/// The parameters that the loop takes from a stage.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    /// Phases of training, one after the other.
    pub phases: &'a [Phase],
    /// Units in a batch.
    pub batch: usize,
    /// Batches in a step.
    pub accumulate: usize,
    /// How weights follow their gradients.
    pub optimizer: &'a Kind<dyn Optimizer>,
    /// Learning rates of parts by their path, as multiples of the phase's.
    pub lr_multipliers: &'a BTreeMap<String, f64>,
    /// What is done to gradients before a step.
    pub clipping: Clipping,
    /// Decay of an average of the weights.
    pub ema: Option<f64>,
    /// Which epoch is kept, and how often the state is written.
    pub checkpoint: &'a Checkpoint,
    /// When a phase ends before its last epoch.
    pub early_stopping: Option<&'a EarlyStopping>,
    /// A loss above this ends training.
    pub max_loss: f64,
}

impl Settings<'_> {
    /// What early stopping compares epochs by.
    pub(crate) fn monitored(&self) -> &Metric {
        let monitor = self.early_stopping.and_then(|stopping| stopping.monitor.as_ref());
        monitor.unwrap_or(&self.checkpoint.metric)
    }

    /// What the types of these parameters cannot say.
    pub(crate) fn check(&self) -> Vec<Problem> {
        let phases = self.phases.iter().enumerate();
        let mut problems: Vec<Problem> = phases.flat_map(|(index, phase)| phase.check(index)).collect();
        for mut problem in self.optimizer.check() {
            problem.key = format!("optimizer.{}", problem.key);
            problems.push(problem);
        }
        let unlikely = |(_, times): &(&String, &f64)| !(0.0..=1e6).contains(*times);
        if let Some((part, times)) = self.lr_multipliers.iter().find(unlikely) {
            problems.push(Problem::new(
                "lr_multipliers",
                format!("the learning rate of `{part}` cannot be {times} times the phase's"),
            ));
        }
        problems
    }

    /// Labels named in these parameters that there are not.
    pub(crate) fn check_labels(&self, labels: &LabelSet) -> Vec<Problem> {
        let monitor = self.early_stopping.and_then(|stopping| stopping.monitor.as_ref());
        let metrics = [
            ("checkpoint.metric", Some(&self.checkpoint.metric)),
            ("early_stopping.monitor", monitor),
        ];
        let problem = |(key, metric): (&str, Option<&Metric>)| {
            let unknown = metric?.unknown_label(labels)?;
            Some(
                Problem::new(key, format!("there is no label `{unknown}`"))
                    .help(format!("labels are {labels}")),
            )
        };
        metrics.into_iter().filter_map(problem).collect()
    }

    /// Where training goes on with what a run that was stopped has left in `directory`.
    pub(crate) fn resumes(&self, directory: &std::path::Path) -> Option<String> {
        let position = super::checkpoint::position_in(directory)?;
        let before = self.phases.iter().take(position.phase).map(|phase| phase.epochs);
        let epoch = before.sum::<usize>() + position.epochs_of_phase + 1;
        let all: usize = self.phases.iter().map(|phase| phase.epochs).sum();
        Some(format!("resumes at epoch {} of {all}", epoch.min(all)))
    }
}
