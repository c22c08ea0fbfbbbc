//! Runs on whole exams: what they measured, and whether they differ from the baseline.

use ichflow_api::data::comparison::{AurocVersus, Comparison, Ranked, Versus};
use ichflow_api::data::measures::Method;
use ichflow_api::metrics::{Interval, McNemar};

use crate::render::numbers::Number;
use crate::render::plots::Ink;

/// The section on exams.
pub(super) struct ExamTable {
    /// "studies".
    pub units: &'static str,
    /// The label that stands for all.
    pub label: String,
    /// Whose tests those are.
    pub sentence: String,
    /// A row a run.
    pub rows: Vec<ExamRow>,
    /// Why something is absent.
    pub notes: Vec<String>,
}

/// One run.
pub(super) struct ExamRow {
    pub called: String,
    pub colour: &'static str,
    pub loss: Option<Number>,
    pub loss_interval: String,
    pub versus: String,
    pub versus_beside: String,
    pub auroc: Option<Number>,
    pub auroc_interval: String,
    pub difference: String,
    pub difference_interval: String,
    pub p: String,
    pub sensitivity: String,
    pub specificity: String,
}

fn between(interval: Option<Interval>) -> String {
    interval.map_or(String::new(), |Interval { low, high }| {
        format!("{low:.4} to {high:.4}")
    })
}

/// `None` where no run measured exams.
pub(super) fn table(comparison: &Comparison) -> Option<ExamTable> {
    let level = comparison.exam_level()?;
    let labels = comparison.labels();
    let label = labels.name(labels.headline());
    let found = || {
        let versus = comparison
            .ranked
            .iter()
            .enumerate()
            .filter_map(|(place, one)| Some((place, one.exams_versus.as_ref()?)));
        versus.filter_map(move |(place, versus)| Some((place, versus.label(label)?)))
    };
    let methods: Vec<&str> = [Method::Delong, Method::Obuchowski]
        .into_iter()
        .filter(|method| found().any(|(_, label)| label.auroc.is_some_and(|auroc| auroc.method == *method)))
        .map(Method::in_words)
        .collect();
    let threshold = found().find_map(|(_, label)| label.calls.map(|calls| calls.threshold));
    let mut sentence = match methods.is_empty() {
        true => "No two runs were measured on the same exams.".to_owned(),
        false => format!(
            "Differences of AUROCs by the test of {}, with p values adjusted for the runs compared (Holm).",
            methods.join(" and ")
        ),
    };
    if let Some(threshold) = threshold {
        sentence += &format!(
            " Sensitivity and specificity at {threshold}: exams that only the run, and only the baseline, called rightly, with \
             McNemar's mid-p, which is not adjusted."
        );
    }
    Some(ExamTable {
        units: level.plural(),
        label: label.to_owned(),
        sentence,
        rows: comparison
            .ranked
            .iter()
            .enumerate()
            .map(|(place, one)| row(comparison.called(place), place, one, label))
            .collect(),
        notes: found()
            .flat_map(|(place, label)| {
                let called = comparison.called(place);
                label.notes.iter().map(move |note| format!("{called}: {note}"))
            })
            .collect(),
    })
}

fn row(called: String, place: usize, one: &Ranked, label: &str) -> ExamRow {
    let measured = one.run.measured.as_ref();
    let part = measured
        .and_then(|measured| measured.of_exams())
        .map(|(_, part)| part);
    let versus = one.exams_versus.as_ref();
    let found = versus.and_then(|versus| versus.label(label));
    let auroc = found.and_then(|found| found.auroc);
    let calls = found.and_then(|found| found.calls);
    let own = part.and_then(|part| part.auroc());
    let dash = || "–".to_owned();
    ExamRow {
        called,
        colour: Ink::series(place).css(),
        loss: part.map(|part| Number::metric(part.weighted_log_loss)),
        loss_interval: between(part.and_then(|part| part.weighted_log_loss_interval)),
        versus: versus.map_or_else(dash, |versus| format!("{:+.4}", versus.difference)),
        versus_beside: versus.map_or(String::new(), beside),
        auroc: own
            .map(|own| own.value)
            .or_else(|| part.and_then(|part| part.auc_any()))
            .map(Number::metric),
        auroc_interval: between(own.and_then(|own| own.interval)),
        difference: auroc.map_or_else(dash, |auroc| format!("{:+.4}", auroc.difference)),
        difference_interval: between(auroc.and_then(|auroc| auroc.interval)),
        p: auroc.map_or_else(dash, p_of),
        sensitivity: calls.map_or_else(dash, |calls| test(calls.sensitivity)),
        specificity: calls.map_or_else(dash, |calls| test(calls.specificity)),
    }
}

fn beside(versus: &Versus) -> String {
    let unpaired = if versus.paired { "" } else { "unpaired " };
    format!("{unpaired}{}", between(versus.interval))
}

fn p_of(auroc: AurocVersus) -> String {
    match auroc.holm_p.or(auroc.p) {
        Some(p) => in_words(p),
        None => "same order".into(),
    }
}

/// A p value that is not said to be 0.
fn in_words(p: f64) -> String {
    match p < 0.001 {
        true => "< 0.001".into(),
        false => format!("{p:.3}"),
    }
}

/// The baseline is the first of a test.
fn test(found: McNemar) -> String {
    format!(
        "{} : {}, p {}",
        found.second_only,
        found.first_only,
        in_words(found.mid_p)
    )
}
