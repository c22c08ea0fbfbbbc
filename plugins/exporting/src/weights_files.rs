//! `safetensors` and `burnpack`: the trained weights as files of their own.

use burn::module::Module;
use burn_store::{BurnpackStore, ModuleSnapshot};
use ichflow_api::nn::weights::{permissions, save_safetensors};
use ichflow_api::prelude::*;

/// Writes the trained network as `weights.safetensors`, with timm's names and PyTorch's layout: `timm.create_model`
/// with as many classes loads it, as does any other program that knows the architecture by these names.
///
/// A model bundle holds the same file, and what else it takes to predict.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Safetensors {}

impl Stage for Safetensors {
    const NAME: &'static str = "safetensors";
    const FAMILY: Family = Family::Export;
    const SUMMARY: &'static str = "the trained weights for PyTorch and timm";
    const EXAMPLE: &'static str = "[weights]\nuse = \"safetensors\"\n";

    fn ports() -> Ports {
        Ports::new().takes(input::MODEL)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let model = inputs.take(input::MODEL)?;
        save_safetensors(&model.network, &context.file("weights.safetensors")?)?;
        Ok(Outputs::new())
    }
}

ichflow_api::register!(Safetensors);

/// Writes the trained network as `weights.bpk`, in burn's own format, with the names of its modules
/// (`backbone.conv_stem.weight`): for programs that use burn, which map the file instead of reading it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Burnpack {}

impl Stage for Burnpack {
    const NAME: &'static str = "burnpack";
    const FAMILY: Family = Family::Export;
    const SUMMARY: &'static str = "the trained weights for programs that use burn";
    const EXAMPLE: &'static str = "[weights]\nuse = \"burnpack\"\n";

    fn ports() -> Ports {
        Ports::new().takes(input::MODEL)
    }

    fn run(&self, inputs: &Inputs, context: &Context) -> Result<Outputs> {
        let model = inputs.take(input::MODEL)?;
        let path = context.file("weights.bpk")?;
        let mut store = BurnpackStore::from_file(&path).overwrite(true);
        model.network.valid().save_into(&mut store).at("write", &path)?;
        permissions::as_of_new_files(&path).at("write", &path)?;
        Ok(Outputs::new())
    }
}

ichflow_api::register!(Burnpack);

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::conv::{Conv2d, Conv2dConfig};
    use burn::tensor::Tensor;
    use ichflow_api::nn::weights::load_safetensors;
    use ichflow_api::tensors::model::Preparation;
    use ichflow_api::tensors::views::Views;
    use ichflow_api::testkit::run_context;

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

    struct Grey;

    impl WindowScheme for Grey {
        fn channels(&self) -> usize {
            1
        }

        fn apply(&self, batch: &HuBatch) -> Tensor<4> {
            batch.hu()
        }
    }

    fn network() -> Network {
        let device = Device::flex();
        let conv = Conv2dConfig::new([1, 2], [3, 3]).init(&device);
        Network::new(Tiny { conv }, 6, 0.0, &device)
    }

    #[test]
    fn both_files_give_the_network_back() {
        let directory = tempfile::tempdir().unwrap();
        let run = run_context(directory.path());
        let trained = network();
        let images = Tensor::<4>::ones([1, 1, 8, 8], &Device::flex());
        let expected = trained.forward(images.clone()).into_data();
        let model = || Model {
            preparation: Preparation {
                window: Window::new(Grey),
                resize: None,
                normalisation: Normalisation::none(),
            },
            network: trained.clone(),
            description: "tiny".into(),
            views: Views::default(),
            trained_on: Default::default(),
        };
        let context = Context::new(&run, "weights", "safetensors", "key");
        let inputs = Inputs::default().with(input::MODEL, model());
        Safetensors {}.run(&inputs, &context).unwrap();
        Burnpack {}.run(&inputs, &context).unwrap();

        let one = load_safetensors(network(), &run.directory.join("weights.safetensors")).unwrap();
        assert_eq!(one.forward(images.clone()).into_data(), expected);
        let mut other = network();
        let mut store = BurnpackStore::from_file(run.directory.join("weights.bpk"));
        other.load_from(&mut store).unwrap();
        assert_eq!(other.forward(images).into_data(), expected);
    }
}
