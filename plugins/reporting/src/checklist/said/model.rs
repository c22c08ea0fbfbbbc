//! On the network, its training and what it is run with.

use ichflow_api::prelude::*;

use super::super::answer::{Place, Said};
use super::super::facts::Facts;
use super::super::recipe::shown;
use super::{key, table};
use crate::render::numbers::{counted, thousands};

impl Facts<'_> {
    pub(crate) fn technique(&self) -> Vec<Said> {
        match &self.model {
            Some(model) => vec![Said::new(
                format!(
                    "Deep learning: a network, described as \"{}\" before training.",
                    model.description
                ),
                [Place::Report("network")],
            )],
            None => self.by_family(Family::Predict, "No network was trained; probabilities are by "),
        }
    }

    /// What a model sees of an exam.
    pub(crate) fn predictors(&self) -> Vec<Said> {
        match self.model {
            Some(_) => self.by_family(Family::Window, "The network sees slices through "),
            None => Vec::new(),
        }
    }

    pub(crate) fn architecture(&self) -> Vec<Said> {
        let Some(model) = &self.model else {
            return self.by_family(Family::Predict, "Without a network: ");
        };
        let mut said = self.by_family(Family::Network, "The network is ");
        if let Some(summary) = model.summary {
            let [channels, rows, columns] = summary.image;
            said.push(Said::new(
                format!(
                    "Input: {channels} channels of {rows} × {columns} pixels. Output: {}, each by a sigmoid. {} trainable \
                     parameters, {} multiply-adds an image; every layer is listed.",
                    counted(self.labels.len(), "probability", "probabilities"),
                    thousands(summary.parameters),
                    thousands(usize::try_from(summary.multiply_adds).unwrap_or(usize::MAX)),
                ),
                [Place::Report("network")],
            ));
        } else {
            said.push(Said::new(
                format!("Input: {} channels.", model.channels),
                [Place::Report("network")],
            ));
        }
        said
    }

    pub(crate) fn software(&self) -> Vec<Said> {
        let mut said = Vec::new();
        let (ichflow, burn) = (self.provenance("/ichflow"), self.provenance("/burn"));
        if !ichflow.is_empty() {
            let burn = if burn.is_empty() {
                String::new()
            } else {
                format!(", burn {burn}")
            };
            said.push(Said::new(
                format!("ichflow {ichflow}{burn}."),
                [Place::Provenance("ichflow")],
            ));
        }
        let commit = self.provenance("/git/commit");
        if !commit.is_empty() {
            let changed = match self.provenance("/git/changed").as_str() {
                "true" => ", with changes that are in no commit",
                _ => "",
            };
            said.push(Said::new(
                format!("The directory it ran in is a repository at commit {commit}{changed}."),
                [Place::Provenance("git")],
            ));
        }
        said
    }

    pub(crate) fn hardware(&self) -> Vec<Said> {
        let device = self.provenance("/device");
        if device.is_empty() {
            return Vec::new();
        }
        let (os, architecture, processors) = (
            self.provenance("/system/os"),
            self.provenance("/system/architecture"),
            self.provenance("/system/processors"),
        );
        let system = match os.is_empty() {
            true => String::new(),
            false => format!(" ({os}, {architecture}, {processors} processors)"),
        };
        vec![Said::new(
            format!("Device: {device}{system}."),
            [Place::Provenance("device")],
        )]
    }

    pub(crate) fn initialization(&self) -> Vec<Said> {
        let Some(model) = &self.model else {
            return Vec::new();
        };
        let mut said = vec![Said::new(
            format!("Before training the network is \"{}\".", model.description),
            [Place::Report("network")],
        )];
        for stage in self.stages(Family::Network) {
            if let Some(weights) = stage.param("weights") {
                said.push(Said::new(
                    format!("Weights: {}.", shown(weights)),
                    [key(stage, "weights")],
                ));
            }
        }
        let seed = self.provenance("/seed");
        if !seed.is_empty() {
            said.push(Said::new(
                format!("Random numbers come from seed {seed}."),
                [Place::Provenance("seed")],
            ));
        }
        said
    }

    pub(crate) fn training(&self) -> Vec<Said> {
        let mut said: Vec<Said> = Vec::new();
        for stage in self.stages(Family::Train) {
            if stage.uses == "bundled-model" {
                said.push(Said::new(
                    "Not trained in this run: the model comes from a bundle.",
                    [table(stage)],
                ));
                continue;
            }
            said.push(Said::new(
                format!("Trained by {}.", stage.in_full()),
                [table(stage)],
            ));
            for (what, name) in [
                ("Phases", "phases"),
                ("Optimizer", "optimizer"),
                ("Early stopping", "early_stopping"),
            ] {
                if let Some(value) = stage.param(name) {
                    said.push(Said::new(
                        format!("{what}: {}.", shown(value)),
                        [key(stage, name)],
                    ));
                }
            }
        }
        said.extend(self.by_family(Family::Loss, "Loss: "));
        let augmentations = ["flip-crop", "affine", "erase", "intensity-jitter", "mixup"];
        for stage in self.stages(Family::Transform) {
            if augmentations.contains(&stage.uses.as_str()) {
                said.push(Said::new(
                    format!("Augmentation: {}.", stage.in_full()),
                    [table(stage)],
                ));
            }
        }
        if let Some(training) = &self.training {
            said.push(Said::new(
                format!(
                    "{} were run; the course of each is recorded.",
                    counted(training.epochs, "epoch", "epochs")
                ),
                [Place::File("history.csv"), Place::Report("training")],
            ));
        }
        said
    }

    pub(crate) fn selection(&self) -> Vec<Said> {
        let mut said = Vec::new();
        for stage in self.stages(Family::Train) {
            if let Some(metric) = stage
                .param("checkpoint")
                .and_then(|checkpoint| checkpoint.get("metric"))
            {
                said.push(Said::new(
                    format!(
                        "The epoch with the best {} on the validation part was kept.",
                        shown(metric)
                    ),
                    [key(stage, "checkpoint.metric")],
                ));
            }
        }
        if let Some(best) = self.training.as_ref().and_then(|training| training.best) {
            said.push(Said::new(
                format!(
                    "That was epoch {} (validation loss {:.4}).",
                    best.epoch, best.valid_loss
                ),
                [Place::File("history.csv")],
            ));
        }
        said
    }

    pub(crate) fn ensembling(&self) -> Vec<Said> {
        let mut said: Vec<Said> = self
            .recipe
            .using("ensemble")
            .chain(self.recipe.using("tta"))
            .map(|stage| {
                Said::new(
                    format!("Predictions are combined by {}.", stage.in_full()),
                    [table(stage)],
                )
            })
            .collect();
        let views = self.model.as_ref().map_or(1, |model| model.views);
        if said.is_empty() {
            said.push(Said::new(
                match views {
                    1 => "No ensemble: one network predicts one view of each slice.".to_owned(),
                    views => {
                        format!("No ensemble; probabilities are means over {views} views of each slice.")
                    }
                },
                [],
            ));
        }
        said
    }

    pub(crate) fn explainability(&self) -> Vec<Said> {
        let mut said: Vec<Said> = self
            .recipe
            .using("grad-cam")
            .map(|stage| {
                Said::new(
                    format!(
                        "Heat maps of example slices by {}.",
                        stage.in_words(&["weighing", "shifts"])
                    ),
                    [
                        table(stage),
                        Place::File("heat_maps.csv"),
                        Place::Report("slices"),
                    ],
                )
            })
            .collect();
        let is_validated = self.metrics.localization.is_some();
        if is_validated {
            said.push(Said::new(
                "They were held against annotations of where findings are.",
                [Place::Metrics("localization"), Place::Report("localization")],
            ));
        } else if !said.is_empty() {
            said.push(Said::new(
                "They were not held against annotations in this run.",
                [],
            ));
        }
        if said.is_empty() {
            said.push(Said::new("None in this run.", []));
        }
        said
    }

    pub(crate) fn imbalance(&self) -> Vec<Said> {
        let mut said = vec![Said::new(
            format!(
                "Prevalence in training: {}.",
                self.metrics
                    .training_prevalence
                    .iter()
                    .map(|one| format!("{} {:.1} %", one.label, 100.0 * one.share))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            [Place::Metrics("training_prevalence")],
        )];
        for stage in self.stages(Family::Train) {
            let phases = stage.param("phases").and_then(toml::Value::as_array);
            let samplings: Vec<String> = phases
                .into_iter()
                .flatten()
                .filter_map(|phase| phase.get("sampling").map(shown))
                .collect();
            if !samplings.is_empty() {
                said.push(Said::new(
                    format!("Slices are drawn, phase by phase: {}.", samplings.join(", ")),
                    [key(stage, "phases")],
                ));
            }
        }
        said.extend(self.by_family(Family::Loss, "Loss: "));
        said
    }

    pub(crate) fn prediction(&self) -> Vec<Said> {
        let mut said: Vec<Said> = self.by_family(Family::Predict, "Computed by ");
        if let Some(stage) = self.recipe.using("model-bundle").next() {
            said.push(Said::new(
                "All it takes to predict is in a bundle: window, network, weights, what follows them.",
                [table(stage), Place::File("model")],
            ));
        }
        said
    }

    pub(crate) fn specification(&self) -> Vec<Said> {
        let mut said = vec![Said::new(
            "The recipe with all its defaults and its seed is recorded, to be run again on the same data.",
            [
                Place::File("recipe.resolved.toml"),
                Place::Provenance("recipe_key"),
            ],
        )];
        if let Some(stage) = self.recipe.using("model-bundle").next() {
            said.push(Said::new(
                "The trained model with its weights is a bundle that `ichflow predict` applies to other slices.",
                [table(stage), Place::File("model")],
            ));
        }
        said
    }
}
