//! A bundle on this cohort: as it was frozen, and refitted beside it.

use ichflow_api::data::external::{ExternalLevel, ExternalTriage, ExternalValidation, Judged, JudgedLabel};
use ichflow_api::data::triage::{PromiseAudit, Triage};
use ichflow_api::metrics::Estimate;

use super::super::table::{Cell, Table, heads};
use crate::render::numbers::{counted, per_cent};

/// The part on external validation.
pub(crate) struct ExternalSection {
    /// What was done.
    pub sentences: Vec<String>,
    /// Frozen beside refitted.
    pub tables: Vec<Table>,
    /// Why something is absent.
    pub notes: Vec<String>,
}

pub(crate) fn section(external: &ExternalValidation) -> ExternalSection {
    let steps = match external.refitted.as_slice() {
        [] => "The bundle has no step that is fitted to data, so both are the same".to_owned(),
        steps => format!("Fitted to data: {}", steps.join(", ").replace('`', "")),
    };
    let mut sentences = vec![format!(
        "The bundle “{}” on this cohort, without a split. Frozen: every step after the network as it was when the bundle was \
         made. Refitted: the same steps fitted to this cohort, each patient by a fit to the others (cross-fitted). {steps}.",
        external.bundle
    )];
    sentences.extend(external.levels.iter().filter_map(price));
    let mut tables: Vec<Table> = external.levels.iter().map(level).collect();
    tables.extend(external.triage.as_ref().map(triage));
    ExternalSection {
        sentences,
        tables,
        notes: notes(external),
    }
}

fn price(level: &ExternalLevel) -> Option<String> {
    let price = level.price?;
    let interval = price.interval.map_or(String::new(), |interval| {
        format!(
            ", 95 % {:+.4} to {:+.4} over patients",
            interval.low, interval.high
        )
    });
    Some(format!(
        "Price of not refitting, {}: {:+.4} of weighted log loss{interval}.",
        level.unit.plural(),
        price.difference
    ))
}

fn level(level: &ExternalLevel) -> Table {
    let target = level
        .frozen
        .thresholds_for
        .as_ref()
        .map_or(String::new(), |target| {
            format!(" Thresholds were chosen for {target}.")
        });
    let mut rows = vec![
        (
            "all labels, frozen".to_owned(),
            together(&level.frozen, &level.frozen),
        ),
        (
            "all labels, refitted".to_owned(),
            together(&level.refitted, &level.frozen),
        ),
    ];
    for (frozen, refitted) in level.frozen.labels.iter().zip(&level.refitted.labels) {
        rows.push((
            format!("{}, frozen", frozen.label),
            of_label(frozen, &level.frozen),
        ));
        rows.push((
            format!("{}, refitted", refitted.label),
            of_label(refitted, &level.frozen),
        ));
    }
    let mut columns = heads(&[
        "positives",
        "log loss",
        "AUROC",
        "calibration slope",
        "intercept",
        "in the large",
    ]);
    if level.frozen.thresholds_for.is_some() {
        columns.extend(heads(&["threshold", "sensitivity", "specificity"]));
    }
    Table {
        caption: format!(
            "{} of {}, frozen and refitted. Calibrated are slope 1 and intercept 0; in the large, below 0 is too high on the \
             whole. 95 % intervals over patients.{target}",
            counted(level.frozen.cases, level.unit.name(), level.unit.plural()),
            counted(level.frozen.patients, "patient", "patients")
        ),
        columns,
        rows,
    }
}

fn together(judged: &Judged, of: &Judged) -> Vec<Cell> {
    let mut cells = vec![Cell::text(""), Cell::number(judged.weighted_log_loss)];
    let decided = if of.thresholds_for.is_some() { 3 } else { 0 };
    cells.extend((0..4 + decided).map(|_| Cell::text("")));
    cells
}

fn of_label(label: &JudgedLabel, of: &Judged) -> Vec<Cell> {
    let estimate = |estimate: Option<Estimate>| match estimate {
        Some(found) => Cell::with_interval(Some(found.value), found.interval),
        None => Cell::text("–"),
    };
    let mut cells = vec![
        Cell::count(label.positives),
        Cell::number(label.log_loss),
        Cell::maybe(label.auc),
        estimate(label.slope),
        estimate(label.intercept),
        estimate(label.in_the_large),
    ];
    if of.thresholds_for.is_some() {
        let at = label.at_threshold;
        cells.extend([
            Cell::maybe(at.map(|at| at.threshold)),
            Cell::maybe(at.and_then(|at| at.sensitivity)),
            Cell::maybe(at.and_then(|at| at.specificity)),
        ]);
    }
    cells
}

fn triage(both: &ExternalTriage) -> Table {
    let rows = [("frozen", &both.frozen), ("refitted", &both.refitted)];
    let rows = rows.into_iter().flat_map(|(name, triage)| {
        let promises = triage.audit.iter().flat_map(|audit| &audit.promises);
        promises.map(move |promise| {
            (
                format!("{}, {name}", promise.class),
                promise_cells(promise, triage),
            )
        })
    });
    Table {
        caption: format!(
            "Triage of {}, by the bundle's cuts and by cuts of this cohort. Promised: {}. Clopper and Pearson's 95 % intervals.",
            both.frozen.label,
            both.frozen
                .promises
                .iter()
                .map(|promise| promise.in_words())
                .collect::<Vec<_>>()
                .join("; ")
        ),
        columns: heads(&[
            "cut",
            "released",
            "exams that count",
            "errors",
            "share of errors",
            "promise",
        ]),
        rows: rows.collect(),
    }
}

fn promise_cells(promise: &PromiseAudit, triage: &Triage) -> Vec<Cell> {
    use ichflow_api::metrics::TriageClass;
    let is_low = promise.class == TriageClass::Low;
    let released = triage.audit.as_ref().map(|audit| {
        let called = if is_low { audit.low } else { audit.high };
        format!(
            "{called} ({})",
            per_cent(called as f64 / audit.exams.max(1) as f64)
        )
    });
    vec![
        Cell::maybe(if is_low {
            triage.cuts.low_to
        } else {
            triage.cuts.high_from
        }),
        Cell::text(released.unwrap_or_default()),
        Cell::count(promise.exams),
        Cell::count(promise.errors),
        match promise.share {
            Some(_) => Cell::with_interval(promise.share, promise.interval),
            None => Cell::text("–"),
        },
        Cell::text(promise.verdict.in_words()),
    ]
}

fn notes(external: &ExternalValidation) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for level in &external.levels {
        for (judged, name) in [(&level.frozen, "frozen"), (&level.refitted, "refitted")] {
            let of_labels = judged.labels.iter().filter_map(|label| {
                let note = label.note.as_ref()?;
                Some(format!(
                    "{} of {}, {name}: {note}.",
                    label.label,
                    level.unit.plural()
                ))
            });
            notes.extend(of_labels);
        }
    }
    for (name, triage) in external
        .triage
        .iter()
        .flat_map(|both| [("frozen", &both.frozen), ("refitted", &both.refitted)])
    {
        for promise in &triage.promises {
            if let Some(why) = &promise.abstains {
                notes.push(format!(
                    "Triage, {name}: no exam is called {}: {why}.",
                    promise.class
                ));
            }
        }
    }
    notes
}
