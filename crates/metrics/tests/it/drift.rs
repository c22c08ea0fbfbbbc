//! Distances and tests of drift beside scikit-learn and scipy: `tests/reference/drift.py` makes the fixture.

use ichflow_metrics::*;
use rand::SeedableRng;
use rand::prelude::*;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/drift.json")).unwrap()
}

fn list<T: serde::de::DeserializeOwned>(value: &Value) -> Vec<T> {
    serde_json::from_value(value.clone()).unwrap()
}

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs().max(1e-12),
        "{what}: {found} {expected}"
    );
}

#[test]
fn shrinkage_and_distances_are_scikit_learns() {
    for case in fixture()["features"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let (rows, others): (Vec<Vec<f64>>, Vec<Vec<f64>>) = (list(&case["rows"]), list(&case["others"]));
        let mut moments = Moments::new(rows[0].len());
        rows.iter().for_each(|row| moments.add(row).unwrap());
        let fitted = moments.gaussian().unwrap();
        near(
            fitted.shrinkage(),
            case["shrinkage"].as_f64().unwrap(),
            1e-9,
            name,
        );
        for (found, expected) in fitted.mean().iter().zip(list::<f64>(&case["mean"])) {
            near(*found, expected, 1e-9, name);
        }
        for (i, row) in list::<Vec<f64>>(&case["covariance"]).iter().enumerate() {
            for (j, expected) in row.iter().enumerate() {
                assert!(
                    (fitted.covariance(i, j) - expected).abs() < 1e-9,
                    "{name} {i} {j}"
                );
            }
        }
        let distances: Vec<f64> = list(&case["distances"]);
        for (row, expected) in rows[..3].iter().chain(&others).zip(distances) {
            near(fitted.distance(row).unwrap(), expected, 1e-8, name);
        }
    }
}

#[test]
fn kolmogorov_and_smirnovs_test_is_scipys() {
    let mut limits = 0;
    for case in fixture()["samples"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let (first, second): (Vec<f64>, Vec<f64>) = (list(&case["first"]), list(&case["second"]));
        let found = kolmogorov_smirnov(&first, &second).unwrap();
        near(found.statistic, case["statistic"].as_f64().unwrap(), 1e-12, name);
        let expected = if found.is_exact {
            &case["exact"]
        } else {
            &case["limit"]
        };
        limits += usize::from(!found.is_exact);
        near(found.p_value, expected.as_f64().unwrap(), 1e-9, name);
    }
    assert_eq!(limits, 1);
}

#[test]
fn the_stability_index_is_a_sum_of_scipys_entropies() {
    for case in fixture()["stability"].as_array().unwrap() {
        let added = case["added"].as_f64().unwrap();
        let found = stability_index(
            &list::<f64>(&case["expected"]),
            &list::<f64>(&case["found"]),
            added,
        );
        near(found.unwrap(), case["index"].as_f64().unwrap(), 1e-12, "index");
    }
}

/// Without any drift: how often each way of looking finds one. The numbers stand in docs/evidence.md.
#[test]
fn false_positives_without_drift() {
    const REPETITIONS: usize = 2000;
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let variables = 8;
    let (mut unadjusted, mut adjusted, mut band, mut shuffled) = (0, 0, 0, 0);
    for _ in 0..REPETITIONS {
        let (mut p_values, mut largest) = (Vec::new(), 0.0_f64);
        for variable in 0..variables {
            // Probabilities of 300 validation exams and 60 new ones; ten bins of equal shares for the index.
            let draw = |rng: &mut ChaCha8Rng, count| {
                (0..count)
                    .map(|_| rng.random::<f64>().powi(variable + 1))
                    .collect::<Vec<f64>>()
            };
            let (reference, period) = (draw(&mut rng, 300), draw(&mut rng, 60));
            p_values.push(kolmogorov_smirnov(&reference, &period).unwrap().p_value);
            let bins = |values: &[f64]| {
                let mut counts = [0.0; 10];
                values.iter().for_each(|value| {
                    counts[((10.0 * value.powf(1.0 / f64::from(variable + 1))) as usize).min(9)] += 1.0;
                });
                counts
            };
            largest = largest.max(stability_index(&bins(&reference), &bins(&period), 0.5).unwrap());
        }
        unadjusted += usize::from(p_values.iter().any(|p| *p <= 0.05));
        adjusted += usize::from(holm(&p_values).unwrap().iter().any(|p| *p <= 0.05));
        band += usize::from(largest >= 0.1);
    }
    for _ in 0..400 {
        let mut counts = [[0; 4]; 2];
        for (sample, cases) in [(0, 120), (1, 40)] {
            (0..cases).for_each(|_| {
                counts[sample][[0, 0, 0, 0, 1, 1, 2, 3].choose(&mut rng).copied().unwrap()] += 1
            });
        }
        let test = stability_test(&counts[0], &counts[1], 199, &mut rng).unwrap();
        shuffled += usize::from(test.p_value <= 0.05);
    }
    let share = |count: usize, of: usize| count as f64 / of as f64;
    let found = [
        share(unadjusted, REPETITIONS),
        share(adjusted, REPETITIONS),
        share(band, REPETITIONS),
        share(shuffled, 400),
    ];
    println!("any of {variables} tests: {found:?}");
    assert!(found[0] > 0.2, "{found:?}");
    assert!(found[1] < 0.06, "{found:?}");
    assert!(found[2] > 0.5, "{found:?}");
    assert!(found[3] > 0.01 && found[3] < 0.09, "{found:?}");
}
