//! The stage `series-attention`.

use burn::module::Module;
use burn::tensor::activation::relu;
use ichflow_api::nn::layers::SliceLinear;
use ichflow_api::nn::series::{Features, SeriesHead, SeriesInput, SeriesNetwork, SeriesOutput};
use ichflow_api::prelude::*;

use super::ExamLogits;
use super::stage::{Common, SeriesArchitecture, Sizes, series_network};

series_network! {
    /// Gated attention pooling over the slices of an exam (Ilse et al., 2018): for labels that exist per exam only.
    ///
    /// A linear layer and ReLU make a state of each slice; a slice with state h has the weight
    /// `a ∝ exp(wᵀ(tanh(V h) ⊙ σ(U h)))`, and the weighed states make the exam's logits. The weights say which slices
    /// the answer rests on.
    SeriesAttention, "series-attention": "gated attention over the slices of an exam, for labels per exam",
    example = "[sequence]\nuse = \"series-attention\"\ninputs = [\"embedding\"]\nhidden = 256\n",
    {
        /// Values of a slice's state.
        #[schemars(range(min = 1, max = 4096))]
        hidden: usize = 256,
    },
    dropout = 0.25, exam = ExamLogits::Attention
}

impl SeriesArchitecture for SeriesAttention {
    type Network = SeriesAttentionNetwork;

    fn common(&self) -> Common {
        self.shared()
    }

    fn size(&self) -> String {
        format!("states of {}", self.hidden)
    }

    fn network(&self, sizes: Sizes, device: &Device) -> SeriesAttentionNetwork {
        SeriesAttentionNetwork {
            project: SliceLinear::new(sizes.inputs, self.hidden, device),
            head: SeriesHead::new(self.hidden, sizes.shape.labels, sizes.dropout, sizes.exam, device),
            features: sizes.features,
        }
    }

    fn own_problems(&self) -> Vec<Problem> {
        match self.exam {
            ExamLogits::Attention => Vec::new(),
            ExamLogits::None => vec![
                Problem::new("exam", "without attention it sees one slice at a time")
                    .help("leave `exam` out, or use another network"),
            ],
        }
    }
}

/// The network of [`SeriesAttention`].
#[derive(Module, Debug)]
pub struct SeriesAttentionNetwork {
    /// From what goes in to a slice's state.
    pub project: SliceLinear,
    /// Weighs the slices, and makes logits.
    pub head: SeriesHead,
    #[module(skip)]
    features: Features,
}

impl SeriesNetwork for SeriesAttentionNetwork {
    fn forward(&self, input: SeriesInput, context: &ForwardContext) -> SeriesOutput {
        let states = relu(self.project.forward(self.features.of(&input), context));
        self.head.forward(states, &input.lengths, context)
    }
}
