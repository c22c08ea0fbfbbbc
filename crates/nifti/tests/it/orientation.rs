//! Whatever axes a volume is stored along, its voxels come out by where they are in the patient.

use ichflow_nifti::Volume;
use ichflow_nifti::write::Fixture;
use proptest::prelude::*;

/// Numbers of voxels to the left, to the back and to the head.
const SIDES: [usize; 3] = [3, 4, 2];
/// Millimetres of a voxel to the left, to the back and to the head.
const SPACING: [f32; 3] = [0.5, 0.75, 5.0];

/// A volume whose voxel at (x, y, z) to the left, back and head is 100·z + 10·y + x, stored along the axes of the patient
/// that `order` names, each in reverse or not.
fn stored(order: [usize; 3], reversed: [bool; 3]) -> Fixture {
    let size: [usize; 3] = order.map(|axis| SIDES[axis]);
    let mut values = Vec::new();
    for k in 0..size[2] {
        for j in 0..size[1] {
            for i in 0..size[0] {
                let mut place = [0; 3];
                for (stored, index) in [i, j, k].into_iter().enumerate() {
                    let axis = order[stored];
                    place[axis] = match reversed[stored] {
                        true => SIDES[axis] - 1 - index,
                        false => index,
                    };
                }
                values.push((100 * place[2] + 10 * place[1] + place[0]) as i16);
            }
        }
    }
    // NIfTI counts to the right and to the front, so x and y change their sign.
    let mut affine = [[0.0; 4]; 3];
    for stored in 0..3 {
        let axis = order[stored];
        let away = if axis == 2 { 1.0 } else { -1.0 };
        let along = if reversed[stored] { -1.0 } else { 1.0 };
        affine[axis][stored] = SPACING[axis] * away * along;
        if reversed[stored] {
            affine[axis][3] += SPACING[axis] * away * (SIDES[axis] - 1) as f32;
        }
    }
    Fixture {
        size: size.map(|side| side as u16),
        values,
        affine,
        ..Fixture::default()
    }
}

#[test]
fn all_48_ways_of_storing_give_the_same_slices() {
    let orders = [[0, 1, 2], [1, 0, 2], [0, 2, 1], [2, 1, 0], [1, 2, 0], [2, 0, 1]];
    for order in orders {
        for flips in 0..8 {
            let reversed = [flips & 1 != 0, flips & 2 != 0, flips & 4 != 0];
            let volume = Volume::read_bytes(stored(order, reversed).bytes()).unwrap();
            let header = &volume.header;
            let which = format!("{order:?} {reversed:?}");
            assert_eq!((header.slices, header.rows, header.columns), (2, 4, 3), "{which}");
            assert_eq!(header.orientation, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0], "{which}");
            assert_eq!(header.spacing_mm, [0.75, 0.5], "{which}");
            let mut by_position: Vec<usize> = vec![0, 1];
            by_position.sort_by(|a, b| header.positions_mm[*a].total_cmp(&header.positions_mm[*b]));
            for (z, slice) in by_position.into_iter().enumerate() {
                assert_eq!(header.positions_mm[slice], 5.0 * z as f64, "{which}");
                let expected: Vec<i16> = (0..12)
                    .map(|at| (100 * z + 10 * (at / 3) + at % 3) as i16)
                    .collect();
                assert_eq!(volume.slice(slice).unwrap(), expected, "{which}");
            }
        }
    }
}

proptest! {
    #[test]
    fn slope_and_intercept_are_applied_and_a_slope_of_0_is_none(slope in -4.0_f32..4.0, intercept in -2000.0_f32..2000.0, value: i16) {
        for slope in [slope, 0.0] {
            let fixture = Fixture { values: vec![value], slope, intercept, ..Fixture::default() };
            let volume = Volume::read_bytes(fixture.bytes()).unwrap();
            let expected = match slope {
                0.0 => value,
                _ => (f64::from(value) * f64::from(slope) + f64::from(intercept)).round() as i16,
            };
            prop_assert_eq!(volume.slice(0).unwrap(), [expected]);
        }
    }
}
