//! What a run knows, typed: counts, splits, settings, measures, versions.

use std::collections::{BTreeMap, BTreeSet};

use ichflow_api::context::RunContext;
use ichflow_api::data::identity::Subject;
use ichflow_api::data::measures::{Metrics, PartMetrics};
use ichflow_api::data::selection::{LEFT_OUT, Selection};
use ichflow_api::nn::summary::Summary;
use ichflow_api::prelude::*;
use ichflow_api::tensors::history::Epoch;

use super::recipe::Recipe;

/// What facts are taken from.
pub(crate) struct Sources<'a> {
    pub cohort: &'a Cohort,
    pub folds: &'a Folds,
    pub valid: &'a Predictions,
    pub test: Option<&'a Predictions>,
    pub history: Option<&'a History>,
    pub model: Option<&'a Model>,
    pub network: Option<&'a Summary>,
    pub selection: Option<&'a Selection>,
    pub metrics: &'a Metrics,
    pub run: &'a RunContext,
    /// What kind of work a stage of the recipe does.
    pub family: fn(&str) -> Option<Family>,
}

/// What a run knows.
pub(crate) struct Facts<'a> {
    pub title: &'a str,
    pub recipe: Recipe,
    pub run: &'a RunContext,
    pub labels: &'a LabelSet,
    /// What the reference standard is about.
    pub level: Level,
    /// Whether slices are drawn and no patient's.
    pub is_synthetic: bool,
    pub parts: Vec<Part>,
    pub excluded: Excluded,
    /// Loaded slices without a value, label by label.
    pub missing: Vec<(String, usize)>,
    /// Slices loaded with labels.
    pub loaded: usize,
    pub metrics: &'a Metrics,
    pub model: Option<ModelFacts<'a>>,
    pub training: Option<TrainingFacts<'a>>,
    /// Predicted slices that a network behind the predictions was trained on.
    pub in_fold: usize,
    /// Whether predictions judged are of all folds, each by a network that was not trained on it.
    pub is_out_of_fold: bool,
}

/// Slices of one purpose.
pub(crate) struct Part {
    /// "training", "validation", "test".
    pub name: &'static str,
    pub patients: usize,
    pub studies: usize,
    /// Not counted where whole exams were predicted.
    pub slices: Option<usize>,
    /// Slices positive for each label, and slices where it is known.
    pub labels: Vec<(usize, usize)>,
    /// Patients by sex, and by band of age, as headers say.
    pub sex: BTreeMap<String, usize>,
    pub age: BTreeMap<String, usize>,
    /// Series by scanner, kernel, tube voltage and thickness, as headers say.
    pub scanners: BTreeMap<String, usize>,
    pub kernels: BTreeMap<String, usize>,
    pub kvp: BTreeMap<String, usize>,
    pub thickness: BTreeMap<String, usize>,
}

/// What was left out.
pub(crate) struct Excluded {
    /// Single slices, for a reason of each.
    pub slices: usize,
    /// Series, by the rule: how many series, how many slices.
    pub series: Vec<(String, usize, usize)>,
    /// Whether series were chosen at all, and how many of how many.
    pub chosen: Option<(usize, usize)>,
}

/// The network.
pub(crate) struct ModelFacts<'a> {
    pub description: &'a str,
    pub channels: usize,
    pub summary: Option<&'a Summary>,
    pub views: usize,
}

/// Training.
pub(crate) struct TrainingFacts<'a> {
    pub epochs: usize,
    pub best: Option<&'a Epoch>,
}

impl<'a> Facts<'a> {
    pub(crate) fn of(sources: &Sources<'a>) -> Self {
        let recipe = Recipe::of(&sources.run.resolved_recipe, sources.family);
        let is_synthetic = recipe.using("phantom").next().is_some();
        let cohort = sources.cohort;
        let fold = |fold| -> Vec<&Slice> {
            let indices = sources.folds.indices(fold);
            indices
                .iter()
                .filter_map(|index| cohort.slices.get(*index))
                .collect()
        };
        let (training, validation) = (fold(Fold::Train), fold(Fold::Valid));
        let trained: BTreeSet<&str> = training.iter().map(|slice| slice.id.as_str()).collect();
        let predicted_training = |slice: &Slice| trained.contains(slice.id.as_str());
        let is_out_of_fold =
            sources.valid.unit.is_slice() && sources.valid.slices.iter().any(predicted_training);
        let mut parts = Vec::new();
        if is_out_of_fold {
            let all: Vec<&Slice> = sources.valid.slices.iter().collect();
            parts.push(Part::of("out-of-fold validation", &all, &cohort.labels, true));
        } else {
            parts.push(Part::of("training", &training, &cohort.labels, true));
            parts.push(Part::of("validation", &validation, &cohort.labels, true));
        }
        if let Some(test) = sources.test {
            let slices: Vec<&Slice> = test.slices.iter().collect();
            parts.push(Part::of("test", &slices, &cohort.labels, test.unit.is_slice()));
        }
        parts.retain(|part| part.patients > 0);
        let missing = |label: usize| {
            let unknown = cohort.truths().filter(|truth| truth.value(label).is_none());
            (cohort.labels.name(label).to_owned(), unknown.count())
        };
        Self {
            title: match sources.run.title.trim() {
                "" => "Untitled run",
                title => title,
            },
            is_synthetic,
            run: sources.run,
            labels: &cohort.labels,
            level: cohort.level,
            parts,
            excluded: Excluded::of(sources),
            missing: (0..cohort.labels.len()).map(missing).collect(),
            loaded: cohort.len(),
            metrics: sources.metrics,
            model: sources.model.map(|model| ModelFacts {
                description: &model.description,
                channels: model.preparation.window.channels(),
                summary: sources.network,
                views: model.views.all().len(),
            }),
            training: sources.history.map(|history| TrainingFacts {
                epochs: history.epochs.len(),
                best: history.epochs.iter().rev().find(|epoch| epoch.best),
            }),
            in_fold: sources
                .valid
                .slices
                .iter()
                .filter(|slice| sources.valid.in_fold.contains(&slice.id))
                .count(),
            is_out_of_fold,
            recipe,
        }
    }

