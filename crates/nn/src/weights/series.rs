//! Weights of networks over series.

use std::path::Path;

use burn::module::Module;
use burn_store::{ModuleSnapshot, SafetensorsStore};

use super::{WeightsFile, permissions};
use crate::error::{Error, Result};
use crate::series::AnySeriesNetwork;

/// Writes a network over series as safetensors, its parameters by their places in it and in PyTorch's layout.
///
/// The same network always gives the same bytes. An existing file is replaced at once, or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn save_series(network: &AnySeriesNetwork, path: &Path) -> Result<()> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Write {
        path: path.to_owned(),
        source,
    };
    let mut store = SafetensorsStore::from_file(path)
        .overwrite(true)
        .skip_enum_variants(true)
        // More than one entry would be written in an order that changes from run to run.
        .clear_metadata()
        .metadata("format", "pt");
    network
        .valid()
        .save_into(&mut store)
        .map_err(|error| failed(error.into()))?;
    permissions::as_of_new_files(path).map_err(|error| failed(error.into()))
}

/// Loads what [`save_series`] wrote into a network of the same shape.
///
/// # Errors
/// As [`WeightsFile::open`], and when the tensors do not fit the network.
pub fn load_series(network: AnySeriesNetwork, path: &Path) -> Result<AnySeriesNetwork> {
    WeightsFile::open(path)?.load_into(network)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{Device, Tensor};

    use super::*;
    use crate::context::ForwardContext;
    use crate::series::{
        CellKind, Recurrent, SeriesHead, SeriesInput, SeriesNetwork, SeriesOutput, SeriesShape, SeriesValues,
    };

    #[derive(Module, Debug)]
    struct Small {
        recurrent: Recurrent,
        head: SeriesHead,
    }

    impl SeriesNetwork for Small {
        fn forward(&self, input: SeriesInput, context: &ForwardContext) -> SeriesOutput {
            let states = self.recurrent.forward(input.embeddings, &input.lengths, context);
            self.head.forward(states, &input.lengths, context)
        }
    }

    fn network() -> AnySeriesNetwork {
        let device = Device::flex();
        AnySeriesNetwork::new(Small {
            recurrent: Recurrent::new(CellKind::Gru, 3, 4, 2, 0.0, &device),
            head: SeriesHead::new(8, 2, 0.0, Some(5), &device),
        })
    }

    #[test]
    fn a_network_is_the_same_when_it_is_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let [path, again] = ["first", "second"].map(|name| directory.path().join(name));
        let saved = network();
        save_series(&saved, &path).unwrap();
        let loaded = load_series(network(), &path).unwrap();
        save_series(&loaded, &again).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&again).unwrap());
        let file = WeightsFile::open(&path).unwrap();
        let names: Vec<&str> = file.names().collect();
        assert!(
            names.contains(&"recurrent.layers.0.reverse.weight_ih"),
            "{names:?}"
        );
        let shape = SeriesShape {
            features: 3,
            logits: 0,
            labels: 2,
        };
        let series = SeriesValues {
            embeddings: vec![0.5, -1.0, 2.0, 1.0, 0.0, -2.0],
            position_mm: vec![0.0, 5.0],
            relative: vec![0.0, 1.0],
            ..Default::default()
        };
        let logits = |network: &AnySeriesNetwork| -> Tensor<2> {
            let input = SeriesInput::of(std::slice::from_ref(&series), shape, &Device::flex());
            network.forward(input, &ForwardContext::default()).slices
        };
        assert_eq!(logits(&saved).into_data(), logits(&loaded).into_data());
    }
}
