//! The ungrouped split beside the Python package iterative-stratification, on the same 20,000 rows.
//!
//! `tests/reference/splitting.py` makes the fixture and says how the rows are made.

#![expect(clippy::unwrap_used, reason = "a test fails at the right line")]

use ichflow_api::data::labels::Labels;
use ichflow_api::data::labels::rsna::COUNT;
use ichflow_splitting::iterative::{Rule, Unit, stratify};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::Value;

fn splitmix64(x: u64) -> u64 {
    let z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/iterative_stratification.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

/// Rows whose labels occur `together`, or each `alone`.
fn rows(fixture: &Value, how: &str) -> Vec<Labels> {
    let lengths: Vec<u64> = numbers(&fixture["prevalence"])
        .iter()
        .map(|prevalence| (prevalence * 2_f64.powi(32)) as u64)
        .collect();
    (0..fixture["rows"].as_u64().unwrap())
        .map(|row| {
            let mut labels = [false; COUNT];
            let mut edge = 0;
            for (label, length) in (1..).zip(&lengths) {
                labels[label] = if how == "together" {
                    splitmix64(8 * row + label as u64) >> 32 < *length
                } else {
                    (edge..edge + length).contains(&(splitmix64(8 * row) >> 32))
                };
                edge += length;
            }
            labels[0] = labels[1..].iter().any(|positive| *positive);
            labels.into()
        })
        .collect()
}

/// Size of a fold, and each label's positives in it less the ideal.
fn deviations(rows: &[Labels], folds: &[usize], fold: usize, share: f64) -> (usize, [f64; COUNT]) {
    let members: Vec<_> = rows.iter().zip(folds).filter(|(_, of)| **of == fold).collect();
    let deviation = |label: usize| {
        let all = rows.iter().filter(|row| row.is_positive(label)).count();
        members.iter().filter(|(row, _)| row.is_positive(label)).count() as f64 - share * all as f64
    };
    (members.len(), std::array::from_fn(deviation))
}

/// Splits with every seed; each fold of interest must have `size` rows and its subtypes within ±1 of the
/// ideal. `any` never drives the choice and gets a looser tolerance.
fn accept(how: &str, split: &str, ratios: &[f64], judged: &[usize], size: usize) {
    let fixture = fixture();
    let rows = rows(&fixture, how);
    let python = &fixture[how][split];
    let units: Vec<Unit> = rows.iter().map(Unit::slice).collect();
    let positives: Vec<f64> = (0..COUNT)
        .map(|label| rows.iter().filter(|row| row.is_positive(label)).count() as f64)
        .collect();
    assert_eq!(
        positives,
        numbers(&fixture[how]["positives"]),
        "the rows are Python's rows"
    );
    assert_eq!(python["size_min"], size as u64);
    assert_eq!(python["size_max"], size as u64);
    let (mut low, mut high) = ([f64::INFINITY; COUNT], [f64::NEG_INFINITY; COUNT]);
    for seed in 0..fixture["seeds"].as_u64().unwrap() {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let folds = stratify(&units, Some(0), ratios, Rule::Absolute, &mut rng);
        for fold in judged {
            let (found, deviations) = deviations(&rows, &folds, *fold, ratios[*fold]);
            assert_eq!(found, size, "seed {seed}, fold {fold}");
            for label in 0..COUNT {
                low[label] = low[label].min(deviations[label]);
                high[label] = high[label].max(deviations[label]);
            }
        }
    }
    println!("{how}, {split}: deviations from the ideal {low:.2?} to {high:.2?}");
    println!(
        "  the Python package: {} to {}",
        python["deviation_min"], python["deviation_max"]
    );
    for label in 1..COUNT {
        assert!(low[label] >= -1.0 - 1e-9 && high[label] <= 1.0 + 1e-9, "{label}");
    }
    // One standard deviation of a random fold: the worst of all seeds stays below it.
    let share = positives[0] / rows.len() as f64;
    for fold in judged {
        let bound = (size as f64 * share * (1.0 - share) * (1.0 - ratios[*fold])).sqrt();
        assert!(low[0] >= -bound && high[0] <= bound, "{low:?} {high:?}");
    }
}

#[test]
fn six_per_cent_are_exactly_1200_rows_with_every_subtype_in_place() {
    accept("alone", "validation", &[0.94, 0.06], &[1], 1200);
    accept("together", "validation", &[0.94, 0.06], &[1], 1200);
}

#[test]
fn five_folds_of_exactly_4000_rows_with_every_subtype_in_place() {
    accept("alone", "k_fold", &[0.2; 5], &[0, 1, 2, 3, 4], 4000);
    accept("together", "k_fold", &[0.2; 5], &[0, 1, 2, 3, 4], 4000);
}

/// Not a test of speed, which depends on the machine: run it with `--ignored --nocapture` and read.
#[test]
#[ignore = "prints a duration"]
fn the_full_competition_takes() {
    let mut fixture = fixture();
    fixture["rows"] = 752_803.into();
    let units: Vec<Unit> = rows(&fixture, "together").iter().map(Unit::slice).collect();
    for ratios in [vec![0.94, 0.06], vec![0.2; 5]] {
        let begun = std::time::Instant::now();
        let folds = stratify(
            &units,
            Some(0),
            &ratios,
            Rule::Absolute,
            &mut ChaCha8Rng::seed_from_u64(1),
        );
        println!(
            "{} folds of {} rows: {:?}",
            ratios.len(),
            folds.len(),
            begun.elapsed()
        );
    }
}
