//! What the parts are tried on: eight slices of 4 × 4 pixels, every other one bright and positive.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use ichflow_api::context::{Progress, RunContext, Silent};
use ichflow_api::data::labels::rsna::COUNT;
use ichflow_api::nn::Normalisation;
use ichflow_api::prelude::*;
use ichflow_api::tensors::loss::binary_cross_entropy;
use ichflow_api::tensors::model::Preparation;
use ichflow_api::tensors::network::NetworkFactory;
use ichflow_api::testkit::{self, MadePixels};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::fit::Fit;
use crate::fit::data::Data;
use crate::fit::learner::Learner;
use crate::fit::slices::SliceTask;
use crate::fit::validator::Validator;

/// HU over 100, in one channel.
struct Plain;

impl WindowScheme for Plain {
    fn channels(&self) -> usize {
        1
    }

    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        batch.hu() / 100.0
    }
}

/// One convolution; nothing in it depends on the other slices of a batch.
#[derive(Module, Debug)]
struct Tiny {
    conv: Conv2d,
}

impl Backbone for Tiny {
    fn features(&self, images: Tensor<4>, _context: &ForwardContext) -> Tensor<4> {
        self.conv.forward(images)
    }

    fn feature_count(&self) -> usize {
        2
    }
}

struct Factory;

impl NetworkFactory for Factory {
    fn build(&self, channels: usize, outputs: usize, device: &Device) -> Result<Network> {
        let conv = Conv2dConfig::new([channels, 2], [3, 3]).init(device);
        Ok(Network::new(Tiny { conv }, outputs, 0.0, device))
    }

    fn normalisation(&self) -> Normalisation {
        Normalisation::none()
    }

    fn describe(&self) -> String {
        "tiny".into()
    }
}

struct MeanCrossEntropy;

impl LossFunction for MeanCrossEntropy {
    fn loss(&self, logits: Tensor<2>, targets: &Targets) -> Tensor<1> {
        targets.mean(binary_cross_entropy(logits, targets.truth.clone()))
    }
}

/// What makes the network.
pub(super) fn spec() -> NetworkSpec {
    NetworkSpec::new(Factory)
}

/// A network in training, with the same starting weights at every call.
pub(super) fn network() -> Network {
    let device = Device::flex().autodiff();
    let network = spec().build(1, COUNT, &device).unwrap();
    struct Numbered(f32);
    impl burn::module::ModuleMapper for Numbered {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            self.0 += 0.1;
            let value = self.0;
            param.map(|tensor| tensor.full_like(value.sin()).detach().require_grad())
        }
    }
    network.map(&mut Numbered(0.0))
}

/// Eight slices; six train and two validate. The slices of `unreadable` cannot be read, the one with index 7 has
/// labels only if `all_labelled`.
pub(super) fn data(unreadable: &'static [&'static str], all_labelled: bool) -> Data {
    let slices = (0..8).map(|index| {
        let positive = index % 2 == 1;
        let labels = (all_labelled || index != 7).then_some([positive; COUNT].into());
        testkit::slice(&format!("ID_{index}"), &format!("patient {index}"), labels)
    });
    let pixels = MadePixels::new(move |slice: &Slice| {
        let number: i16 = slice.id.strip_prefix("ID_")?.parse().ok()?;
        let hu = if number % 2 == 1 { 80 + number } else { number };
        (!unreadable.contains(&slice.id.as_str())).then(|| HuImage {
            rows: 4,
            columns: 4,
            hu: vec![hu; 16],
        })
    });
    Data {
        cohort: Arc::new(testkit::cohort(slices.collect())),
        pixels: Pixels::new(pixels),
        preparation: Preparation {
            window: Window::new(Plain),
            resize: None,
            normalisation: spec().normalisation(),
        },
        train: (0..6).collect(),
        validation: vec![6, 7],
    }
}

pub(super) fn learner(data: &Data) -> Learner<'_> {
    Learner {
        data,
        devices: vec![Device::flex().autodiff()],
        precision: Default::default(),
        loss: Arc::new(Loss::new(MeanCrossEntropy)),
        augment: None,
        augment_rng: ChaCha8Rng::seed_from_u64(1),
        dropout_seed: 1,
    }
}

/// What the loops are given.
pub(super) fn task<'a>(data: &'a Data, spec: &'a NetworkSpec) -> SliceTask<'a> {
    SliceTask {
        learner: learner(data),
        validator: validator(data),
        spec,
    }
}

pub(super) fn validator(data: &Data) -> Validator<'_> {
    Validator {
        data,
        device: Device::flex(),
        batch: 2,
    }
}

/// Parameters of training as a recipe has them, in JSON.
pub(super) fn fit(text: &str) -> Fit {
    serde_json::from_str(text).unwrap()
}

/// A run that can be told to stop, in `directory`.
pub(super) fn run_context(directory: &Path) -> (RunContext, &'static AtomicBool) {
    // A run is the last to look at its flag.
    let stop: &'static AtomicBool = Box::leak(Box::default());
    let mut run = testkit::run_context(directory);
    run.stop = stop;
    (run, stop)
}

pub(super) fn progress() -> impl Progress {
    Silent
}

/// All weights of a network, one after the other.
pub(super) fn weights(network: &Network) -> Vec<f32> {
    struct Values(Vec<f32>);
    impl ModuleVisitor for Values {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0
                .extend(param.val().into_data().try_to_vec::<f32>().unwrap());
        }
    }
    let mut values = Values(Vec::new());
    network.valid().visit(&mut values);
    values.0
}
