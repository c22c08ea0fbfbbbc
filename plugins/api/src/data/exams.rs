//! Whole exams: which slices belong together, and what is true of them as a whole.

use std::collections::BTreeMap;

use crate::data::cohort::Slice;
use crate::data::identity::{Subject, series_of};
use crate::data::labels::{Labels, Level};

/// A series, a study or a patient: all slices that are judged together.
#[derive(Clone, Debug, PartialEq)]
pub struct Exam {
    /// Its name: SeriesInstanceUID, StudyInstanceUID or PatientID; of slices that name none, the first one's id.
    pub id: String,
    /// Its slices, by their places among those given, along the series.
    pub slices: Vec<usize>,
    /// What is true of it as a whole, where that is known.
    pub truth: Option<Labels>,
}

/// The slices of every series, study or patient, by their index in `slices`; of a study or patient, series after series.
pub fn indices_of(slices: &[Slice], level: Level) -> Vec<Vec<usize>> {
    let series = series_of(slices);
    if level <= Level::Series {
        return series;
    }
    let mut members: BTreeMap<Subject<'_>, Vec<usize>> = BTreeMap::new();
    for indices in series {
        let Some(first) = indices.first().map(|index| &slices[*index]) else {
            continue;
        };
        let unit = match level {
            Level::Study => Subject::new("", &first.study, &first.id),
            _ => Subject::of(first),
        };
        members.entry(unit).or_default().extend(indices);
    }
    members.into_values().collect()
}

/// The exams of some slices, whose truth is known at the level of `truth_of`, in the order of their names.
///
/// An exam is positive for a label if one of its slices is, negative if all are, and unknown if neither is said. Soft
/// labels count with the largest.
pub fn exams_of(slices: &[Slice], level: Level, truth_of: Level) -> Vec<Exam> {
    let units = indices_of(slices, level).into_iter();
    units
        .filter_map(|indices| {
            let first = &slices[*indices.first()?];
            let own = match level {
                Level::Slice | Level::Series => &first.series,
                Level::Study => &first.study,
                Level::Patient => &first.patient,
            };
            let id = match own.trim() {
                "" => first.id.clone(),
                name => name.to_owned(),
            };
            let members: Vec<&Slice> = indices.iter().map(|index| &slices[*index]).collect();
            Some(Exam {
                id,
                truth: truth(&members, level, truth_of),
                slices: indices,
            })
        })
        .collect()
}

/// What is true of some slices together.
fn truth(slices: &[&Slice], level: Level, truth_of: Level) -> Option<Labels> {
    // What is said of a patient is not said of each of its exams.
    if truth_of > level {
        return None;
    }
    let known: Vec<&Labels> = slices.iter().filter_map(|slice| slice.labels.as_ref()).collect();
    let labels = known.iter().map(|truth| truth.len()).max()?;
    let complete = known.len() == slices.len();
    let of_label = |label: usize| {
        let values: Vec<f32> = known.iter().filter_map(|truth| truth.value(label)).collect();
        let highest = values.iter().copied().reduce(f32::max)?;
        let all = complete && values.len() == known.len();
        (all || highest >= 0.5).then_some(highest)
    };
    let labels = Labels::new((0..labels).map(of_label).collect());
    (!labels.is_unknown()).then_some(labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::slice;

    fn at(id: &str, patient: &str, study: &str, z: f64, truth: &[Option<f32>]) -> Slice {
        let labels = Labels::new(truth.to_vec());
        Slice {
            study: study.into(),
            series: format!("series of {study}"),
            position_mm: Some(z),
            ..slice(id, patient, Some(labels).filter(|labels| !labels.is_unknown()))
        }
    }

    #[test]
    fn an_exam_is_positive_where_a_slice_is_and_negative_where_all_are() {
        let slices = [
            at("b", "p", "one", 5.0, &[Some(1.0), Some(0.0), None]),
            at("a", "p", "one", 0.0, &[Some(0.0), Some(0.0), Some(0.0)]),
            at("c", "p", "two", 0.0, &[Some(0.0), None, Some(0.25)]),
        ];
        let studies = exams_of(&slices, Level::Study, Level::Slice);
        let one = &studies[0];
        assert_eq!((one.id.as_str(), one.slices.as_slice()), ("one", &[1, 0][..]));
        let truth = one.truth.as_ref().unwrap();
        assert_eq!(truth.iter().collect::<Vec<_>>(), [Some(1.0), Some(0.0), None]);
        let patients = exams_of(&slices, Level::Patient, Level::Slice);
        assert_eq!(patients.len(), 1);
        let truth = patients[0].truth.as_ref().unwrap();
        assert_eq!(truth.iter().collect::<Vec<_>>(), [Some(1.0), None, None]);
        // A patient's label does not say which of its studies it is about.
        assert_eq!(exams_of(&slices, Level::Study, Level::Patient)[0].truth, None);
    }
}
