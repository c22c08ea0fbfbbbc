//! How much of the score is above baselines that know little.

use ichflow_api::data::measures::{BaselineMetrics, Covered};
use ichflow_api::metrics::Interval;
use ichflow_api::prelude::*;

use super::super::material::Material;
use super::super::table::{Cell, Table, heads};
use crate::render::numbers::counted;
use crate::render::plots::{self, Dot, Figure, Ink};

/// The part on baselines.
pub(crate) struct BaselineSection {
    /// What each baseline knows.
    pub known: Vec<(String, String)>,
    /// Validation and test rows, of slices and of exams.
    pub parts: Vec<BaselinePart>,
    /// How far each baseline gets.
    pub figures: Vec<Figure>,
}

/// Baselines on the same rows.
pub(crate) struct BaselinePart {
    /// "Validation slices".
    pub title: String,
    /// What the numbers mean, a sentence a baseline.
    pub sentences: Vec<String>,
    /// The numbers.
    pub tables: Vec<Table>,
}

pub(crate) fn section(material: &Material<'_>) -> Result<Option<BaselineSection>> {
    let all = &material.metrics.baselines;
    let mut known: Vec<(String, String)> = Vec::new();
    for found in all {
        if !known.iter().any(|(name, _)| *name == found.baseline) {
            known.push((found.baseline.clone(), found.knows.clone()));
        }
    }
    let (mut parts, mut figures) = (Vec::new(), Vec::new());
    // Those of the same rows stand together.
    for rows in all.chunk_by(|a, b| (&a.part, a.unit) == (&b.part, b.unit)) {
        let Some(first) = rows.first() else { continue };
        let part = match first.part.as_str() {
            "test" => "Test",
            _ => "Validation",
        };
        let title = format!("{part} {}", first.unit.plural());
        figures.push(picture(&title, rows)?);
        parts.push(BaselinePart {
            tables: vec![table(&title, rows)],
            sentences: rows.iter().map(|found| sentence(&found.in_words)).collect(),
            title,
        });
    }
    Ok((!parts.is_empty()).then_some(BaselineSection {
        known,
        parts,
        figures,
    }))
}

/// "Position-only gets …."
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

/// "41 %", of a share that may be beyond 1.
fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

fn share(covered: Option<&Covered>) -> Cell {
    let Some(found) = covered.and_then(|covered| Some((covered.share?, covered.interval))) else {
        return Cell::text("–");
    };
    match found {
        (share, Some(Interval { low, high })) => Cell::text(format!(
            "{} ({} to {})",
            percent(share),
            percent(low),
            percent(high)
        )),
        (share, None) => Cell::text(percent(share)),
    }
}

/// A difference, whose ends may be on both sides of 0.
fn difference(value: f64, interval: Option<Interval>) -> Cell {
    Cell {
        text: interval.map_or(String::new(), |interval| interval.to_string()),
        ..Cell::number(value)
    }
}

fn table(title: &str, rows: &[BaselineMetrics]) -> Table {
    let size = rows.first().map_or(String::new(), |first| {
        format!(
            "{} of {}",
            counted(first.rows, first.unit.name(), first.unit.plural()),
            counted(first.patients, "patient", "patients")
        )
    });
    let of_exams = match rows.first().is_some_and(|first| !first.unit.is_slice()) {
        true => {
            " A baseline's probability of an exam is the highest of its slices, which puts exams in order and is no frequency: \
             the AUROC is what counts here."
        }
        false => "",
    };
    let mut lines = Vec::new();
    if let Some(first) = rows.first() {
        let known = |name: &str, of: fn(&Covered) -> f64| {
            let auroc = first.auroc.as_ref().map(of);
            let cells = vec![
                Cell::number(of(&first.log_loss)),
                Cell::text(""),
                Cell::text(""),
                Cell::maybe(auroc),
                Cell::text(""),
                Cell::text(""),
            ];
            (name.to_owned(), cells)
        };
        lines.push(known("label frequencies, chance", |covered| covered.nothing));
        lines.extend(rows.iter().map(|found| {
            let cells = vec![
                Cell::number(found.log_loss.baseline),
                share(Some(&found.log_loss)),
                found.difference.map_or_else(
                    || Cell::text("–"),
                    |versus| difference(versus.difference, versus.interval),
                ),
                Cell::maybe(found.auroc.map(|auroc| auroc.baseline)),
                share(found.auroc.as_ref()),
                found
                    .auroc_difference
                    .map_or_else(|| Cell::text("–"), |gap| difference(gap.difference, gap.interval)),
            ];
            (found.baseline.clone(), cells)
        }));
        lines.push(known("the model", |covered| covered.model));
    }
    Table {
        caption: format!(
            "{title}: {size}. The share is how far a baseline gets on the way from label frequencies (log loss) or chance \
             (AUROC) to the model; differences are the model's less the baseline's, with 95 % intervals over patients.{of_exams}"
        ),
        columns: heads(&[
            "weighted log loss",
            "share of the score",
            "model less baseline",
            "AUROC",
            "share above chance",
            "model less baseline",
        ]),
        rows: lines,
    }
}

/// The shares of the way, as far as there are some; of exams in AUROC alone.
fn picture(title: &str, rows: &[BaselineMetrics]) -> Result<Figure> {
    let dot = |name: String, covered: &Covered, ink| {
        Some(Dot {
            name,
            value: 100.0 * covered.share?,
            interval: covered
                .interval
                .map(|interval| (100.0 * interval.low, 100.0 * interval.high)),
            ink,
        })
    };
    let mut dots: Vec<Dot> = Vec::new();
    for found in rows {
        if found.unit.is_slice() {
            dots.extend(dot(
                format!("{}, log loss", found.baseline),
                &found.log_loss,
                Ink::First,
            ));
        }
        let auroc = found.auroc.as_ref();
        dots.extend(auroc.and_then(|auroc| dot(format!("{}, AUROC", found.baseline), auroc, Ink::Second)));
    }
    let said = match rows.first().is_some_and(|first| first.unit.is_slice()) {
        true => {
            "Blue: of the way in log loss from label frequencies to the model, orange: in AUROC from chance."
        }
        false => "Of the way in AUROC from chance to the model.",
    };
    plots::dots(
        &format!("How far baselines get, {}", title.to_lowercase()),
        format!("{said} At 100 (dashed) a baseline is as good as the model."),
        "percent of the way",
        &dots,
        Some(100.0),
        440,
    )
}
