//! Exams sorted into high, low and uncertain: what is promised, and how that did on other patients.

use ichflow_api::data::triage::{PromiseAudit, Triage, TriageAudit};

use super::super::table::{Cell, Table, heads};
use crate::render::numbers::{counted, per_cent};

/// The part on triage.
pub(crate) struct TriageSection {
    /// Promises and cuts.
    pub sentences: Vec<String>,
    /// What the audit found.
    pub tables: Vec<Table>,
    /// What could not be promised, and what was left out.
    pub notes: Vec<String>,
}

pub(crate) fn section(triage: &Triage) -> TriageSection {
    let mut sentences = vec![promised(triage), cuts(triage)];
    sentences.extend(triage.audit.as_ref().map(|audit| released(triage, audit)));
    TriageSection {
        sentences,
        tables: triage.audit.iter().map(|audit| table(triage, audit)).collect(),
        notes: notes(triage),
    }
}

fn promised(triage: &Triage) -> String {
    let promises: Vec<String> = triage.promises.iter().map(|promise| promise.in_words()).collect();
    let how = match triage.delta {
        Some(delta) => format!(
            "learn-then-test: over calibration cohorts, each promise is made wrongly with a probability of at most {delta}, for \
             exams like those and at their prevalence"
        ),
        None => {
            "class-conditional conformal sets: on average over calibration cohorts, whatever the prevalence"
                .into()
        }
    };
    format!("Promised of {}: {} ({how}).", triage.label, promises.join("; "))
}

fn cuts(triage: &Triage) -> String {
    let high = triage
        .cuts
        .high_from
        .map_or("none is high".into(), |cut| format!("high from {cut:.4}"));
    let low = triage
        .cuts
        .low_to
        .map_or("none is low".into(), |cut| format!("low up to {cut:.4}"));
    let from = triage
        .calibration
        .map_or("found before, on another cohort".into(), |on| {
            format!(
                "found on {}, one a patient, {} of them positive",
                counted(on.exams, "validation exam", "validation exams"),
                on.positives
            )
        });
    format!("Probabilities: {high}, {low}, else uncertain; {from}.")
}

fn released(triage: &Triage, audit: &TriageAudit) -> String {
    let share = |count: usize| match audit.exams {
        0 => String::new(),
        exams => format!(" ({})", per_cent(count as f64 / exams as f64)),
    };
    format!(
        "Audit on {}: {} of as many patients, {} positive for {}; {} called high{}, {} low{}, {} uncertain{}.",
        audit.on.in_words(),
        counted(audit.exams, "exam", "exams"),
        audit.positives,
        triage.label,
        audit.high,
        share(audit.high),
        audit.low,
        share(audit.low),
        audit.uncertain,
        share(audit.uncertain)
    )
}

/// Errors of each class against its promise.
pub(super) fn table(triage: &Triage, audit: &TriageAudit) -> Table {
    Table {
        caption: format!(
            "Triage of {} on {}: errors against what was promised. Clopper and Pearson's 95 % intervals; a promise is kept \
             where the whole interval is within it, and broken where the whole interval is beyond it.",
            triage.label,
            audit.on.in_words()
        ),
        columns: heads(&[
            "exams",
            "errors",
            "share of errors",
            "promised at most",
            "promise",
        ]),
        rows: audit
            .promises
            .iter()
            .map(|promise| (promise.class.to_string(), cells(promise)))
            .collect(),
    }
}

fn cells(promise: &PromiseAudit) -> Vec<Cell> {
    let share = match promise.share {
        Some(_) => Cell::with_interval(promise.share, promise.interval),
        None => Cell::text("–"),
    };
    vec![
        Cell::count(promise.exams),
        Cell::count(promise.errors),
        share,
        Cell::number(promise.promised),
        Cell::text(promise.verdict.in_words()),
    ]
}

fn notes(triage: &Triage) -> Vec<String> {
    let abstains = triage.promises.iter().filter_map(|promise| {
        let why = promise.abstains.as_ref()?;
        Some(format!("No exam is called {}: {why}.", promise.class))
    });
    let left_out = triage
        .audit
        .as_ref()
        .filter(|audit| audit.same_patient + audit.without_truth > 0);
    let left_out = left_out.map(|audit| {
        format!(
            "Left out of the audit: {} of patients with another exam in it or in the cuts, {} of soft or unknown truth.",
            counted(audit.same_patient, "exam", "exams"),
            audit.without_truth
        )
    });
    abstains.chain(left_out).collect()
}
