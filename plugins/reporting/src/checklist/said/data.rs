//! On slices, labels, partitions.

use std::collections::BTreeMap;

use ichflow_api::prelude::*;

use super::super::answer::{Place, Said};
use super::super::facts::{Facts, Part};
use super::super::recipe::shown;
use super::{key, some, table};
use crate::render::numbers::{counted, thousands};

/// Most values of a header listed by name.
const LISTED: usize = 8;

fn listed(counts: &BTreeMap<String, usize>) -> String {
    let mut sorted: Vec<(&String, &usize)> = counts.iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let more = sorted.len().saturating_sub(LISTED);
    let shown: Vec<String> = sorted
        .into_iter()
        .take(LISTED)
        .map(|(value, count)| format!("{value}: {}", thousands(*count)))
        .collect();
    let more = if more > 0 {
        format!(", and {more} more")
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(", "))
}

impl Part {
    fn in_words(&self, level: Level) -> String {
        let slices = self.slices.map_or(String::new(), |slices| {
            format!(", {}", counted(slices, "slice", "slices"))
        });
        let of_slices = if level.is_slice() {
            ""
        } else {
            " (labels are those of whole exams)"
        };
        format!(
            "{} {}, {}{slices}{of_slices}",
            self.name,
            counted(self.patients, "patient", "patients"),
            counted(self.studies, "study", "studies"),
        )
    }
}

