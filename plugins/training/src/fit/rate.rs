//! The learning rate of every step.
//!
//! A rate is a function of the step alone and has no state, so that a run that was interrupted needs none
//! restored. burn's own schedules count their calls, and have no one-cycle.

use std::f64::consts::PI;

use super::phase::{Phase, RateCurve};

impl Phase {
    /// What `lr` is multiplied by in optimiser step `step` (from 0) of `steps` in the whole phase, `per_epoch`
    /// of them in an epoch. As PyTorch's `LinearLR` followed by `StepLR`, `CosineAnnealingLR` or
    /// `OneCycleLR`, each called once a step.
    pub fn rate(&self, step: usize, steps: usize, per_epoch: usize) -> f64 {
        let warmup = ((self.warmup * per_epoch as f64).round() as usize).min(steps);
        if step < warmup {
            return between(self.warmup_start, 1.0, step as f64 / warmup as f64);
        }
        let (step, steps) = (step - warmup, steps - warmup);
        match self.curve {
            RateCurve::Constant => 1.0,
            RateCurve::Step => {
                let falls = step / (self.step_epochs * per_epoch).max(1);
                self.step_factor.powi(falls.min(i32::MAX as usize) as i32)
            }
            RateCurve::Cosine => cosine(1.0, self.end, step as f64 / steps.max(1) as f64),
            RateCurve::OneCycle => {
                let top = self.rise * steps as f64 - 1.0;
                let last = steps as f64 - 1.0;
                let step = step as f64;
                if step <= top && top > 0.0 {
                    cosine(self.start, 1.0, step / top)
                } else {
                    cosine(1.0, self.end, (step - top) / (last - top))
                }
            }
        }
    }
}

/// The straight line from `from` to `to`.
fn between(from: f64, to: f64, part: f64) -> f64 {
    from + (to - from) * part
}

/// Half a cosine from `from` to `to`.
fn cosine(from: f64, to: f64, part: f64) -> f64 {
    to + (from - to) * (1.0 + (PI * part).cos()) / 2.0
}
