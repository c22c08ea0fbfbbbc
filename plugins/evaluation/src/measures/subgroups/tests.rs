//! Subgroups beside other people's numbers (`tests/reference/subgroups.py` makes the fixture), and what is not shown.

use std::sync::Arc;

use ichflow_api::data::scan::ScanNotes;
use ichflow_api::metrics::Interval;
use ichflow_api::testkit;
use rand_chacha::rand_core::SeedableRng;
use serde_json::Value;

use super::*;

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number.as_f64().unwrap())
        .collect()
}

/// The rows of a case, whose site is a column.
fn predictions(case: &Value) -> Predictions {
    let (sites, patients) = (numbers(&case["site"]), numbers(&case["patient"]));
    let probabilities = numbers(&case["probability"]);
    let slices = case["truth"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(row, truth)| {
            let truth = truth.as_bool().unwrap();
            let labels = [truth, false, truth, false, false, false];
            let mut slice = testkit::slice(
                &format!("r{row}"),
                &format!("p{}", patients[row]),
                Some(labels.into()),
            );
            slice.scan = Arc::new(ScanNotes {
                columns: [("site".to_owned(), format!("site {}", sites[row]))].into(),
                ..ScanNotes::default()
            });
            slice
        });
    Predictions {
        slices: slices.collect(),
        probabilities: probabilities.iter().map(|p| vec![*p; 6]).collect(),
        ..Predictions::default()
    }
}

fn of(predictions: &Predictions, min_group: usize) -> Option<Subgroups> {
    let settings = Evaluate {
        threshold: 0.4,
        min_group,
        ..Evaluate::default()
    };
    subgroups(
        predictions,
        None,
        None,
        &settings,
        &mut ChaCha8Rng::seed_from_u64(1),
    )
}

fn by<'a>(found: &'a Subgroups, name: &str) -> &'a Subgrouping {
    found
        .attributes
        .iter()
        .find(|attribute| attribute.by == name)
        .unwrap()
}

fn near(found: f64, expected: &Value) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-7, "{found} {expected}");
}

fn near_interval(found: Option<Interval>, expected: &[Value]) {
    let found = found.unwrap();
    near(found.low, &expected[0]);
    near(found.high, &expected[1]);
}

#[test]
fn numbers_are_those_of_scikit_learn_and_statsmodels() {
    let fixture: Value =
        serde_json::from_str(include_str!("../../../tests/fixtures/subgroups.json")).unwrap();
    for name in ["exams", "slices"] {
        let case = &fixture[name];
        let found = of(&predictions(case), 5).unwrap();
        let site = by(&found, "site");
        assert_eq!(
            (site.title.as_str(), site.unknown, site.suppressed),
            ("Site", 0, None)
        );
        for (group, expected) in site.groups.iter().zip(case["groups"].as_array().unwrap()) {
            let count = |key: &str| expected[key].as_u64().unwrap() as usize;
            assert_eq!(
                (group.rows, group.patients, group.positives),
                (count("rows"), count("patients"), count("positives"))
            );
            near(group.auroc.unwrap().value, &expected["auroc"]);
            near(group.sensitivity.unwrap().value, &expected["sensitivity"]);
            near(group.specificity.unwrap().value, &expected["specificity"]);
            near(group.mean_probability, &expected["mean_probability"]);
            let large = group.in_the_large.unwrap();
            let of_large = expected["in_the_large"].as_array().unwrap();
            near(large.value, &of_large[0]);
            near_interval(large.interval, &of_large[1..]);
            assert!(group.sensitivity.unwrap().interval.is_some());
            if name == "exams" {
                let interval = |key: &str| expected[key].as_array().unwrap();
                near_interval(group.auroc.unwrap().interval, interval("auroc_interval"));
                near_interval(
                    group.sensitivity.unwrap().interval,
                    interval("sensitivity_interval"),
                );
                near_interval(
                    group.specificity.unwrap().interval,
                    interval("specificity_interval"),
                );
                let versus = group.versus_rest.unwrap();
                near(versus.difference, &expected["difference"]);
                near(versus.p_value, &expected["p"]);
                near(versus.p_holm, &expected["p_holm"]);
            }
        }
        let worst = site.worst.as_ref().unwrap();
        assert_eq!(worst.name, "site 2");
        assert!(
            worst.in_words.starts_with("site 2 has the lowest AUROC, 0."),
            "{}",
            worst.in_words
        );
    }
}

/// 40 patients of one row; every other is positive.
fn forty(notes: impl Fn(usize) -> ScanNotes) -> Predictions {
    let slices = (0..40).map(|row| {
        let labels = [row % 2 == 0, false, row % 2 == 0, false, false, false];
        let mut slice = testkit::slice(&format!("r{row}"), &format!("p{row}"), Some(labels.into()));
        slice.scan = Arc::new(notes(row));
        slice
    });
    Predictions {
        slices: slices.collect(),
        probabilities: (0..40)
            .map(|row| vec![0.2 + 0.01 * ((row * 7) % 40) as f64; 6])
            .collect(),
        ..Predictions::default()
    }
}

