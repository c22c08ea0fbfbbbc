//! Whose a slice is and which series it stands in, also where headers leave it open.
//!
//! De-identified archives often lose PatientID or SeriesInstanceUID. An empty name is no name: slices without a
//! patient are not one patient, and slices without a series are not one series. Everything that groups slices —
//! splits, metrics, intervals, cross-fitting, neighbours — asks here, so that all group alike.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use crate::data::cohort::{Slice, SliceOrder};

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

/// The slices of every series, by their index in `slices`, along the series: by position, or by InstanceNumber where
/// some have no position, or positions of two kinds; ties in the order given. Series are in the order of their names.
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
    let mut all = Vec::with_capacity(members.len());
    for (name, mut indices) in members {
        sort(slices, &mut indices);
        if matches!(name, SeriesName::Study(_)) && places(slices, &indices).len() < indices.len() {
            all.extend(indices.into_iter().map(|index| vec![index]));
        } else {
            all.push(indices);
        }
    }
    all
}

/// The slices of every volume, as [`series_of`] has those of a series: perfusion and phases repeat the positions of a
/// series at several times, and slices of one time are a volume.
///
/// The times are told by TemporalPositionIdentifier, AcquisitionNumber or AcquisitionTime, else by which slice of its
/// position each is, in the order of their InstanceNumbers. Where headers leave it open a series is one volume.
pub fn volumes_of<S: Borrow<Slice>>(slices: &[S]) -> Vec<Vec<usize>> {
    series_of(slices)
        .into_iter()
        .flat_map(|series| volumes(slices, series))
        .collect()
}

fn sort<S: Borrow<Slice>>(slices: &[S], series: &mut [usize]) {
    let slice = |index: &usize| slices[*index].borrow();
    let located = series
        .iter()
        .filter(|index| slice(index).header.order.is_slice_location)
        .count();
    let are_of_a_kind = located == 0 || located == series.len();
    let are_placed = are_of_a_kind && series.iter().all(|index| slice(index).position_mm.is_some());
    let are_numbered = series
        .iter()
        .all(|index| slice(index).header.order.instance.is_some());
    if !are_placed && are_numbered {
        series.sort_by_key(|index| (slice(index).header.order.instance, slice(index).frame));
    } else {
        let place = |index: &usize| slice(index).position_mm.unwrap_or(f64::MAX);
        series.sort_by(|a, b| place(a).total_cmp(&place(b)));
    }
}

/// The slices of a sorted series, cut where the position changes. What has no position has a place of its own.
fn places<'a, S: Borrow<Slice>>(slices: &[S], series: &'a [usize]) -> Vec<&'a [usize]> {
    let place = |index: &usize| slices[*index].borrow().position_mm.unwrap_or(f64::NAN);
    series
        .chunk_by(|a, b| (place(a) - place(b)).abs() < SAME_PLACE_MM)
        .collect()
}

fn volumes<S: Borrow<Slice>>(slices: &[S], series: Vec<usize>) -> Vec<Vec<usize>> {
    let of_places = places(slices, &series);
    if of_places.len() == series.len() {
        return vec![series];
    }
    let order = |index: &usize| slices[*index].borrow().header.order;
    let times: [fn(SliceOrder) -> Option<f64>; 3] = [
        |order| order.temporal.map(f64::from),
        |order| order.acquisition.map(f64::from),
        |order| order.time,
    ];
    for time in times {
        let mut volumes: BTreeMap<Time, Vec<usize>> = BTreeMap::new();
        for index in &series {
            if let Some(time) = time(order(index)) {
                volumes.entry(Time(time)).or_default().push(*index);
            }
        }
        let volumes: Vec<Vec<usize>> = volumes.into_values().collect();
        // A number of each slice alone, as of scans one by one, tells no time of a volume.
        let all = volumes.iter().map(Vec::len).sum::<usize>() == series.len();
        let of_several = of_places.len() == 1 || volumes.iter().any(|volume| volume.len() > 1);
        let each_once = volumes
            .iter()
            .all(|volume| places(slices, volume).len() == volume.len());
        if all && of_several && each_once {
            return volumes;
        }
    }
    // Copies have one number, and are of no other time.
    let number = |index: &usize| Some((order(index).instance?, slices[*index].borrow().frame));
    let tells = |place: &&[usize]| {
        let numbers: BTreeSet<_> = place.iter().filter_map(number).collect();
        numbers.len() == place.len()
    };
    if !of_places.iter().all(tells) {
        return vec![series];
    }
    let mut volumes: Vec<Vec<usize>> = Vec::new();
    for place in of_places {
        let mut place = place.to_vec();
        place.sort_by_key(number);
        for (time, index) in place.into_iter().enumerate() {
            match volumes.get_mut(time) {
                Some(volume) => volume.push(index),
                None => volumes.push(vec![index]),
            }
        }
    }
    volumes
}

/// A number that orders.
struct Time(f64);

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Time {}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Where each slice stands among those of its series and time.
#[derive(Clone, Debug, Default)]
pub struct SeriesOrder {
    /// Slices of every volume, one volume after the other.
    order: Vec<usize>,
    /// Of each slice: its index in `order`, and where its volume begins and ends there.
    places: Vec<(usize, usize, usize)>,
}

