//! Every way to aggregate.

use super::*;
use ichflow_api::testkit;
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Exams of three slices each, of the patients given; the probability of every label is that of the slice.
fn predictions(exams: &[(usize, [f64; 3], bool)]) -> Predictions {
    let mut made = Predictions::default();
    for (number, (patient, probabilities, positive)) in exams.iter().enumerate() {
        for (place, probability) in probabilities.iter().enumerate() {
            // Blood is on the likeliest slice.
            let highest = probabilities.iter().all(|other| probability >= other);
            let truth = Labels::from([*positive && highest; 6]);
            let mut slice = testkit::slice(&format!("{number}-{place}"), &format!("p{patient}"), Some(truth));
            slice.study = format!("study {number:03}");
            slice.series = format!("series {number:03}");
            slice.position_mm = Some(5.0 * place as f64);
            made.slices.push(slice);
            made.probabilities.push(vec![*probability; 6]);
        }
    }
    made
}

fn run(stage: &Aggregate, valid: &Predictions) -> Result<Predictions> {
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let context = Context::new(&run, "exams", Aggregate::NAME, "key");
    let inputs = Inputs::default()
        .with(input::VALID, valid.clone())
        .with(optional::TEST, valid.clone());
    let mut outputs = stage.run(&inputs, &context)?;
    let csv = std::fs::read_to_string(run.directory.join("predictions/test_exams.csv")).unwrap();
    assert!(csv.starts_with("id,any,"));
    Ok((*outputs.take(output::EXAMS).unwrap()).clone())
}

fn stage(method: Method) -> Aggregate {
    Aggregate {
        method,
        top: 2,
        ..Aggregate::default()
    }
}

#[test]
fn each_method_does_what_it_says() {
    let valid = predictions(&[(0, [0.2, 0.8, 0.5], true), (1, [0.1, 0.1, 0.1], false)]);
    let expected = [
        (Method::Max, [0.8, 0.1]),
        (Method::MeanTop, [0.65, 0.1]),
        (Method::NoisyOr, [1.0 - 0.8 * 0.2 * 0.5, 1.0 - 0.9_f64.powi(3)]),
    ];
    for (method, expected) in expected {
        let exams = run(&stage(method), &valid).unwrap();
        assert_eq!(
            (exams.slices[0].id.as_str(), exams.unit),
            ("study 000", Level::Study)
        );
        assert_eq!(
            exams.slices[0].position_mm,
            Some(5.0),
            "the likeliest slice stands for it"
        );
        assert!(exams.check_truth().is_ok() && exams.check_of_slices("this").is_err());
        let truth: Vec<bool> = exams
            .with_truth()
            .map(|(_, _, truth)| truth.is_positive(0))
            .collect();
        assert_eq!(truth, [true, false]);
        for (row, expected) in exams.probabilities.iter().zip(expected) {
            assert!(
                (row[3] - expected).abs() < 1e-12,
                "{method:?}: {row:?} {expected}"
            );
        }
    }
}

/// Exams whose second slice tells, and whose highest is noise.
fn noisy(exams: usize, seed: u64) -> Predictions {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let made: Vec<(usize, [f64; 3], bool)> = (0..exams)
        .map(|number| {
            let positive = number % 3 == 0;
            let second = if positive { 0.5 } else { 0.1 } + 0.2 * rng.random::<f64>();
            (
                number / 2,
                [0.75 + 0.2 * rng.random::<f64>(), second, 0.02],
                positive,
            )
        })
        .collect();
    predictions(&made)
}

#[test]
fn a_regression_finds_what_tells_and_never_sees_the_exams_patient() {
    let valid = noisy(90, 1);
    let exams = run(&stage(Method::Logistic), &valid).unwrap();
    let (truth, scores): (Vec<bool>, Vec<f64>) = exams
        .with_truth()
        .map(|(_, row, truth)| (truth.is_positive(0), row[0]))
        .unzip();
    let auc = |scores: &[f64]| ichflow_api::metrics::auroc(&truth, scores).unwrap();
    let highest: Vec<f64> = run(&stage(Method::Max), &valid)
        .unwrap()
        .probabilities
        .iter()
        .map(|row| row[0])
        .collect();
    assert!(
        auc(&scores) > 0.95 && auc(&highest) < 0.75,
        "{} {}",
        auc(&scores),
        auc(&highest)
    );
    // The truth of a patient turned round changes what others get, and not what it gets.
    let mut turned = valid.clone();
    for slice in &mut turned.slices[..6] {
        let values = slice
            .labels
            .as_ref()
            .unwrap()
            .iter()
            .map(|value| Some(1.0 - value?));
        slice.labels = Some(Labels::new(values.collect()));
    }
    let parts = Aggregate {
        parts: 45,
        ..stage(Method::Logistic)
    };
    let (one, two) = (run(&parts, &valid).unwrap(), run(&parts, &turned).unwrap());
    assert_eq!(one.probabilities[..2], two.probabilities[..2]);
    assert_ne!(one.probabilities[2..], two.probabilities[2..]);
    assert!(run(&stage(Method::Logistic), &predictions(&[(0, [0.1; 3], true)])).is_err());
}

