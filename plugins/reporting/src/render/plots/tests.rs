//! Every kind of picture, of numbers of every odd kind.

use ichflow_api::metrics;
use ichflow_api::tensors::history::Epoch;

use super::*;

/// Every picture that can be drawn of `values`.
fn pictures(values: &[f64]) -> Vec<Figure> {
    let (axes, size) = (("x", "y"), (350, 280));
    let said = || "What there is.".to_owned();
    let points: Vec<(f64, f64)> = values.iter().map(|value| (*value, *value)).collect();
    let line = || Line {
        name: "one".into(),
        points: points.clone(),
        ink: Ink::First,
    };
    let few = &values[..values.len().min(20)];
    let dot = |value: &f64| Dot {
        name: "12 bits, unsigned, intercept −1024".into(),
        value: *value,
        interval: Some((value - 0.1, value + 0.1)),
        ink: Ink::First,
    };
    let epochs: Vec<Epoch> = few
        .iter()
        .enumerate()
        .map(|(i, value)| epoch(i, *value))
        .collect();
    let probabilities: Vec<f64> = values.iter().map(|value| value.clamp(0.0, 1.0)).collect();
    let truth: Vec<bool> = values.iter().map(|value| *value > 0.5).collect();
    let curve = |points: Option<Vec<metrics::CurvePoint>>| {
        let points = points.unwrap_or_default();
        Curve::new(points.iter().map(|point| (point.x, point.y)).collect())
    };
    let steps = Steps::of("one", values.iter().copied(), &(0.0..1.0), 20, Ink::First);
    let cloud = Cloud {
        name: "one".into(),
        points: points.clone(),
        ink: Ink::First,
        size: 3,
    };
    let bins = metrics::reliability(&truth, &probabilities, 15);
    let kinds = [Reliability {
        name: "validation",
        bins: &bins,
    }];
    let figures = [
        columns("Columns", said(), axes, &columns_of(values, 40), size),
        histogram(
            "Steps".into(),
            said(),
            axes,
            0.0..1.0,
            false,
            size,
            std::slice::from_ref(&steps),
        ),
        histogram("Powers".into(), said(), axes, 0.0..1.0, true, size, &[steps]),
        curves("Curves", said(), axes, &[line()], size),
        logarithmic_curves("Logarithmic", said(), axes, &[line()], size),
        lines("Lines", said(), axes, &[line()], Some(0.4), size),
        scatter("Cloud", said(), axes, &[cloud], size),
        dots(
            "Dots",
            said(),
            "x",
            &few.iter().map(dot).collect::<Vec<_>>(),
            Some(0.4),
            440,
        ),
        loss(&epochs, epochs.first(), 0.4),
        learning_rate(&epochs),
        reliability("any", said(), &kinds),
        roc(
            "any",
            said(),
            &["validation"],
            &[curve(metrics::roc_curve(&truth, &probabilities))],
        ),
        precision_recall(
            "any",
            said(),
            &["validation"],
            &[curve(metrics::precision_recall_curve(&truth, &probabilities))],
            0.2,
        ),
    ];
    figures.into_iter().map(|figure| figure.unwrap()).collect()
}

fn epoch(index: usize, value: f64) -> Epoch {
    Epoch {
        epoch: index + 1,
        phase: 1,
        lr: value.abs(),
        train_loss: value,
        valid_loss: value,
        valid_auc_any: None,
        best: false,
        slices_per_second: 1.0,
        data_loading_wait: 0.0,
        lr_end: value.abs(),
        gradient_norm: None,
        seconds: 1.0,
        monitored: None,
        memory_mib: None,
        windows: Vec::new(),
    }
}

/// Texts at the ticks of an axis: those along a line of the picture.
fn along(svg: &str, attribute: &str) -> Vec<Vec<String>> {
    let mut lines = std::collections::BTreeMap::<String, Vec<String>>::new();
    for element in svg.split("<text ").skip(1) {
        let place = element
            .split(&format!("{attribute}=\""))
            .nth(1)
            .unwrap_or_default();
        let place = place.split('"').next().unwrap_or_default().to_owned();
        let text = element.split_once('>').unwrap_or_default().1;
        let text = text.split('<').next().unwrap_or_default().trim().to_owned();
        lines.entry(place).or_default().push(text);
    }
    lines.into_values().collect()
}

fn check(name: &str, values: &[f64]) {
    for figure in pictures(values) {
        let title = &figure.title;
        assert!(!figure.description.is_empty(), "{title} of {name}");
        let Some(svg) = &figure.svg else { continue };
        assert!(
            !svg.contains("NaN") && !svg.contains(">inf"),
            "{title} of {name}: {svg}"
        );
        assert!(svg.len() < 200_000, "{title} of {name}: {} bytes", svg.len());
        if title == "Dots" {
            continue;
        }
        for attribute in ["x", "y"] {
            for texts in along(svg, attribute) {
                let mut once = texts.clone();
                once.sort();
                once.dedup();
                assert_eq!(once.len(), texts.len(), "{title} of {name} repeats {texts:?}");
            }
        }
    }
}

#[test]
fn nothing_one_value_and_values_all_alike() {
    check("nothing", &[]);
    for value in [0.0, 1.0, 0.3, 1e-9, -4.5, 0.999_999, 1e6] {
        check("one value", &[value]);
        check("values all alike", &[value; 50]);
    }
}

#[test]
fn two_kinds_of_values() {
    for (one, other) in [(0.0, 1.0), (0.2, 0.9), (0.5, 0.5 + 1e-12), (-3.0, 1e5)] {
        let values: Vec<f64> = (0..60).map(|i| if i % 2 == 0 { one } else { other }).collect();
        check("two kinds", &values);
    }
}

#[test]
fn values_that_cannot_be_drawn_are_left_out() {
    check("none that can be drawn", &[f64::NAN, f64::INFINITY]);
    check("one that can be drawn", &[f64::NAN, 0.25, f64::NEG_INFINITY]);
}

#[test]
fn a_hundred_thousand_values() {
    let values: Vec<f64> = (0..100_000_u64)
        .map(|i| (i * 7919 % 100_003) as f64 / 100_003.0)
        .collect();
    let points: usize = pictures(&values[..5000])
        .iter()
        .filter_map(|figure| figure.svg.as_ref())
        .map(String::len)
        .sum();
    assert!(points < 8 << 20, "{points} bytes");
    let large = [
        columns(
            "Columns",
            String::new(),
            ("x", "y"),
            &columns_of(&values, 40),
            (350, 280),
        )
        .unwrap(),
        roc(
            "any",
            String::new(),
            &["validation"],
            &[Curve::new(values.iter().map(|value| (*value, *value)).collect())],
        )
        .unwrap(),
    ];
    for figure in large {
        let length = figure.svg.unwrap().len();
        assert!(length < 100_000, "{}: {length} bytes", figure.title);
    }
}
