//! Every scheme against NumPy's float64 on whole slices, see `tests/reference/windowing.py`.

use std::path::Path;

use ichflow_api::device::DeviceChoice;
use ichflow_api::nn::learned_window::{Activation, Curve};
use ichflow_api::prelude::*;
use ichflow_api::tensors::hu_batch::IntensityShift;
use ichflow_windowing::all_channels::AllChannels;
use ichflow_windowing::bsb::Bsb;
use ichflow_windowing::dicom_voi::{DicomVoi, VoiFunction};
use ichflow_windowing::exclusive::Exclusive;
use ichflow_windowing::formula::Formula;
use ichflow_windowing::frequency_histogram::FrequencyHistogram;
use ichflow_windowing::gradient::Gradient;
use ichflow_windowing::gradient_bsb::GradientBsb;
use ichflow_windowing::gradient_sigmoid::GradientSigmoid;
use ichflow_windowing::histogram::Histogram;
use ichflow_windowing::learned::Learned;
use ichflow_windowing::linear::Linear;
use ichflow_windowing::metadata::Metadata;
use ichflow_windowing::presets::WindowChoice;
use ichflow_windowing::sigmoid::Sigmoid;
use ichflow_windowing::stack::Stacked;
use ichflow_windowing::to_3_channels::To3Channels;

/// Largest difference that f32 may make.
const TOLERANCE: f32 = 1e-5;

#[derive(Deserialize)]
struct Entry {
    scheme: String,
    channels: usize,
    start: usize,
}

#[derive(Deserialize)]
struct Reference {
    rows: usize,
    columns: usize,
    headers: Vec<(f32, f32)>,
    /// HU times, centers plus, widths plus: one number per slice each.
    shifts: [Vec<f32>; 3],
    bins: usize,
    breaks: Vec<i16>,
    schemes: Vec<Entry>,
    hu: Vec<i16>,
}

impl Reference {
    fn read() -> (Self, Vec<f32>) {
        let described = include_str!("../fixtures/windowing.json");
        let values = include_bytes!("../fixtures/windowing.f32");
        let values = values
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect();
        (serde_json::from_str(described).unwrap(), values)
    }

    fn batch(&self, device: &Device) -> HuBatch {
        let tags = self.headers.iter().map(|(center, width)| SliceTags {
            window_center: Some(*center),
            window_width: Some(*width),
            ..SliceTags::default()
        });
        HuBatch::upload(self.hu.clone(), self.rows, self.columns, tags.collect(), device)
    }

    fn shifts(&self) -> Vec<IntensityShift> {
        let [scale, center, width] = &self.shifts;
        let of_slice = |slice: usize| IntensityShift {
            scale: scale[slice],
            center: center[slice],
            width: width[slice],
        };
        (0..scale.len()).map(of_slice).collect()
    }

    fn scheme(&self, name: &str) -> Window {
        let voi = |function| {
            Window::new(DicomVoi {
                function,
                channels: 1,
                ..DicomVoi::default()
            })
        };
        match name {
            "bsb" => Window::new(Bsb::default()),
            "linear" => {
                let windows = [(32.0, 8.0), (500.0, 3000.0), (75.0, 215.0)]
                    .map(|(center, width)| WindowChoice::given(center, width));
                Window::new(Linear {
                    windows: windows.to_vec(),
                })
            }
            "metadata" => Window::new(Metadata {
                channels: 1,
                ..Metadata::default()
            }),
            "dicom-voi linear" => voi(VoiFunction::Linear),
            "dicom-voi linear_exact" => voi(VoiFunction::LinearExact),
            "dicom-voi sigmoid" => voi(VoiFunction::Sigmoid),
            "sigmoid" => Window::new(Sigmoid::default()),
            "all-channels" => Window::new(AllChannels::default()),
            "exclusive" => Window::new(Exclusive::default()),
            "gradient" => Window::new(Gradient::default()),
            "gradient-bsb" => Window::new(GradientBsb::default()),
            "gradient-sigmoid" => Window::new(GradientSigmoid::default()),
            "frequency-histogram" => {
                let one = FrequencyHistogram {
                    channels: 1,
                    ..FrequencyHistogram::default()
                };
                Window::new(one.with_breaks(&self.breaks).unwrap())
            }
            "to-3-channels" => Window::new(To3Channels::default().with_breaks(&self.breaks).unwrap()),
            "shifted formula" => Window::new(
                Formula::new(&["linear(40, 80) * sigmoid(60, 40)", "clip((hu - 20) / 60, 0, 1)"])
                    .compile()
                    .unwrap(),
            ),
            "formula" => Window::new(
                Formula::new(&[
                    "clip((hu - 20) / 60, 0, 1)",
                    "0.3*linear(40, 80) + 0.5*linear(80,200) + 0.2*linear(600, 2000)",
                    "if(hu > 300, 0, sqrt(max(log(max(hu, 1)), 0)))",
                ])
                .compile()
                .unwrap(),
            ),
            other => panic!("the fixture has an unknown scheme {other}"),
        }
    }
}

