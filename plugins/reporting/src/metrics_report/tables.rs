//! Tables of numbers: operating points, how the split came out, groups, calibration.

use ichflow_api::data::localization::{LabelLocalization, Localization};
use ichflow_api::data::measures::{AtThreshold, GroupMetrics, LabelMetrics, Metrics, PartMetrics};
use ichflow_api::metric;
use ichflow_api::prelude::*;

use super::table::{Cell, Table, heads};
use crate::render::numbers::{per_cent, thousands};

/// Every metric of every label.
pub(crate) fn labels(title: &str, measured: &PartMetrics, size: &str) -> Table {
    let rows = measured.labels.iter().zip(&measured.label_intervals);
    Table {
        caption: format!("{title}: every label, on {size}; 95 % intervals over patients."),
        columns: heads(&[
            "positives",
            "log loss",
            "AUROC",
            "average precision",
            "Brier score",
            "expected calibration error",
            "accuracy at 0.5",
        ]),
        rows: rows
            .map(|(label, interval)| {
                let cells = vec![
                    Cell::count(label.positives),
                    Cell::with_interval(Some(label.log_loss), interval.log_loss),
                    Cell::with_interval(label.auc, interval.auc),
                    Cell::with_interval(label.average_precision, interval.average_precision),
                    Cell::number(label.brier),
                    Cell::number(label.expected_calibration_error),
                    Cell::number(label.accuracy),
                ];
                (label.label.to_owned(), cells)
            })
            .collect(),
    }
}

/// What plugins measure beside, label by label; nothing where they do not. A table of its own, because nobody knows how
/// many they are.
pub(crate) fn more(title: &str, measured: &PartMetrics) -> Option<Table> {
    let registered = metric::registered();
    let row = |label: &LabelMetrics| {
        let values = registered.iter().map(|metric| label.more.get(metric.name));
        let cells = values
            .map(|value| Cell::maybe(value.copied().flatten()))
            .collect();
        (label.label.to_owned(), cells)
    };
    (!registered.is_empty()).then(|| Table {
        caption: format!("{title}: further metrics of every label."),
        columns: registered.iter().map(|metric| metric.title.to_owned()).collect(),
        rows: measured.labels.iter().map(row).collect(),
    })
}

/// Whether heat maps lie where findings are, beside what maps that know nothing would score.
pub(crate) fn localization(found: &Localization) -> Table {
    let row = |label: &LabelLocalization| {
        let scores = [label.heat_maps, label.uniform, label.centred];
        let numbers = scores
            .iter()
            .map(|score| score.pointing)
            .chain(scores.iter().map(|score| score.energy));
        let counts = [label.maps, label.annotated, label.patients, label.empty].map(Cell::count);
        (
            label.label.clone(),
            counts.into_iter().chain(numbers.map(Cell::number)).collect(),
        )
    };
    Table {
        caption: "Heat maps of validation slices and where findings are annotated: the share of maps whose hottest point lies \
                  in the finding, and the mean share of their heat that does. An even map scores the findings' share of the \
                  image, a centred one is a Gaussian in its middle. Empty maps, in which nothing speaks for the label, score 0."
            .into(),
        columns: heads(&[
            "maps",
            "annotated slices",
            "patients",
            "empty",
            "pointing game",
            "even map",
            "centred map",
            "energy inside",
            "even map",
            "centred map",
        ]),
        rows: found.labels.iter().map(row).collect(),
    }
}

const COUNTED: [&str; 9] = [
    "threshold",
    "TP",
    "FN",
    "FP",
    "TN",
    "sensitivity",
    "specificity",
    "precision",
    "F1",
];

fn counted(at: &AtThreshold) -> Vec<Cell> {
    vec![
        Cell::number(at.threshold),
        Cell::count(at.confusion.true_positives),
        Cell::count(at.confusion.false_negatives),
        Cell::count(at.confusion.false_positives),
        Cell::count(at.confusion.true_negatives),
        Cell::maybe(at.sensitivity),
        Cell::maybe(at.specificity),
        Cell::maybe(at.precision),
        Cell::maybe(at.f1),
    ]
}

