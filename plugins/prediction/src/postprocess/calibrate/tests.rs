//! The stage as a whole: honest on validation patients, useful on new ones.

use super::super::{logit, sigmoid};
use super::*;
use ichflow_api::testkit;
use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Patients whose true probabilities are known and are said three times too surely.
fn overconfident(patients: usize, seed: u64) -> Predictions {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut predictions = Predictions::default();
    for patient in 0..patients {
        for slice in 0..12 {
            let p: [f64; 6] = std::array::from_fn(|_| sigmoid(3.0 * rng.random::<f64>() - 2.5));
            let labels = p.map(|p| rng.random::<f64>() < p);
            predictions.slices.push(testkit::slice(
                &format!("{seed}-{patient}-{slice}"),
                &format!("p{patient}"),
                Some(labels.into()),
            ));
            predictions
                .probabilities
                .push(p.map(|p| sigmoid(3.0 * logit(p) + 0.7)).to_vec());
        }
    }
    predictions
}

fn run(stage: &Calibrate, valid: &Predictions, test: &Predictions) -> (Predictions, Predictions) {
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let context = Context::new(&run, "calibrate", Calibrate::NAME, "key");
    let inputs = Inputs::default()
        .with(input::VALID, valid.clone())
        .with(optional::TEST, test.clone());
    let mut outputs = stage.run(&inputs, &context).unwrap();
    assert!(run.directory.join("predictions/valid.csv").is_file());
    assert!(run.directory.join("predictions/test.csv").is_file());
    let mut take = |port: Output<Predictions>| (*outputs.take(port).unwrap()).clone();
    (take(output::VALID), take(output::TEST))
}

/// Weighted log loss, and expected calibration error of `any`.
fn measure(predictions: &Predictions) -> (f64, f64) {
    let (probabilities, truth): (Vec<_>, Vec<_>) =
        predictions.with_truth().map(|(_, p, truth)| (p, truth)).unzip();
    let any: Vec<bool> = truth.iter().map(|truth| truth.is_positive(0)).collect();
    let any_probability: Vec<f64> = probabilities.iter().map(|row| row[0]).collect();
    (
        metrics::weighted_log_loss(&truth, &probabilities, predictions.labels.weights(), 1e-15).unwrap(),
        metrics::expected_calibration_error(&any, &any_probability, 10).unwrap(),
    )
}

#[test]
fn overconfidence_is_mended_on_validation_and_on_new_patients() {
    let (valid, test) = (overconfident(120, 1), overconfident(120, 2));
    for method in [Method::Platt, Method::Temperature, Method::Isotonic] {
        let stage = Calibrate {
            method,
            ..Default::default()
        };
        let (valid_after, test_after) = run(&stage, &valid, &test);
        for (before, after) in [(&valid, &valid_after), (&test, &test_after)] {
            assert_eq!(before.slices, after.slices);
            let ((loss, error), (loss_after, error_after)) = (measure(before), measure(after));
            assert!(loss_after < 0.9 * loss, "{method:?}: {loss} {loss_after}");
            assert!(error_after < 0.6 * error, "{method:?}: {error} {error_after}");
        }
    }
}

#[test]
fn a_patient_is_never_calibrated_by_a_fit_that_saw_it() {
    let valid = overconfident(10, 3);
    let mut other = valid.clone();
    // The first patient's truth is turned round: what it gets must not change, what others get must.
    for slice in &mut other.slices[..12] {
        slice.labels = slice
            .labels
            .take()
            .map(|labels| Labels::new(labels.iter().map(|value| Some(1.0 - value?)).collect()));
    }
    let stage = Calibrate {
        parts: 10,
        ..Default::default()
    };
    let (one, _) = run(&stage, &valid, &valid);
    let (two, _) = run(&stage, &other, &valid);
    assert_eq!(one.probabilities[..12], two.probabilities[..12]);
    assert_ne!(one.probabilities[12..], two.probabilities[12..]);
}

#[test]
fn a_label_that_nobody_has_stays_and_one_patient_is_refused() {
    let mut valid = overconfident(10, 4);
    for slice in &mut valid.slices {
        let mut values: Vec<_> = slice.labels.as_ref().unwrap().iter().collect();
        values[1] = Some(0.0);
        slice.labels = Some(Labels::new(values));
    }
    let (after, _) = run(&Calibrate::default(), &valid, &valid);
    for (before, after) in valid.probabilities.iter().zip(&after.probabilities) {
        assert_eq!(before[1], after[1]);
        assert_ne!(before[2], after[2]);
    }
    let alone = overconfident(1, 5);
    assert!(deal(&alone, 5, &mut ChaCha8Rng::seed_from_u64(1)).is_err());
    let mut nameless = overconfident(3, 5);
    for slice in &mut nameless.slices {
        slice.patient.clear();
    }
    let parts = deal(&nameless, 5, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    assert!(
        parts
            .chunks(12)
            .all(|study| study.iter().all(|part| *part == study[0]))
    );
}

#[test]
fn what_was_fitted_calibrates_new_slices_alike_without_the_validation_slices() {
    let (valid, test) = (overconfident(40, 6), overconfident(20, 7));
    for method in [Method::Platt, Method::Temperature, Method::Isotonic] {
        let stage = Calibrate {
            method,
            ..Default::default()
        };
        let directory = tempfile::tempdir().unwrap();
        let context = testkit::run_context(directory.path());
        let view = Context::new(&context, "calibrate", "calibrate", "key");
        let inputs = || {
            Inputs::default()
                .with(input::VALID, valid.clone())
                .with(optional::TEST, test.clone())
        };
        let mut fitted = stage.run(&inputs(), &view).unwrap();
        let expected = fitted.take(output::TEST).unwrap();

        // Through a text and back, as a bundle has it.
        let text = toml::to_string(&context.settled("calibrate").unwrap()).unwrap();
        let settled: Calibrate = toml::from_str(&text).unwrap();
        assert!(settled.check().is_empty());
        let new = Inputs::default().with(input::VALID, test.clone());
        let got = settled.run(&new, &view).unwrap().take(output::VALID).unwrap();
        assert_eq!(got.probabilities, expected.probabilities, "{method:?}");
    }
    let broken = Calibrate {
        curves: Some(vec![
            FittedCurve {
                offset: Some(1.0),
                ..Default::default()
            };
            6
        ]),
        ..Default::default()
    };
    assert_eq!(broken.check().len(), 6);
}

#[test]
fn exams_are_calibrated_as_exams_and_slices_are_not_by_their_curves() {
    let exams = |seed| Predictions {
        unit: Level::Study,
        level: Level::Study,
        ..overconfident(60, seed)
    };
    let (valid, test) = run(&Calibrate::default(), &exams(1), &exams(2));
    assert_eq!([valid.unit, test.unit], [Level::Study; 2]);
    assert!(measure(&valid).0 < measure(&exams(1)).0);
    assert!(measure(&test).0 < measure(&exams(2)).0);
    let directory = tempfile::tempdir().unwrap();
    let made = testkit::run_context(directory.path());
    let context = Context::new(&made, "calibrate", Calibrate::NAME, "key");
    let inputs = Inputs::default()
        .with(input::VALID, exams(1))
        .with(optional::TEST, overconfident(5, 3));
    let refused = Calibrate::default().run(&inputs, &context).err();
    let said = refused.map_or_else(String::new, |error| error.to_string());
    assert!(
        said.contains("does not fit the test predictions, which are of slices"),
        "{said}"
    );
}
