//! Stages run, files written and parameters listed for the other tests.

use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleVisitor, Param};
use ichflow_api::prelude::*;
use ichflow_api::testkit;

/// The windowing every test network is wired to.
pub struct Channels(pub usize);

impl WindowScheme for Channels {
    fn channels(&self) -> usize {
        self.0
    }
    fn apply(&self, batch: &HuBatch) -> Tensor<4> {
        batch.hu().repeat_dim(1, self.0)
    }
}

/// What a network stage hands on.
pub fn spec(stage: &impl Stage) -> NetworkSpec {
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let inputs = Inputs::default().with("window", Window::new(Channels(3)));
    let mut outputs = stage
        .run(&inputs, &Context::new(&run, "network", "network", "key"))
        .unwrap();
    (*outputs.take_as::<NetworkSpec>("network").unwrap()).clone()
}

/// A committed file.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// A published weights file kept beside the repository; `None`, said aloud, where it is not.
pub fn published(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/weights")
        .join(name);
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
    }
    path.exists().then_some(path)
}

/// Writes a safetensors file.
pub fn write_safetensors(path: &Path, tensors: &[(String, Vec<usize>, Vec<f32>)]) {
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

/// Calls `f` with the timm name and the parameter, running statistics included.
pub fn each_parameter(module: &impl Module, f: impl FnMut(&str, Values)) {
    struct Walk<F>(Vec<String>, F);
    impl<F: FnMut(&str, Values)> ModuleVisitor for Walk<F> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let path = self.0.join(".");
            let name = path
                .strip_prefix("backbone.")
                .or_else(|| path.strip_prefix("head."))
                .unwrap_or(&path);
            let tensor = param.val();
            let flat = tensor.clone().flatten::<1>(0, D - 1);
            let gradient = |gradients: &burn::tensor::Gradients| {
                tensor
                    .grad(gradients)
                    .map(|gradient| gradient.flatten::<1>(0, D - 1))
            };
            (self.1)(
                name,
                Values {
                    flat,
                    gradient: &gradient,
                },
            );
        }
        fn enter_module(&mut self, name: &str, _: &str) {
            self.0.push(name.into());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.0.pop();
        }
    }
    module.visit(&mut Walk(Vec::new(), f));
}

/// A parameter, flattened.
pub struct Values<'a> {
    /// Its values.
    pub flat: Tensor<1>,
    /// Looks its gradient up.
    pub gradient: &'a dyn Fn(&burn::tensor::Gradients) -> Option<Tensor<1>>,
}
