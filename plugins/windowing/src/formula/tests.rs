use super::*;
use crate::all_channels::AllChannels;
use crate::bsb::Bsb;
use crate::dicom_voi::{DicomVoi, VoiFunction};
use crate::exclusive::Exclusive;
use crate::frequency_histogram::FrequencyHistogram;
use crate::gradient::Gradient;
use crate::gradient_bsb::GradientBsb;
use crate::gradient_sigmoid::GradientSigmoid;
use crate::learned::Learned;
use crate::linear::Linear;
use crate::metadata::Metadata;
use crate::sigmoid::Sigmoid;
use crate::testing::*;
use crate::to_3_channels::To3Channels;

const TAGS: SliceTags = SliceTags {
    inverted: false,
    window_center: Some(35.0),
    window_width: Some(95.0),
    voi_lut: None,
};

fn slices() -> HuBatch {
    let rising: Vec<i16> = (-1100..2900).collect();
    let padded: Vec<i16> = (0..4000)
        .map(|pixel| if pixel % 5 == 0 { -3024 } else { pixel / 20 })
        .collect();
    let flat = vec![40; 4000];
    batch_of(&[&rising, &padded, &flat], TAGS)
}

#[track_caller]
fn assert_same(scheme: &impl WindowScheme, channels: &[&str]) {
    let batch = slices();
    let program = Formula::new(channels).compile().unwrap();
    assert_eq!(program.channels(), scheme.channels());
    let (own, written) = (values(scheme.apply(&batch)), values(program.apply(&batch)));
    assert_eq!(own.len(), written.len());
    for (index, (own, written)) in own.iter().zip(&written).enumerate() {
        assert!(
            (own - written).abs() <= 1e-6,
            "value {index}: {own} and {written}"
        );
    }
}

fn voi(function: VoiFunction) -> DicomVoi {
    DicomVoi {
        function,
        channels: 1,
        ..DicomVoi::default()
    }
}

#[test]
fn every_pointwise_scheme_can_be_written() {
    assert_same(
        &Bsb::default(),
        &["linear(40, 80)", "linear(80, 200)", "linear(40, 380)"],
    );
    assert_same(
        &Linear::default(),
        &["linear(40, 80)", "linear(80, 200)", "linear(600, 2800)"],
    );
    assert_same(
        &Metadata {
            channels: 1,
            ..Metadata::default()
        },
        &["minmax(linear(center, width))"],
    );
    assert_same(
        &voi(VoiFunction::Linear),
        &["clip((hu - (center - 0.5)) / (width - 1) + 0.5, 0, 1)"],
    );
    assert_same(
        &voi(VoiFunction::LinearExact),
        &["clip((hu - center) / width + 0.5, 0, 1)"],
    );
    assert_same(
        &voi(VoiFunction::Sigmoid),
        &["1 / (1 + exp(-4 * (hu - center) / width))"],
    );
    assert_same(
        &AllChannels::default(),
        &[
            "clip(3 * linear(40, 80) - 1, 0, 1)",
            "clip(3 * linear(40, 80) - 2, 0, 1)",
            "clip(3 * linear(40, 80), 0, 1)",
        ],
    );
    assert_same(
        &Exclusive::default(),
        &[
            "if(hu > 80, 0, linear(40, 80))",
            "if(hu > 180, 0, linear(80, 200))",
            "linear(40, 380) * (hu <= 230)",
        ],
    );
    assert_same(
        &Sigmoid::default(),
        &[
            "minmax(sigmoid(40, 80))",
            "minmax(sigmoid(80, 200))",
            "minmax(sigmoid(600, 2000))",
        ],
    );
    // What is learned, as it starts.
    assert_same(
        &Learned::default(),
        &["sigmoid(40, 80)", "sigmoid(80, 200)", "sigmoid(40, 380)"],
    );
    // Piecewise linear between breaks: a sum of ramps.
    let breaks = [-1000, 0, 40, 100, 1000];
    let ramps = "(clip((hu + 1000) / 1000, 0, 1) + clip(hu / 40, 0, 1) + clip((hu - 40) / 60, 0, 1) \
                 + clip((hu - 100) / 900, 0, 1)) / 4";
    let histogram = FrequencyHistogram {
        channels: 1,
        ..FrequencyHistogram::default()
    };
    assert_same(&histogram.with_breaks(&breaks).unwrap(), &[ramps]);
    assert_same(
        &To3Channels::default().with_breaks(&breaks).unwrap(),
        &["linear(40, 80)", "linear(100, 254)", ramps],
    );
}

