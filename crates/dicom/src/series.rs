//! What is odd about the geometry of a series: whatever looks along a series should not be surprised.

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

/// Where a slice of a series lies.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Place {
    /// Position along the normal of the image plane, in mm.
    pub position_mm: Option<f64>,
    /// SliceThickness, in mm.
    pub thickness_mm: Option<f32>,
    /// ImageOrientationPatient: directions of a row and of a column.
    pub orientation: Option<[f32; 6]>,
}

/// What is odd about a series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Oddities {
    /// Slices without a position.
    pub without_position: usize,
    /// Slices at the position of the one before.
    pub repeated: usize,
    /// Gaps that differ from the usual one.
    pub uneven: Option<UnevenGaps>,
    /// The thinnest and the thickest slice, where they differ, in mm.
    pub thickness_mm: Option<[f32; 2]>,
    /// Slices whose plane is turned against the first one's.
    pub turned: usize,
    /// How far the gantry was tilted, in degrees, where it was.
    pub tilt_degrees: Option<f32>,
}

/// Gaps between slices that differ from the usual one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnevenGaps {
    /// How many there are.
    pub count: usize,
    /// The median gap, in mm.
    pub usual_mm: f64,
    /// The gap that differs most from it, in mm.
    pub worst_mm: f64,
}

impl Oddities {
    /// What is odd about slices in the order of their positions.
    pub fn of(series: &[Place]) -> Self {
        let positions: Vec<f64> = series.iter().filter_map(|place| place.position_mm).collect();
        let gaps: Vec<f64> = positions.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let thicknesses: Vec<f32> = series.iter().filter_map(|place| place.thickness_mm).collect();
        let (thin, wide) = bounds(&thicknesses);
        let first = series.first().copied().unwrap_or_default();
        let tilt = first.orientation.map_or(0.0, tilt_degrees);
        Self {
            without_position: series.len() - positions.len(),
            repeated: gaps.iter().filter(|gap| **gap <= SAME_MM).count(),
            uneven: uneven(&gaps),
            thickness_mm: (wide - thin > SAME_THICKNESS_MM).then_some([thin, wide]),
            turned: series.iter().filter(|place| is_turned(place, &first)).count(),
            tilt_degrees: (tilt.abs() > UPRIGHT_DEGREES).then_some(tilt),
        }
    }
}

/// How far an image plane leans out of the transverse plane about the patient's left-right axis, in degrees: the
/// gantry tilt.
pub fn tilt_degrees(orientation: [f32; 6]) -> f32 {
    let [_, _, _, _, y, z] = orientation;
    z.atan2(y).to_degrees()
}

/// Gaps that differ from the median one. Slices at one place are told of elsewhere.
fn uneven(gaps: &[f64]) -> Option<UnevenGaps> {
    let mut sorted: Vec<f64> = gaps.iter().copied().filter(|gap| *gap > SAME_MM).collect();
    sorted.sort_by(f64::total_cmp);
    let usual = sorted.get(sorted.len() / 2).copied()?;
    let off = |gap: &&f64| (**gap - usual).abs() > (EVEN * usual).max(SAME_MM);
    let count = sorted.iter().filter(off).count();
    let worst = sorted
        .iter()
        .copied()
        .max_by(|a, b| (a - usual).abs().total_cmp(&(b - usual).abs()));
    (count > 0).then(|| UnevenGaps {
        count,
        usual_mm: usual,
        worst_mm: worst.unwrap_or(usual),
    })
}

fn bounds(numbers: &[f32]) -> (f32, f32) {
    let low = numbers.iter().copied().reduce(f32::min).unwrap_or(0.0);
    let high = numbers.iter().copied().reduce(f32::max).unwrap_or(0.0);
    (low, high)
}

fn is_turned(place: &Place, first: &Place) -> bool {
    let pair = place.orientation.zip(first.orientation);
    pair.is_some_and(|(a, b)| a.iter().zip(b).any(|(a, b)| (a - b).abs() > SAME_DIRECTION))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_series_has_none_and_no_slices_have_none() {
        let even: Vec<Place> = [0.0, 5.0, 10.004, 15.0]
            .map(|mm| Place {
                position_mm: Some(mm),
                thickness_mm: Some(5.0),
                orientation: Some([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
            })
            .to_vec();
        assert_eq!(Oddities::of(&even), Oddities::default());
        assert_eq!(Oddities::of(&[]), Oddities::default());
    }

    #[test]
    fn gaps_are_held_against_the_median() {
        let at = |mm| Place {
            position_mm: Some(mm),
            ..Place::default()
        };
        let found = Oddities::of(&[0.0, 5.0, 5.0, 10.0, 15.0, 25.0].map(at));
        assert_eq!(found.repeated, 1);
        let uneven = found.uneven.unwrap();
        assert_eq!((uneven.count, uneven.usual_mm, uneven.worst_mm), (1, 5.0, 10.0));
    }
}
