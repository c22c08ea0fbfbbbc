//! Which exams are unlike the training data, and why.

use ichflow_api::data::measures::{NoveltyCounts, NoveltyMetrics, PartNovelty};

use super::super::material::Material;
use super::super::table::{Cell, Table, heads};
use crate::render::numbers::{counted, per_cent};

/// Values that have a row of their own.
const MOST_VALUES: usize = 20;

/// The part on exams that are unlike the training data.
pub(crate) struct NoveltySection {
    /// What was looked at, and what a flag means.
    pub sentences: Vec<String>,
    /// How many exams, and values never seen.
    pub tables: Vec<Table>,
}

pub(crate) fn section(material: &Material<'_>) -> Option<NoveltySection> {
    let novelty = material.metrics.novelty.as_ref()?;
    let mut tables = vec![table_of_exams(novelty)];
    tables.extend(novelty.parts.iter().filter_map(unseen));
    Some(NoveltySection {
        sentences: sentences(novelty),
        tables,
    })
}

fn sentences(novelty: &NoveltyMetrics) -> Vec<String> {
    let of_part = |part: &PartNovelty| {
        let (one, many) = (format!("{} exam", part.part), format!("{} exams", part.part));
        format!("{} of {}", part.all.flagged, counted(part.all.exams, &one, &many))
    };
    let flagged: Vec<String> = novelty.parts.iter().map(of_part).collect();
    let exams = counted(novelty.limits_of, "validation exam", "validation exams");
    let usual = match novelty.limits_of {
        // The 99th percentile of less is the largest.
        0..99 => format!("any of {exams}"),
        _ => format!("99 of 100 of {exams}"),
    };
    vec![
        format!(
            "Flagged as unlike the {} that the model was trained on: {}. An exam is flagged where its features (Mahalanobis \
             distance above {:.2}) or its histogram of HU (stability index above {:.3}) are further away than those of \
             {usual}, or where its header has a value that no training exam has.",
            counted(novelty.training_exams, "exam", "exams"),
            flagged.join(", "),
            novelty.limits.distance,
            novelty.limits.hu_index,
        ),
        "A flag does not say that a prediction is wrong, and no flag does not say that it is right. It says that what was \
         measured on other exams may not hold for this one."
            .to_owned(),
    ]
}

fn table_of_exams(novelty: &NoveltyMetrics) -> Table {
    let mut rows = Vec::new();
    for part in &novelty.parts {
        rows.push((format!("{}, all", part.part), cells(&part.all)));
        if part.by_scanner.len() > 1 {
            for scanner in &part.by_scanner {
                rows.push((
                    format!("{}, {}", part.part, scanner.scanner),
                    cells(&scanner.counts),
                ));
            }
        }
    }
    Table {
        caption: "Flagged exams, all and by scanner; one exam may have several reasons.".into(),
        columns: heads(&[
            "exams",
            "flagged",
            "features",
            "HU",
            "headers",
            "median distance",
            "median HU index",
        ]),
        rows,
    }
}

fn cells(counts: &NoveltyCounts) -> Vec<Cell> {
    let share = counts.flagged as f64 / counts.exams.max(1) as f64;
    vec![
        Cell::count(counts.exams),
        Cell::text(format!("{} ({})", counts.flagged, per_cent(share))),
        Cell::count(counts.features),
        Cell::count(counts.hu),
        Cell::count(counts.headers),
        Cell::number(counts.median_distance),
        Cell::number(counts.median_hu_index),
    ]
}

/// Values that no training exam has; `None` where there is none.
fn unseen(part: &PartNovelty) -> Option<Table> {
    let row = |unseen: &ichflow_api::data::measures::UnseenValue| {
        let name = format!("{}: {}", unseen.field.in_words(), unseen.value);
        (name, vec![Cell::count(unseen.exams)])
    };
    let rows: Vec<(String, Vec<Cell>)> = part.unseen.iter().take(MOST_VALUES).map(row).collect();
    let left = part.unseen.len().saturating_sub(MOST_VALUES);
    (!rows.is_empty()).then(|| Table {
        caption: match left {
            0 => format!("Header values of {} exams that no training exam has.", part.part),
            left => format!(
                "Header values of {} exams that no training exam has, the most frequent; {left} more are in metrics.json.",
                part.part
            ),
        },
        columns: heads(&["exams"]),
        rows,
    })
}
