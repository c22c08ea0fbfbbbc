//! The page of a run, made of cohorts of every odd kind.

use std::path::{Path, PathBuf};

use ichflow_api::data::labels::Labels;

use super::made_up::{Made, Plan, make, try_make};

/// A few patients of a few slices, every other patient for validation, no network.
fn plan() -> Plan {
    Plan {
        patients: 8,
        slices_per_patient: 4,
        validation_every: 2,
        epochs: 0,
        channels: 1,
        trained: false,
        rich: false,
        ..Plan::default()
    }
}

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("report-odd-{name}"))
}

fn report(name: &str, plan: &Plan) -> Made {
    let made = make(&directory(name), plan);
    let html = &made.html;
    assert!(is_finite(html), "{name}");
    for (one, many) in [
        ("slice", "slices"),
        ("patient", "patients"),
        ("positive", "positives"),
        ("epoch", "epochs"),
    ] {
        assert!(!says(html, "1", many), "1 {many} in {name}");
        assert!(!says(html, "2", one), "2 {one} in {name}");
    }
    made
}

/// Whether no number on the page is NaN or infinite. Data that lies in the page, as base64, may say anything.
pub(crate) fn is_finite(html: &str) -> bool {
    let html = html.replace("\"packed\":\"", "base64,");
    html.split("base64,").enumerate().all(|(index, part)| {
        let text = match index {
            0 => part,
            _ => part.split_once('"').map_or("", |(_, text)| text),
        };
        !text.contains("NaN") && !text.contains(">inf")
    })
}

/// Whether the page says a number of things: "1 slices", and not "11 slices".
pub(crate) fn says(html: &str, number: &str, things: &str) -> bool {
    let phrase = format!("{number} {things}");
    html.match_indices(&phrase).any(|(at, _)| {
        let before = html[..at].chars().next_back();
        let after = html[at + phrase.len()..].chars().next();
        !before.is_some_and(|c| c.is_ascii_digit() || ".,\u{202f}".contains(c))
            && !after.is_some_and(char::is_alphanumeric)
    })
}

/// One label, with `any`.
fn only(label: usize) -> Labels {
    let positive: [bool; 6] = std::array::from_fn(|l| l == label || l == 0);
    positive.into()
}

#[test]
fn one_slice() {
    let plan = Plan {
        patients: 2,
        slices_per_patient: 1,
        with_test: false,
        ..plan()
    };
    let html = report("one-slice", &plan).html;
    assert!(html.contains("on 1 validation slice of 1 patient"));
    let positive = Plan {
        labels: |_, _| Some(only(5)),
        ..plan
    };
    let html = report("one-positive", &positive).html;
    assert!(html.contains("undefined, every slice is positive"));
}

#[test]
fn slices_all_alike() {
    for (name, positive) in [("healthy", false), ("positive", true)] {
        let labels: fn(usize, usize) -> Option<Labels> = match positive {
            true => |_, _| Some([true; 6].into()),
            false => |_, _| Some([false; 6].into()),
        };
        let plan = Plan {
            labels,
            probability: Some(|_, _| 0.3),
            ..plan()
        };
        let html = report(&format!("alike-{name}"), &plan).html;
        assert!(
            html.contains("AUROC and average precision are undefined"),
            "{name}"
        );
    }
}

#[test]
fn two_kinds_of_slices() {
    for (name, probability) in [
        (
            "right",
            (|_, positive| if positive { 1.0 } else { 0.0 }) as fn(usize, bool) -> f64,
        ),
        ("wrong", |_, positive| if positive { 0.0 } else { 1.0 }),
        (
            "mixed",
            |slice, _| if slice.is_multiple_of(2) { 0.2 } else { 0.8 },
        ),
    ] {
        let plan = Plan {
            labels: |patient, _| {
                Some(if patient % 4 < 2 {
                    only(1)
                } else {
                    Labels::negative(6)
                })
            },
            probability: Some(probability),
            ..plan()
        };
        let html = report(&format!("two-kinds-{name}"), &plan).html;
        assert!(html.contains("ROC curve, epidural"), "{name}");
    }
}

#[test]
fn one_patient() {
    let plan = Plan {
        patients: 2,
        slices_per_patient: 30,
        with_test: false,
        ..plan()
    };
    let html = report("one-patient", &plan).html;
    assert!(html.contains("30 validation slices of 1 patient"));
}

#[test]
fn no_labels() {
    let test_alone = Plan {
        test_labels: false,
        ..plan()
    };
    let html = report("no-test-labels", &test_alone).html;
    assert!(html.contains("unknown") && !html.contains("Test slices"));
    let none = Plan {
        labels: |_, _| None,
        ..plan()
    };
    let error = try_make(&directory("no-labels"), &none).err().unwrap();
    assert!(error.to_string().contains("labels"), "{error}");
}

#[test]
fn one_label() {
    let labels: [fn(usize, usize) -> Option<Labels>; 5] = [
        |_, slice| Some(if slice == 0 { only(1) } else { Labels::negative(6) }),
        |_, slice| Some(if slice == 0 { only(2) } else { Labels::negative(6) }),
        |_, slice| Some(if slice == 0 { only(3) } else { Labels::negative(6) }),
        |_, slice| Some(if slice == 0 { only(4) } else { Labels::negative(6) }),
        |_, slice| Some(if slice == 0 { only(5) } else { Labels::negative(6) }),
    ];
    for (index, labels) in labels.into_iter().enumerate() {
        let html = report(&format!("label-{}", index + 1), &Plan { labels, ..plan() }).html;
        assert!(html.contains("undefined, no slice is positive"));
    }
}

#[test]
fn a_hundred_thousand_slices() {
    let plan = Plan {
        patients: 2500,
        slices_per_patient: 40,
        ..plan()
    };
    let html = report("many", &plan).html;
    assert!(html.contains("50\u{202f}000 validation slices of 1\u{202f}250 patients"));
    assert!(html.len() < 8 << 20, "{} bytes", html.len());
}
