//! t-SNE, computed exactly (van der Maaten and Hinton 2008, "Visualizing Data using t-SNE").

use std::collections::HashMap;

use ichflow_api::prelude::*;
use rayon::prelude::*;

/// Effective number of neighbours of a slice.
const PERPLEXITY: f64 = 30.0;
/// Steps of gradient descent, and how many of them pull neighbours together more strongly.
const STEPS: usize = 500;
const EARLY: usize = 250;
/// How much more strongly.
const EXAGGERATION: f64 = 12.0;

/// Where rows lie. `start` gives their places before the first step, up to scale: principal components, so that the same
/// data gives the same picture (Kobak and Berens 2019). Rows that are the same lie at the same place.
///
/// Takes time and memory with the square of the number of rows.
///
/// # Errors
///
/// The run was stopped.
pub(super) fn of(rows: &[Vec<f64>], start: &[(f64, f64)], context: &Context) -> Result<Vec<(f64, f64)>> {
    let count = rows.len();
    let perplexity = PERPLEXITY.min((count.max(2) - 1) as f64 / 3.0).max(1.0);
    let similar = joint_probabilities(rows, perplexity);
    // As scikit-learn chooses it (Belkina et al. 2019).
    let rate = (count as f64 / EXAGGERATION / 4.0).max(50.0);
    let widest = start.iter().map(|place| place.0.abs()).fold(0.0, f64::max);
    let mut places: Vec<[f64; 2]> = start
        .iter()
        .map(|(x, y)| [x, y].map(|value| 1e-4 * value / widest.max(1e-300)))
        .collect();
    let mut speed = vec![[0.0; 2]; count];
    let mut gain = vec![[1.0_f64; 2]; count];
    for step in 0..STEPS {
        context.checkpoint()?;
        let early = step < EARLY;
        let (exaggeration, momentum) = if early { (EXAGGERATION, 0.5) } else { (1.0, 0.8) };
        let gradient = gradient(&places, &similar, exaggeration);
        for (place, row) in gradient.iter().enumerate() {
            for (axis, slope) in row.iter().enumerate() {
                let against = slope * speed[place][axis] < 0.0;
                let gain = &mut gain[place][axis];
                *gain = (if against { *gain + 0.2 } else { *gain * 0.8 }).max(0.01);
                speed[place][axis] = momentum * speed[place][axis] - rate * *gain * slope;
            }
        }
        for (place, speed) in places.iter_mut().zip(&speed) {
            *place = [place[0] + speed[0], place[1] + speed[1]];
        }
    }
    // Sums of the same numbers in another order differ in their last bits.
    let mut first: HashMap<Vec<u64>, usize> = HashMap::new();
    let bits = |row: &Vec<f64>| row.iter().map(|value| value.to_bits()).collect();
    let firsts = rows
        .iter()
        .enumerate()
        .map(|(place, row)| *first.entry(bits(row)).or_insert(place));
    Ok(firsts.map(|place| (places[place][0], places[place][1])).collect())
}

/// How similar any two rows are: all pairs together make 1.
fn joint_probabilities(rows: &[Vec<f64>], perplexity: f64) -> Vec<Vec<f64>> {
    let count = rows.len();
    let mut joint: Vec<Vec<f64>> = (0..count)
        .into_par_iter()
        .map(|own| {
            let apart =
                |other: &Vec<f64>| -> f64 { rows[own].iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum() };
            neighbours(&rows.iter().map(apart).collect::<Vec<_>>(), own, perplexity)
        })
        .collect();
    for own in 0..count {
        let (before, rest) = joint.split_at_mut(own);
        for (theirs, ours) in before.iter_mut().zip(&mut rest[0]) {
            let both = (theirs[own] + *ours) / (2.0 * count as f64);
            (theirs[own], *ours) = (both, both);
        }
    }
    joint
}

