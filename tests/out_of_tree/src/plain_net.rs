//! A backbone of one's own.

use burn::module::Module;
use burn::nn::PaddingConfig2d;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::tensor::activation::relu;
use ichflow_api::nn::layers::convolve;
use ichflow_api::prelude::*;

/// Three strided convolutions.
#[derive(Module, Debug)]
pub struct PlainBackbone {
    convolutions: Vec<Conv2d>,
}

impl PlainBackbone {
    fn new(channels: usize, width: usize, device: &Device) -> Self {
        let layer = |from, to| {
            Conv2dConfig::new([from, to], [3, 3])
                .with_stride([2, 2])
                .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
                .init(device)
        };
        Self {
            convolutions: vec![
                layer(channels, width),
                layer(width, 2 * width),
                layer(2 * width, 4 * width),
            ],
        }
    }
}

impl Backbone for PlainBackbone {
    fn features(&self, images: Tensor<4>, context: &ForwardContext) -> Tensor<4> {
        self.convolutions
            .iter()
            .fold(images, |maps, layer| relu(convolve(layer, maps, context)))
    }

    fn feature_count(&self) -> usize {
        self.convolutions.last().map_or(0, |layer| layer.weight.dims()[0])
    }
}

/// Three strided convolutions: as small as a network gets.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PlainNet {
    /// Feature maps of the first convolution; each later one has twice as many.
    #[schemars(range(min = 1, max = 256))]
    pub width: usize,
}

impl Default for PlainNet {
    fn default() -> Self {
        Self { width: 8 }
    }
}

impl NetworkFactory for PlainNet {
    fn build(&self, channels: usize, outputs: usize, device: &Device) -> Result<Network> {
        Ok(Network::new(
            PlainBackbone::new(channels, self.width, device),
            outputs,
            0.0,
            device,
        ))
    }

    fn normalisation(&self) -> Normalisation {
        Normalisation::none()
    }

    fn describe(&self) -> String {
        format!("plain-net of width {}", self.width)
    }
}

impl Stage for PlainNet {
    const NAME: &'static str = "plain-net";
    const FAMILY: Family = Family::Network;
    const SUMMARY: &'static str = "three strided convolutions";
    const EXAMPLE: &'static str = "[network]\nuse = \"plain-net\"\nwidth = 8\n";

    fn ports() -> Ports {
        Ports::new().offers(output::NETWORK)
    }

    fn describe(&self, _inputs: &Descriptions) -> Descriptions {
        Descriptions::new().with(output::NETWORK, Description::of(NetworkSpec::new(self.clone())))
    }

    fn run(&self, _inputs: &Inputs, _context: &Context) -> Result<Outputs> {
        Ok(Outputs::new().with(output::NETWORK, NetworkSpec::new(self.clone())))
    }
}

ichflow_api::register!(PlainNet);
