//! Time of every scheme on the CPU: `cargo bench -p ichflow-windowing --bench schemes`, one line `NAME SECONDS`
//! a scheme, seconds a slice of 512 × 512 pixels. `tests/reference/windowing_cost.py` runs it beside NumPy.

use std::hint::black_box;
use std::time::Instant;

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
use ichflow_windowing::learned::Learned;
use ichflow_windowing::linear::Linear;
use ichflow_windowing::metadata::Metadata;
use ichflow_windowing::sigmoid::Sigmoid;
use ichflow_windowing::to_3_channels::To3Channels;

const SIZE: usize = 512;
const SLICES: usize = 8;
/// Passes over the batch; the quickest counts.
const PASSES: usize = 7;

/// The same pixels as in the script: padding, air, soft tissue, bone.
fn hu() -> Vec<i16> {
    (0..SLICES * SIZE * SIZE)
        .map(|pixel| match pixel % 8 {
            0 => -3024,
            1 | 2 => -1000 + (pixel / 8 % 11) as i16,
            3 => 300 + (pixel / 8 % 1500) as i16,
            _ => (pixel / 8 % 97) as i16 - 10,
        })
        .collect()
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let breaks: Vec<i16> = (-20..80).map(|step| step * 5).collect();
    let voi = |function| {
        Window::new(DicomVoi {
            function,
            ..DicomVoi::default()
        })
    };
    let formula = ["linear(40, 80)", "linear(80, 200)", "linear(40, 380)"];
    let formula = Formula::new(&formula)
        .compile()
        .map_err(|_| "the formula does not compile")?;
    let schemes = [
        ("metadata", Window::new(Metadata::default())),
        ("linear", Window::new(Linear::default())),
        ("dicom-voi linear", voi(VoiFunction::Linear)),
        ("dicom-voi sigmoid", voi(VoiFunction::Sigmoid)),
        ("bsb", Window::new(Bsb::default())),
        ("sigmoid", Window::new(Sigmoid::default())),
        ("all-channels", Window::new(AllChannels::default())),
        ("exclusive", Window::new(Exclusive::default())),
        ("gradient", Window::new(Gradient::default())),
        ("gradient-bsb", Window::new(GradientBsb::default())),
        ("gradient-sigmoid", Window::new(GradientSigmoid::default())),
        (
            "frequency-histogram",
            Window::new(FrequencyHistogram::default().with_breaks(&breaks)?),
        ),
        (
            "to-3-channels",
            Window::new(To3Channels::default().with_breaks(&breaks)?),
        ),
        ("formula", Window::new(formula)),
        ("learned", Window::new(Learned::default())),
    ];
    let tags = SliceTags {
        window_center: Some(40.0),
        window_width: Some(80.0),
        ..SliceTags::default()
    };
    let device = Device::flex();
    let batch = HuBatch::upload(hu(), SIZE, SIZE, vec![tags; SLICES], &device);
    // What `cargo bench` adds to the command line is of no interest here.
    let mut times = vec![f64::INFINITY; schemes.len()];
    for _ in 0..PASSES {
        for ((_, window), best) in schemes.iter().zip(&mut times) {
            let begun = Instant::now();
            // Reading the values makes sure that they were computed.
            black_box(window.apply(&batch).into_data());
            *best = best.min(begun.elapsed().as_secs_f64());
        }
    }
    for ((name, _), time) in schemes.iter().zip(times) {
        println!("{name}\t{:e}", time / SLICES as f64);
    }
    Ok(())
}
