//! On performance, and on what it was measured.

use ichflow_api::data::measures::{LabelMetrics, LabelStatistics, Measure, PartMetrics};
use ichflow_api::metrics::Interval;
use ichflow_api::prelude::*;

use super::super::answer::{Place, Said};
use super::super::facts::Facts;
use super::{key, some, table};
use crate::render::numbers::{counted, thousands};

fn with_interval(value: f64, interval: Option<&Interval>) -> String {
    match interval {
        Some(interval) => format!("{value:.3} (95 % CI {:.3} to {:.3})", interval.low, interval.high),
        None => format!("{value:.3} (no interval)"),
    }
}

/// The measures of one part, at one level.
struct Measured<'a> {
    name: &'static str,
    /// Where its log loss, its labels and its statistics stand in `metrics.json`.
    keys: [&'static str; 3],
    unit: Level,
    part: &'a PartMetrics,
}

impl Measured<'_> {
    fn places(&self, key: usize) -> [Place; 2] {
        [Place::Metrics(self.keys[key]), Place::Report("metrics")]
    }

    fn performance(&self) -> Vec<Said> {
        let part = self.part;
        let mut said = vec![Said::new(
            format!(
                "{}, {} of {}: weighted log loss {}, against {:.3} of the prevalence baseline.",
                self.name,
                counted(part.slices, self.unit.name(), self.unit.plural()),
                counted(part.patients, "patient", "patients"),
                with_interval(part.weighted_log_loss, part.weighted_log_loss_interval.as_ref()),
                part.prevalence_log_loss
            ),
            self.places(0),
        )];
        let aurocs: Vec<String> = part
            .labels
            .iter()
            .filter_map(|label| {
                let interval = part.label_intervals.iter().find(|of| of.label == label.label);
                let interval = interval.and_then(|of| of.auc.as_ref());
                Some(format!("{} {}", label.label, with_interval(label.auc?, interval)))
            })
            .collect();
        if !aurocs.is_empty() {
            said.push(Said::new(
                format!(
                    "{}, AUROC over {}: {}.",
                    self.name,
                    self.unit.plural(),
                    aurocs.join("; ")
                ),
                self.places(1),
            ));
        }
        said
    }

    /// Sensitivity and specificity, with intervals where these were computed; at the chosen thresholds where there are some.
    fn diagnostic(&self) -> Option<Said> {
        let part = self.part;
        let labels: Vec<String> = match part.statistics.is_empty() {
            true => part.labels.iter().map(without_intervals).collect(),
            false => part.statistics.iter().filter_map(with_intervals).collect(),
        };
        (!labels.is_empty()).then(|| {
            let key = if part.statistics.is_empty() { 1 } else { 2 };
            Said::new(
                format!("{}, of {}: {}.", self.name, self.unit.plural(), labels.join("; ")),
                self.places(key),
            )
        })
    }
}

fn with_intervals(label: &LabelStatistics) -> Option<String> {
    let points = &label.operating_points;
    let point = points.iter().find(|point| point.chosen).or(points.first())?;
    let counts = point.confusion;
    let share = |measure: &Option<Measure>, of: usize, all: usize| match measure {
        None => "undefined".to_owned(),
        Some(measure) => {
            let interval = match (measure.interval, measure.method) {
                (Some(interval), Some(method)) => format!(
                    ", 95 % CI {:.1} to {:.1} by {}",
                    100.0 * interval.low,
                    100.0 * interval.high,
                    method.in_words()
                ),
                _ => ", no interval".to_owned(),
            };
            format!("{:.1} % ({of} of {all}{interval})", 100.0 * measure.value)
        }
    };
    Some(format!(
        "{} at a threshold of {:.3}{}: sensitivity {}, specificity {}",
        label.label,
        point.threshold,
        if point.chosen { " (chosen)" } else { "" },
        share(
            &point.sensitivity,
            counts.true_positives,
            counts.true_positives + counts.false_negatives
        ),
        share(
            &point.specificity,
            counts.true_negatives,
            counts.true_negatives + counts.false_positives
        ),
    ))
}

