//! Every scheme against NumPy's float64 on whole slices, see `tests/reference/windowing.py`.

use ichflow_api::prelude::*;
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
    bins: usize,
    breaks: Vec<i16>,
    schemes: Vec<Entry>,
    hu: Vec<i16>,
}

impl Reference {
    fn read() -> (Self, Vec<f32>) {
        let described = include_str!("fixtures/windowing.json");
        let values = include_bytes!("fixtures/windowing.f32");
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
        });
        HuBatch::upload(self.hu.clone(), self.rows, self.columns, tags.collect(), device)
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

fn values(tensor: Tensor<4>) -> Vec<f32> {
    tensor.into_data().try_to_vec().unwrap()
}

fn compare(device: &Device) {
    let (reference, all) = Reference::read();
    let batch = reference.batch(device);
    assert_eq!(reference.schemes.len(), 15);
    for entry in &reference.schemes {
        let window = reference.scheme(&entry.scheme);
        assert_eq!(window.channels(), entry.channels, "{}", entry.scheme);
        let got = values(window.apply(&batch));
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
    compare(&Device::flex());
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
    let batch = reference.batch(&Device::flex());
    let parts = ["bsb", "gradient-sigmoid", "metadata"].map(|name| reference.scheme(name));
    let stacked = Stacked::new(parts.to_vec());
    assert_eq!(stacked.channels(), 7);
    let expected = Tensor::cat(parts.iter().map(|part| part.apply(&batch)).collect(), 1);
    assert_eq!(values(stacked.apply(&batch)), values(expected));
}
