//! The stage `series-lstm`.

use burn::module::Module;
use burn::tensor::activation::relu;
use ichflow_api::nn::layers::{SliceDropout, SliceLinear};
use ichflow_api::nn::series::{
    CellKind, Features, RecurrentLayer, SeriesHead, SeriesInput, SeriesNetwork, SeriesOutput,
};
use ichflow_api::prelude::*;

use super::ExamLogits;
use super::stage::{Common, SeriesArchitecture, Sizes, series_network};

series_network! {
    /// Long short-term memory over the slices of a series, in both directions, with the residual head of the
    /// competition's 2nd place.
    ///
    /// With layers' states h₁, h₂, … the logits are linear in `Σ hᵢ + relu(Lᵢ hᵢ)`, and in the embedding itself,
    /// once for each direction, where `hidden` is as long as an embedding. It is theirs with `inputs = ["embedding",
    /// "differences"]`, two layers, and `hidden` as long as an embedding.
    SeriesLstm, "series-lstm": "long short-term memory over the slices of a series, with the 2nd place's residual head",
    example = "[sequence]\nuse = \"series-lstm\"\ninputs = [\"embedding\", \"differences\"]\nhidden = 256\n",
    {
        /// Values of the state in each direction.
        #[schemars(range(min = 1, max = 4096))]
        hidden: usize = 128,
        /// Layers one above another.
        #[schemars(range(min = 1, max = 3))]
        layers: usize = 2,
        /// Whether the head adds up all layers; else it is linear in the last one's states.
        residual: bool = true,
    },
    dropout = 0.25, exam = ExamLogits::None
}

impl SeriesArchitecture for SeriesLstm {
    type Network = SeriesLstmNetwork;

    fn common(&self) -> Common {
        self.shared()
    }

    fn size(&self) -> String {
        format!("{} layers of {}", self.layers, self.hidden)
    }

    fn network(&self, sizes: Sizes, device: &Device) -> SeriesLstmNetwork {
        let states = 2 * self.hidden;
        let layer = |index: usize| {
            let inputs = if index == 0 { sizes.inputs } else { states };
            RecurrentLayer::new(CellKind::Lstm, inputs, self.hidden, true, device)
        };
        let layers: Vec<_> = (0..self.layers).map(layer).collect();
        let residual = match self.residual {
            true => (0..self.layers)
                .map(|_| SliceLinear::new(states, states, device))
                .collect(),
            false => Vec::new(),
        };
        SeriesLstmNetwork {
            layers,
            skip: self.residual && self.hidden == sizes.shape.features,
            residual,
            dropout: SliceDropout::new(sizes.dropout),
            head: SeriesHead::new(states, sizes.shape.labels, sizes.dropout, sizes.exam, device),
            features: sizes.features,
        }
    }
}

/// The network of [`SeriesLstm`].
#[derive(Module, Debug)]
pub struct SeriesLstmNetwork {
    /// Read the series, one above another.
    pub layers: Vec<RecurrentLayer>,
    /// L of each layer, if the head adds all up.
    pub residual: Vec<SliceLinear>,
    /// Applied between layers while training.
    pub dropout: SliceDropout,
    /// Makes logits of the states.
    pub head: SeriesHead,
    /// Whether embeddings are added to the states.
    skip: bool,
    #[module(skip)]
    features: Features,
}

impl SeriesNetwork for SeriesLstmNetwork {
    fn forward(&self, input: SeriesInput, context: &ForwardContext) -> SeriesOutput {
        let mut below = self.features.of(&input);
        let mut sum = self
            .skip
            .then(|| Tensor::cat(vec![input.embeddings.clone(), input.embeddings.clone()], 1));
        for (index, layer) in self.layers.iter().enumerate() {
            if index > 0 {
                below = self.dropout.forward(below, context);
            }
            below = layer.forward(below, &input.lengths, context);
            if let Some(residual) = self.residual.get(index) {
                let both = below.clone() + relu(residual.forward(below.clone(), context));
                sum = Some(match sum {
                    Some(sum) => sum + both,
                    None => both,
                });
            }
        }
        self.head.forward(sum.unwrap_or(below), &input.lengths, context)
    }
}
