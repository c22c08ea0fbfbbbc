//! The stage `series-conv-gru`.

use burn::module::Module;
use burn::tensor::activation::sigmoid;
use ichflow_api::nn::layers::{Activation, BatchNorm2d, SliceDropout, SliceLinear};
use ichflow_api::nn::series::{
    CellKind, ExamHead, Features, GatedAttention, Lengths, Recurrent, SeriesFeature, SeriesInput,
    SeriesNetwork, SeriesOutput, SliceConvolution,
};
use ichflow_api::prelude::*;

use super::ExamLogits;
use super::stage::{Common, SeriesArchitecture, Sizes, series_network};

series_network! {
    /// The network over series of the competition's 1st place, for one image network.
    ///
    /// The first stage makes `wide` and then `narrow` values of each slice by linear layers with batch normalisation
    /// and ReLU; its logits are a linear layer of these, plus one of two layers of gated recurrent units over them. The
    /// second stage looks at probabilities alone: those of the first stage, those of the image network where `inputs`
    /// has its logits, and the distances to the neighbours. Convolutions along the slices, the same for every label,
    /// make features of them; the logits are a last convolution of these, plus a linear layer of two further layers of
    /// gated recurrent units over the features of all labels. Both stages have a loss.
    SeriesConvGru, "series-conv-gru": "the 1st place's two stages: recurrent units over features, then over probabilities",
    example = "[sequence]\nuse = \"series-conv-gru\"\ninputs = [\"embedding\", \"logits\"]\n",
    {
        /// Values after the first linear layer.
        #[schemars(range(min = 1, max = 4096))]
        wide: usize = 512,
        /// Values after the second.
        #[schemars(range(min = 1, max = 4096))]
        narrow: usize = 128,
        /// Values of the recurrent units' state in each direction.
        #[schemars(range(min = 1, max = 4096))]
        hidden: usize = 96,
        /// Features of each label that the second stage's convolutions make; the first of them makes twice as many.
        #[schemars(range(min = 1, max = 2048))]
        channels: usize = 256,
    },
    dropout = 0.5, exam = ExamLogits::None
}

/// Kernel and dilation of the second stage's convolutions.
const SEEN: [[usize; 2]; 4] = [[5, 1], [3, 2], [3, 4], [3, 2]];

impl SeriesArchitecture for SeriesConvGru {
    type Network = SeriesConvGruNetwork;

    fn common(&self) -> Common {
        self.shared()
    }

    fn size(&self) -> String {
        format!("features of {}, states of {}", self.narrow, self.hidden)
    }

    fn network(&self, sizes: Sizes, device: &Device) -> SeriesConvGruNetwork {
        let labels = sizes.shape.labels;
        let recurrent = |inputs| Recurrent::new(CellKind::Gru, inputs, self.hidden, 2, 0.0, device);
        // The image network may tell of other labels than this one: then its probabilities stay in the first stage.
        let with_logits = self.inputs.contains(&SeriesFeature::Logits) && sizes.shape.logits == labels;
        let seen = 3 + usize::from(with_logits);
        let widths = [
            seen,
            2 * self.channels,
            self.channels,
            self.channels,
            self.channels,
        ];
        let convolution = |index: usize| ConvNorm {
            conv: SliceConvolution::new(widths[index], widths[index + 1], SEEN[index], device),
            norm: BatchNorm2d::new(widths[index + 1], 1e-5, 0.1, device),
        };
        let pooled = labels * self.channels;
        SeriesConvGruNetwork {
            wide: LinearNorm::new(sizes.inputs, self.wide, device),
            narrow: LinearNorm::new(self.wide, self.narrow, device),
            recurrent: recurrent(self.narrow),
            by_slice: SliceLinear::new(self.narrow, labels, device),
            by_series: SliceLinear::new(2 * self.hidden, labels, device),
            convolutions: (0..SEEN.len()).map(convolution).collect(),
            last: SliceConvolution::new(self.channels, 1, [3, 1], device),
            second_recurrent: recurrent(pooled),
            second: SliceLinear::new(2 * self.hidden, labels, device),
            exam: sizes.exam.map(|hidden| ExamHead {
                attention: GatedAttention::new(2 * self.hidden, hidden, device),
                classifier: SliceLinear::new(2 * self.hidden, labels, device),
            }),
            dropout: SliceDropout::new(sizes.dropout),
            labels,
            with_logits,
            features: sizes.features,
        }
    }
}

/// Batch normalisation of rows `[slices, channels]`, then ReLU. Its statistics are over slices that exist.
fn norm_relu(norm: &BatchNorm2d, x: Tensor<2>, context: &ForwardContext) -> Tensor<2> {
    let [slices, channels] = x.dims();
    let maps = x.reshape([slices, channels, 1, 1]);
    norm.forward_then(Activation::Relu, maps, context)
        .reshape([slices, channels])
}

