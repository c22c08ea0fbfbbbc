//! What is odd about the series of a cohort: stages that look along a series should not be surprised.

use ichflow_api::counted::counted;
use ichflow_api::data::identity::{series_of, volumes_of};
use ichflow_api::prelude::*;
use ichflow_dicom::series::{Oddities, Place};

/// One kind of oddity: how many series and slices have it, and an example.
#[derive(Default)]
struct Oddity {
    series: usize,
    slices: usize,
    example: String,
}

impl Oddity {
    fn add(&mut self, slices: usize, example: impl FnOnce() -> String) {
        if slices == 0 {
            return;
        }
        if self.series == 0 {
            self.example = example();
        }
        self.series += 1;
        self.slices += slices;
    }
}

/// What deserves attention in the series of some slices, in words. Slices are named by their ids, never by patient or
/// series.
pub(crate) fn remarks(slices: &[Slice]) -> Vec<String> {
    let [
        mut lost,
        mut numbered,
        mut located,
        mut repeated,
        mut timed,
        mut uneven,
        mut thick,
        mut turned,
        mut tilted,
    ] = std::array::from_fn(|_| Oddity::default());
    for series in series_of(slices) {
        let series: Vec<&Slice> = series.into_iter().map(|index| &slices[index]).collect();
        let example = format!("the series of {}", series[0].id);
        let example = || example.clone();
        let odd = Oddities::of(&places_of(&series));
        let are_numbered = series.iter().all(|slice| slice.header.order.instance.is_some());
        let without = if are_numbered { &mut numbered } else { &mut lost };
        without.add(odd.without_position, example);
        let is_located = |slice: &&&Slice| slice.header.order.is_slice_location;
        located.add(series.iter().filter(is_located).count(), example);
        let volumes = volumes_of(&series);
        if volumes.len() > 1 {
            timed.add(series.len(), || format!("{}: {} times", example(), volumes.len()));
        } else {
            repeated.add(odd.repeated, example);
        }
        let gaps = volumes.iter().filter_map(|volume| {
            let volume: Vec<&Slice> = volume.iter().map(|index| series[*index]).collect();
            Oddities::of(&places_of(&volume)).uneven
        });
        for gaps in gaps {
            let (worst, usual) = (gaps.worst_mm, gaps.usual_mm);
            uneven.add(gaps.count, || {
                format!("{}: {worst:.2} mm where {usual:.2} mm is usual", example())
            });
        }
        if let Some([thin, wide]) = odd.thickness_mm {
            thick.add(series.len(), || format!("{}: {thin} to {wide} mm", example()));
        }
        turned.add(odd.turned, example);
        if let Some(tilt) = odd.tilt_degrees {
            tilted.add(series.len(), || format!("{}: {tilt:.1}°", example()));
        }
    }
    let kinds = [
        (
            lost,
            "has no position and comes last in its series",
            "have no position and come last in their series",
        ),
        (
            numbered,
            "has no position: InstanceNumber orders its series",
            "have no position: InstanceNumber orders their series",
        ),
        (
            located,
            "has no ImagePositionPatient and is ordered by SliceLocation",
            "have no ImagePositionPatient and are ordered by SliceLocation",
        ),
        (
            repeated,
            "repeats the position of the one before",
            "repeat the position of the one before",
        ),
        (
            timed,
            "shows a position at several times, as perfusion and phases do; neighbours are of the same time",
            "show the same positions at several times, as perfusion and phases do; neighbours are of the same time",
        ),
        (uneven, "follows an uneven gap", "follow an uneven gap"),
        (
            thick,
            "is in a series of mixed thickness",
            "are in series of mixed thickness",
        ),
        (
            turned,
            "is turned against the first of its series; its order may be wrong",
            "are turned against the first of their series; their order may be wrong",
        ),
        (
            tilted,
            "was taken with a tilted gantry; it is ordered along the normal of its plane",
            "were taken with a tilted gantry; they are ordered along the normal of their plane",
        ),
    ];
    let told = kinds.into_iter().filter(|(oddity, ..)| oddity.series > 0);
    told.map(|(oddity, one, many)| {
        format!(
            "{} of {} series {} ({})",
            counted(oddity.slices, "slice", "slices"),
            oddity.series,
            if oddity.slices == 1 { one } else { many },
            oddity.example
        )
    })
    .collect()
}

