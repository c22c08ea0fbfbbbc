//! What a network consists of: layers, the shapes they give, their parameters, and the multiply-adds of one image.

use std::cell::RefCell;
use std::collections::HashMap;

use burn::module::{Flag, Module, ModuleVisitor, Param, ParamId};
use burn::tensor::{Bool, Device, Int, Tensor};
use serde::{Deserialize, Serialize};

use crate::network::Network;

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

/// What layers have said of themselves while an image went through.
struct Seen {
    output: Vec<usize>,
    multiply_adds: u64,
}

thread_local! {
    static SEEN: RefCell<Option<HashMap<ParamId, Seen>>> = const { RefCell::new(None) };
}

/// Called by [`crate::layers`] for every layer that computes; does nothing unless a summary is being made on this
/// thread. `output` is the shape of what it gave, `each` the multiply-adds of one value of it.
pub(crate) fn seen<const D: usize>(weight: ParamId, output: [usize; D], each: usize) {
    SEEN.with_borrow_mut(|seen| {
        if let Some(seen) = seen {
            // One image goes through: a first side above 1 is its places, put side by side.
            let of_one = match output.split_first() {
                Some((1, rest)) => rest.to_vec(),
                _ => output.to_vec(),
            };
            let values: usize = output.iter().product();
            let entry = seen.entry(weight).or_insert(Seen {
                output: of_one,
                multiply_adds: 0,
            });
            // A layer that is called twice works twice.
            entry.multiply_adds += (values * each) as u64;
        }
    });
}

impl Summary {
    /// Sends one image of zeros, `[channels, height, width]`, through a network on `device`.
    pub fn of(network: &Network, image: [usize; 3], device: &Device) -> Self {
        let [channels, height, width] = image;
        SEEN.set(Some(HashMap::new()));
        network
            .valid()
            .forward(Tensor::zeros([1, channels, height, width], device));
        let seen = SEEN.take().unwrap_or_default();
        let mut look = Look {
            path: Vec::new(),
            layers: Vec::new(),
            seen: &seen,
        };
        network.visit(&mut look);
        let layers = look.layers;
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

/// The trainable numbers of a module; running statistics of normalisations are none.
pub fn parameters(module: &impl Module) -> usize {
    let seen = HashMap::new();
    let mut look = Look {
        path: Vec::new(),
        layers: Vec::new(),
        seen: &seen,
    };
    module.visit(&mut look);
    look.layers.iter().map(|layer| layer.parameters).sum()
}

/// Gathers layers while a module is walked through.
struct Look<'a> {
    /// Names and types on the way down.
    path: Vec<(String, String)>,
    layers: Vec<Layer>,
    seen: &'a HashMap<ParamId, Seen>,
}

impl Look<'_> {
    fn add(&mut self, id: ParamId, count: usize) {
        let Some(((name, kind), above)) = self.path.split_last() else {
            return;
        };
        // burn walks through running statistics as through parameters.
        if name.starts_with("running_") {
            return;
        }
        let path: Vec<&str> = above.iter().map(|(name, _)| name.as_str()).collect();
        let path = path.join(".");
        let index = match self.layers.last() {
            Some(last) if last.path == path => self.layers.len() - 1,
            _ => {
                self.layers.push(Layer {
                    path,
                    kind: kind.rsplit(':').next().unwrap_or(kind).to_owned(),
                    output: None,
                    parameters: 0,
                    multiply_adds: 0,
                });
                self.layers.len() - 1
            }
        };
        let layer = &mut self.layers[index];
        layer.parameters += count;
        if let Some(seen) = self.seen.get(&id) {
            layer.output = Some(seen.output.clone());
            layer.multiply_adds += seen.multiply_adds;
        }
    }
}

impl ModuleVisitor for Look<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.add(param.id, param.lazy_shape().num_elements());
    }

    fn visit_int<const D: usize>(&mut self, _param: &Param<Tensor<D, Int>>) {}

    fn visit_bool<const D: usize>(&mut self, _param: &Param<Tensor<D, Bool>>) {}

    fn visit_flag(&mut self, _param: &Param<Flag>) {}

    fn enter_module(&mut self, name: &str, container_type: &str) {
        self.path.push((name.to_owned(), container_type.to_owned()));
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
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
    use crate::layers::convolve;
    use crate::network::Backbone;
    use burn::nn::conv::{Conv2d, Conv2dConfig};

    #[derive(Module, Debug)]
    struct Twice {
        conv: Conv2d,
        stem: Vec<Conv2d>,
    }

    impl Backbone for Twice {
        fn features(&self, images: Tensor<4>) -> Tensor<4> {
            let maps = convolve(&self.conv, convolve(&self.conv, images));
            self.stem.iter().fold(maps, |maps, layer| convolve(layer, maps))
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
        assert_eq!(summary.parameters, parameters(&network));
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
