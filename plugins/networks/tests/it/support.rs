//! Stages run, files written and parameters listed for the other tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param};
use ichflow_api::prelude::*;
use ichflow_api::testkit;
use serde_json::Value;

use crate::formula;

/// The windowing every test network is wired to.
pub(crate) struct Channels(pub usize);

impl WindowScheme for Channels {
    fn channels(&self) -> usize {
        self.0
    }
    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        batch.hu().repeat_dim(1, self.0)
    }
}

/// What a network stage hands on.
pub(crate) fn spec(stage: &impl Stage) -> NetworkSpec {
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let inputs = Inputs::default().with(input::WINDOW, Window::new(Channels(3)));
    let mut outputs = stage
        .run(&inputs, &Context::new(&run, "network", "network", "key"))
        .unwrap();
    (*outputs.take(output::NETWORK).unwrap()).clone()
}

/// A committed file.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// A published weights file, kept in the directory `ICHFLOW_WEIGHTS` or beside the repository; `None`, said aloud,
/// where it is not.
pub(crate) fn published(name: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/weights");
    let directory = std::env::var_os("ICHFLOW_WEIGHTS").map_or(beside, PathBuf::from);
    let path = directory.join(name);
    if !path.exists() {
        println!("skipped: {name} is not in {}", directory.display());
    }
    path.exists().then_some(path)
}

/// Writes a safetensors file.
pub(crate) fn write_safetensors(path: &Path, tensors: &[(String, Vec<usize>, Vec<f32>)]) {
    let mut header = serde_json::Map::new();
    let mut data = Vec::new();
    for (name, shape, values) in tensors {
        let start = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let entry = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [start, data.len()]});
        header.insert(name.clone(), entry);
    }
    let header = serde_json::to_vec(&header).unwrap();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.extend(data);
    std::fs::write(path, bytes).unwrap();
}

/// A tensor by formula, as [`formula::weight`], with normalisations that scale by 0.5 to 1: values of deep networks neither grow nor vanish.
pub(crate) fn calm_weight(name: &str, shape: &[usize]) -> Vec<f32> {
    if shape.len() == 1 && name.ends_with("weight") {
        let values = formula::uniform(name, shape[0]);
        return values.into_iter().map(|u| (0.5 + 0.5 * u) as f32).collect();
    }
    formula::weight(name, shape)
}

/// The tensors of a safetensors file by name: their shapes and bytes.
pub(crate) fn tensors(path: &Path) -> BTreeMap<String, (String, Vec<u8>)> {
    let bytes = std::fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Map<String, Value> = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let place =
        |entry: &Value, index: usize| 8 + length + entry["data_offsets"][index].as_u64().unwrap() as usize;
    header
        .into_iter()
        .filter(|(name, _)| name != "__metadata__")
        .map(|(name, entry)| {
            let values = bytes[place(&entry, 0)..place(&entry, 1)].to_vec();
            (name, (entry["shape"].to_string(), values))
        })
        .collect()
}

/// The tensors of a safetensors file: sorted names with their shapes.
pub(crate) fn names_and_shapes(path: &Path) -> Vec<(String, Vec<usize>)> {
    let bytes = std::fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Map<String, Value> = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let mut tensors: Vec<_> = header
        .into_iter()
        .filter(|(name, _)| name != "__metadata__")
        .map(|(name, entry)| {
            let shape = entry["shape"].as_array().unwrap().iter();
            (name, shape.map(|side| side.as_u64().unwrap() as usize).collect())
        })
        .collect();
    tensors.sort();
    tensors
}

/// Calls `f` with the name in files and the parameter, running statistics included.
pub(crate) fn each_parameter(network: &Network, f: impl FnMut(&str, Values)) {
    struct Walk<F>(&'static str, Vec<String>, F);
    impl<F: FnMut(&str, Values)> ModuleVisitor for Walk<F> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let path = self.1.join(".");
            let name = match path.strip_prefix("head.classifier.") {
                Some(parameter) => format!("{}.{parameter}", self.0),
                None => path.strip_prefix("backbone.").unwrap_or(&path).to_owned(),
            };
            let tensor = param.val();
            let flat = tensor.clone().flatten::<1>(0, D - 1);
            let gradient = |gradients: &burn::tensor::Gradients| {
                tensor
                    .grad(gradients)
                    .map(|gradient| gradient.flatten::<1>(0, D - 1))
            };
            (self.2)(
                &name,
                Values {
                    flat,
                    gradient: &gradient,
                },
            );
        }
        fn enter_module(&mut self, name: &str, _: &str) {
            self.1.push(name.into());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.1.pop();
        }
    }
    network.visit(&mut Walk(network.backbone.classifier_name(), Vec::new(), f));
}

/// A parameter, flattened.
pub(crate) struct Values<'a> {
    /// Its values.
    pub flat: Tensor<1>,
    /// Looks its gradient up.
    pub gradient: &'a dyn Fn(&burn::tensor::Gradients) -> Option<Tensor<1>>,
}
