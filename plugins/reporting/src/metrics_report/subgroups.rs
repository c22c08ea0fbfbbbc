//! Subgroups: how good the model is for each scanner, age band or site.

use ichflow_api::data::measures::{Measure, PartMetrics, Subgroup, Subgrouping, Subgroups};
use ichflow_api::prelude::*;

use super::material::Material;
use super::table::{Cell, Table, heads};
use crate::render::numbers::{counted, per_cent, thousands};
use crate::render::plots::{self, Figure, Ink, Stand, Tree};

/// The subgroups of one part.
pub(crate) struct SubgroupPart {
    /// "Test studies".
    pub title: String,
    /// What is shown, and what is not.
    pub about: String,
    /// The worst of each attribute.
    pub worst: Vec<String>,
    /// One table an attribute.
    pub tables: Vec<Table>,
    /// Attributes whose groups are all too small.
    pub hidden: Vec<String>,
    /// The AUROC of every group.
    pub figures: Vec<Figure>,
}

/// Those of the validation and the test rows: of exams where exams were judged.
pub(crate) fn parts(material: &Material<'_>) -> Result<Vec<SubgroupPart>> {
    let metrics = material.metrics;
    let (valid, test) = match &metrics.exams {
        Some(exams) => (&exams.valid, exams.test.as_ref()),
        None => (&metrics.valid, metrics.test.as_ref()),
    };
    let both = [("Validation", Some(valid)), ("Test", test)];
    both.into_iter()
        .filter_map(|(part, measured)| {
            let measured: &PartMetrics = measured?;
            Some((part, measured, measured.subgroups.as_ref()?))
        })
        .map(|(part, measured, found)| of_part(part, measured, found))
        .collect()
}

fn of_part(part: &str, measured: &PartMetrics, found: &Subgroups) -> Result<SubgroupPart> {
    let title = format!("{part} {}", found.unit.plural());
    let unit = found.unit;
    let threshold = match found.threshold_chosen {
        true => format!("the chosen threshold, {:.4}", found.threshold),
        false => format!("the fixed threshold {}", found.threshold),
    };
    let tests = match found.tests {
        0 => String::new(),
        tests => format!(
            " p values are Holm's for {}: of all groups together, a difference of AUROC below 0.05 is by chance in at most one \
             of 20 such reports.",
            counted(tests, "test", "tests")
        ),
    };
    let shown = || {
        found
            .attributes
            .iter()
            .filter(|attribute| !attribute.groups.is_empty())
    };
    Ok(SubgroupPart {
        about: format!(
            "Of {}, {}; positive means {}, called at {threshold}. Groups of fewer than {} patients are counted and not shown; \
             sensitivity, specificity, AUROC and calibration need {} patients with the class they rest on. Beside the share of positives \
             stands the mean probability; calibration is in the large, above 0 where probabilities are too low. Beside others: \
             the AUROC less that of all other {}.{tests}",
            found.label,
            counted(measured.slices, unit.name(), unit.plural()),
            found.label,
            found.min_group,
            found.min_class,
            unit.plural()
        ),
        worst: found
            .attributes
            .iter()
            .filter_map(|attribute| {
                Some(format!(
                    "{}: {}.",
                    attribute.title,
                    attribute.worst.as_ref()?.in_words
                ))
            })
            .collect(),
        tables: shown().map(|attribute| table(attribute, found)).collect(),
        hidden: found
            .attributes
            .iter()
            .filter(|attribute| attribute.groups.is_empty())
            .map(|attribute| table(attribute, found).caption)
            .collect(),
        figures: vec![picture(&title, measured, found)?],
        title,
    })
}

fn cell(measure: Option<Measure>) -> Cell {
    match measure {
        None => Cell::text("–"),
        Some(Measure { value, interval, .. }) => Cell {
            text: interval.map_or(String::new(), |interval| interval.to_string()),
            ..Cell::number(value)
        },
    }
}

fn table(attribute: &Subgrouping, found: &Subgroups) -> Table {
    let unit = found.unit;
    let mut said = vec![match attribute.of_positives {
        true => format!(
            "{}, by the share of the exam's slices that are positive. Positives alone; each group's AUROC is beside all \
             negatives",
            attribute.title
        ),
        false => attribute.title.clone(),
    }];
    if let Some(small) = attribute.suppressed {
        said.push(format!(
            "{} with {} {} too small to be shown",
            counted(small.groups, "group", "groups"),
            counted(small.rows, unit.name(), unit.plural()),
            if small.groups == 1 { "is" } else { "are" }
        ));
    }
    if attribute.unknown > 0 {
        let nothing = match attribute.of_positives {
            true => "of positives",
            false => "say nothing of it",
        };
        said.push(format!(
            "{} {nothing}",
            counted(attribute.unknown, unit.name(), unit.plural())
        ));
    }
    let clustered = attribute.groups.iter().any(|group| group.rows > group.patients);
    let mut columns = vec![unit.plural()];
    if clustered {
        columns.push("patients");
    }
    columns.extend([
        "positive of predicted",
        "AUROC",
        "beside others",
        "sensitivity",
        "specificity",
        "calibration",
    ]);
    let row = |group: &Subgroup| {
        let p = group.versus_rest.map_or_else(
            || Cell::text("–"),
            |versus| Cell {
                text: format!("p = {:.3}", versus.p_holm),
                ..Cell::number(versus.difference)
            },
        );
        let mut cells = vec![Cell::count(group.rows)];
        if clustered {
            cells.push(Cell::count(group.patients));
        }
        cells.extend([
            Cell::text(format!(
                "{} of {}",
                per_cent(group.prevalence),
                per_cent(group.mean_probability)
            )),
            cell(group.auroc),
            p,
            cell(group.sensitivity),
            cell(group.specificity),
            cell(group.in_the_large),
        ]);
        (group.name.clone(), cells)
    };
    Table {
        caption: said.join("; ") + ".",
        columns: heads(&columns),
        rows: attribute.groups.iter().map(row).collect(),
    }
}

/// The AUROC of every group, one below the other.
fn picture(title: &str, measured: &PartMetrics, found: &Subgroups) -> Result<Figure> {
    let all = measured.auc_any();
    let tree = |attribute: &Subgrouping, group: &Subgroup| {
        let measure = group.auroc?;
        let is_worst = attribute
            .worst
            .as_ref()
            .is_some_and(|worst| worst.name == group.name);
        let interval = measure.interval.map_or(String::new(), |interval| {
            format!(" ({:.3} to {:.3})", interval.low, interval.high)
        });
        Some(Tree {
            text: format!(
                "{}, n = {}, {} +: {:.3}{interval}",
                group.name,
                thousands(group.rows),
                thousands(group.positives),
                measure.value
            ),
            value: measure.value,
            interval: measure.interval.map(|interval| (interval.low, interval.high)),
            ink: if is_worst { Ink::Second } else { Ink::First },
        })
    };
    let stands: Vec<Stand> = found
        .attributes
        .iter()
        .map(|attribute| Stand {
            heading: attribute.title.clone(),
            trees: attribute
                .groups
                .iter()
                .filter_map(|group| tree(attribute, group))
                .collect(),
        })
        .collect();
    plots::forest(
        &format!("AUROC by subgroup, {}", title.to_lowercase()),
        format!(
            "With 95 % intervals; the lowest of each in orange.{}",
            all.map_or(String::new(), |all| format!(
                " The dashed line is the AUROC of all, {all:.3}."
            ))
        ),
        "AUROC",
        &stands,
        all,
    )
}
