//! On the CPU a series' answer is the same bit for bit alone and in any batch, at any place of it.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use ichflow_api::nn::series::{AnySeriesNetwork, SeriesInput, SeriesShape, SeriesValues};
use ichflow_api::prelude::*;

use crate::formula::uniform;
use crate::reference::named;
use crate::stages::spec;

const SHAPE: SeriesShape = SeriesShape {
    features: 200,
    logits: 6,
    labels: 6,
};

fn series() -> Vec<SeriesValues> {
    let lengths = [1, 32, 7, 60, 2, 33, 24, 3, 40, 5, 31];
    let values = |name: &str, count| -> Vec<f32> {
        let values = uniform(name, count);
        values.into_iter().map(|u| (2.0 * u - 1.0) as f32).collect()
    };
    let one = |(index, count): (usize, usize)| SeriesValues {
        embeddings: values(&format!("embeddings {index}"), count * SHAPE.features),
        logits: values(&format!("logits {index}"), count * SHAPE.logits),
        position_mm: (0..count).map(|slice| 5.0 * slice as f32).collect(),
        relative: (0..count).map(|slice| slice as f32 / count as f32).collect(),
        spacing_mm: 5.0,
    };
    lengths.into_iter().enumerate().map(one).collect()
}

fn bits(network: &AnySeriesNetwork, series: &[SeriesValues]) -> Vec<Vec<u32>> {
    let input = SeriesInput::of(series, SHAPE, &Device::flex());
    let output = network.forward(input, &ForwardContext::default());
    let weights = output.weights.clone();
    let outputs = named(output).into_iter().map(|(_, value)| value);
    let bits = |tensor: Tensor<2>| {
        let values = tensor.into_data().try_to_vec::<f32>().unwrap();
        values.into_iter().map(f32::to_bits).collect()
    };
    outputs.chain(weights).map(bits).collect()
}

#[test]
fn an_answer_does_not_depend_on_the_rest_of_its_batch() {
    let series = series();
    let mut wrong = Vec::new();
    for (name, params) in [
        ("series-gru", "exam = \"attention\""),
        (
            "series-gru",
            "inputs = [\"logits\", \"differences\"]\nlayers = 3\nhidden = 20",
        ),
        ("series-lstm", "hidden = 200"),
        (
            "series-conv-gru",
            "inputs = [\"embedding\", \"logits\"]\nexam = \"attention\"",
        ),
        ("series-transformer", "exam = \"attention\""),
        ("series-conv", ""),
        ("series-attention", "inputs = [\"embedding\", \"differences\"]"),
    ] {
        let network = spec(name, params).build(SHAPE, &Device::flex()).unwrap().valid();
        let whole = bits(&network, &series);
        for (first, count) in [(0, 1), (1, 1), (3, 1), (10, 1), (2, 7), (4, 2)] {
            let part = bits(&network, &series[first..first + count]);
            let before: usize = series[..first].iter().map(SeriesValues::slices).sum();
            let slices: usize = series[first..first + count]
                .iter()
                .map(SeriesValues::slices)
                .sum();
            let all: usize = series.iter().map(SeriesValues::slices).sum();
            for (part, whole) in part.iter().zip(&whole) {
                // Of slices or of series, by the number of values.
                let whole = match whole.len() % all == 0 {
                    true => {
                        let width = whole.len() / all;
                        &whole[before * width..(before + slices) * width]
                    }
                    false => {
                        let width = whole.len() / series.len();
                        &whole[first * width..(first + count) * width]
                    }
                };
                if part != whole {
                    wrong.push(format!("{name} {params}: {count} from {first} on"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