/// Operating points: the fixed threshold, the chosen ones, the one for a stated specificity.
pub(crate) fn decisions(title: &str, measured: &PartMetrics, metrics: &Metrics) -> Vec<Table> {
    let units = metrics.unit.plural();
    let mut tables = Vec::new();
    if let Some(target) = &metrics.thresholds_for
        && !measured.at_chosen.is_empty()
    {
        tables.push(Table {
            caption: format!(
                "{title}, called positive at or above a threshold chosen on validation {units} for {target}. \
                 Validation {units} are counted by thresholds chosen without their patient."
            ),
            columns: heads(&COUNTED),
            rows: measured
                .at_chosen
                .iter()
                .map(|chosen| (chosen.label.to_owned(), counted(&chosen.counted)))
                .collect(),
        });
    }
    tables.push(Table {
        caption: format!("{title}, called positive at or above one threshold for all labels."),
        columns: heads(&COUNTED),
        rows: measured
            .labels
            .iter()
            .map(|label| (label.label.to_owned(), counted(&label.at_threshold)))
            .collect(),
    });
    tables.push(Table {
        caption: format!(
            "{title}: the highest sensitivity at a specificity of at least {}, with the threshold chosen on these very \
             {units}.",
            metrics.computed.specificity
        ),
        columns: heads(&["threshold", "sensitivity", "specificity"]),
        rows: measured
            .labels
            .iter()
            .map(|label| {
                let cells = match label.at_specificity {
                    Some(point) => vec![
                        Cell::maybe(point.threshold),
                        Cell::number(point.sensitivity),
                        Cell::number(point.specificity),
                    ],
                    None => (0..3).map(|_| Cell::text("undefined")).collect(),
                };
                (label.label.to_owned(), cells)
            })
            .collect(),
    });
    tables
}

/// How the split came out, fold by fold.
pub(crate) fn split(balance: &Balance) -> Table {
    const MOST: usize = 10;
    let shown = balance.folds.len().min(MOST);
    let mut columns: Vec<String> = balance.folds[..shown]
        .iter()
        .map(|fold| fold.name.clone())
        .collect();
    columns.push("ideal".into());
    let judged = balance.folds.iter().position(|fold| fold.validation).unwrap_or(0);
    let mut rows = vec![(
        balance.grouped.clone(),
        balance.folds[..shown]
            .iter()
            .map(|fold| Cell::count(fold.groups))
            .chain([Cell::text("")])
            .collect(),
    )];
    rows.extend(balance.lines.iter().map(|line| {
        let cells = (0..shown).map(|fold| {
            let share = line.share(fold).map_or(String::new(), per_cent);
            Cell::text(format!("{} {share}", thousands(line.counts[fold])))
        });
        let ideal = line.ideal.get(judged).copied().unwrap_or(0.0);
        (
            line.what.clone(),
            cells.chain([Cell::text(format!("{ideal:.2}"))]).collect(),
        )
    }));
    let more = balance.folds.len() - shown;
    Table {
        caption: format!(
            "Slices of every label in every fold, with their share of the label's slices; the ideal is of the \
             validation fold.{}",
            if more > 0 {
                format!(" {more} more folds are not shown.")
            } else {
                String::new()
            }
        ),
        columns,
        rows,
    }
}

/// More groups than this help nobody; all are in `metrics.json`.
const MOST_GROUPS: usize = 100;

/// Scores of groups of slices.
pub(crate) fn groups(caption: &str, units: &str, groups: &[GroupMetrics]) -> Table {
    let more = groups.len().saturating_sub(MOST_GROUPS);
    Table {
        caption: match more {
            0 => caption.into(),
            more => format!("{caption} {} more are in metrics.json.", thousands(more)),
        },
        columns: heads(&[units, "with hemorrhage", "weighted log loss", "AUROC of any"]),
        rows: groups
            .iter()
            .take(MOST_GROUPS)
            .map(|group| {
                let cells = vec![
                    Cell::count(group.slices),
                    Cell::count(group.positives),
                    Cell::number(group.weighted_log_loss),
                    group
                        .auc_any
                        .map_or_else(|| Cell::text("undefined"), Cell::number),
                ];
                (group.name.clone(), cells)
            })
            .collect(),
    }
}

/// Validation predictions before and after calibration.
pub(crate) fn calibration(calibration: &Calibration) -> Table {
    Table {
        caption: format!(
            "Validation {} before and after calibration ({}), each calibrated without its patient.",
            calibration.unit.plural(),
            calibration.method
        ),
        columns: heads(&[
            "log loss before",
            "log loss after",
            "calibration error before",
            "calibration error after",
        ]),
        rows: calibration
            .labels
            .iter()
            .map(|label| {
                let cells = vec![
                    Cell::number(label.before.log_loss),
                    Cell::number(label.after.log_loss),
                    Cell::number(label.before.expected_calibration_error),
                    Cell::number(label.after.expected_calibration_error),
                ];
                (label.label.clone(), cells)
            })
            .collect(),
    }
}
