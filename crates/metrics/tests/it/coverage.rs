//! Intervals hold the truth as often as they say: 2,000 simulated studies each.

use ichflow_metrics::*;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const STUDIES: usize = 2000;
const LEVEL: Confidence = Confidence::PERCENT_95;

/// Standard normal by Box and Muller.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

fn holds(interval: Option<Interval>, value: f64) -> bool {
    interval.is_some_and(|interval| interval.low <= value && value <= interval.high)
}

/// Share of studies in which `study` says that the truth was held.
fn coverage(seed: u64, mut study: impl FnMut(&mut ChaCha8Rng) -> bool) -> f64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..STUDIES).filter(|_| study(&mut rng)).count() as f64 / STUDIES as f64
}

/// A study of patients: each is ill or not and has `slices` slices, positive in some of the ill.
/// Scores of a patient's slices share what the patient has (variance ½), and have their own (½).
fn clustered(rng: &mut ChaCha8Rng, patients: usize, slices: usize) -> (Vec<bool>, Vec<f64>, Vec<usize>) {
    let (mut truth, mut scores, mut patient_of) = (Vec::new(), Vec::new(), Vec::new());
    for patient in 0..patients {
        let own = normal(rng);
        let ill = rng.random::<f64>() < 0.4;
        for _ in 0..slices {
            let positive = ill && rng.random::<f64>() < 0.7;
            let noise = (own + normal(rng)) * std::f64::consts::FRAC_1_SQRT_2;
            truth.push(positive);
            scores.push(1.5 * f64::from(u8::from(positive)) + noise);
            patient_of.push(patient);
        }
    }
    (truth, scores, patient_of)
}

/// `Φ(1.5/√2)`, the area of two normal distributions 1.5 apart.
const AREA: f64 = 0.855_577_816_8;

#[test]
fn delongs_interval_of_exams() {
    let found = coverage(1, |rng| {
        let (truth, scores, patients) = clustered(rng, 200, 1);
        let estimate = auroc_delong(&truth, &scores, &patients).unwrap();
        holds(estimate.interval(LEVEL), AREA)
    });
    println!("DeLong, exams: {found}");
    assert!((0.935..=0.965).contains(&found), "{found}");
}

/// What DeLong's would do to slices, if it were not refused: docs/statistics.md shows these figures.
#[test]
fn obuchowskis_interval_of_slices_and_what_delongs_would_cover() {
    let mut naive = 0;
    let found = coverage(2, |rng| {
        let (truth, scores, patients) = clustered(rng, 120, 20);
        let alone: Vec<usize> = (0..truth.len()).collect();
        let wrong = auroc_delong(&truth, &scores, &alone).unwrap();
        naive += usize::from(holds(wrong.interval(LEVEL), AREA));
        let estimate = auroc_clustered(&truth, &scores, &patients).unwrap();
        holds(estimate.interval(LEVEL), AREA)
    });
    let naive = naive as f64 / STUDIES as f64;
    println!("Obuchowski, slices: {found}; DeLong, slices: {naive}");
    assert!((0.935..=0.965).contains(&found), "{found}");
    assert!(naive < 0.6, "{naive}");
}

#[test]
fn paired_differences_of_slices() {
    let found = coverage(3, |rng| {
        let (truth, first, patients) = clustered(rng, 120, 10);
        // Noise of the same size on the same cases: both areas are the same.
        let second: Vec<f64> = first.iter().map(|score| score + 0.5 * normal(rng)).collect();
        let first: Vec<f64> = first.iter().map(|score| score + 0.5 * normal(rng)).collect();
        let both = auroc_difference_clustered(&truth, &first, &second, &patients).unwrap();
        holds(both.interval(LEVEL), 0.0)
    });
    println!("Obuchowski, paired: {found}");
    assert!((0.935..=0.965).contains(&found), "{found}");
}

#[test]
fn shares_of_few_and_many() {
    for (cases, share) in [(40, 0.9), (150, 0.97), (500, 0.3)] {
        let mut exact = 0;
        let wilson = coverage(4, |rng| {
            let part = (0..cases).filter(|_| rng.random::<f64>() < share).count();
            let found = Proportion::new(part, cases).unwrap();
            exact += usize::from(holds(Some(found.clopper_pearson(LEVEL)), share));
            holds(Some(found.wilson(LEVEL)), share)
        });
        let exact = exact as f64 / STUDIES as f64;
        println!("{share} of {cases}: Wilson {wilson}, Clopper–Pearson {exact}");
        // Counts are whole, so no interval of theirs covers exactly its level for every share.
        assert!((0.925..=0.985).contains(&wilson), "{wilson}");
        assert!(exact >= 0.94, "{exact}");
    }
}

#[test]
fn calibration_of_slices() {
    let mut large = 0;
    let slope = coverage(5, |rng| {
        let (mut truth, mut probabilities, mut patients) = (Vec::new(), Vec::new(), Vec::new());
        for patient in 0..150 {
            // Six slices of one patient with one probability and, mostly, one truth.
            let logit = 1.5 * normal(rng) - 0.5;
            let probability = 1.0 / (1.0 + (-logit).exp());
            let common = rng.random::<f64>() < probability;
            for _ in 0..6 {
                let own = rng.random::<f64>() < probability;
                truth.push(if rng.random::<f64>() < 0.7 { common } else { own });
                probabilities.push(probability);
                patients.push(patient);
            }
        }
        let found = calibration_in_the_large(&truth, &probabilities, &patients, 1e-9).unwrap();
        large += usize::from(holds(Some(found.interval(LEVEL)), 0.0));
        let line = calibration_line(&truth, &probabilities, &patients, 1e-9).unwrap();
        holds(Some(line.slope.interval(LEVEL)), 1.0)
    });
    let large = large as f64 / STUDIES as f64;
    println!("calibration slope: {slope}, in the large: {large}");
    assert!((0.93..=0.965).contains(&slope), "{slope}");
    assert!((0.93..=0.965).contains(&large), "{large}");
}

#[test]
fn predictive_values_elsewhere() {
    let found = coverage(6, |rng| {
        let mut counts = Confusion::default();
        for case in 0..400 {
            let positive = case < 160;
            let called = rng.random::<f64>() < if positive { 0.9 } else { 0.06 };
            counts.add(positive, called);
        }
        let ppv = predictive_values(&counts, 0.08, LEVEL).unwrap().ppv.unwrap();
        holds(ppv.interval, 0.9 * 0.08 / (0.9 * 0.08 + 0.06 * 0.92))
    });
    println!("PPV at 8 %: {found}");
    assert!((0.935..=0.97).contains(&found), "{found}");
}