#[test]
fn every_rainbow_can_be_written() {
    let rainbow = |g: &str| ["r", "g", "b"].map(|channel| format!("gradient_{channel}({g})"));
    let brain = rainbow("minmax(linear(40, 80))");
    assert_same(&Gradient::default(), &brain.each_ref().map(String::as_str));
    let bsb = rainbow(
        "0.3 * minmax(linear(40, 80)) + 0.5 * minmax(linear(80, 200)) + 0.2 * minmax(linear(600, 2000))",
    );
    assert_same(&GradientBsb::default(), &bsb.each_ref().map(String::as_str));
    let sum = "minmax(0.35 * minmax(sigmoid(40, 80)) + 0.5 * minmax(sigmoid(80, 200)) \
               + 0.15 * minmax(sigmoid(600, 2000)))";
    let [red, green, blue] = rainbow(sum);
    let gated = |channel: &str| format!("if({sum} > 0.01, {channel}, 0)");
    assert_same(
        &GradientSigmoid::default(),
        &[&gated(&red), &green, &gated(&blue)],
    );
}

fn calculated(formula: &str, hu: &[i16]) -> Vec<f32> {
    let program = Formula::new(&[formula]).compile().unwrap();
    values(program.apply(&batch_of(&[hu], TAGS)))
}

#[test]
fn operators_and_functions_calculate() {
    for (formula, expected) in [
        ("hu + 1", [-1.0, 1.0, 5.0]),
        ("10 - hu", [12.0, 10.0, 6.0]),
        ("-hu ^ 2", [-4.0, 0.0, -16.0]),
        ("hu ^ 3", [-8.0, 0.0, 64.0]),
        ("pow(hu, 0.5)", [0.0, 0.0, 2.0]),
        ("2 ^ hu", [0.25, 1.0, 16.0]),
        ("hu / 4", [-0.5, 0.0, 1.0]),
        ("hu > -2 and hu < 4", [0.0, 1.0, 0.0]),
        ("1 > hu", [1.0, 1.0, 0.0]),
        ("hu == 0 or 4 <= hu", [0.0, 1.0, 1.0]),
        ("not hu", [0.0, 1.0, 0.0]),
        ("hu and 1", [1.0, 0.0, 1.0]),
        ("hu or 1", [1.0, 1.0, 1.0]),
        ("hu != 4", [1.0, 1.0, 0.0]),
        ("if(hu >= 0, hu, 7)", [7.0, 0.0, 4.0]),
        ("if(hu, width, center)", [95.0, 35.0, 95.0]),
        ("min(hu, 1, 3 - hu)", [-2.0, 0.0, -1.0]),
        ("max(hu, center - 34, -hu)", [2.0, 1.0, 4.0]),
        ("clip(hu, -1, 1)", [-1.0, 0.0, 1.0]),
        ("abs(hu)", [2.0, 0.0, 4.0]),
        ("exp(hu / 4)", [0.606_530_7, 1.0, std::f32::consts::E]),
        ("log(hu + 3)", [0.0, 1.098_612_3, 1.945_910_1]),
        ("sqrt(hu)", [0.0, 0.0, 2.0]),
        ("width", [95.0; 3]),
        ("0.5", [0.5; 3]),
        ("width - center == 60", [1.0; 3]),
        ("hu >= center - 35", [0.0, 1.0, 1.0]),
    ] {
        let got = calculated(formula, &[-2, 0, 4]);
        for (got, expected) in got.iter().zip(expected) {
            assert!(
                (got - expected).abs() < 1e-5,
                "{formula}: {got} is not {expected}"
            );
        }
        assert_eq!(got.len(), 3, "{formula}");
    }
}

#[test]
fn every_pixel_gets_a_number() {
    let ends = [i16::MIN, -3024, 0, 40, i16::MAX];
    for formula in [
        "1 / hu",
        "hu / (hu - hu)",
        "hu ^ -2",
        "hu ^ 16 * hu ^ 16 - hu ^ 16 * hu ^ 16",
        "log(hu)",
        "sqrt(hu)",
        "exp(hu * hu)",
        "exp(hu) * exp(hu) * 0",
        "hu ^ hu",
        "hu ^ 0.5",
        "minmax(1 / hu)",
        "minmax(hu ^ 15)",
        "linear(40, center - 35)",
        "sigmoid(hu, hu)",
        "gradient_b(exp(hu))",
    ] {
        let got = calculated(formula, &ends);
        assert!(got.iter().all(|value| value.is_finite()), "{formula}: {got:?}");
    }
}

#[test]
fn edge_cases_stay_within_range() {
    let formula = Formula::new(&["linear(center, width)", "minmax(hu)", "gradient_r(minmax(hu))"]);
    assert_edges(&formula.compile().unwrap());
}

#[test]
fn mistakes_are_shown_in_the_formula() {
    let problems = Formula::new(&["linear(40, 80)", "0.5 * linaer(40, 80)", "hu +"]).check();
    let shown: Vec<_> = problems
        .iter()
        .map(|problem| {
            (
                problem.key.as_str(),
                problem.message.as_str(),
                problem.help.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (
                "channels[1]",
                "unknown function `linaer` (column 7)\n  0.5 * linaer(40, 80)\n        ^^^^^^",
                Some("did you mean `linear`?")
            ),
            (
                "channels[2]",
                "the formula ends where a value is expected (column 5)\n  hu +\n      ^",
                None
            ),
        ]
    );
}
