//! Whether a heat map lies where a finding is.

/// How often a point picked among the highest values of a map lies in a region: 1 or 0 where one value is the highest,
/// a share where several are. A map of one value everywhere scores the region's share of the image.
///
/// The pointing game (Zhang et al., "Top-down neural attention by excitation backprop", 2016), without its tolerance of
/// 15 pixels. Nothing for a map that holds a NaN or no value at all, and for lists of different length; 0 for a map
/// without a positive value, which points nowhere.
pub fn pointing_game(map: &[f64], inside: &[bool]) -> Option<f64> {
    if map.is_empty() || map.len() != inside.len() || map.iter().any(|value| value.is_nan()) {
        return None;
    }
    let most = map.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most <= 0.0 {
        return Some(0.0);
    }
    let highest = map.iter().zip(inside).filter(|(value, _)| **value == most);
    let (mut all, mut hits) = (0_u64, 0_u64);
    for (_, inside) in highest {
        all += 1;
        hits += u64::from(*inside);
    }
    Some(hits as f64 / all as f64)
}

/// The share of a map's positive values that lies in a region, 0 to 1. A map of one value everywhere scores the region's
/// share of the image.
///
/// The energy-based pointing game (Wang et al., "Score-CAM", 2020). Nothing where [`pointing_game`] has nothing; 0 for a
/// map without a positive value.
pub fn energy_inside(map: &[f64], inside: &[bool]) -> Option<f64> {
    if map.is_empty() || map.len() != inside.len() || map.iter().any(|value| value.is_nan()) {
        return None;
    }
    let (mut all, mut within) = (0.0, 0.0);
    for (value, inside) in map.iter().zip(inside) {
        let energy = value.max(0.0);
        all += energy;
        if *inside {
            within += energy;
        }
    }
    Some(if all > 0.0 { within / all } else { 0.0 })
}

/// A map that knows nothing but where heads are: a Gaussian in the middle of an image of `rows × columns`, row by row,
/// whose standard deviation is a sixth of the image along each axis, so that three of them reach the edge.
pub fn centred_map(rows: usize, columns: usize) -> Vec<f64> {
    let along = |place: usize, side: usize| {
        let away = ((place as f64 + 0.5) / side as f64 - 0.5) * 6.0;
        (-0.5 * away * away).exp()
    };
    let values =
        (0..rows * columns).map(|index| along(index / columns, rows) * along(index % columns, columns));
    values.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_score_what_they_score_by_hand() {
        let map = [0.0, 1.0, 3.0, -4.0];
        let in_last_two = [false, false, true, true];
        assert_eq!(pointing_game(&map, &in_last_two), Some(1.0));
        assert_eq!(energy_inside(&map, &in_last_two), Some(0.75));
        assert_eq!(pointing_game(&map, &[true, true, false, true]), Some(0.0));
        assert_eq!(energy_inside(&map, &[true, true, false, true]), Some(0.25));
        // Two highest places, one of them inside.
        assert_eq!(pointing_game(&[2.0, 2.0, 1.0], &[false, true, true]), Some(0.5));
    }

    #[test]
    fn one_value_everywhere_scores_the_share_of_the_image() {
        let inside = [true, false, false, false];
        assert_eq!(pointing_game(&[0.3; 4], &inside), Some(0.25));
        assert_eq!(energy_inside(&[0.3; 4], &inside), Some(0.25));
    }

    #[test]
    fn nothing_is_told_of_nothing() {
        assert_eq!(pointing_game(&[0.0, -1.0], &[true, true]), Some(0.0));
        assert_eq!(energy_inside(&[0.0, -1.0], &[true, true]), Some(0.0));
        for (map, inside) in [(&[][..], &[][..]), (&[1.0], &[]), (&[f64::NAN], &[true])] {
            assert_eq!(pointing_game(map, inside), None);
            assert_eq!(energy_inside(map, inside), None);
        }
    }

    #[test]
    fn the_centred_map_falls_off_by_a_known_law() {
        let map = centred_map(3, 1);
        // Two standard deviations from the middle.
        let edge = (-2.0_f64).exp();
        assert_eq!(map[1], 1.0);
        assert!(
            (map[0] - edge).abs() < 1e-15 && (map[2] - edge).abs() < 1e-15,
            "{map:?}"
        );
    }
}