#[test]
fn small_groups_are_counted_and_not_named() {
    let kernels = |row: usize| match row {
        0..=2 => "secret kernel",
        3..=20 => "J40s",
        21..=38 => "FC21",
        _ => "",
    };
    let predictions = forty(|row| ScanNotes {
        kernel: kernels(row).into(),
        // All ages differ, and some are very old.
        age_years: Some(60.0 + row as f32),
        ..ScanNotes::default()
    });
    let found = of(&predictions, 10).unwrap();
    let kernel = by(&found, "kernel");
    let names: Vec<&str> = kernel.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!((names, kernel.unknown), (vec!["FC21", "J40s"], 1));
    assert_eq!(kernel.suppressed, Some(Suppressed { groups: 1, rows: 3 }));
    let text = serde_json::to_string(&found).unwrap();
    assert!(!text.contains("secret kernel"), "{text}");
    let ages: Vec<&str> = by(&found, "age")
        .groups
        .iter()
        .map(|group| group.name.as_str())
        .collect();
    assert_eq!(
        ages,
        ["65 to 79", "80 to 89", "90 and older"].map(|band| band),
        "five of 60 to 64 are too few"
    );
    // Of 10 patients from 90 on 5 are positive: enough; of four positives nothing would be said.
    assert!(by(&found, "age").groups[2].sensitivity.is_some());
    assert!(
        of(&forty(|_| ScanNotes::default()), 10).is_none(),
        "nothing divides them"
    );
}

#[test]
fn measures_rest_on_five_patients_of_a_class() {
    let mut predictions = forty(|row| ScanNotes {
        sex: if row < 20 { "F" } else { "M" }.into(),
        ..ScanNotes::default()
    });
    for row in 8..20 {
        predictions.slices[row].labels = Some([false; 6].into());
    }
    let found = of(&predictions, 10).unwrap();
    let [women, men] = &by(&found, "sex").groups[..] else {
        panic!("two groups")
    };
    assert_eq!((women.positives, women.rows), (4, 20));
    assert_eq!(
        (women.auroc, women.sensitivity, women.in_the_large),
        (None, None, None)
    );
    assert!(women.specificity.is_some() && men.auroc.is_some());
    assert_eq!(by(&found, "sex").worst, None, "one group has no worst");
    assert!(women.versus_rest.is_none() && men.versus_rest.is_none());
    assert_eq!(found.tests, 0);
}

#[test]
fn two_groups_are_one_test_and_patients_of_both_none() {
    let of_sex = |row: usize| ScanNotes {
        sex: if row < 20 { "F" } else { "M" }.into(),
        ..ScanNotes::default()
    };
    let mut predictions = forty(of_sex);
    let found = of(&predictions, 10).unwrap();
    assert_eq!(found.tests, 1);
    let groups = &by(&found, "sex").groups;
    let [women, men] = [0, 1].map(|group: usize| groups[group].versus_rest.unwrap());
    assert!((women.difference + men.difference).abs() < 1e-12);
    assert_eq!(women.p_holm, men.p_holm);
    predictions.slices[39].patient = "p0".into();
    let found = of(&predictions, 10).unwrap();
    assert_eq!(found.tests, 0);
}

#[test]
fn positives_of_a_lesion_load_stand_beside_all_negatives() {
    // 30 patients of one study of ten slices; 15 bleed on one slice, and 15 on five.
    let slices: Vec<Slice> = (0..300)
        .map(|index| {
            let (patient, place) = (index / 10, index % 10);
            let bleeds = if patient % 2 == 0 { place == 4 } else { place >= 5 };
            let labels = [bleeds, false, bleeds, false, false, false];
            testkit::slice(&format!("s{index}"), &format!("p{patient}"), Some(labels.into()))
        })
        .collect();
    let probability = |index: usize| {
        let bleeds = slices[index].labels.as_ref().unwrap().is_positive(0);
        let small = (index / 10).is_multiple_of(2);
        let base = if bleeds && !small { 0.8 } else { 0.3 };
        vec![base + 0.001 * (index % 17) as f64; 6]
    };
    let predictions = Predictions {
        probabilities: (0..300).map(probability).collect(),
        slices: slices.clone(),
        ..Predictions::default()
    };
    let found = of(&predictions, 10).unwrap();
    let load = by(&found, "lesion_load");
    assert!(load.of_positives);
    let groups: Vec<(&str, usize, usize)> = load
        .groups
        .iter()
        .map(|group| (group.name.as_str(), group.rows, group.positives))
        .collect();
    assert_eq!(
        groups,
        [
            ("10 to below 30 % of the slices", 15, 15),
            ("30 % of the slices and more", 75, 75)
        ]
    );
    assert_eq!(load.groups[1].sensitivity.unwrap().value, 1.0);
    assert_eq!(load.groups[0].sensitivity.unwrap().value, 0.0);
    assert_eq!(load.groups[1].auroc.unwrap().value, 1.0);
    assert!((load.groups[0].auroc.unwrap().value - 0.5).abs() < 0.1);
    assert_eq!(
        load.worst.as_ref().unwrap().name,
        "10 to below 30 % of the slices"
    );
    // Where the truth is of exams, nobody knows how much of one is positive.
    let exams = Predictions {
        level: Level::Study,
        ..predictions
    };
    assert!(of(&exams, 10).is_none());
}
