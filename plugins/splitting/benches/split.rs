//! How fast splits are made: `split ROWS…` prints one JSON object a row count. `split.py` beside this runs it
//! together with the Python package iterative-stratification, on the same rows.
//!
//! Rows are those of `tests/acceptance.rs`, made by integers alone; 40 slices in a row are a patient's.

use std::time::Instant;

use ichflow_api::data::labels::Labels;
use ichflow_api::data::labels::rsna::COUNT;
use ichflow_api::testkit;
use ichflow_splitting::groups::{GroupBy, Groups};
use ichflow_splitting::iterative::{Rule, Unit, stratify};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const PREVALENCE: [f64; COUNT - 1] = [0.004178, 0.047978, 0.034810, 0.047390, 0.062654];
const SLICES_PER_PATIENT: usize = 40;
const LEAST_REPEATS: u64 = 5;
const LEAST_SECONDS: f64 = 0.2;

fn splitmix64(x: u64) -> u64 {
    let z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn row(index: u64) -> Labels {
    let mut labels = [false; COUNT];
    for (label, prevalence) in (1..).zip(PREVALENCE) {
        let below = (prevalence * 2_f64.powi(32)) as u64;
        labels[label] = splitmix64(8 * index + label as u64) >> 32 < below;
    }
    labels[0] = labels[1..].iter().any(|positive| *positive);
    labels.into()
}

/// Seconds this thread has computed so far: what else the machine does is not counted. Where the system does
/// not tell (only Linux does), seconds since `begun`.
fn seconds(begun: Instant) -> f64 {
    let scheduled = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds: Option<f64> = scheduled.split(' ').next().and_then(|text| text.parse().ok());
    nanoseconds.map_or_else(|| begun.elapsed().as_secs_f64(), |ns| ns / 1e9)
}

/// The mean of some repeats, in seconds: as many as it takes for the system's clock to be fine enough.
fn mean(mut work: impl FnMut(u64) -> Vec<usize>) -> f64 {
    let begun = Instant::now();
    let before = seconds(begun);
    for seed in 0.. {
        assert!(work(seed).contains(&1), "there is a second fold");
        let spent = seconds(begun) - before;
        if seed + 1 >= LEAST_REPEATS && spent >= LEAST_SECONDS {
            return spent / (seed + 1) as f64;
        }
    }
    f64::NAN
}

fn main() {
    let shares: [(&str, Vec<f64>); 2] = [("shuffle_split", vec![0.94, 0.06]), ("five_folds", vec![0.2; 5])];
    for rows in std::env::args()
        .skip(1)
        .filter_map(|text| text.parse::<usize>().ok())
    {
        let truth: Vec<Labels> = (0..rows as u64).map(row).collect();
        let slices = truth.iter().enumerate().map(|(i, labels)| {
            let patient = format!("ID_{:08x}", i / SLICES_PER_PATIENT);
            testkit::slice(&format!("ID_{i:09x}"), &patient, Some(labels.clone()))
        });
        let cohort = testkit::cohort(slices.collect());
        let mut found = vec![format!("\"rows\": {rows}")];
        for (name, ratios) in &shares {
            let alone = mean(|seed| {
                let units: Vec<Unit> = truth.iter().map(Unit::slice).collect();
                stratify(
                    &units,
                    Some(0),
                    ratios,
                    Rule::Absolute,
                    &mut ChaCha8Rng::seed_from_u64(seed),
                )
            });
            let grouped = mean(|seed| {
                let groups = Groups::of(&cohort, GroupBy::Patient);
                let mut units = vec![Unit::default(); groups.count];
                for (labels, group) in truth.iter().zip(&groups.of_slice) {
                    units[*group].add(labels);
                }
                let rng = &mut ChaCha8Rng::seed_from_u64(seed);
                let fold_of = stratify(&units, Some(0), ratios, Rule::Proportional, rng);
                groups.of_slice.iter().map(|group| fold_of[*group]).collect()
            });
            found.push(format!("\"{name}\": {alone}, \"{name}_by_patient\": {grouped}"));
        }
        println!("{{{}}}", found.join(", "));
    }
}
