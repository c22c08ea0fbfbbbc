//! Whose a slice is and which series it stands in, also where headers leave it open.
//!
//! De-identified archives often lose PatientID or SeriesInstanceUID. An empty name is no name: slices without a
//! patient are not one patient, and slices without a series are not one series. Everything that groups slices —
//! splits, metrics, intervals, cross-fitting, neighbours — asks here, so that all group alike.

use std::borrow::Borrow;
use std::collections::BTreeMap;

use crate::data::cohort::Slice;

pub use crate::data::subject::Subject;

/// Positions closer than this are one place, in mm: headers round to a hundredth or so.
const SAME_PLACE_MM: f64 = 0.01;

/// Which series a slice stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum SeriesName<'a> {
    /// The one its header names.
    Series(&'a str),
    /// The slices with a position of a study whose slices name no series.
    Study(&'a str),
    /// None: the slice has no neighbours.
    Alone(usize),
}

/// The slices of every subject, by their index in `slices`, in the order given; subjects by their names.
pub fn subjects_of<S: Borrow<Slice>>(slices: &[S]) -> Vec<Vec<usize>> {
    let mut members: BTreeMap<Subject<'_>, Vec<usize>> = BTreeMap::new();
    for (index, slice) in slices.iter().enumerate() {
        members
            .entry(Subject::of(slice.borrow()))
            .or_default()
            .push(index);
    }
    members.into_values().collect()
}

/// The slices of every series, by their index in `slices`, along the series: by position, ties in the order
/// given. Series are in the order of their names.
///
/// Slices that name no series are one series if they name the same study and each has a place of its own in it;
/// else each stands alone.
pub fn series_of<S: Borrow<Slice>>(slices: &[S]) -> Vec<Vec<usize>> {
    let mut members: BTreeMap<SeriesName<'_>, Vec<usize>> = BTreeMap::new();
    for (index, slice) in slices.iter().enumerate() {
        let slice = slice.borrow();
        let (series, study) = (slice.series.trim(), slice.study.trim());
        let name = match (series.is_empty(), study.is_empty(), slice.position_mm) {
            (false, ..) => SeriesName::Series(series),
            (true, false, Some(_)) => SeriesName::Study(study),
            _ => SeriesName::Alone(index),
        };
        members.entry(name).or_default().push(index);
    }
    let place = |index: &usize| slices[*index].borrow().position_mm.unwrap_or(f64::MAX);
    let mut all = Vec::with_capacity(members.len());
    for (name, mut indices) in members {
        indices.sort_by(|a, b| place(a).total_cmp(&place(b)));
        let places_repeat = || {
            indices
                .windows(2)
                .any(|pair| (place(&pair[0]) - place(&pair[1])).abs() < SAME_PLACE_MM)
        };
        if matches!(name, SeriesName::Study(_)) && places_repeat() {
            all.extend(indices.into_iter().map(|index| vec![index]));
        } else {
            all.push(indices);
        }
    }
    all
}

/// Where each slice stands in its series.
#[derive(Clone, Debug, Default)]
pub struct SeriesOrder {
    /// Slices of every series, one series after the other.
    order: Vec<usize>,
    /// Of each slice: its index in `order`, and where its series begins and ends there.
    places: Vec<(usize, usize, usize)>,
}

impl SeriesOrder {
    /// The order of slices, as [`series_of`] finds it.
    pub fn of(slices: &[Slice]) -> Self {
        let mut order = Vec::with_capacity(slices.len());
        let mut places = vec![(0, 0, 0); slices.len()];
        for series in series_of(slices) {
            let (begin, end) = (order.len(), order.len() + series.len());
            for index in series {
                places[index] = (order.len(), begin, end);
                order.push(index);
            }
        }
        Self { order, places }
    }

    /// The slice `offset` places further along the series of slice `index`; at the ends of the series
    /// the slice itself.
    pub fn neighbour(&self, index: usize, offset: i32) -> usize {
        let (place, begin, end) = self.places[index];
        match place.checked_add_signed(offset as isize) {
            Some(place) if (begin..end).contains(&place) => self.order[place],
            _ => index,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::slice;

    fn at(id: &str, patient: &str, z: f64) -> Slice {
        Slice {
            position_mm: Some(z),
            ..slice(id, patient, None)
        }
    }

    #[test]
    fn neighbours_stay_in_their_series_and_ends_repeat() {
        // Two series, shuffled: a at 0, 5, 10 mm; b at 0, 5 mm.
        let slices = vec![
            at("a10", "a", 10.0),
            at("b5", "b", 5.0),
            at("a0", "a", 0.0),
            at("a5", "a", 5.0),
            at("b0", "b", 0.0),
        ];
        let order = SeriesOrder::of(&slices);
        let name = |index: usize, offset| slices[order.neighbour(index, offset)].id.as_str();
        assert_eq!([name(3, -1), name(3, 0), name(3, 1)], ["a0", "a5", "a10"]);
        assert_eq!([name(0, 1), name(0, -2)], ["a10", "a0"]);
        assert_eq!(
            [name(1, 1), name(1, -1), name(4, -1), name(2, 5)],
            ["b5", "b0", "b0", "a0"]
        );
    }

    #[test]
    fn a_blank_series_is_no_series() {
        let nameless = |id: &str, study: &str, z: Option<f64>| Slice {
            series: " ".into(),
            study: study.into(),
            position_mm: z,
            ..slice(id, "p", None)
        };
        // Of one study, each in a place of its own: position and study say that they are neighbours.
        let slices = [
            nameless("a5", "one", Some(5.0)),
            nameless("a0", "one", Some(0.0)),
            // Two slices at one place are of two series, and nothing says which is which.
            nameless("b0", "two", Some(0.0)),
            nameless("b5", "two", Some(5.0)),
            nameless("b5 again", "two", Some(5.0)),
            nameless("no place", "one", None),
            nameless("no study", "", Some(2.5)),
            nameless("no study either", "", Some(5.0)),
        ];
        let mut found = series_of(&slices);
        found.sort();
        assert_eq!(
            found,
            [vec![1, 0], vec![2], vec![3], vec![4], vec![5], vec![6], vec![7]]
        );
    }

    #[test]
    fn a_blank_patient_is_no_patient() {
        assert_eq!(Subject::new(" p ", "s", "i"), Subject::Patient("p"));
        assert_eq!(Subject::new("  ", "s", "i"), Subject::Study("s"));
        assert_eq!(Subject::new("", " ", "i"), Subject::Slice("i"));
        assert_ne!(Subject::new("x", "", "i"), Subject::new("", "x", "i"));
    }
}