impl SeriesOrder {
    /// The order of slices, as [`volumes_of`] finds it.
    pub fn of(slices: &[Slice]) -> Self {
        let mut order = Vec::with_capacity(slices.len());
        let mut places = vec![(0, 0, 0); slices.len()];
        for volume in volumes_of(slices) {
            let (begin, end) = (order.len(), order.len() + volume.len());
            for index in volume {
                places[index] = (order.len(), begin, end);
                order.push(index);
            }
        }
        Self { order, places }
    }

    /// The slice `offset` places further along the series of slice `index`, of the same time; at the ends of the series
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

    /// Names of the slices of each volume.
    fn volumes(slices: &[Slice]) -> Vec<Vec<&str>> {
        let names = |volume: Vec<usize>| {
            volume
                .into_iter()
                .map(|index| slices[index].id.as_str())
                .collect()
        };
        volumes_of(slices).into_iter().map(names).collect()
    }

    #[test]
    fn without_positions_the_numbers_of_instances_order_a_series() {
        let numbered = |id: &str, z: Option<f64>, is_slice_location, instance| {
            let mut slice = slice(id, "p", None);
            slice.position_mm = z;
            slice.header.order.is_slice_location = is_slice_location;
            slice.header.order.instance = instance;
            slice
        };
        // As names sort them: 1, 10, 2.
        let nowhere = ["IM1", "IM10", "IM2"].map(|id| numbered(id, None, false, id[2..].parse().ok()));
        assert_eq!(volumes(&nowhere), [["IM1", "IM2", "IM10"]]);
        // A position and a slice location count from different places.
        let mixed = [
            numbered("a", Some(30.0), false, Some(1)),
            numbered("b", Some(2.5), true, Some(2)),
            numbered("c", Some(35.0), false, Some(3)),
        ];
        assert_eq!(volumes(&mixed), [["a", "b", "c"]]);
        let unnumbered = [
            numbered("a", None, false, None),
            numbered("b", Some(0.0), false, None),
        ];
        assert_eq!(volumes(&unnumbered), [["b", "a"]]);
    }

    #[test]
    fn neighbours_are_of_the_same_time() {
        // Four positions, twice each, in the order of the scan: place by place, or time by time.
        let scan = |of: fn(i32, i32) -> SliceOrder| -> Vec<Slice> {
            let one = |time: i32, z: i32| {
                let mut slice = at(&format!("{time}.{z}"), "p", 5.0 * f64::from(z));
                slice.header.order = of(time, z);
                slice
            };
            (0..3)
                .flat_map(|z| (0..2).map(move |time| one(time, z)))
                .collect()
        };
        let expected = [["0.0", "0.1", "0.2"], ["1.0", "1.1", "1.2"]];
        let times: [fn(i32, i32) -> SliceOrder; 5] = [
            |time, _| SliceOrder {
                temporal: Some(time),
                ..SliceOrder::default()
            },
            |time, z| SliceOrder {
                acquisition: Some(time),
                instance: Some(3 * time + z),
                ..SliceOrder::default()
            },
            |time, _| SliceOrder {
                time: Some(101_010.5 + f64::from(time)),
                ..SliceOrder::default()
            },
            // Each slice is an acquisition of its own: which slice of its place it is tells the time.
            |time, z| SliceOrder {
                acquisition: Some(2 * z + time),
                instance: Some(2 * z + time),
                ..SliceOrder::default()
            },
            |time, z| SliceOrder {
                instance: Some(3 * time + z),
                ..SliceOrder::default()
            },
        ];
        for (index, of) in times.into_iter().enumerate() {
            assert_eq!(volumes(&scan(of)), expected, "{index}");
        }
        // Nothing tells times apart: a series is what it was.
        let open = scan(|_, _| SliceOrder::default());
        assert_eq!(volumes(&open).len(), 1);
        // Without repetitions, acquisitions one by one are one volume.
        let mut single = scan(|time, z| SliceOrder {
            acquisition: Some(2 * z + time),
            ..SliceOrder::default()
        });
        single.retain(|slice| slice.id.starts_with("0."));
        assert_eq!(volumes(&single), [["0.0", "0.1", "0.2"]]);
        // A slice taken again.
        let mut again = single.clone();
        again.push(Slice {
            id: "again".into(),
            ..again[1].clone()
        });
        for (index, slice) in again.iter_mut().enumerate() {
            slice.header.order = SliceOrder {
                instance: Some(index as i32),
                ..SliceOrder::default()
            };
        }
        assert_eq!(volumes(&again), [vec!["0.0", "0.1", "0.2"], vec!["again"]]);
        // A copy of a slice.
        again[3].header.order.instance = again[1].header.order.instance;
        assert_eq!(volumes(&again), [["0.0", "0.1", "again", "0.2"]]);
    }

    #[test]
    fn a_blank_patient_is_no_patient() {
        assert_eq!(Subject::new(" p ", "s", "i"), Subject::Patient("p"));
        assert_eq!(Subject::new("  ", "s", "i"), Subject::Study("s"));
        assert_eq!(Subject::new("", " ", "i"), Subject::Slice("i"));
        assert_ne!(Subject::new("x", "", "i"), Subject::new("", "x", "i"));
    }
}
