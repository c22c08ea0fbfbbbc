//! Gradients in the memory of a chunk are those of the whole.

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::tensor::Distribution;
use ichflow_api::nn::EmbeddedLayer;
use ichflow_api::nn::series::{
    AnySeriesNetwork, SeriesInput, SeriesNetwork, SeriesOutput, SeriesShape, SeriesValues,
};
use ichflow_api::prelude::*;

use super::network::Together;

#[derive(Module, Debug)]
struct Image {
    conv: Conv2d,
}

impl Backbone for Image {
    fn features(&self, images: Tensor<4>, _context: &ForwardContext) -> Tensor<4> {
        self.conv.forward(images)
    }

    fn feature_count(&self) -> usize {
        3
    }
}

/// Every slice beside the sum of all.
#[derive(Module, Debug)]
struct Series {
    linear: Linear,
}

impl SeriesNetwork for Series {
    fn forward(&self, input: SeriesInput, _context: &ForwardContext) -> SeriesOutput {
        let all = Tensor::cat(vec![input.embeddings, input.logits], 1);
        let sum = all.clone().sum_dim(0).expand(all.dims());
        SeriesOutput {
            slices: self.linear.forward(all.tanh() + sum.tanh()),
            first_stage: None,
            exam: None,
            weights: None,
        }
    }
}

/// All gradients, one after the other.
fn values(network: &Together, gradients: &GradientsParams) -> Vec<f32> {
    struct Values<'a>(&'a GradientsParams, Vec<f32>);
    impl ModuleVisitor for Values<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let gradient = self.0.get::<D>(param.id).expect("every parameter has a gradient");
            self.1.extend(gradient.into_data().try_to_vec::<f32>().unwrap());
        }
    }
    let mut values = Values(gradients, Vec::new());
    network.visit(&mut values);
    values.1
}

#[test]
fn gradients_by_chunks_are_those_of_the_whole() {
    let device = Device::flex().autodiff();
    device.seed(4);
    let conv = Conv2dConfig::new([1, 3], [3, 3]).init(&device);
    let linear = LinearConfig::new(5, 2).init(&device);
    let together = Together {
        image: Network::new(Image { conv }, 2, 0.0, &device),
        series: AnySeriesNetwork::new(Series { linear }),
    };
    let images = Tensor::<4>::random([5, 1, 6, 6], Distribution::Normal(0.0, 1.0), &device);
    let shape = SeriesShape {
        features: 1,
        logits: 0,
        labels: 2,
    };
    let series = |slices: usize| SeriesValues {
        embeddings: vec![0.0; slices],
        position_mm: vec![0.0; slices],
        relative: vec![0.0; slices],
        ..SeriesValues::default()
    };
    let input = || {
        let mut input = SeriesInput::of(&[series(2), series(3)], shape, &device);
        input.logits = Tensor::zeros([5, 2], &device);
        input
    };
    let loss_of = |output: SeriesOutput| output.slices.square().mean();
    let [features, logits] = EmbeddedLayer::Pooled
        .embed(&together.image, images.clone())
        .unwrap();
    let whole = SeriesInput {
        embeddings: features,
        logits,
        ..input()
    };
    let expected = loss_of(together.series.forward(whole, &ForwardContext::default()));
    let plain: f32 = expected.clone().inner().into_scalar();
    let expected = GradientsParams::from_grads(expected.mul_scalar(0.5).backward(), &together);
    let expected = values(&together, &expected);
    for sizes in [vec![5], vec![2, 2, 1], vec![1; 5]] {
        let first = |chunk: usize| sizes[..chunk].iter().sum::<usize>();
        let (loss, gradients) = together
            .gradients(
                input(),
                sizes.len(),
                |chunk| images.clone().narrow(0, first(chunk), sizes[chunk]),
                |_| {},
                |output| Some(loss_of(output)),
                0.5,
            )
            .unwrap();
        let loss: f32 = loss.into_scalar();
        assert!((loss - plain).abs() < 1e-6);
        for (found, expected) in values(&together, &gradients).iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-6, "{sizes:?}: {found} {expected}");
        }
    }
}
