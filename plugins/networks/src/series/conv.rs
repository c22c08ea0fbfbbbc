//! The stage `series-conv`.

use burn::module::Module;
use burn::tensor::activation::relu;
use ichflow_api::nn::layers::{ChannelNorm, SliceDropout, SliceLinear};
use ichflow_api::nn::series::{
    Features, Lengths, SeriesHead, SeriesInput, SeriesNetwork, SeriesOutput, SliceConvolution,
};
use ichflow_api::prelude::*;

use super::ExamLogits;
use super::stage::{Common, SeriesArchitecture, Sizes, series_network};

series_network! {
    /// Dilated convolutions along the slices of a series: each layer sees twice as far as the one below, and adds what it
    /// finds to what was there.
    ///
    /// Quick to train, and it sees only so far: with three layers of kernel 3, seven slices up and seven down.
    SeriesConv, "series-conv": "dilated convolutions along the slices of a series",
    example = "[sequence]\nuse = \"series-conv\"\nwidth = 96\nlayers = 3\n",
    {
        /// Values of a slice within it.
        #[schemars(range(min = 1, max = 4096))]
        width: usize = 128,
        /// Layers one above another, of dilation 1, 2, 4, …
        #[schemars(range(min = 1, max = 6))]
        layers: usize = 3,
        /// Slices a layer sees, an odd number.
        #[schemars(range(min = 1, max = 15))]
        kernel: usize = 3,
    },
    dropout = 0.25, exam = ExamLogits::None
}

impl SeriesArchitecture for SeriesConv {
    type Network = SeriesConvNetwork;

    fn common(&self) -> Common {
        self.shared()
    }

    fn size(&self) -> String {
        format!("{} layers of {}", self.layers, self.width)
    }

    fn network(&self, sizes: Sizes, device: &Device) -> SeriesConvNetwork {
        let layer = |index: usize| ConvLayer {
            norm: ChannelNorm::new(self.width, 1e-5, device),
            conv: SliceConvolution::new(self.width, self.width, [self.kernel, 1 << index], device),
            dropout: SliceDropout::new(sizes.dropout),
        };
        SeriesConvNetwork {
            project: SliceLinear::new(sizes.inputs, self.width, device),
            layers: (0..self.layers).map(layer).collect(),
            norm: ChannelNorm::new(self.width, 1e-5, device),
            head: SeriesHead::new(self.width, sizes.shape.labels, sizes.dropout, sizes.exam, device),
            features: sizes.features,
        }
    }

    fn own_problems(&self) -> Vec<Problem> {
        match self.kernel.is_multiple_of(2) {
            false => Vec::new(),
            true => vec![
                Problem::new("kernel", "a slice must be in the middle of what it sees")
                    .help("name an odd number"),
            ],
        }
    }
}

/// A layer of [`SeriesConvNetwork`]: `x + dropout(conv(relu(norm(x))))`.
#[derive(Module, Debug)]
pub struct ConvLayer {
    /// Over the values of a slice.
    pub norm: ChannelNorm,
    /// Along the slices.
    pub conv: SliceConvolution,
    /// Applied while training.
    pub dropout: SliceDropout,
}

impl ConvLayer {
    fn forward(&self, x: Tensor<2>, lengths: &Lengths, context: &ForwardContext) -> Tensor<2> {
        let found = self
            .conv
            .forward(relu(self.norm.forward(x.clone())), lengths, context);
        x + self.dropout.forward(found, context)
    }
}

/// The network of [`SeriesConv`].
#[derive(Module, Debug)]
pub struct SeriesConvNetwork {
    /// From what goes in to the values within.
    pub project: SliceLinear,
    /// Read the series, one above another.
    pub layers: Vec<ConvLayer>,
    /// After the last layer.
    pub norm: ChannelNorm,
    /// Makes logits of the states.
    pub head: SeriesHead,
    #[module(skip)]
    features: Features,
}

impl SeriesNetwork for SeriesConvNetwork {
    fn forward(&self, input: SeriesInput, context: &ForwardContext) -> SeriesOutput {
        let states = self.project.forward(self.features.of(&input), context);
        let states = self.layers.iter().fold(states, |states, layer| {
            layer.forward(states, &input.lengths, context)
        });
        self.head
            .forward(relu(self.norm.forward(states)), &input.lengths, context)
    }
}
