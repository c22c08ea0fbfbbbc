//! What is read of a header: numbers, and names of which there are few.

use std::collections::{BTreeMap, BTreeSet};

use ichflow_api::data::identity::Subject;
use ichflow_api::prelude::*;

/// A number that a header may state.
type Number = (&'static str, fn(&Slice) -> Option<f64>);
/// A name that a header may state; empty where it says nothing.
type Name = (&'static str, fn(&Slice) -> String);

/// The numbers. Nothing among them says where along the head a slice lies.
const NUMBERS: [Number; 9] = [
    ("row spacing", |slice| {
        Some(f64::from(slice.header.spacing_mm?[0]))
    }),
    ("column spacing", |slice| {
        Some(f64::from(slice.header.spacing_mm?[1]))
    }),
    ("slice thickness", |slice| {
        Some(f64::from(slice.header.thickness_mm?))
    }),
    ("gantry tilt", |slice| {
        Some(f64::from(slice.header.tilt_degrees()?))
    }),
    ("rows", |slice| Some(f64::from(slice.rows))),
    ("columns", |slice| Some(f64::from(slice.columns))),
    ("window center", |slice| {
        Some(f64::from(slice.tags.window_center?))
    }),
    ("window width", |slice| Some(f64::from(slice.tags.window_width?))),
    ("age", |slice| Some(f64::from(slice.scan.age_years?))),
];

/// The names.
const NAMES: [Name; 7] = [
    ("pixel encoding", |slice| match slice.encoding.bits_stored {
        0 => String::new(),
        _ => slice.encoding.in_words(),
    }),
    ("pixel padding", |slice| {
        slice
            .header
            .padding
            .map_or(String::new(), |padding| padding.to_string())
    }),
    ("number of windows", |slice| match slice.header.windows {
        0 => String::new(),
        windows => windows.to_string(),
    }),
    ("scanner", |slice| slice.scan.scanner()),
    ("kernel", |slice| slice.scan.kernel.trim().to_owned()),
    ("kVp", |slice| {
        slice.scan.kvp.map_or(String::new(), |kvp| kvp.to_string())
    }),
    ("sex", |slice| slice.scan.sex.trim().to_owned()),
];

/// What was known of training slices, by which those of any slice become features.
pub(super) struct Facts {
    /// Of each number: the mean of those stated.
    means: Vec<f64>,
    /// Of each name: the values that have a column of their own. All others share one.
    values: Vec<Vec<String>>,
    /// What the headers of training slices say at all.
    stated: Vec<&'static str>,
}

impl Facts {
    /// From training slices. A value of fewer than `least` patients (studies, where none is named) has no column of
    /// its own.
    pub(super) fn of(slices: &[Slice], least: usize) -> Self {
        let mut stated = Vec::new();
        let means = NUMBERS
            .iter()
            .map(|(what, number)| {
                let known = slices.iter().filter_map(|slice| finite(number(slice)));
                let (sum, count) = known.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
                if count > 0 {
                    stated.push(*what);
                }
                sum / count.max(1) as f64
            })
            .collect();
        let values = NAMES
            .iter()
            .map(|(what, name)| {
                let mut patients: BTreeMap<String, BTreeSet<Subject<'_>>> = BTreeMap::new();
                for slice in slices {
                    patients
                        .entry(name(slice))
                        .or_default()
                        .insert(Subject::of(slice));
                }
                if patients.keys().any(|value| !value.is_empty()) {
                    stated.push(*what);
                }
                let frequent = patients.into_iter().filter(|(_, of)| of.len() >= least);
                frequent.map(|(value, _)| value).collect()
            })
            .collect();
        Self {
            means,
            values,
            stated,
        }
    }

    /// What the headers of training slices say at all.
    pub(super) fn stated(&self) -> &[&'static str] {
        &self.stated
    }

    /// The features of a slice: each number, with the mean in place of one that is not stated; whether it is not; and for
    /// each value of each name whether the slice has it, the last for values that are rare or were never seen.
    pub(super) fn row(&self, slice: &Slice) -> Vec<f64> {
        let mut row = Vec::new();
        for ((_, number), mean) in NUMBERS.iter().zip(&self.means) {
            let stated = finite(number(slice));
            row.extend([stated.unwrap_or(*mean), f64::from(u8::from(stated.is_none()))]);
        }
        for ((_, name), values) in NAMES.iter().zip(&self.values) {
            let name = name(slice);
            let of = values
                .iter()
                .position(|value| *value == name)
                .unwrap_or(values.len());
            row.extend((0..=values.len()).map(|value| f64::from(u8::from(value == of))));
        }
        row
    }
}

fn finite(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}
