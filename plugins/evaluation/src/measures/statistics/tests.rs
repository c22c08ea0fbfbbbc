//! What is said, and what is not.

use ichflow_api::data::labelled::LabelledPredictions;
use ichflow_api::data::measures::{LabelStatistics, Method};
use ichflow_api::metrics;
use ichflow_api::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::statistics;
use crate::settings::Evaluate;

/// Exams with a truth and a probability of their one label, `each` a patient.
fn exams(cases: &[(bool, f64)], each: usize) -> LabelledPredictions {
    LabelledPredictions {
        labels: LabelSet::new(vec!["bleed".into()], None, vec![1.0]).unwrap(),
        unit: Level::Study,
        truth: cases.iter().map(|(truth, _)| Labels::from([*truth])).collect(),
        probabilities: cases.iter().map(|(_, p)| vec![*p]).collect(),
        patient: (0..cases.len()).map(|case| case / each).collect(),
        patients: cases.len().div_ceil(each),
    }
}

fn found(labelled: &LabelledPredictions) -> LabelStatistics {
    let settings = Evaluate {
        bootstrap: 100,
        ..Evaluate::default()
    };
    statistics(labelled, None, &settings, &mut ChaCha8Rng::seed_from_u64(1)).remove(0)
}

/// Sixty exams, of which every third is positive and some are mistaken.
fn usual() -> Vec<(bool, f64)> {
    (0..60)
        .map(|i| {
            let positive = i % 3 == 0;
            let shift = f64::from((i * 7) % 10) / 10.0;
            (
                positive,
                if positive {
                    0.3 + 0.6 * shift
                } else {
                    0.05 + 0.6 * shift
                },
            )
        })
        .collect()
}

#[test]
fn intervals_are_those_for_the_cases_there_are() {
    let alone = found(&exams(&usual(), 1));
    let several = found(&exams(&usual(), 3));
    assert!(alone.one_case_a_patient && !several.one_case_a_patient);
    let method = |of: &LabelStatistics| of.auroc.unwrap().method.unwrap();
    assert_eq!(
        [method(&alone), method(&several)],
        [Method::Delong, Method::Obuchowski]
    );
    assert_eq!(alone.auroc.unwrap().value, several.auroc.unwrap().value);
    let point = |of: &LabelStatistics| of.operating_points[0].sensitivity.unwrap();
    assert_eq!(point(&alone).method, Some(Method::Wilson));
    assert_eq!(point(&several).method, Some(Method::Bootstrap));
    assert_eq!(point(&alone).value, point(&several).value);
    for of in [&alone, &several] {
        let assumed = &of.operating_points[0].at_prevalence;
        assert_eq!(assumed.len(), 2, "the two usual prevalences");
        for at in assumed {
            // Alarms are the true ones and the false ones.
            let hits = at.exams_a_day * at.prevalence - at.missed_a_day.value;
            assert!((at.alarms_a_day.value - at.false_positives_a_day.value - hits).abs() < 1e-9);
            for measure in [
                at.alarms_a_day,
                at.false_positives_a_day,
                at.missed_a_day,
                at.ppv.unwrap(),
            ] {
                let interval = measure.interval.unwrap();
                assert!(
                    interval.low <= measure.value && measure.value <= interval.high,
                    "{measure:?}"
                );
            }
        }
        assert_eq!(of.decision_curves.len(), 3, "as they are, and at the prevalences");
        assert!(of.notes.is_empty(), "{:?}", of.notes);
    }
}

#[test]
fn slices_have_no_alarms_a_day() {
    let slices = LabelledPredictions {
        unit: Level::Slice,
        ..exams(&usual(), 3)
    };
    let found = found(&slices);
    assert!(found.operating_points[0].at_prevalence.is_empty());
    assert_eq!(found.decision_curves.len(), 1);
}

#[test]
fn what_is_undefined_is_absent_and_said() {
    let negative: Vec<(bool, f64)> = usual().into_iter().map(|(_, p)| (false, p)).collect();
    let one_class = found(&exams(&negative, 1));
    assert_eq!(one_class.auroc, None);
    assert_eq!(one_class.partial_auroc, None);
    assert_eq!(one_class.calibration, None);
    let point = &one_class.operating_points[0];
    assert_eq!(point.sensitivity, None);
    assert_eq!(point.positive_likelihood_ratio, None);
    assert!(point.specificity.is_some() && point.at_prevalence.is_empty());
    assert!(
        one_class.notes[0].starts_with("no study is positive"),
        "{:?}",
        one_class.notes
    );

    // In order by chance, and perfectly separated.
    let perfect: Vec<(bool, f64)> = (0..8).map(|i| (i < 4, if i < 4 { 0.9 } else { 0.1 })).collect();
    let perfect = found(&exams(&perfect, 2));
    let auroc = perfect.auroc.unwrap();
    assert_eq!((auroc.value, auroc.interval, auroc.method), (1.0, None, None));
    let calibration = perfect.calibration.as_ref().unwrap();
    assert_eq!((calibration.slope, calibration.errors), (None, None));
    assert!(calibration.in_the_large.is_some());
    let point = &perfect.operating_points[0];
    assert_eq!(point.sensitivity.unwrap().interval, None, "resamples agree");
    let said = perfect.notes.join("; ");
    for why in [
        "in order",
        "separate",
        "same share each time",
        "ratio is infinite",
    ] {
        assert!(said.contains(why), "{why}: {said}");
    }

    // Nobody says whose the exams are.
    let unknown = found(&LabelledPredictions {
        patients: 0,
        patient: vec![0; 60],
        ..exams(&usual(), 1)
    });
    assert!(unknown.auroc.unwrap().interval.is_none());
    let point = &unknown.operating_points[0];
    assert!(
        point
            .sensitivity
            .is_some_and(|measure| measure.interval.is_none())
    );
    assert!(unknown.calibration.unwrap().slope.unwrap().interval.is_none());
    assert!(
        unknown.notes[0].contains("nothing has an interval"),
        "{:?}",
        unknown.notes
    );
}

#[test]
fn a_resample_counts_as_the_cases_repeated() {
    let cases = usual();
    let (truth, scores): (Vec<bool>, Vec<f64>) = cases.iter().copied().unzip();
    let times: Vec<u32> = (0..60).map(|i| (i * 5) % 4).collect();
    let repeated: Vec<(bool, f64)> = cases
        .iter()
        .zip(&times)
        .flat_map(|(case, times)| std::iter::repeat_n(*case, *times as usize))
        .collect();
    let (more_truth, more_scores): (Vec<bool>, Vec<f64>) = repeated.into_iter().unzip();
    let ranked = metrics::Ranked::of(&truth, &scores);
    for max_fpr in [0.05, 0.1, 0.37, 1.0] {
        let quick = ranked.partial_auroc(&times, max_fpr).unwrap();
        let slow = metrics::partial_auroc(&more_truth, &more_scores, max_fpr).unwrap();
        assert!(
            (quick.area - slow.area).abs() < 1e-12,
            "{max_fpr}: {quick:?} {slow:?}"
        );
    }
    assert_eq!(ranked.partial_auroc(&vec![0; 60], 0.1), None);
}
