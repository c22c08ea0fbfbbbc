//! The page of the data, made of cohorts of every odd kind.

use ichflow_api::data::pixels::HuImage;
use ichflow_api::prelude::*;
use ichflow_api::testkit::{self, MadePixels};
use ichflow_reporting::explore::EdaReport;

use super::odd_cohorts::{is_finite, says};

/// Side of the slices, in pixels.
const SIDE: usize = 8;

/// A cohort and what its slices look like.
struct Made {
    slices: Vec<Slice>,
    /// HU of a slice at a pixel.
    hu: fn(slice: usize, pixel: usize) -> i16,
}

/// `count` slices of patients of ten, each its own series.
fn slices(count: usize, labels: impl Fn(usize) -> Option<Labels>) -> Vec<Slice> {
    (0..count)
        .map(|i| {
            let mut slice = testkit::slice(&format!("slice {i}"), &format!("patient {}", i / 10), labels(i));
            slice.series = format!("series {}", i / 5);
            slice.position_mm = Some(5.0 * (i % 5) as f64);
            slice
        })
        .collect()
}

fn healthy(_: usize) -> Option<Labels> {
    Some([false; 6].into())
}

fn mixed(slice: usize, pixel: usize) -> i16 {
    ((slice * 7919 + pixel * 104_729) % 300) as i16 - 100
}

fn report(name: &str, made: Made, test: Option<Vec<Slice>>) -> String {
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let hu = made.hu;
    let pixels = Pixels::new(MadePixels::new(move |slice: &Slice| {
        let number = slice.id.rsplit(' ').next()?.parse().ok()?;
        Some(HuImage {
            rows: SIDE,
            columns: SIDE,
            hu: (0..SIDE * SIDE).map(|pixel| hu(number, pixel)).collect(),
        })
    }));
    let mut inputs = Inputs::default()
        .with(input::COHORT, testkit::cohort(made.slices))
        .with(input::PIXELS, pixels);
    if let Some(test) = test {
        inputs = inputs.with(optional::TEST_COHORT, testkit::cohort(test));
    }
    let context = Context::new(&run, "report", EdaReport::NAME, "key");
    EdaReport::default().run(&inputs, &context).unwrap();
    let html = std::fs::read_to_string(run.report().unwrap()).unwrap();
    let kept = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("explore-{name}.html"));
    std::fs::write(kept, &html).unwrap();
    for (one, many) in [
        ("slice", "slices"),
        ("pair", "pairs"),
        ("patient", "patients"),
        ("group", "groups"),
    ] {
        assert!(!says(&html, "1", many), "1 {many} in {name}");
        assert!(!says(&html, "2", one), "2 {one} in {name}");
    }
    assert!(is_finite(&html), "{name}");
    html
}

#[test]
fn one_slice_and_none_that_can_be_read() {
    let html = report(
        "one",
        Made {
            slices: slices(1, healthy),
            hu: mixed,
        },
        None,
    );
    assert!(html.contains("The pixels of the one slice were looked at."));
    assert!(html.contains("There are fewer than ten slices to lay out."));
    let html = report(
        "none",
        Made {
            slices: Vec::new(),
            hu: mixed,
        },
        None,
    );
    assert!(html.contains("The pixels of no slice could be looked at."));
}

#[test]
fn slices_all_alike_and_copies_of_a_few() {
    let html = report(
        "alike",
        Made {
            slices: slices(120, healthy),
            hu: |_, pixel| mixed(0, pixel),
        },
        None,
    );
    assert!(html.contains("All slices have the same features."));
    assert!(html.contains("1 group of slices") && html.contains("and 100 more"));
    report(
        "flat",
        Made {
            slices: slices(120, healthy),
            hu: |_, _| 40,
        },
        None,
    );
    for (name, hu) in [
        (
            "two-kinds",
            (|slice, pixel| mixed(slice % 2, pixel)) as fn(usize, usize) -> i16,
        ),
        ("three-kinds", |slice, pixel| mixed(slice % 3, pixel)),
        ("one-odd", |slice, pixel| mixed(usize::from(slice == 7), pixel)),
        ("two-flat-kinds", |slice, _| if slice % 2 == 0 { 10 } else { 40 }),
    ] {
        let html = report(
            name,
            Made {
                slices: slices(120, healthy),
                hu,
            },
            None,
        );
        assert!(html.contains("PCA, by label"), "{name}");
    }
}

#[test]
fn one_patient_no_labels_and_one_label() {
    let mut one_patient = slices(30, |i| {
        Some([i % 3 == 0, i % 3 == 0, false, false, false, false].into())
    });
    for slice in &mut one_patient {
        slice.patient = "patient".into();
    }
    report(
        "one-patient",
        Made {
            slices: one_patient,
            hu: mixed,
        },
        None,
    );
    let html = report(
        "no-labels",
        Made {
            slices: slices(30, |_| None),
            hu: mixed,
        },
        Some(slices(12, |_| None)),
    );
    assert!(!html.contains("id=\"labels\"") && !html.contains("by label"));
    for label in 0..6 {
        report(
            &format!("label-{label}"),
            Made {
                slices: slices(30, |_| {
                    Some(std::array::from_fn::<bool, 6, _>(|l| l == label || l == 0).into())
                }),
                hu: mixed,
            },
            Some(slices(12, |_| None)),
        );
    }
}

#[test]
fn headers_without_anything_and_encodings_that_hardly_differ() {
    let mut bare = slices(24, healthy);
    for (i, slice) in bare.iter_mut().enumerate() {
        (slice.position_mm, slice.tags.window_center) = (None, None);
        (slice.patient, slice.series, slice.study) = Default::default();
        slice.encoding.bits_stored = 16;
        slice.encoding.rescale_slope = 1.0 + 0.0001 * (i % 9) as f32;
    }
    let html = report(
        "bare",
        Made {
            slices: bare,
            hu: mixed,
        },
        None,
    );
    assert!(html.contains("slope 1.0001") && html.contains("slope 1.0002"));
}

#[test]
fn a_hundred_thousand_slices() {
    let many = slices(100_000, |i| {
        Some([i % 7 == 0, i % 7 == 0, false, false, false, i % 21 == 0].into())
    });
    let html = report(
        "many",
        Made {
            slices: many,
            hu: |slice, pixel| mixed(slice % 4000, pixel),
        },
        None,
    );
    assert!(html.contains("The pixels of 20\u{202f}000 of 100\u{202f}000 slices were looked at"));
    assert!(html.len() < 8 << 20, "{} bytes", html.len());
}