    /// Whether the model was trained elsewhere.
    pub(crate) fn is_bundled(&self) -> bool {
        self.recipe.using("bundled-model").next().is_some()
    }

    /// The measures of the test slices, where these have a known truth.
    pub(crate) fn test_metrics(&self) -> Option<&PartMetrics> {
        self.metrics.test.as_ref()
    }

    /// A text of `provenance.json` known before the run ended; empty where it is not there.
    pub(crate) fn provenance(&self, pointer: &str) -> String {
        match self.run.provenance.pointer(pointer) {
            None | Some(serde_json::Value::Null) => String::new(),
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    }

    /// Which run this is, in a line.
    pub(crate) fn identity(&self) -> String {
        let known = [
            ("ichflow", self.provenance("/ichflow")),
            ("recipe key", self.provenance("/recipe_key")),
            ("seed", self.provenance("/seed")),
            ("started", self.provenance("/started")),
        ];
        let known: Vec<String> = known
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name} {value}"))
            .collect();
        match known.is_empty() {
            true => "The run has no provenance.".to_owned(),
            false => format!("This run: {}.", known.join(" · ")),
        }
    }
}

impl Excluded {
    fn of(sources: &Sources<'_>) -> Self {
        let quarantined = sources.run.quarantined();
        let single = quarantined.iter().filter(|one| !one.reason.starts_with(LEFT_OUT));
        Self {
            slices: single.count(),
            series: sources.selection.map_or(Vec::new(), |selection| {
                let rules = selection.by_rule().into_iter();
                rules
                    .map(|(rule, series, slices, _)| (rule.to_owned(), series, slices))
                    .collect()
            }),
            chosen: sources
                .selection
                .map(|selection| (selection.chosen(), selection.series.len())),
        }
    }
}

impl Part {
    fn of(name: &'static str, slices: &[&Slice], set: &LabelSet, are_slices: bool) -> Self {
        let mut part = Self {
            name,
            patients: 0,
            studies: 0,
            slices: are_slices.then_some(slices.len()),
            labels: vec![(0, 0); set.len()],
            sex: BTreeMap::new(),
            age: BTreeMap::new(),
            scanners: BTreeMap::new(),
            kernels: BTreeMap::new(),
            kvp: BTreeMap::new(),
            thickness: BTreeMap::new(),
        };
        let (mut patients, mut studies, mut series) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let count = |map: &mut BTreeMap<String, usize>, value: String| {
            if !value.trim().is_empty() {
                *map.entry(value.trim().to_owned()).or_default() += 1;
            }
        };
        for slice in slices {
            for (label, (positive, known)) in part.labels.iter_mut().enumerate() {
                let truth = slice.labels.as_ref().and_then(|truth| truth.positive(label));
                *known += usize::from(truth.is_some());
                *positive += usize::from(truth == Some(true));
            }
            if patients.insert(Subject::of(slice)) {
                count(&mut part.sex, slice.scan.sex.clone());
                count(
                    &mut part.age,
                    slice.scan.age_band().unwrap_or_default().to_owned(),
                );
            }
            studies.insert(Subject::new("", &slice.study, &slice.id));
            if series.insert(Subject::new("", &slice.series, &slice.id)) {
                count(&mut part.scanners, slice.scan.scanner());
                count(&mut part.kernels, slice.scan.kernel.clone());
                let number = |value: Option<f32>| value.map_or(String::new(), |value| value.to_string());
                count(&mut part.kvp, number(slice.scan.kvp));
                count(&mut part.thickness, number(slice.header.thickness_mm));
            }
        }
        (part.patients, part.studies) = (patients.len(), studies.len());
        part
    }
}
