//! What a network consists of: layers, the shapes they give, their parameters, and the multiply-adds of one image.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use burn::module::{Module, ParamId};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use crate::context::{Call, ForwardContext, Observer};
use crate::network::Network;
use crate::parameters::{self, Parameter};
use crate::series::{AnySeriesNetwork, SeriesInput, SeriesShape, SeriesValues};

/// A layer of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Its place: "backbone.blocks.1.0.conv_pw".
    pub path: String,
    /// Its type: "Conv2d".
    pub kind: String,
    /// Shape of what it gives for one image, without the batch; unknown for layers that are not called through
    /// [`crate::layers`].
    pub output: Option<Vec<usize>>,
    /// Its trainable numbers.
    pub parameters: usize,
    /// Multiplications with an addition each, of one image; those of convolutions and linear layers, as is usual.
    pub multiply_adds: u64,
}

/// A network in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// The image it was made for: channels, height, width.
    pub image: [usize; 3],
    /// Layers with parameters, in the order of their definition.
    pub layers: Vec<Layer>,
    /// Trainable numbers of all.
    pub parameters: usize,
    /// Multiply-adds of all, for one image.
    pub multiply_adds: u64,
}

/// What a layer has said of itself while an image went through.
struct Seen {
    output: Vec<usize>,
    multiply_adds: u64,
}

/// Writes down what layers say, by their weights.
#[derive(Default)]
struct Recorder(Mutex<HashMap<ParamId, Seen>>);

impl Observer for Recorder {
    fn called(&self, call: Call<'_>) {
        // One image goes through: a first side above 1 is its places, put side by side.
        let of_one = match call.output.split_first() {
            Some((1, rest)) => rest.to_vec(),
            _ => call.output.to_vec(),
        };
        let values: usize = call.output.iter().product();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = seen.entry(call.weight).or_insert(Seen {
            output: of_one,
            multiply_adds: 0,
        });
        // A layer that is called twice works twice.
        entry.multiply_adds += (values * call.multiply_adds_per_value) as u64;
    }
}

impl Layer {
    fn of(layer: parameters::Layer, seen: &HashMap<ParamId, Seen>) -> Self {
        let trained = || layer.parameters.iter().filter(|parameter| parameter.is_trained());
        let seen: Vec<&Seen> = trained()
            .filter_map(|parameter| seen.get(&parameter.id))
            .collect();
        Self {
            parameters: trained().map(Parameter::count).sum(),
            output: seen.last().map(|seen| seen.output.clone()),
            multiply_adds: seen.iter().map(|seen| seen.multiply_adds).sum(),
            path: layer.path,
            kind: layer.kind,
        }
    }
}

/// The layers of a module, with what those that `run` calls say of themselves.
fn observed(module: &impl Module, run: impl FnOnce(&ForwardContext)) -> Vec<Layer> {
    let recorder = Arc::new(Recorder::default());
    run(&ForwardContext::default().observed_by(recorder.clone()));
    let seen = std::mem::take(&mut *recorder.0.lock().unwrap_or_else(PoisonError::into_inner));
    parameters::walk(module)
        .into_iter()
        .filter(|layer| layer.parameters.iter().any(Parameter::is_trained))
        .map(|layer| Layer::of(layer, &seen))
        .collect()
}

/// A sequence network in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesSummary {
    /// Slices of the series it was made for.
    pub slices: usize,
    /// Trainable numbers.
    pub parameters: usize,
    /// Multiply-adds of a series of so many slices.
    pub multiply_adds: u64,
}

impl SeriesSummary {
    /// Sends one series of zeros through a network on `device`.
    pub fn of(network: &AnySeriesNetwork, shape: SeriesShape, slices: usize, device: &Device) -> Self {
        let layers = observed(network, |context| {
            let series = SeriesValues {
                embeddings: vec![0.0; slices * shape.features],
                logits: vec![0.0; slices * shape.logits],
                position_mm: vec![0.0; slices],
                relative: vec![0.0; slices],
                spacing_mm: 1.0,
            };
            network
                .valid()
                .forward(SeriesInput::of(&[series], shape, device), context);
        });
        Self {
            slices,
            parameters: layers.iter().map(|layer| layer.parameters).sum(),
            multiply_adds: layers.iter().map(|layer| layer.multiply_adds).sum(),
        }
    }

    /// "828,678 parameters, 26.4 million multiply-adds for a series of 32 slices".
    pub fn in_one_line(&self) -> String {
        format!(
            "{} parameters, {} multiply-adds for a series of {} slices",
            thousands(self.parameters as u64),
            rounded(self.multiply_adds),
            self.slices
        )
    }
}

impl Summary {
    /// Sends one image of zeros, `[channels, height, width]`, through a network on `device`.
    pub fn of(network: &Network, image: [usize; 3], device: &Device) -> Self {
        let [channels, height, width] = image;
        let layers = observed(network, |context| {
            let image = Tensor::zeros([1, channels, height, width], device);
            network.valid().forward_with(image, context);
        });
        Self {
            image,
            parameters: layers.iter().map(|layer| layer.parameters).sum(),
            multiply_adds: layers.iter().map(|layer| layer.multiply_adds).sum(),
            layers,
        }
    }

