//! The learning rate of every step of a training.

use super::StepOf;
use crate::fit::optimizer::Rate;
use crate::fit::phase::Phase;

impl Phase {
    /// What `lr` is multiplied by in optimizer step `step` (from 0) of `steps` in the whole phase, `per_epoch` of
    /// them in an epoch: by the warm-up, then by the schedule.
    pub fn factor(&self, step: usize, steps: usize, per_epoch: usize) -> f64 {
        let warmup = self.warmup.as_ref();
        let warming = warmup.map_or(0, |warmup| warmup.steps(per_epoch)).min(steps);
        match warmup {
            Some(warmup) if step < warming => warmup.factor(step, warming),
            _ => self.schedule.factor(StepOf {
                step: step - warming,
                steps: steps - warming,
                per_epoch,
            }),
        }
    }
}

/// The learning rates of all phases.
#[derive(Clone, Copy, Debug)]
pub struct Rates<'a> {
    phases: &'a [Phase],
}

impl<'a> Rates<'a> {
    /// Those of the given phases.
    pub fn new(phases: &'a [Phase]) -> Self {
        Self { phases }
    }

    /// The rate of step `step` (from 0) of phase `phase`, which has `per_epoch` in an epoch. `epoch` counts from 1 over
    /// all phases.
    pub fn at(self, phase: usize, step: usize, per_epoch: usize, epoch: usize) -> Rate {
        let rates = self.phases.iter().map(|phase| phase.lr);
        let phase = &self.phases[phase];
        Rate {
            lr: phase.lr * phase.factor(step, per_epoch * phase.epochs, per_epoch),
            highest: rates.fold(f64::MIN_POSITIVE, f64::max),
            epoch,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warm_up_comes_first_and_the_schedule_has_the_rest() {
        let text = r#"[
            {"epochs": 2, "lr": 0.4, "warmup": {"epochs": 1, "initial_factor": 0.5},
             "schedule": {"kind": "cosine"}},
            {"epochs": 1, "lr": 0.1}
        ]"#;
        let phases: Vec<Phase> = serde_json::from_str(text).unwrap();
        let rates = Rates::new(&phases);
        let lr = |step| rates.at(0, step, 4, 1).lr;
        assert_eq!((lr(0), lr(2)), (0.2, 0.4 * 0.75));
        assert_eq!(lr(4), 0.4);
        assert!((lr(6) - 0.2).abs() < 1e-12);
        let second = rates.at(1, 3, 4, 3);
        assert_eq!((second.lr, second.highest, second.epoch), (0.1, 0.4, 3));
    }
}