fn without_intervals(label: &LabelMetrics) -> String {
    let at = &label.at_threshold;
    let counts = at.confusion;
    let share = |value: Option<f64>, of: usize, all: usize| match value {
        Some(value) => format!("{:.1} % ({of} of {all}, no interval)", 100.0 * value),
        None => "undefined".to_owned(),
    };
    format!(
        "{} at a threshold of {}: sensitivity {}, specificity {}",
        label.label,
        at.threshold,
        share(
            at.sensitivity,
            counts.true_positives,
            counts.true_positives + counts.false_negatives
        ),
        share(
            at.specificity,
            counts.true_negatives,
            counts.true_negatives + counts.false_positives
        ),
    )
}

impl Facts<'_> {
    pub(crate) fn measures(&self) -> Vec<Said> {
        let computed = &self.metrics.computed;
        let mut said = vec![Said::new(
            format!(
                "Per label: AUROC, average precision, log loss, accuracy, Brier score, expected calibration error in {} \
                 bins, sensitivity, specificity, positive predictive value and F1 at a threshold, sensitivity at a \
                 specificity of {}; over all labels the weighted log loss.",
                computed.calibration_bins, computed.specificity
            ),
            [Place::Metrics("valid.labels"), Place::Report("metrics")],
        )];
        if let Some((unit, ..)) = self.metrics.of_exams() {
            said.push(Said::new(
                format!(
                    "Of whole {}: AUROC and its part at few false positives, sensitivity, specificity, predictive values, \
                     likelihood ratios, net benefit over thresholds, calibration-in-the-large, slope and intercept.",
                    unit.plural()
                ),
                [Place::Report("evidence")],
            ));
        }
        if self.metrics.baseline.is_some() {
            said.push(Said::new(
                "Compared with a baseline on the same cases.",
                [Place::Metrics("versus_baseline")],
            ));
        }
        said.push(Said::new(
            "Compared with the prevalence baseline.",
            [Place::Metrics("valid.prevalence_log_loss")],
        ));
        said
    }

    pub(crate) fn uncertainty(&self) -> Vec<Said> {
        let resamples = self.metrics.computed.bootstrap;
        let mut said = match resamples {
            0 => Vec::new(),
            _ => vec![Said::new(
                format!(
                    "95 % intervals are percentiles of {resamples} bootstrap resamples of whole patients (each with all its \
                     slices)."
                ),
                [
                    Place::Metrics("bootstrap"),
                    Place::Metrics("valid.label_intervals"),
                ],
            )],
        };
        if self.metrics.of_exams().is_some() {
            said.push(Said::new(
                "Beside each interval of whole exams stands its method: closed forms where every patient has one, else \
                 methods for clustered cases or the bootstrap over patients.",
                [Place::Report("evidence")],
            ));
        }
        said
    }

    pub(crate) fn subgroups(&self) -> Vec<Said> {
        let groups = self.metrics.valid.groups.as_ref();
        some(groups.map(|groups| {
            Said::new(
                format!(
                    "Measured apart: {} pixel encodings, {} places along the series, and the spread over patients.",
                    groups.by_encoding.len(),
                    groups.by_position.len()
                ),
                [Place::Metrics("valid.groups"), Place::Report("groups")],
            )
        }))
    }

    pub(crate) fn internal(&self) -> Vec<Said> {
        if self.is_bundled() {
            return Vec::new();
        }
        let valid = &self.metrics.valid;
        let mut said = vec![Said::new(
            format!(
                "Validation: {} of {} set apart from the loaded cohort.",
                self.units(valid.slices),
                counted(valid.patients, "patient", "patients")
            ),
            [Place::Metrics("valid.slices"), Place::Report("metrics")],
        )];
        let chosen = self
            .stages(Family::Train)
            .into_iter()
            .find(|stage| stage.param("checkpoint").is_some());
        if let Some(stage) = chosen {
            said.push(Said::new(
                "The kept epoch was chosen on these, so that their scores tend to be too good.",
                [key(stage, "checkpoint")],
            ));
        }
        if let Some(test) = self.test_metrics() {
            said.push(Said::new(
                format!(
                    "Test: {} of {} that neither training nor the choice of the epoch used.",
                    self.units(test.slices),
                    counted(test.patients, "patient", "patients")
                ),
                [Place::Metrics("test.slices"), Place::Report("metrics")],
            ));
        }
        said
    }

    pub(crate) fn external(&self) -> Vec<Said> {
        if let Some(stage) = self.recipe.using("bundled-model").next() {
            let seen = match self.in_fold {
                0 => "none of the predicted slices is known to have been in its training".to_owned(),
                seen => format!("{} of the predicted slices were in its training", thousands(seen)),
            };
            return vec![Said::new(
                format!(
                    "A model that was trained before, from its bundle, is measured on {}; {seen}.",
                    self.units(self.metrics.valid.slices)
                ),
                [table(stage), Place::Metrics("valid.slices")],
            )];
        }
        let by_site: Vec<Said> = self
            .recipe
            .using("hold-out")
            .chain(self.recipe.using("site-split"))
            .map(|stage| {
                Said::new(
                    format!(
                        "Sites that the recipe names are kept apart by {}; whether they are other institutions, it does not \
                         know.",
                        stage.in_full()
                    ),
                    [table(stage)],
                )
            })
            .collect();
        if !by_site.is_empty() {
            return by_site;
        }
        let loaders: Vec<_> = self.recipe.loaders().collect();
        let places: Vec<Place> = loaders.iter().map(|stage| table(stage)).collect();
        let text = match loaders.len() {
            0 | 1 => {
                "No external test in this run: training, validation and test slices come from one loader, and the run does \
                 not know of which institutions they are."
            }
            _ => {
                "Slices come from several loaders; of which institutions they are, and whether any is external to training, \
                 the run does not know."
            }
        };
        vec![Said::new(text, places)]
    }

    /// Everything that was measured: slices, or whole exams, or exams beside slices; of validation and of test.
    fn measured(&self) -> Vec<Measured<'_>> {
        let of = |name, keys: [&'static str; 3], unit, part| Measured {
            name,
            keys,
            unit,
            part,
        };
        let unit = self.metrics.unit;
        let mut all = vec![of(
            "Validation",
            ["valid.weighted_log_loss", "valid.labels", "valid.statistics"],
            unit,
            &self.metrics.valid,
        )];
        if let Some(test) = self.test_metrics() {
            let keys = ["test.weighted_log_loss", "test.labels", "test.statistics"];
            all.push(of("Test", keys, unit, test));
        }
        if let Some(exams) = &self.metrics.exams {
            let keys = [
                "exams.valid.weighted_log_loss",
                "exams.valid.labels",
                "exams.valid.statistics",
            ];
            all.push(of("Validation", keys, exams.unit, &exams.valid));
            if let Some(test) = &exams.test {
                let keys = [
                    "exams.test.weighted_log_loss",
                    "exams.test.labels",
                    "exams.test.statistics",
                ];
                all.push(of("Test", keys, exams.unit, test));
            }
        }
        all
    }

    pub(crate) fn performance(&self) -> Vec<Said> {
        self.measured().iter().flat_map(Measured::performance).collect()
    }

    pub(crate) fn diagnostic(&self) -> Vec<Said> {
        self.measured().iter().flat_map(Measured::diagnostic).collect()
    }

    pub(crate) fn failures(&self) -> Vec<Said> {
        if !self.metrics.unit.is_slice() {
            return Vec::new();
        }
        vec![Said::new(
            "Shown with pictures, truth and probabilities: the most confident mistakes, and the slices of the highest loss.",
            [Place::Report("slices")],
        )]
    }

    pub(crate) fn thresholds(&self) -> Vec<Said> {
        let mut said = vec![Said::new(
            format!(
                "A probability for each label of each {}; classes are told at {} where no other threshold was chosen.",
                self.metrics.unit,
                self.metrics
                    .valid
                    .labels
                    .first()
                    .map_or(0.5, |label| label.at_threshold.threshold)
            ),
            [Place::Metrics("valid.labels")],
        )];
        if let Some(target) = &self.metrics.thresholds_for {
            said.push(Said::new(
                format!("Thresholds were chosen on the validation part for {target}."),
                [
                    Place::Metrics("thresholds_for"),
                    Place::Metrics("valid.at_chosen"),
                ],
            ));
        }
        said
    }

    pub(crate) fn calibration(&self) -> Vec<Said> {
        some(self.metrics.calibration.as_ref().map(|calibration| {
            Said::new(
                format!(
                    "Probabilities were calibrated ({}), cross-fitted over the patients of the validation part: weighted \
                     log loss {:.4} before, {:.4} after.",
                    calibration.method,
                    calibration.weighted_log_loss_before,
                    calibration.weighted_log_loss_after
                ),
                [Place::Metrics("calibration"), Place::Report("calibration")],
            )
        }))
    }
}
