//! How series are varied in training.

use ichflow_api::prelude::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Parts of series in place of whole ones, drawn anew whenever a series comes up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub struct Vary {
    /// Number of neighbouring slices that are taken of a series, from a random place; shorter series are taken whole.
    /// None: all slices.
    #[schemars(range(min = 1, max = 100_000))]
    pub window: Option<usize>,
    /// Probability that every second slice is left out before that: as of a scan with thicker slices.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub every_second: f64,
    /// Probability that the slices come in reversed order.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub reversed: f64,
}

impl Vary {
    /// Places of the slices that are taken of a series of so many, in their order.
    pub(super) fn places(&self, slices: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
        // All is drawn whatever is used, so that one setting does not change the others' draws.
        let [thinned, turned, from] = std::array::from_fn(|_| rng.random::<f64>());
        let odd = rng.random::<bool>();
        let mut places: Vec<usize> = if thinned < self.every_second && slices > 1 {
            (usize::from(odd)..slices).step_by(2).collect()
        } else {
            (0..slices).collect()
        };
        if let Some(window) = self.window.filter(|window| *window < places.len()) {
            let starts = places.len() - window + 1;
            let start = ((from * starts as f64) as usize).min(starts - 1);
            places = places[start..start + window].to_vec();
        }
        if turned < self.reversed {
            places.reverse();
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use rand::SeedableRng;

    fn draws(vary: &Vary, slices: usize) -> Vec<Vec<usize>> {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        (0..400).map(|_| vary.places(slices, &mut rng)).collect()
    }

    #[test]
    fn windows_begin_anywhere_and_short_series_stay_whole() {
        let vary = Vary {
            window: Some(4),
            ..Vary::default()
        };
        let starts: BTreeSet<usize> = draws(&vary, 10).iter().map(|places| places[0]).collect();
        assert_eq!(starts, (0..=6).collect());
        assert!(
            draws(&vary, 10)
                .iter()
                .all(|places| places.len() == 4 && places[3] == places[0] + 3)
        );
        assert!(draws(&vary, 3).iter().all(|places| *places == [0, 1, 2]));
        assert!(
            draws(&Vary::default(), 5)
                .iter()
                .all(|places| *places == [0, 1, 2, 3, 4])
        );
    }

    #[test]
    fn half_of_the_series_are_thinned_and_half_turned() {
        let vary = Vary {
            window: None,
            every_second: 0.5,
            reversed: 0.5,
        };
        let found = draws(&vary, 7);
        let thinned = found.iter().filter(|places| places.len() < 7).count();
        let turned = found.iter().filter(|places| places[0] > places[1]).count();
        assert!(
            (150..250).contains(&thinned) && (150..250).contains(&turned),
            "{thinned} {turned}"
        );
        // Either half of the slices is left, and no series is left without a slice.
        assert!(found.contains(&vec![0, 2, 4, 6]) && found.contains(&vec![1, 3, 5]));
        assert!(draws(&vary, 1).iter().all(|places| *places == [0]));
    }
}
