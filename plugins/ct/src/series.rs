//! What is odd about the series of a cohort: stages that look along a series should not be surprised.

use ichflow_api::prelude::*;

/// Positions closer than this are one, in mm: headers round to a hundredth or so.
const SAME_MM: f64 = 0.01;
/// Gaps that differ from the series' median by no more than this share of it are even.
const EVEN: f64 = 0.1;
/// Thicknesses closer than this are one, in mm.
const SAME_THICKNESS_MM: f32 = 0.01;
/// Directions whose components are closer than this are one: a twentieth of a degree.
const SAME_DIRECTION: f32 = 1e-3;
/// A gantry tilted by less is upright, in degrees.
const UPRIGHT_DEGREES: f32 = 0.5;

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

/// What deserves attention in slices sorted by series and position, in words. Slices are named by their ids,
/// never by patient or series.
pub fn remarks(slices: &[Slice]) -> Vec<String> {
    let [
        mut lost,
        mut repeated,
        mut uneven,
        mut thick,
        mut turned,
        mut tilted,
    ] = std::array::from_fn(|_| Oddity::default());
    for series in slices.chunk_by(|a, b| a.series == b.series) {
        let first = &series[0];
        let example = |slice: &Slice| format!("the series of {}", slice.id);
        let positions: Vec<f64> = series.iter().filter_map(|slice| slice.position_mm).collect();
        lost.add(series.len() - positions.len(), || example(first));
        let gaps: Vec<f64> = positions.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let same = gaps.iter().filter(|gap| **gap <= SAME_MM).count();
        repeated.add(same, || example(first));
        let (off, usual, worst) = uneven_gaps(&gaps);
        uneven.add(off, || {
            format!("{}: {worst:.2} mm where {usual:.2} mm is usual", example(first))
        });
        let thicknesses: Vec<f32> = series.iter().filter_map(|s| s.header.thickness_mm).collect();
        let (thin, wide) = bounds(&thicknesses);
        thick.add(
            if wide - thin > SAME_THICKNESS_MM {
                series.len()
            } else {
                0
            },
            || format!("{}: {thin} to {wide} mm", example(first)),
        );
        let other = series.iter().filter(|slice| turned_against(slice, first)).count();
        turned.add(other, || example(first));
        let tilt = first.header.tilt_degrees().unwrap_or(0.0);
        tilted.add(
            if tilt.abs() > UPRIGHT_DEGREES {
                series.len()
            } else {
                0
            },
            || format!("{}: {tilt:.1}°", example(first)),
        );
    }
    let kinds = [
        (lost, "have no position and come first in their series"),
        (repeated, "repeat the position of the one before"),
        (uneven, "follow an uneven gap"),
        (thick, "are in series of mixed thickness"),
        (
            turned,
            "are turned against the first of their series; their order may be wrong",
        ),
        (
            tilted,
            "were taken with a tilted gantry; they are ordered along the normal of their plane",
        ),
    ];
    let told = kinds.into_iter().filter(|(oddity, _)| oddity.series > 0);
    told.map(|(oddity, what)| {
        format!(
            "{} slices of {} series {what} ({})",
            oddity.slices, oddity.series, oddity.example
        )
    })
    .collect()
}

/// How many gaps differ from the median one, that, and the one furthest from it. Slices at one place are told
/// of elsewhere.
fn uneven_gaps(gaps: &[f64]) -> (usize, f64, f64) {
    let mut sorted: Vec<f64> = gaps.iter().copied().filter(|gap| *gap > SAME_MM).collect();
    sorted.sort_by(f64::total_cmp);
    let Some(usual) = sorted.get(sorted.len() / 2).copied() else {
        return (0, 0.0, 0.0);
    };
    let off = |gap: &f64| (gap - usual).abs() > (EVEN * usual).max(SAME_MM);
    let count = sorted.iter().filter(|gap| off(gap)).count();
    let worst = sorted
        .iter()
        .copied()
        .max_by(|a, b| (a - usual).abs().total_cmp(&(b - usual).abs()));
    (count, usual, worst.unwrap_or(usual))
}

fn bounds(numbers: &[f32]) -> (f32, f32) {
    let low = numbers.iter().copied().reduce(f32::min).unwrap_or(0.0);
    let high = numbers.iter().copied().reduce(f32::max).unwrap_or(0.0);
    (low, high)
}

fn turned_against(slice: &Slice, first: &Slice) -> bool {
    let pair = slice.header.orientation.zip(first.header.orientation);
    pair.is_some_and(|(a, b)| a.iter().zip(b).any(|(a, b)| (a - b).abs() > SAME_DIRECTION))
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
                "1 slices of 1 series have no position and come first in their series (the series of b0)",
                "1 slices of 1 series repeat the position of the one before (the series of a0)",
                "1 slices of 1 series follow an uneven gap (the series of a0: 10.00 mm where 5.00 mm is usual)",
                "3 slices of 1 series are in series of mixed thickness (the series of c0: 5 to 7 mm)",
                "1 slices of 1 series are turned against the first of their series; their order may be wrong \
                 (the series of c0)",
                "2 slices of 1 series were taken with a tilted gantry; they are ordered along the normal of \
                 their plane (the series of d0: 17.2°)",
            ]
        );
    }
}