impl Facts<'_> {
    /// That no patient stands behind the slices, where that is so.
    fn synthetic(&self) -> Vec<Said> {
        let loader = self.recipe.using("phantom").next();
        some(loader.map(|stage| {
            Said::new(
                "The slices are drawn by a program: there are no patients, and results say nothing of any. \"Patients\" \
                 and \"studies\" below are drawn ones.",
                [table(stage)],
            )
        }))
    }

    pub(crate) fn outcome(&self) -> Vec<Said> {
        let union = self.labels.union().map_or(String::new(), |union| {
            format!(
                "; `{}` is positive where any of the others is",
                self.labels.name(union)
            )
        });
        vec![Said::new(
            format!(
                "Predicted: {} label{} of each {}: {}{union}.",
                self.labels.len(),
                if self.labels.len() == 1 { "" } else { "s" },
                self.metrics.unit,
                self.labels
            ),
            [Place::Metrics("training_prevalence")],
        )]
    }

    pub(crate) fn source(&self) -> Vec<Said> {
        let mut said = self.synthetic();
        for stage in self.recipe.loaders() {
            said.push(Said::new(
                format!("Slices were loaded by `{}`; every one is listed.", stage.uses),
                [table(stage), Place::File("cohort.csv")],
            ));
        }
        said
    }

    pub(crate) fn eligibility(&self) -> Vec<Said> {
        let mut said = Vec::new();
        if let Some(stage) = self.recipe.loader()
            && let Some(kinds) = stage.param("exclude")
        {
            said.push(Said::new(
                format!(
                    "Images of these kinds are excluded when files are read: {}.",
                    shown(kinds)
                ),
                [key(stage, "exclude")],
            ));
        }
        said.extend(self.recipe.using("select-series").map(|stage| {
            Said::new(
                format!("Series are chosen by {}.", stage.in_full()),
                [table(stage), Place::File("series.csv")],
            )
        }));
        said
    }

    pub(crate) fn exclusions(&self) -> Vec<Said> {
        let mut said = vec![Said::new(
            match self.excluded.slices {
                0 => "No single slice was excluded.".to_owned(),
                count => format!(
                    "{} excluded and listed with the reason.",
                    counted(count, "slice was", "slices were")
                ),
            },
            [Place::File("quarantine.csv"), Place::Report("quarantine")],
        )];
        if let Some((chosen, all)) = self.excluded.chosen {
            let rules: Vec<String> = self
                .excluded
                .series
                .iter()
                .map(|(rule, series, slices)| format!("{rule}: {series} ({slices} slices)"))
                .collect();
            let rules = if rules.is_empty() {
                "none left out".into()
            } else {
                rules.join(", ")
            };
            said.push(Said::new(
                format!("{chosen} of {all} series were kept; left out by rule: {rules}."),
                [Place::File("series.csv"), Place::Report("data")],
            ));
        }
        said
    }

    pub(crate) fn preprocessing(&self) -> Vec<Said> {
        let mut said = self.by_family(Family::Store, "Hounsfield units are kept by ");
        said.extend(self.by_family(Family::Window, "Hounsfield units become channels by "));
        let resized = self.recipe.using("resize");
        said.extend(resized.map(|stage| {
            Said::new(
                format!("Images are resized by {}.", stage.in_full()),
                [table(stage)],
            )
        }));
        said.extend(self.recipe.using("channel-statistics").map(|stage| {
            Said::new(
                "Channels are shifted and scaled by the cohort's own mean and standard deviation.",
                [table(stage)],
            )
        }));
        said
    }

    pub(crate) fn missing(&self) -> Vec<Said> {
        let unknown: Vec<String> = self
            .missing
            .iter()
            .filter(|(_, count)| *count > 0)
            .map(|(label, count)| format!("{label}: {}", thousands(*count)))
            .collect();
        let labels = match unknown.is_empty() {
            true => format!(
                "All {} of the labelled cohort have a value for every label.",
                counted(self.loaded, "slice", "slices")
            ),
            false => format!(
                "Slices without a value, of {}: {}. A missing label is missing and not negative: it counts neither in \
                 training nor in a measure.",
                thousands(self.loaded),
                unknown.join(", ")
            ),
        };
        let mut said = vec![Said::new(labels, [Place::File("cohort.csv")])];
        let union = match self.recipe.using("table").next() {
            Some(_) => " but the union of the other labels, where these say it",
            None => "",
        };
        said.push(Said::new(
            format!(
                "Slices that cannot be read, or have no label at all, are left out and counted; no value is filled in{union}."
            ),
            [Place::File("quarantine.csv"), Place::Report("data")],
        ));
        said
    }

    pub(crate) fn acquisition(&self) -> Vec<Said> {
        let mut said = Vec::new();
        for part in &self.parts {
            let known = [
                ("scanners", &part.scanners),
                ("kernels", &part.kernels),
                ("tube voltage in kV", &part.kvp),
                ("slice thickness in mm", &part.thickness),
            ];
            let known: Vec<String> = known
                .into_iter()
                .filter(|(_, counts)| !counts.is_empty())
                .map(|(what, counts)| format!("{what} {}", listed(counts)))
                .collect();
            if !known.is_empty() {
                said.push(Said::new(
                    format!("As headers say, series of {}: {}.", part.name, known.join("; ")),
                    [],
                ));
            }
        }
        said
    }

    pub(crate) fn labels_from(&self) -> Vec<Said> {
        let Some(stage) = self.recipe.loader() else {
            return Vec::new();
        };
        let mut said = Vec::new();
        if self.is_synthetic {
            said.push(Said::new(
                "Labels are what the program drew: they are true by construction.",
                [table(stage)],
            ));
            return said;
        }
        let tables = stage.param("labels").and_then(toml::Value::as_array);
        for file in tables.into_iter().flatten() {
            let get = |key: &str| file.get(key).map(shown).unwrap_or_default();
            let corrects = file.get("corrects").and_then(toml::Value::as_bool) == Some(true);
            let what = if corrects {
                "Corrections of labels"
            } else {
                "Labels"
            };
            said.push(Said::new(
                format!("{what} were read from {} by {}.", get("csv"), get("key")),
                [key(stage, "labels")],
            ));
        }
        if let (true, Some(csv)) = (said.is_empty(), stage.param("labels")) {
            said.push(Said::new(
                format!("Labels were read from {}.", shown(csv)),
                [key(stage, "labels")],
            ));
        }
        if !said.is_empty() {
            said.push(Said::new(
                format!("The reference standard is known of each {}.", self.level),
                [table(stage)],
            ));
        }
        said
    }

    pub(crate) fn readers(&self) -> Vec<Said> {
        let Some(stage) = self.recipe.loader() else {
            return Vec::new();
        };
        let tables = stage.param("labels").and_then(toml::Value::as_array);
        let of_table = |file: &toml::Value| {
            let readers = file.get("readers")?.as_array()?;
            (!readers.is_empty()).then(|| {
                Said::new(
                    format!(
                        "{} put together by {}.",
                        counted(readers.len(), "reader's labels are", "readers' labels are"),
                        file.get("agreement").map_or("majority".into(), shown)
                    ),
                    [key(stage, "labels")],
                )
            })
        };
        tables.into_iter().flatten().filter_map(of_table).collect()
    }

    pub(crate) fn test_labels(&self) -> Vec<Said> {
        some(self.test_metrics().map(|test| {
            Said::new(
                format!(
                    "Labels are known of {} of the test part.",
                    self.units(test.slices)
                ),
                [Place::Metrics("test.slices")],
            )
        }))
    }

    pub(crate) fn partitions(&self) -> Vec<Said> {
        let mut said: Vec<Said> = self
            .stages(Family::Split)
            .into_iter()
            .filter(|stage| stage.uses != "leak-check")
            .map(|stage| {
                let seed = self.provenance("/seed");
                let seed = if seed.is_empty() {
                    String::new()
                } else {
                    format!(", the recipe's seed being {seed}")
                };
                Said::new(
                    format!("Slices are assigned by {}{seed}.", stage.in_full()),
                    [table(stage), Place::File("folds.csv")],
                )
            })
            .collect();
        if self.is_out_of_fold {
            said.push(Said::new(
                "Predictions of several folds are put together: each slice is judged by a network that was not trained \
                 on it.",
                [Place::File("predictions/valid.csv")],
            ));
        }
        said
    }

    pub(crate) fn disjoint(&self) -> Vec<Said> {
        let mut said = Vec::new();
        for stage in self.stages(Family::Split) {
            if let Some(group) = stage.param("group_by").and_then(toml::Value::as_str) {
                said.push(Said::new(
                    format!(
                        "Partitions are disjoint at the level of the {group} (of the study, where headers name no patient)."
                    ),
                    [key(stage, "group_by")],
                ));
            }
        }
        if let Some(split) = &self.metrics.split {
            said.push(Said::new(
                match split.leaks.is_empty() {
                    true => "The split's check for leaks found nothing that stands on both sides.".to_owned(),
                    false => format!("Found on both sides: {}.", split.leaks.join("; ")),
                },
                [Place::Metrics("split.leaks"), Place::Report("data")],
            ));
        }
        said
    }

    /// How many there were; how many were intended is no part of a run.
    pub(crate) fn sizes(&self) -> Vec<Said> {
        let parts: Vec<String> = self.parts.iter().map(|part| part.in_words(self.level)).collect();
        match parts.is_empty() {
            true => Vec::new(),
            false => vec![Said::new(
                format!("In this run: {}.", parts.join("; ")),
                [Place::File("cohort.csv"), Place::Report("data")],
            )],
        }
    }

    pub(crate) fn events(&self) -> Vec<Said> {
        self.parts
            .iter()
            .map(|part| {
                let labels: Vec<String> = self
                    .labels
                    .names()
                    .iter()
                    .zip(&part.labels)
                    .filter(|(_, (_, known))| *known > 0)
                    .map(|(name, (positive, known))| format!("{name} {positive} of {known}"))
                    .collect();
                let what = if part.slices.is_some() {
                    "slices"
                } else {
                    self.metrics.unit.plural()
                };
                let labels = match labels.is_empty() {
                    true => "labels are not known".to_owned(),
                    false => format!("positive {what}: {}", labels.join(", ")),
                };
                Said::new(
                    format!("{}; {labels}.", part.in_words(self.level)),
                    [Place::File("cohort.csv"), Place::Report("data")],
                )
            })
            .collect()
    }

    pub(crate) fn characteristics(&self) -> Vec<Said> {
        let mut said = Vec::new();
        for part in &self.parts {
            let known = [("sex", &part.sex), ("age in years", &part.age)];
            let known: Vec<String> = known
                .into_iter()
                .filter(|(_, counts)| !counts.is_empty())
                .map(|(what, counts)| format!("{what} {}", listed(counts)))
                .collect();
            if !known.is_empty() {
                said.push(Said::new(
                    format!(
                        "As headers say of {} of {}: {}.",
                        counted(part.patients, "patient", "patients"),
                        part.name,
                        known.join("; ")
                    ),
                    [],
                ));
            }
        }
        said
    }

    pub(crate) fn unreadable_input(&self) -> Vec<Said> {
        vec![Said::new(
            "A slice that cannot be read is refused with a reason, and not predicted.",
            [Place::File("quarantine.csv")],
        )]
    }
}