/// Where the tests compute: the CPU, or what `ICHFLOW_TEST_DEVICE` names, as `--device` does. On a machine with
/// an NVIDIA GPU:
///
///     ICHFLOW_TEST_DEVICE=cuda cargo test --release -p ichflow-windowing --features ichflow-api/cuda --test it reference
fn device() -> Device {
    let name = std::env::var("ICHFLOW_TEST_DEVICE").unwrap_or_else(|_| "cpu".into());
    name.parse::<DeviceChoice>().unwrap().resolve().unwrap().open()
}

fn values(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

fn compare(device: &Device) {
    let (reference, all) = Reference::read();
    let batch = reference.batch(device);
    assert_eq!(reference.schemes.len(), 22);
    let shifted = batch.shifted(&reference.shifts());
    for entry in &reference.schemes {
        // Seen through the shifts of `intensity-jitter`, or plainly.
        let (batch, name) = match entry.scheme.strip_prefix("shifted ") {
            Some("formula") => (&shifted, entry.scheme.as_str()),
            Some(name) => (&shifted, name),
            None => (&batch, entry.scheme.as_str()),
        };
        let window = reference.scheme(name);
        assert_eq!(window.channels(), entry.channels, "{}", entry.scheme);
        let got = values(window.apply(batch));
        let expected = &all[entry.start..entry.start + reference.hu.len() * entry.channels];
        assert_eq!(got.len(), expected.len(), "{}", entry.scheme);
        let difference = got
            .iter()
            .zip(expected)
            .map(|(got, expected)| (got - expected).abs())
            .fold(0.0, f32::max);
        println!("{:24} max difference {difference:.1e}", entry.scheme);
        assert!(
            got.iter().all(|value| value.is_finite()),
            "{} makes NaN",
            entry.scheme
        );
        assert!(difference <= TOLERANCE, "{}: {difference}", entry.scheme);
    }
}

#[test]
fn every_scheme_is_numpys_on_whole_slices() {
    compare(&device());
}

#[test]
fn breaks_are_those_of_sorted_pixels() {
    let (reference, _) = Reference::read();
    let mut histogram = Histogram::default();
    histogram.add(&reference.hu);
    assert_eq!(histogram.breaks(reference.bins), reference.breaks);
}

#[test]
fn a_stack_is_its_parts() {
    let (reference, _) = Reference::read();
    let batch = reference.batch(&device());
    let parts = ["bsb", "gradient-sigmoid", "metadata"].map(|name| reference.scheme(name));
    let stacked = Stacked::new(parts.to_vec());
    assert_eq!(stacked.channels(), 7);
    let expected = Tensor::cat(parts.iter().map(|part| part.apply(&batch)).collect(), 1);
    assert_eq!(values(stacked.apply(&batch)), values(expected));
}

/// Weights, biases and values of the field's sigmoid windows, where the file stands beside the repository. The
/// same numbers are in the unit tests of `math` and of the API's learned windows.
#[test]
fn sigmoid_windows_are_the_golden_ones() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/golden/field_numbers.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let golden: serde_json::Value = serde_json::from_str(&text).unwrap();
    let names = ["brain", "subdural", "bone", "wso_brain", "wso_subdural"];
    let windows = [
        (40.0, 80.0),
        (80.0, 200.0),
        (600.0, 2000.0),
        (50.0, 100.0),
        (50.0, 130.0),
    ];
    let curve = Curve {
        activation: Activation::Sigmoid,
        upbound: 1.0,
        eps: 1.0 / 255.0,
    };
    for (name, (center, width)) in names.into_iter().zip(windows) {
        let expected = &golden[format!("sig_{name}")];
        let convolution = curve.convolution(CenterWidth { center, width });
        assert!(
            (convolution.weight - expected["W"].as_f64().unwrap()).abs() < 1e-12,
            "{name}"
        );
        assert!(
            (convolution.bias - expected["b"].as_f64().unwrap()).abs() < 1e-12,
            "{name}"
        );
        let at = expected["at"].as_object().unwrap();
        assert_eq!(at.len(), 9);
        let hu: Vec<i16> = at.keys().map(|hu| hu.parse().unwrap()).collect();
        let batch = HuBatch::upload(hu, 1, 9, vec![SliceTags::default()], &device());
        let windows = vec![WindowChoice::given(center, width)];
        let sigmoid = Sigmoid {
            windows: windows.clone(),
            stretch: false,
            ..Sigmoid::default()
        };
        let learned = Learned {
            windows,
            ..Learned::default()
        };
        for window in [Window::new(sigmoid), Window::new(learned)] {
            for (got, expected) in values(window.apply(&batch)).iter().zip(at.values()) {
                let expected = expected.as_f64().unwrap();
                assert!(
                    (f64::from(*got) - expected).abs() < 1e-6,
                    "{name}: {got} is not {expected}"
                );
            }
        }
    }
}
