//! The stage as a whole.

use super::*;
use ichflow_api::data::triage::Verdict;
use ichflow_api::testkit;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Exams with probabilities that tell a lot; `exams` a patient, of whom every third is ill.
fn exams(prefix: &str, patients: usize, exams: usize, seed: u64) -> Predictions {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut made = Predictions {
        unit: Level::Study,
        level: Level::Study,
        ..Predictions::default()
    };
    for patient in 0..patients {
        let ill = patient % 3 == 0;
        for exam in 0..exams {
            let id = format!("{prefix}{patient:04}-{exam}");
            let noise = 0.45 * rng.random::<f64>();
            let probability = if ill { 0.98 - noise } else { 0.02 + noise };
            made.slices.push(testkit::slice(
                &id,
                &format!("{prefix}{patient}"),
                Some([ill; 6].into()),
            ));
            made.probabilities.push(vec![probability; 6]);
        }
    }
    made
}

fn run(
    stage: &Triage,
    valid: &Predictions,
    test: Option<&Predictions>,
) -> Result<(Sorted, String, Option<toml::Table>)> {
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let context = Context::new(&run, "triage", Triage::NAME, "key");
    let mut inputs = Inputs::default().with(input::EXAMS, valid.clone());
    if let Some(test) = test {
        inputs = inputs.with(optional::TEST_EXAMS, test.clone());
    }
    let mut outputs = stage.run(&inputs, &context)?;
    let read = |name| std::fs::read_to_string(run.directory.join(name)).unwrap();
    let json: serde_json::Value = serde_json::from_str(&read("triage.json")).unwrap();
    assert_eq!(json["label"], "any");
    let sorted = (*outputs.take(output::TRIAGE).unwrap()).clone();
    Ok((sorted, read("triage.csv"), run.settled("triage")))
}

#[test]
fn cuts_are_audited_on_test_patients_and_come_along_settled() {
    let (valid, mut test) = (exams("v", 300, 1, 1), exams("t", 150, 2, 2));
    // A patient of both, and truth that is soft, have no say.
    test.slices[0].patient = "v3".into();
    test.slices[4].labels = Some(Labels::new(vec![Some(0.5); 6]));
    let (sorted, csv, settled) = run(&Triage::default(), &valid, Some(&test)).unwrap();
    let calibration = sorted.calibration.unwrap();
    assert_eq!((calibration.exams, calibration.positives), (300, 100));
    let audit = sorted.audit.as_ref().unwrap();
    assert_eq!(audit.on, AuditedOn::Test);
    assert_eq!((audit.exams, audit.without_truth), (150, 1));
    assert_eq!(audit.same_patient, 300 - 150 - 1);
    assert!(audit.high > 20 && audit.low > 50, "{audit:?}");
    let high = &audit.promises[0];
    assert_eq!(
        (high.exams, high.share),
        (audit.high, Some(high.errors as f64 / audit.high as f64))
    );
    assert!(
        high.errors * 5 < audit.high && high.verdict != Verdict::Broken,
        "{audit:?}"
    );
    assert_eq!(csv.lines().count(), 1 + 300 + 300);
    assert!(csv.starts_with("exam,part,probability,class,truth\nv0000-0,validation,"));

    let settled = toml::to_string(&settled.unwrap()).unwrap();
    let frozen: Triage = toml::from_str(&settled).unwrap();
    let (again, csv, _) = run(&frozen, &test, None).unwrap();
    assert_eq!(again.cuts, sorted.cuts);
    assert_eq!(again.audit.unwrap().on, AuditedOn::Frozen);
    assert!(csv.contains("\nt0001-0,exams,"), "{csv}");
    let mut unknown = test.clone();
    for slice in &mut unknown.slices {
        slice.labels = None;
    }
    assert_eq!(run(&frozen, &unknown, None).unwrap().0.audit, None);
}

#[test]
fn without_test_truth_each_exam_is_sorted_by_other_patients() {
    let mut valid = exams("v", 240, 2, 3);
    let conformal = Triage {
        method: Method::Conformal(Conformal::default()),
        parts: 4,
        ..Triage::default()
    };
    let (sorted, csv, _) = run(&conformal, &valid, None).unwrap();
    let audit = sorted.audit.unwrap();
    assert_eq!(audit.on, AuditedOn::CrossFitted);
    assert_eq!((audit.exams, audit.same_patient), (240, 240));
    assert_eq!(audit.high + audit.low + audit.uncertain, 240);
    assert_eq!(sorted.delta, None);
    // Truth of the first patient turned round: its own classes stay as they are.
    for slice in &mut valid.slices[..2] {
        slice.labels = Some([false; 6].into());
    }
    let (_, other, _) = run(&conformal, &valid, None).unwrap();
    let of_first = |text: &str| -> Vec<String> {
        let rows = text.lines().filter(|line| line.starts_with("v0000-"));
        rows.map(|row| row.split(',').nth(3).unwrap().to_owned())
            .collect()
    };
    assert_eq!(of_first(&csv), of_first(&other));
}

#[test]
fn what_cannot_be_promised_is_refused_or_abstains() {
    let few = exams("v", 12, 1, 4);
    let (sorted, csv, _) = run(&Triage::default(), &few, None).unwrap();
    assert_eq!(sorted.cuts, Cuts::default());
    assert!(sorted.promises.iter().all(|promise| promise.abstains.is_some()));
    assert!(csv.lines().skip(1).all(|line| line.contains(",uncertain,")));
    assert_eq!(sorted.audit.unwrap().promises[0].verdict, Verdict::Nothing);

    let refused = |exams: &Predictions, stage: &Triage| run(stage, exams, None).unwrap_err();
    let slices = Predictions {
        unit: Level::Slice,
        ..few.clone()
    };
    let error = refused(&slices, &Triage::default());
    assert!(error.to_string().contains("triage is of exams"), "{error}");
    let mut in_fold = few.clone();
    in_fold.in_fold.insert("v0001-0".into());
    assert!(
        refused(&in_fold, &Triage::default())
            .to_string()
            .contains("trained on")
    );
    let mut unknown = few.clone();
    for slice in &mut unknown.slices {
        slice.labels = None;
    }
    assert!(
        refused(&unknown, &Triage::default())
            .to_string()
            .contains("known of no validation study")
    );
    let elsewhere = Triage {
        label: Some("tumour".into()),
        ..Triage::default()
    };
    assert!(
        refused(&few, &elsewhere)
            .to_string()
            .contains("no label `tumour`")
    );
}