fn places_of(slices: &[&Slice]) -> Vec<Place> {
    let place = |slice: &&Slice| Place {
        position_mm: slice.position_mm,
        thickness_mm: slice.header.thickness_mm,
        orientation: slice.header.orientation,
    };
    slices.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::data::cohort::HeaderNotes;
    use ichflow_api::testkit;

    fn series(name: &str, positions: &[Option<f64>]) -> Vec<Slice> {
        let slice = |(index, position): (usize, &Option<f64>)| Slice {
            position_mm: *position,
            header: HeaderNotes {
                thickness_mm: Some(5.0),
                orientation: Some([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
                ..HeaderNotes::default()
            },
            ..testkit::slice(&format!("{name}{index}"), name, None)
        };
        positions.iter().enumerate().map(slice).collect()
    }

    #[test]
    fn an_even_series_is_nothing_to_speak_of() {
        let even = series("a", &[0.0, 5.0, 10.004, 15.0].map(Some));
        assert_eq!(remarks(&even), Vec::<String>::new());
        assert_eq!(remarks(&[]), Vec::<String>::new());
    }

    #[test]
    fn each_oddity_is_counted_with_an_example() {
        let mut all = series("a", &[0.0, 5.0, 5.0, 10.0, 15.0, 25.0, 30.0].map(Some));
        all.extend(series("b", &[None, Some(0.0), Some(2.5)]));
        let mut mixed = series("c", &[0.0, 5.0, 10.0].map(Some));
        mixed[2].header.thickness_mm = Some(7.0);
        mixed[1].header.orientation = Some([0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        all.extend(mixed);
        let mut tilted = series("d", &[0.0, 5.0].map(Some));
        let (sin, cos) = 0.3_f32.sin_cos();
        for slice in &mut tilted {
            slice.header.orientation = Some([1.0, 0.0, 0.0, 0.0, cos, sin]);
        }
        all.extend(tilted);
        assert_eq!(
            remarks(&all),
            [
                "1 slice of 1 series has no position and comes last in its series (the series of b1)",
                "1 slice of 1 series repeats the position of the one before (the series of a0)",
                "1 slice of 1 series follows an uneven gap (the series of a0: 10.00 mm where 5.00 mm is usual)",
                "3 slices of 1 series are in series of mixed thickness (the series of c0: 5 to 7 mm)",
                "1 slice of 1 series is turned against the first of its series; its order may be wrong \
                 (the series of c0)",
                "2 slices of 1 series were taken with a tilted gantry; they are ordered along the normal of \
                 their plane (the series of d0: 17.2°)",
            ]
        );
    }

    #[test]
    fn what_orders_a_series_and_several_times_are_told() {
        let mut perfusion = series("p", &[0.0, 5.0, 0.0, 5.0].map(Some));
        for (index, slice) in perfusion.iter_mut().enumerate() {
            slice.header.order.acquisition = Some(index as i32 / 2);
        }
        let mut numbered = series("q", &[None, None]);
        for (index, slice) in numbered.iter_mut().enumerate() {
            slice.header.order.instance = Some(index as i32);
        }
        let mut located = series("r", &[0.0, 5.0].map(Some));
        for slice in &mut located {
            slice.header.order.is_slice_location = true;
        }
        perfusion.extend(numbered);
        perfusion.extend(located);
        assert_eq!(
            remarks(&perfusion),
            [
                "2 slices of 1 series have no position: InstanceNumber orders their series (the series of q0)",
                "2 slices of 1 series have no ImagePositionPatient and are ordered by SliceLocation (the series of r0)",
                "4 slices of 1 series show the same positions at several times, as perfusion and phases do; \
                 neighbours are of the same time (the series of p0: 2 times)",
            ]
        );
    }
}