#[test]
fn regressions_come_along_settled_and_need_no_truth() {
    let (valid, mut new) = (noisy(60, 1), noisy(40, 2));
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let context = Context::new(&run, "exams", Aggregate::NAME, "key");
    let inputs = Inputs::default()
        .with(input::VALID, valid)
        .with(optional::TEST, new.clone());
    let mut outputs = stage(Method::Logistic).run(&inputs, &context).unwrap();
    let expected = outputs.take(output::TEST_EXAMS).unwrap();
    let settled: Aggregate =
        toml::from_str(&toml::to_string(&run.settled("exams").unwrap()).unwrap()).unwrap();
    for slice in &mut new.slices {
        slice.labels = None;
    }
    let inputs = Inputs::default().with(input::VALID, new.clone());
    let got = settled
        .run(&inputs, &context)
        .unwrap()
        .take(output::EXAMS)
        .unwrap();
    assert_eq!(got.probabilities, expected.probabilities);
    new.labels = LabelSet::new(vec!["any".into()], None, vec![1.0]).unwrap();
    let inputs = Inputs::default().with(input::VALID, new);
    assert!(settled.run(&inputs, &context).is_err());
}

#[test]
fn a_models_own_word_is_put_together_and_not_taken_apart() {
    // Two studies of one patient, as a series model speaks of them.
    let slices = predictions(&[(0, [0.2, 0.8, 0.5], true), (0, [0.1, 0.1, 0.1], false)]);
    let series = run(
        &Aggregate {
            level: ExamLevel::Series,
            ..stage(Method::MeanTop)
        },
        &slices,
    )
    .unwrap();
    let of_model = |level: ExamLevel, exams: &Predictions| {
        let directory = tempfile::tempdir().unwrap();
        let run = testkit::run_context(directory.path());
        let context = Context::new(&run, "exams", Aggregate::NAME, "key");
        let stage = Aggregate {
            level,
            ..stage(Method::Model)
        };
        let inputs = Inputs::default().with(optional::EXAMS, exams.clone());
        let mut outputs = stage.run(&inputs, &context)?;
        Ok::<_, Error>((*outputs.take(output::EXAMS).unwrap()).clone())
    };
    let same = of_model(ExamLevel::Study, &series).unwrap();
    assert_eq!(same.probabilities, series.probabilities);
    assert_eq!(
        (same.unit, same.slices[0].id.as_str()),
        (Level::Study, "study 000")
    );
    let patient = of_model(ExamLevel::Patient, &series).unwrap();
    assert_eq!(patient.probabilities, [series.probabilities[0].clone()]);
    assert!(patient.slices[0].labels.as_ref().unwrap().is_positive(0));
    let said = of_model(ExamLevel::Series, &patient).unwrap_err().to_string();
    assert!(said.contains("speaks of each patient"), "{said}");
    assert!(
        of_model(ExamLevel::Study, &slices).is_err(),
        "slices are no exams"
    );
}

proptest! {
    #[test]
    fn more_slices_make_an_exam_no_less_likely(
        probabilities in prop::array::uniform3(0.0_f64..=1.0),
        lower in 0.0_f64..=1.0,
    ) {
        let mut sorted = probabilities.to_vec();
        sorted.sort_by(|a, b| b.total_cmp(a));
        for method in [Method::Max, Method::NoisyOr] {
            let before = stage(method).one(&sorted);
            let mut more = sorted.clone();
            more.push(lower * sorted[2]);
            prop_assert!(stage(method).one(&more) >= before - 1e-12);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&before));
        }
        prop_assert!(stage(Method::MeanTop).one(&sorted) <= stage(Method::Max).one(&sorted));
    }
}