/// A linear layer, batch normalisation, ReLU.
#[derive(Module, Debug)]
pub struct LinearNorm {
    /// The linear layer.
    pub linear: SliceLinear,
    /// Follows it.
    pub norm: BatchNorm2d,
}

impl LinearNorm {
    fn new(inputs: usize, outputs: usize, device: &Device) -> Self {
        Self {
            linear: SliceLinear::new(inputs, outputs, device),
            norm: BatchNorm2d::new(outputs, 1e-5, 0.1, device),
        }
    }

    fn forward(&self, x: Tensor<2>, context: &ForwardContext) -> Tensor<2> {
        norm_relu(&self.norm, self.linear.forward(x, context), context)
    }
}

/// A convolution along slices, batch normalisation, ReLU.
#[derive(Module, Debug)]
pub struct ConvNorm {
    /// The convolution.
    pub conv: SliceConvolution,
    /// Follows it.
    pub norm: BatchNorm2d,
}

/// The network of [`SeriesConvGru`].
#[derive(Module, Debug)]
pub struct SeriesConvGruNetwork {
    /// The first stage's first linear layer.
    pub wide: LinearNorm,
    /// Its second.
    pub narrow: LinearNorm,
    /// Reads the series.
    pub recurrent: Recurrent,
    /// From a slice's values to the first stage's logits.
    pub by_slice: SliceLinear,
    /// From the states to the first stage's logits.
    pub by_series: SliceLinear,
    /// The second stage's convolutions along slices, of each label.
    pub convolutions: Vec<ConvNorm>,
    /// From a label's features to its logit.
    pub last: SliceConvolution,
    /// Reads the features of all labels.
    pub second_recurrent: Recurrent,
    /// From its states to logits.
    pub second: SliceLinear,
    /// Makes the series' logits of the second states.
    pub exam: Option<ExamHead>,
    /// Applied while training to what goes in, and after both linear layers.
    pub dropout: SliceDropout,
    labels: usize,
    with_logits: bool,
    #[module(skip)]
    features: Features,
}

impl SeriesConvGruNetwork {
    /// The first stage's logits, `[slices, labels]`.
    fn first(&self, input: &SeriesInput, context: &ForwardContext) -> Tensor<2> {
        let x = self.dropout.forward(self.features.of(input), context);
        let x = self.dropout.forward(self.wide.forward(x, context), context);
        let x = self.dropout.forward(self.narrow.forward(x, context), context);
        let states = self.recurrent.forward(x.clone(), &input.lengths, context);
        self.by_slice.forward(x, context) + self.by_series.forward(states, context)
    }

    /// What the second stage sees of every label, label by label: `[labels · slices, …]`.
    fn seen(&self, first: &Tensor<2>, input: &SeriesInput) -> Tensor<2> {
        let [slices, labels] = first.dims();
        let by_label = |values: Tensor<2>| values.transpose().reshape([labels * slices, 1]);
        let mut parts = vec![by_label(sigmoid(first.clone()))];
        if self.with_logits {
            parts.push(by_label(sigmoid(input.logits.clone())));
        }
        parts.push(input.gaps.clone().repeat_dim(0, labels));
        Tensor::cat(parts, 1)
    }
}

impl SeriesNetwork for SeriesConvGruNetwork {
    fn forward(&self, input: SeriesInput, context: &ForwardContext) -> SeriesOutput {
        let first = self.first(&input, context);
        let (slices, labels) = (input.lengths.slices(), self.labels);
        // Every label's slices are a series of their own.
        let each = Lengths::new(input.lengths.each().repeat(labels));
        let mut x = self.seen(&first, &input);
        for layer in &self.convolutions {
            x = norm_relu(&layer.norm, layer.conv.forward(x, &each, context), context);
        }
        let by_label = self.last.forward(x.clone(), &each, context);
        let by_label = by_label.reshape([labels, slices]).transpose();
        let channels = x.dims()[1];
        let all = x
            .reshape([labels, slices, channels])
            .swap_dims(0, 1)
            .reshape([slices, labels * channels]);
        let states = self.second_recurrent.forward(all, &input.lengths, context);
        let exam = self.exam.as_ref().map(|exam| {
            let (pooled, weights) = exam.attention.forward(states.clone(), &input.lengths, context);
            (exam.classifier.forward(pooled, context), weights)
        });
        let (exam, weights) = exam.unzip();
        SeriesOutput {
            slices: by_label + self.second.forward(states, context),
            first_stage: Some(first),
            exam,
            weights,
        }
    }
}
