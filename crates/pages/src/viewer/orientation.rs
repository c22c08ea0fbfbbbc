//! What lies at the sides of an image.

use serde::{Deserialize, Serialize};

/// What lies at the four sides of an image: R and L for the patient's right and left, A and P for the front and the
/// back, H and F for the head and the feet; several where a side lies between, the nearest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sides {
    /// At its left edge.
    pub left: String,
    /// At its right edge.
    pub right: String,
    /// At its top.
    pub top: String,
    /// At its bottom.
    pub bottom: String,
}

/// A cosine below which a direction is not named: 10 degrees off an axis.
const LEAST: f64 = 0.173_648_177_666_930_3;

impl Sides {
    /// Those of an image by its ImageOrientationPatient (0020,0037), the directions of a row and of a column
    /// (PS3.3 C.7.6.1.1.1): a row runs from the image's left to its right. `None` where either is no direction.
    pub fn of(orientation: [f64; 6]) -> Option<Self> {
        let [rx, ry, rz, cx, cy, cz] = orientation;
        let (row, column) = ([rx, ry, rz], [cx, cy, cz]);
        Some(Self {
            left: letters(row.map(|part| -part))?,
            right: letters(row)?,
            top: letters(column.map(|part| -part))?,
            bottom: letters(column)?,
        })
    }

    /// Those of an axial image as it is usually shown: the patient's left to the right, the front at the top.
    pub fn axial() -> Self {
        Self {
            left: "R".into(),
            right: "L".into(),
            top: "A".into(),
            bottom: "P".into(),
        }
    }
}

/// Which way a direction goes in the patient: x to the left, y to the back, z to the head.
fn letters(direction: [f64; 3]) -> Option<String> {
    let length = direction.iter().map(|part| part * part).sum::<f64>().sqrt();
    if !length.is_finite() || length < 1e-6 {
        return None;
    }
    let named =
        |part: f64, [below, above]: [char; 2]| (part.abs() / length, if part < 0.0 { below } else { above });
    let [x, y, z] = direction;
    let mut parts = [named(x, ['R', 'L']), named(y, ['A', 'P']), named(z, ['F', 'H'])];
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    Some(
        parts
            .iter()
            .filter(|(size, _)| *size >= LEAST)
            .map(|(_, letter)| letter)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sides(orientation: [f64; 6]) -> [String; 4] {
        let sides = Sides::of(orientation).unwrap();
        [sides.left, sides.right, sides.top, sides.bottom]
    }

    #[test]
    fn axial_coronal_and_sagittal_images() {
        assert_eq!(Sides::of([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]), Some(Sides::axial()));
        assert_eq!(sides([-1.0, 0.0, 0.0, 0.0, 1.0, 0.0]), ["L", "R", "A", "P"]);
        assert_eq!(sides([1.0, 0.0, 0.0, 0.0, 0.0, -1.0]), ["R", "L", "H", "F"]);
        assert_eq!(sides([0.0, 1.0, 0.0, 0.0, 0.0, -1.0]), ["A", "P", "H", "F"]);
    }

    #[test]
    fn a_tilted_gantry_names_both_directions() {
        // 18.5 degrees, as a head scan has it.
        let (sin, cos) = 18.5_f64.to_radians().sin_cos();
        assert_eq!(sides([1.0, 0.0, 0.0, 0.0, cos, -sin]), ["R", "L", "AH", "PF"]);
        let (sin, cos) = 5.0_f64.to_radians().sin_cos();
        assert_eq!(sides([1.0, 0.0, 0.0, 0.0, cos, -sin]), ["R", "L", "A", "P"]);
    }

    #[test]
    fn what_is_no_direction_has_no_letters() {
        for orientation in [
            [0.0; 6],
            [1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [f64::NAN; 6],
            [f64::INFINITY; 6],
        ] {
            assert_eq!(Sides::of(orientation), None, "{orientation:?}");
        }
    }

    proptest! {
        #[test]
        fn opposite_sides_have_opposite_letters(orientation: [f32; 6]) {
            let Some(sides) = Sides::of(orientation.map(f64::from)) else { return Ok(()) };
            let opposite = |letters: &str| -> String {
                letters.chars().map(|letter| match letter {
                    'R' => 'L', 'L' => 'R', 'A' => 'P', 'P' => 'A', 'H' => 'F', _ => 'H',
                }).collect()
            };
            prop_assert_eq!(&opposite(&sides.left), &sides.right);
            prop_assert_eq!(&opposite(&sides.top), &sides.bottom);
            prop_assert!((1..=3).contains(&sides.left.len()));
        }
    }
}