/// Probabilities of one row's neighbours from their squared distances: those of a normal distribution as wide as the
/// perplexity asks for. Where more rows coincide with it than that, they share alike.
fn neighbours(squares: &[f64], own: usize, perplexity: f64) -> Vec<f64> {
    let others = || squares.iter().enumerate().filter(|(place, _)| *place != own);
    let nearest = others().map(|(_, square)| *square).fold(f64::INFINITY, f64::min);
    let weights = |precision: f64| -> Vec<f64> {
        let weight = |(place, square): (usize, &f64)| {
            if place == own {
                0.0
            } else {
                (-precision * (square - nearest)).exp()
            }
        };
        let weights: Vec<f64> = squares.iter().enumerate().map(weight).collect();
        let sum: f64 = weights.iter().sum();
        weights
            .into_iter()
            .map(|weight| weight / sum.max(1e-300))
            .collect()
    };
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut precision = 1.0;
    for _ in 0..100 {
        let entropy: f64 = weights(precision)
            .iter()
            .filter(|weight| **weight > 0.0)
            .map(|weight| -weight * weight.ln())
            .sum();
        let over = entropy - perplexity.ln();
        if over.abs() < 1e-5 {
            break;
        }
        if over > 0.0 {
            low = precision;
            precision = if high.is_finite() {
                (low + high) / 2.0
            } else {
                precision * 2.0
            };
        } else {
            high = precision;
            precision = (low + high) / 2.0;
        }
    }
    weights(precision)
}

/// The gradient of the Kullback-Leibler divergence. Sums run in the order of the rows, so threads change nothing.
fn gradient(places: &[[f64; 2]], similar: &[Vec<f64>], exaggeration: f64) -> Vec<[f64; 2]> {
    let kernel = |a: &[f64; 2], b: &[f64; 2]| {
        let (x, y) = (a[0] - b[0], a[1] - b[1]);
        1.0 / (1.0 + x * x + y * y)
    };
    let sums: Vec<f64> = places
        .par_iter()
        .map(|own| places.iter().map(|other| kernel(own, other)).sum::<f64>() - 1.0)
        .collect();
    let all = sums.iter().sum::<f64>().max(1e-300);
    places
        .par_iter()
        .zip(similar)
        .map(|(own, similar)| {
            let mut force = [0.0; 2];
            for (other, probability) in places.iter().zip(similar) {
                let near = kernel(own, other);
                let pull = 4.0 * (exaggeration * probability - near / all) * near;
                force[0] += pull * (own[0] - other[0]);
                force[1] += pull * (own[1] - other[1]);
            }
            force
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;

    #[test]
    fn perplexity_is_the_number_of_neighbours() {
        let squares: Vec<f64> = (0..200).map(|i| f64::from(i).powi(2) / 100.0).collect();
        let found = neighbours(&squares, 0, 30.0);
        let entropy: f64 = found.iter().filter(|p| **p > 0.0).map(|p| -p * p.ln()).sum();
        assert!((entropy.exp() - 30.0).abs() < 0.01, "{}", entropy.exp());
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12 && found[0] == 0.0);
        let alike = neighbours(&[0.0; 50], 3, 5.0);
        assert!(
            alike
                .iter()
                .enumerate()
                .all(|(place, p)| place == 3 || (p - 1.0 / 49.0).abs() < 1e-12)
        );
    }

    #[test]
    fn groups_in_many_dimensions_are_groups_on_the_plane() {
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "report", "eda-report", "key");
        let rows: Vec<Vec<f64>> = (0..120)
            .map(|i| {
                let noise = |axis: usize| ((i * 37 + axis * 101) % 97) as f64 / 97.0;
                (0..5)
                    .map(|axis| 8.0 * f64::from(u8::from(i % 3 == axis)) + noise(axis))
                    .collect()
            })
            .collect();
        let start: Vec<(f64, f64)> = rows.iter().map(|row| (row[0], row[1])).collect();
        let places = of(&rows, &start, &context).unwrap();
        let apart = |a: usize, b: usize| (places[a].0 - places[b].0).hypot(places[a].1 - places[b].1);
        // Each one's nearest neighbour is of its own group.
        for own in 0..120 {
            let nearest = (0..120)
                .filter(|other| *other != own)
                .min_by(|a, b| apart(own, *a).total_cmp(&apart(own, *b)));
            assert_eq!(nearest.unwrap() % 3, own % 3);
        }
        assert_eq!(
            places,
            of(&rows, &start, &context).unwrap(),
            "the same data gives the same picture"
        );
    }
}
