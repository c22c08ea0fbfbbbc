//! The stage `series-gru`.

use burn::module::Module;
use ichflow_api::nn::series::{
    CellKind, Features, Recurrent, SeriesHead, SeriesInput, SeriesNetwork, SeriesOutput,
};
use ichflow_api::prelude::*;

use super::ExamLogits;
use super::stage::{Common, SeriesArchitecture, Sizes, series_network};

series_network! {
    /// Gated recurrent units over the slices of a series, from the first to the last and back (Cho et al., 2014), and a
    /// linear layer to the labels.
    ///
    /// A good first choice.
    SeriesGru, "series-gru": "gated recurrent units over the slices of a series, in both directions",
    example = "[sequence]\nuse = \"series-gru\"\nhidden = 96\nlayers = 2\n",
    {
        /// Values of the state in each direction.
        #[schemars(range(min = 1, max = 4096))]
        hidden: usize = 96,
        /// Layers one above another.
        #[schemars(range(min = 1, max = 3))]
        layers: usize = 2,
    },
    dropout = 0.25, exam = ExamLogits::None
}

impl SeriesArchitecture for SeriesGru {
    type Network = SeriesGruNetwork;

    fn common(&self) -> Common {
        self.shared()
    }

    fn size(&self) -> String {
        format!("{} layers of {}", self.layers, self.hidden)
    }

    fn network(&self, sizes: Sizes, device: &Device) -> SeriesGruNetwork {
        let recurrent = Recurrent::new(
            CellKind::Gru,
            sizes.inputs,
            self.hidden,
            self.layers,
            sizes.dropout,
            device,
        );
        let states = recurrent.outputs();
        SeriesGruNetwork {
            recurrent,
            head: SeriesHead::new(states, sizes.shape.labels, sizes.dropout, sizes.exam, device),
            features: sizes.features,
        }
    }
}

/// The network of [`SeriesGru`].
#[derive(Module, Debug)]
pub struct SeriesGruNetwork {
    /// Reads the series.
    pub recurrent: Recurrent,
    /// Makes logits of the states.
    pub head: SeriesHead,
    #[module(skip)]
    features: Features,
}

impl SeriesNetwork for SeriesGruNetwork {
    fn forward(&self, input: SeriesInput, context: &ForwardContext) -> SeriesOutput {
        let states = self
            .recurrent
            .forward(self.features.of(&input), &input.lengths, context);
        self.head.forward(states, &input.lengths, context)
    }
}