    /// Layers put together by the first `depth` parts of their path; a group gives what its last layer gives.
    pub fn grouped(&self, depth: usize) -> Vec<Layer> {
        let mut groups: Vec<Layer> = Vec::new();
        for layer in &self.layers {
            let parts: Vec<&str> = layer.path.split('.').collect();
            let path = parts.get(..depth).unwrap_or(&parts).join(".");
            match groups.last_mut() {
                Some(group) if group.path == path => {
                    group.parameters += layer.parameters;
                    group.multiply_adds += layer.multiply_adds;
                    if layer.output.is_some() {
                        group.output.clone_from(&layer.output);
                    }
                    group.kind.clear();
                }
                _ => groups.push(Layer {
                    path,
                    ..layer.clone()
                }),
            }
        }
        groups
    }

    /// A table for people, layers put together by `depth` parts of their path, and the sums in the last line.
    pub fn in_words(&self, depth: usize) -> String {
        let mut rows = vec![["layer", "type", "gives", "parameters", "multiply-adds"].map(str::to_owned)];
        for layer in self.grouped(depth) {
            let output = layer.output.map_or(String::new(), |output| shape(&output));
            rows.push([
                layer.path,
                layer.kind,
                output,
                layer.parameters.to_string(),
                layer.multiply_adds.to_string(),
            ]);
        }
        let width = |column: usize| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: [usize; 5] = std::array::from_fn(width);
        let mut text = String::new();
        for [path, kind, output, parameters, multiply_adds] in &rows {
            let line = format!(
                "  {path:0$}  {kind:1$}  {output:2$}  {parameters:>3$}  {multiply_adds:>4$}",
                widths[0], widths[1], widths[2], widths[3], widths[4]
            );
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.push_str(&format!("  {}\n", self.in_one_line()));
        text
    }

    /// "5,288,548 parameters, 385.8 million multiply-adds for an image of 3 × 224 × 224".
    pub fn in_one_line(&self) -> String {
        format!(
            "{} parameters, {} multiply-adds for an image of {}",
            thousands(self.parameters as u64),
            rounded(self.multiply_adds),
            shape(&self.image)
        )
    }
}

/// "3 × 224 × 224".
pub fn shape(sides: &[usize]) -> String {
    let sides: Vec<String> = sides.iter().map(usize::to_string).collect();
    sides.join(" × ")
}

/// "5,288,548".
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn rounded(number: u64) -> String {
    let number = number as f64;
    if number >= 1e9 {
        format!("{:.2} billion", number / 1e9)
    } else if number >= 1e6 {
        format!("{:.1} million", number / 1e6)
    } else {
        format!("{:.1} thousand", number / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backbone::Backbone;
    use crate::layers::convolve;
    use burn::nn::conv::{Conv2d, Conv2dConfig};

    #[derive(Module, Debug)]
    struct Twice {
        conv: Conv2d,
        stem: Vec<Conv2d>,
    }

    impl Backbone for Twice {
        fn features(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
            let maps = convolve(&self.conv, convolve(&self.conv, images, context), context);
            self.stem
                .iter()
                .fold(maps, |maps, layer| convolve(layer, maps, context))
        }

        fn feature_count(&self) -> usize {
            4
        }
    }

    #[test]
    fn layers_are_counted_once_and_what_they_do_as_often_as_they_do_it() {
        let device = Device::flex();
        let backbone = Twice {
            conv: Conv2dConfig::new([2, 2], [3, 3]).with_bias(false).init(&device),
            stem: vec![Conv2dConfig::new([2, 4], [1, 1]).with_groups(2).init(&device)],
        };
        let network = Network::new(backbone, 6, 0.0, &device);
        let summary = Summary::of(&network, [2, 8, 8], &device);
        let paths: Vec<_> = summary.layers.iter().map(|layer| layer.path.as_str()).collect();
        assert_eq!(paths, ["backbone.conv", "backbone.stem.0", "head.classifier"]);
        assert_eq!(summary.layers[0].kind, "Conv2d");
        // 6×6 and 4×4 maps of two channels, each value of 2·9 products; then 4 maps of one product; then 4·6.
        assert_eq!(summary.multiply_adds, 2 * (36 + 16) * 18 + 4 * 16 + 24);
        assert_eq!(summary.parameters, 36 + (4 + 4) + (24 + 6));
        assert_eq!(summary.parameters, parameters::count(&network));
        assert_eq!(summary.layers[1].output.as_deref(), Some(&[4, 4, 4][..]));
        let text = summary.in_words(1);
        assert!(
            text.contains("backbone ") && text.contains("74 parameters"),
            "{text}"
        );
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(thousands(5_288_548), "5,288,548");
        assert_eq!(thousands(12), "12");
        assert_eq!(rounded(385_814_752), "385.8 million");
    }
}
