//! Series: how many slices, how far apart, how tilted, and where along them each label lies.

use ichflow_api::data::identity::{series_of, volumes_of};
use ichflow_api::prelude::*;

/// Steps closer than this are the same position, in mm.
const SAME_MM: f64 = 0.01;
/// A step is uneven if it differs from the series' median step by more than this share of it.
const UNEVEN: f64 = 0.1;
/// Parts into which a series is cut, from its lowest to its highest slice.
pub(super) const PARTS: usize = 10;

/// One series.
pub(super) struct Series<'a> {
    /// Its slices in their order along the series.
    pub slices: Vec<&'a Slice>,
    /// Median distance of neighbours, in mm.
    pub step_mm: Option<f64>,
    /// Steps that differ from the median one; repeated positions do not count.
    pub uneven: usize,
    /// The largest step, in mm.
    pub largest_mm: Option<f64>,
    /// Slices at a position that another slice has too.
    pub repeated: usize,
    /// At how many times it shows its positions: more than one of perfusion and phases.
    pub times: usize,
    /// Gantry tilt of the first slice that states its orientation, in degrees.
    pub tilt: Option<f64>,
    /// Whether its slices are not all equally thick.
    pub mixed_thickness: bool,
    /// Whether its slices are not all of one size.
    pub mixed_size: bool,
}

/// Every series of some slices, in the order of their identifiers.
pub(super) fn of<'a>(slices: &[&'a Slice]) -> Vec<Series<'a>> {
    series_of(slices)
        .into_iter()
        .map(|members| Series::of(members.into_iter().map(|index| slices[index]).collect()))
        .collect()
}

impl<'a> Series<'a> {
    fn of(slices: Vec<&'a Slice>) -> Self {
        let positions: Vec<f64> = slices.iter().filter_map(|slice| slice.position_mm).collect();
        let steps: Vec<f64> = positions.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mut apart: Vec<f64> = steps.iter().copied().filter(|step| *step > SAME_MM).collect();
        apart.sort_by(f64::total_cmp);
        let step_mm = apart.get(apart.len() / 2).copied();
        let uneven = step_mm.map_or(0, |median| {
            apart
                .iter()
                .filter(|step| (**step - median).abs() > UNEVEN * median)
                .count()
        });
        let thickness = |slice: &&Slice| slice.header.thickness_mm;
        let size = |slice: &&Slice| (slice.rows, slice.columns);
        Self {
            step_mm,
            uneven,
            largest_mm: apart.last().copied(),
            repeated: steps.iter().filter(|step| step.abs() <= SAME_MM).count(),
            times: volumes_of(&slices).len(),
            tilt: slices
                .iter()
                .find_map(|slice| slice.header.tilt_degrees())
                .map(f64::from),
            mixed_thickness: slices
                .iter()
                .any(|slice| thickness(slice) != thickness(&slices[0])),
            mixed_size: slices.iter().any(|slice| size(slice) != size(&slices[0])),
            slices,
        }
    }

    /// Whether the gantry was tilted by more than a degree.
    pub(super) fn is_tilted(&self) -> bool {
        self.tilt.is_some_and(|tilt| tilt.abs() > 1.0)
    }
}

/// Where along the series each label lies: the share of slices that have it, in each tenth of a series from
/// its lowest to its highest slice. `None` where a part has no labelled slice.
pub(super) fn along(series: &[Series<'_>], labels: usize) -> Vec<[Option<f64>; PARTS]> {
    let mut known = vec![[0_usize; PARTS]; labels];
    let mut positive = vec![[0_usize; PARTS]; labels];
    for one in series {
        let last = one.slices.len().saturating_sub(1).max(1);
        for (place, slice) in one.slices.iter().enumerate() {
            let Some(truth) = &slice.labels else { continue };
            let part = (place * PARTS / (last + 1)).min(PARTS - 1);
            for label in 0..labels {
                known[label][part] += usize::from(truth.value(label).is_some());
                positive[label][part] += usize::from(truth.is_positive(label));
            }
        }
    }
    let share = |positive: usize, known: usize| (known > 0).then(|| positive as f64 / known as f64);
    let both = positive.iter().zip(&known);
    both.map(|(positive, known)| std::array::from_fn(|part| share(positive[part], known[part])))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit::slice;

    fn at(positions: &[f64]) -> Vec<Slice> {
        positions
            .iter()
            .enumerate()
            .map(|(i, z)| Slice {
                position_mm: Some(*z),
                ..slice(&format!("s{i}"), "p", Some([i == 0; 6].into()))
            })
            .collect()
    }

    #[test]
    fn gaps_repeats_and_tilt_are_seen() {
        let mut slices = at(&[0.0, 5.0, 10.0, 10.0, 15.0, 30.0]);
        let tilt = 20.0_f32.to_radians();
        slices[2].header.orientation = Some([1.0, 0.0, 0.0, 0.0, tilt.cos(), tilt.sin()]);
        slices[3].header.thickness_mm = Some(7.0);
        let slices: Vec<&Slice> = slices.iter().rev().collect();
        let series = of(&slices);
        let one = &series[0];
        assert_eq!(one.slices[0].id, "s0");
        assert_eq!((one.step_mm, one.uneven, one.repeated), (Some(5.0), 1, 1));
        assert_eq!(one.largest_mm, Some(15.0));
        assert!((one.tilt.unwrap() - 20.0).abs() < 1e-4 && one.is_tilted());
        assert!(one.mixed_thickness && !one.mixed_size);
        let along = along(&series, 6);
        assert_eq!(along[0][0], Some(1.0));
        assert_eq!(along[0][9], None);
    }

    #[test]
    fn several_times_are_counted() {
        let mut slices = at(&[0.0, 5.0, 0.0, 5.0]);
        for (index, slice) in slices.iter_mut().enumerate() {
            slice.header.order.acquisition = Some(index as i32 / 2);
        }
        let slices: Vec<&Slice> = slices.iter().collect();
        let series = of(&slices);
        assert_eq!((series.len(), series[0].times, series[0].repeated), (1, 2, 2));
    }

    #[test]
    fn one_slice_alone_is_a_series() {
        let slices = at(&[3.0]);
        let slices: Vec<&Slice> = slices.iter().collect();
        let series = of(&slices);
        assert_eq!((series[0].step_mm, series[0].uneven), (None, 0));
        assert_eq!(super::along(&series, 6)[0][0], Some(1.0));
    }
}
