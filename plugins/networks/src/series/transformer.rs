//! The stage `series-transformer`.

use burn::module::Module;
use ichflow_api::nn::layers::{ChannelNorm, SliceLinear};
use ichflow_api::nn::series::{
    EncoderLayer, Features, SeriesHead, SeriesInput, SeriesNetwork, SeriesOutput, positions,
};
use ichflow_api::prelude::*;

use super::ExamLogits;
use super::stage::{Common, SeriesArchitecture, Sizes, series_network};

series_network! {
    /// A transformer's encoder over the slices of a series (Vaswani et al., 2017), the normalisation first. Slices know
    /// their places in mm, so that thick and thin slices, and gaps between them, mean the same.
    SeriesTransformer, "series-transformer": "a transformer over the slices of a series, with places in mm",
    example = "[sequence]\nuse = \"series-transformer\"\nmodel = 128\nheads = 4\n",
    {
        /// Values of a slice within it, a multiple of `heads`.
        #[schemars(range(min = 1, max = 4096))]
        model: usize = 128,
        /// Heads of each attention.
        #[schemars(range(min = 1, max = 64))]
        heads: usize = 4,
        /// Layers one above another.
        #[schemars(range(min = 1, max = 12))]
        layers: usize = 2,
        /// Values between the two linear layers of each.
        #[schemars(range(min = 1, max = 16384))]
        hidden: usize = 256,
    },
    dropout = 0.1, exam = ExamLogits::None
}

impl SeriesArchitecture for SeriesTransformer {
    type Network = SeriesTransformerNetwork;

    fn common(&self) -> Common {
        self.shared()
    }

    fn size(&self) -> String {
        format!(
            "{} layers of {} with {} heads",
            self.layers, self.model, self.heads
        )
    }

    fn network(&self, sizes: Sizes, device: &Device) -> SeriesTransformerNetwork {
        let layer = |_| EncoderLayer::new(self.model, self.heads, self.hidden, sizes.dropout, device);
        SeriesTransformerNetwork {
            project: SliceLinear::new(sizes.inputs, self.model, device),
            layers: (0..self.layers).map(layer).collect(),
            norm: ChannelNorm::new(self.model, 1e-5, device),
            head: SeriesHead::new(self.model, sizes.shape.labels, sizes.dropout, sizes.exam, device),
            model: self.model,
            features: sizes.features,
        }
    }

    fn own_problems(&self) -> Vec<Problem> {
        match self.model.is_multiple_of(self.heads.max(1)) {
            true => Vec::new(),
            false => vec![
                Problem::new(
                    "model",
                    format!(
                        "{} values cannot be shared out among {} heads",
                        self.model, self.heads
                    ),
                )
                .help("make `model` a multiple of `heads`"),
            ],
        }
    }
}

/// The network of [`SeriesTransformer`].
#[derive(Module, Debug)]
pub struct SeriesTransformerNetwork {
    /// From what goes in to the values within.
    pub project: SliceLinear,
    /// Read the series, one above another.
    pub layers: Vec<EncoderLayer>,
    /// After the last layer.
    pub norm: ChannelNorm,
    /// Makes logits of the states.
    pub head: SeriesHead,
    model: usize,
    #[module(skip)]
    features: Features,
}

impl SeriesNetwork for SeriesTransformerNetwork {
    fn forward(&self, input: SeriesInput, context: &ForwardContext) -> SeriesOutput {
        let projected = self.project.forward(self.features.of(&input), context);
        let states = projected + positions(input.position_mm.clone(), self.model);
        let states = self.layers.iter().fold(states, |states, layer| {
            layer.forward(states, &input.lengths, context)
        });
        self.head
            .forward(self.norm.forward(states), &input.lengths, context)
    }
}
