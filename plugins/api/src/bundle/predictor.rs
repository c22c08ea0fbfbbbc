//! Predicting slices with a bundle.

use std::sync::Arc;

use super::machine::Machine;
use super::wires::SLICES;
use crate::data::profile::{Novelty, Readings};
use crate::ports::AnyArtifact;
use crate::prelude::*;

/// Predicts slices with a bundle. The model is made once, what is of the slices anew with each call.
pub struct Predictor<'a> {
    machine: Machine<'a>,
    calls: usize,
}

/// What a bundle makes of slices.
pub struct Predicted {
    /// Probabilities.
    pub predictions: Predictions,
    /// What was read of each slice beside the training data, where the bundle knows that.
    pub readings: Option<Readings>,
}

impl<'a> Predictor<'a> {
    pub(super) fn new(machine: Machine<'a>) -> Self {
        Self { machine, calls: 0 }
    }

    /// Makes the model, so that the first call waits no longer than others.
    ///
    /// # Errors
    /// When this program lacks one of its stages, or the bundle is not what it says.
    pub fn prepare(&mut self) -> Result<()> {
        let wire = &self.machine.bundle().index().model;
        self.machine.make(wire).map(drop)
    }

    /// What the whole chain, what follows the network included, makes of some slices. Those that cannot be read are
    /// among the excluded ones of the run, and not among the predictions.
    ///
    /// # Errors
    /// When this program lacks a stage of the bundle, when one fails, or when the run should stop.
    pub fn predict(&mut self, mut cohort: Cohort, pixels: Pixels) -> Result<Predicted> {
        let machine = &mut self.machine;
        cohort.labels = machine.bundle().index().label_set.clone();
        self.calls += 1;
        machine.begin(format!("slices-{}", self.calls), &cohort);
        let given: [(&str, AnyArtifact); 2] = [("cohort", Arc::new(cohort)), ("pixels", Arc::new(pixels))];
        for (name, artifact) in given {
            machine.give(&format!("{SLICES}.{name}"), artifact);
        }
        let bundle = machine.bundle();
        let predictions = machine.predictions(&bundle.index().predictions)?;
        let novelty = bundle.index().profile.as_ref().map(|profile| {
            let novelty = machine.make(&profile.novelty)?;
            novelty
                .downcast::<Novelty>()
                .map_err(|_| bundle.broken(&profile.novelty))
        });
        Ok(Predicted {
            predictions,
            readings: novelty.transpose()?.map(|novelty| novelty.valid.clone()),
        })
    }

    /// What the exams of the slices last predicted are made of; nothing where the bundle makes none.
    ///
    /// # Errors
    /// As [`Predictor::predict`].
    pub fn slices_of_exams(&mut self) -> Result<Option<Predictions>> {
        let bundle = self.machine.bundle();
        let Some(exams) = &bundle.index().exams else {
            return Ok(None);
        };
        self.machine.predictions(&exams.slices).map(Some)
    }

    /// Exams, of all that [`Predictor::slices_of_exams`] gave of their slices.
    ///
    /// # Errors
    /// When the bundle makes none, or as [`Predictor::predict`].
    pub fn exams(&mut self, slices: Predictions) -> Result<Predictions> {
        let bundle = self.machine.bundle();
        let exams = bundle
            .index()
            .exams
            .as_ref()
            .ok_or_else(|| bundle.without_exams())?;
        self.calls += 1;
        self.machine
            .begin(format!("slices-{}", self.calls), &Cohort::default());
        self.machine.give(&exams.slices, Arc::new(slices));
        self.machine.predictions(&exams.predictions)
    }
}
