//! How much of an exam is positive.

use std::collections::HashMap;

use ichflow_api::data::attribute::Value;
use ichflow_api::data::exams::exams_of;
use ichflow_api::prelude::*;

/// Lower ends of the bands, as shares of the exam's slices, and what they are called.
const BANDS: [(f64, &str); 3] = [
    (0.3, "30 % of the slices and more"),
    (0.1, "10 to below 30 % of the slices"),
    (0.0, "below 10 % of the slices"),
];

/// The share of positive slices of every exam, by the name of its row.
pub(super) struct LesionLoad {
    share_of: HashMap<String, f64>,
}

impl LesionLoad {
    /// For rows of a level, from predictions of slices. `None` where it is not known which slices are positive.
    pub(super) fn of(unit: Level, slices: &Predictions) -> Option<Self> {
        if slices.unit != Level::Slice || slices.level != Level::Slice {
            return None;
        }
        let headline = slices.labels.headline();
        let level = if unit == Level::Slice { Level::Study } else { unit };
        let mut share_of = HashMap::new();
        for exam in exams_of(&slices.slices, level, slices.level) {
            let known: Vec<bool> = exam
                .slices
                .iter()
                .filter_map(|index| slices.slices[*index].labels.as_ref()?.positive(headline))
                .collect();
            if known.is_empty() {
                continue;
            }
            let share = known.iter().filter(|positive| **positive).count() as f64 / known.len() as f64;
            match unit {
                Level::Slice => {
                    let ids = exam.slices.iter().map(|index| slices.slices[*index].id.clone());
                    share_of.extend(ids.map(|id| (id, share)));
                }
                _ => {
                    share_of.insert(exam.id, share);
                }
            }
        }
        Some(Self { share_of })
    }

    /// The band of a row.
    pub(super) fn band(&self, id: &str) -> Option<Value> {
        let share = *self.share_of.get(id)?;
        let (place, (_, name)) = BANDS.iter().enumerate().find(|(_, (from, _))| share >= *from)?;
        Some(Value::ranked(BANDS.len() - place, *name))
    }
}
