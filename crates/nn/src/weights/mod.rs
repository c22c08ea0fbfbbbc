//! Weights in files: safetensors and PyTorch's `.pth` in, safetensors out.
//!
//! Names and layouts in files are PyTorch's, with a network's parts called as timm calls them: the
//! backbone's parameters have no prefix, the classifier's are `classifier.weight` and `classifier.bias`, or
//! what [`Backbone::classifier_name`](crate::Backbone::classifier_name) says instead of `classifier`.
//! What timm has no name for is called `head.pool.p` (the power of a generalised mean), `head.hidden.weight`
//! and `.bias` (the labels' hidden layers), `window.center` and `window.width` (learned windows, in HU). A
//! `.pth` file is a Python pickle; it is read as data, and no code in it is run.

mod code;
mod faults;
mod format;
pub mod permissions;
mod series;
mod wrappers;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::{DType, TensorData};
use burn_store::burn_pack::Tensor as StoredTensor;
use burn_store::{
    BurnToPyTorchAdapter, ModuleSnapshot, ModuleStore, PyTorchToBurnAdapter, PytorchStore, SafetensorsStore,
    bridge,
};

use self::faults::Faults;
use self::format::Format;
pub use self::series::{load_series, save_series};
use crate::error::{Error, Result};
use crate::network::Network;

/// Where learned windows are in files and in networks.
const WINDOW: &str = "window.";
/// Parts of a head that no published weights have.
const OWN: [&str; 2] = ["head.pool.", "head.hidden."];

/// The tensors of a weights file, by name, in memory.
pub struct WeightsFile {
    path: PathBuf,
    tensors: BTreeMap<String, TensorData>,
}

impl WeightsFile {
    /// Reads a safetensors or PyTorch file; which of them it is, its content says.
    ///
    /// PyTorch's counters `num_batches_tracked` are left out: nothing depends on them.
    ///
    /// # Errors
    /// When the file is missing, is something else, is cut off, holds code, or values that are not finite.
    pub fn open(path: &Path) -> Result<Self> {
        let stored = match Format::of(path)? {
            Format::Safetensors => {
                // Read, not mapped: another program may change the file meanwhile.
                let bytes = fs::read(path).map_err(|source| Error::Read {
                    path: path.to_owned(),
                    source,
                })?;
                all_tensors(SafetensorsStore::from_bytes(Some(bytes)), path)?
            }
            Format::PyTorch => {
                if let Some(function) = code::in_file(path) {
                    return Err(Error::HoldsCode {
                        path: path.to_owned(),
                        function,
                    });
                }
                // Names are kept as they are, also where their numbers have gaps.
                all_tensors(PytorchStore::from_file(path).map_indices_contiguous(false), path)?
            }
        };
        let mut tensors = BTreeMap::new();
        for (name, tensor) in stored {
            if name.ends_with("num_batches_tracked") {
                continue;
            }
            // Drawn now, so that a file that is cut off is found out before a network is touched.
            let data = bridge::into_data(tensor).map_err(|error| unreadable(path, error))?;
            if !is_finite(&data) {
                return Err(Error::NotFinite {
                    path: path.to_owned(),
                    tensor: name,
                });
            }
            tensors.insert(name, data);
        }
        if tensors.is_empty() {
            return Err(Error::NoTensors {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            path: path.to_owned(),
            tensors,
        })
    }

    /// Names of the tensors, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// Gives every tensor the name `rule` makes of its name; tensors without one are left out.
    ///
    /// # Errors
    /// When two tensors get one name.
    pub fn rename(self, rule: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut tensors = BTreeMap::new();
        for (name, tensor) in self.tensors {
            let Some(new) = rule(&name) else { continue };
            if tensors.insert(new.clone(), tensor).is_some() {
                return Err(Error::SameName {
                    path: self.path,
                    new,
                    old: name,
                });
            }
        }
        Ok(Self { tensors, ..self })
    }

    /// Takes off what training programs put around a network's names (`state_dict`, `model`, `module`, …); what
    /// is outside of it is left out.
    #[must_use]
    pub fn unwrapped(mut self) -> Self {
        if let Some(wrappers) = wrappers::around(self.names()) {
            let inside = |(name, tensor): (String, TensorData)| {
                name.strip_prefix(&wrappers).map(|name| (name.to_owned(), tensor))
            };
            self.tensors = self.tensors.into_iter().filter_map(inside).collect();
        }
        self
    }

    /// The tensor called `name`, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut TensorData> {
        self.tensors.get_mut(name)
    }

    /// Puts the tensors into `module`, every one into the parameter of its name.
    ///
    /// # Errors
    /// Lists the tensors that are missing, unexpected, or of another shape or kind.
    pub fn load_into<M: Module>(self, module: M) -> Result<M> {
        self.load_as(module, |path| Some(path.to_owned()))
    }

    /// Starts `network` from these tensors: its backbone, and what belongs to the backbone in the head. A
    /// classifier in the file is left out, and the network keeps its own.
    ///
    /// # Errors
    /// As [`WeightsFile::load_into`].
    pub fn start(mut self, network: Network) -> Result<Network> {
        let classifier = network.backbone.classifier_name();
        let own = |name: &str| {
            let classifiers = [classifier, "classifier"];
            classifiers.iter().any(|part| tail(name, part).is_some())
                || name.starts_with(WINDOW)
                || OWN.iter().any(|part| name.starts_with(part))
        };
        self.tensors.retain(|name, _| !own(name));
        self.load_as(network, |path| {
            Some(file_name(path, classifier)).filter(|name| !own(name))
        })
    }

    /// Puts the tensor called `name_of(path)` into the parameter at `path`; parameters without a name stay as
    /// they are.
    fn load_as<M: Module>(mut self, mut module: M, name_of: impl Fn(&str) -> Option<String>) -> Result<M> {
        let mut faults = Faults::default();
        let mut ready = Vec::new();
        for expected in module.collect(None, Some(Box::new(BurnToPyTorchAdapter)), true) {
            let Some(name) = name_of(&expected.name) else {
                continue;
            };
            let stored = self.tensors.remove(&name);
            match stored.map(|data| squeezed_like(data, &expected.shape)) {
                None => faults.missing.push(name),
                Some(data) if *data.shape() != expected.shape => faults.misshapen.push(format!(
                    "{name} ({:?} in the file, {:?} in the network)",
                    data.shape().as_slice(),
                    expected.shape.as_slice()
                )),
                Some(data) if data.dtype().is_float() != expected.dtype.is_float() => {
                    faults.misshapen.push(format!(
                        "{name} ({:?} in the file, {:?} in the network)",
                        data.dtype(),
                        expected.dtype
                    ));
                }
                // Half-precision files are welcome; the network keeps its own precision.
                Some(data) => ready.push(bridge::from_data(
                    data.convert_dtype(expected.dtype),
                    expected.name,
                    None,
                )),
            }
        }
        faults.unexpected = self.tensors.into_keys().collect();
        if let Some(mismatch) = faults.describe() {
            return Err(Error::DoesNotFit {
                path: self.path,
                mismatch,
            });
        }
        let result = module.apply(ready, None, Some(Box::new(PyTorchToBurnAdapter)), true);
        // What was compared above cannot fail here, unless a module treats its tensors specially.
        let missing = result.missing.iter().any(|(path, _)| name_of(path).is_some());
        if result.errors.is_empty() && !missing {
            Ok(module)
        } else {
            Err(Error::NotTaken {
                path: self.path,
                reason: result.to_string(),
            })
        }
    }
}

/// The tensor in the wanted shape, if that differs by sides of 1 at the end alone: `[96, 1, 1]` for `[96]`, or a 1×1
/// convolution for a linear layer.
fn squeezed_like(data: TensorData, wanted: &[usize]) -> TensorData {
    let core = |shape: &[usize]| {
        let ones = shape.iter().rev().take_while(|&&side| side == 1).count();
        shape[..shape.len() - ones].to_vec()
    };
    if data.shape()[..] == *wanted || core(data.shape()) != core(wanted) {
        return data;
    }
    let (bytes, _, dtype) = data.into_parts();
    TensorData::from_bytes(bytes, wanted.to_vec(), dtype)
}

/// The name in files of the parameter at `path` in a [`Network`].
fn file_name(path: &str, classifier: &str) -> String {
    match (path.strip_prefix("backbone."), tail(path, "head.classifier")) {
        (Some(name), _) => name.to_owned(),
        (None, Some(parameter)) => format!("{classifier}.{parameter}"),
        _ => path.to_owned(),
    }
}

/// What follows `part` and a dot in `name`.
fn tail<'a>(name: &'a str, part: &str) -> Option<&'a str> {
    name.strip_prefix(part)?.strip_prefix('.')
}

/// Writes a whole network as safetensors that timm and PyTorch can read.
///
/// The same network always gives the same bytes. An existing file is replaced at once, or not at all.
///
/// # Errors
/// When the file cannot be written.
pub fn save_safetensors(network: &Network, path: &Path) -> Result<()> {
    let mut store = SafetensorsStore::from_file(path)
        .overwrite(true)
        .skip_enum_variants(true)
        .with_to_adapter(BurnToPyTorchAdapter)
        .with_key_remapping("^backbone[.]", "")
        .with_key_remapping("^head[.]classifier", network.backbone.classifier_name())
        // More than one entry would be written in an order that changes from run to run.
        .clear_metadata()
        .metadata("format", "pt");
    // A training network shows its running statistics one batch late; a validating copy does not.
    network
        .valid()
        .save_into(&mut store)
        .map_err(|source| Error::Write {
            path: path.to_owned(),
            source: source.into(),
        })?;
    permissions::as_of_new_files(path).map_err(|source| Error::Write {
        path: path.to_owned(),
        source: source.into(),
    })
}

/// Loads what [`save_safetensors`] wrote, or timm with as many outputs, into a network of the same shape. If
/// the network learns its windows and the file has none, they stay as they are.
///
/// # Errors
/// As [`WeightsFile::open`], and when the tensors do not fit the network.
pub fn load_safetensors(network: Network, path: &Path) -> Result<Network> {
    let file = WeightsFile::open(path)?;
    let classifier = network.backbone.classifier_name();
    let windows = file.names().any(|name| name.starts_with(WINDOW));
    file.load_as(network, |path| {
        Some(file_name(path, classifier)).filter(|name| windows || !name.starts_with(WINDOW))
    })
}

fn all_tensors<S: ModuleStore>(mut store: S, path: &Path) -> Result<BTreeMap<String, StoredTensor>> {
    match store.get_all_tensors() {
        Ok(tensors) => Ok(tensors.clone()),
        Err(error) => Err(unreadable(path, error)),
    }
}

fn unreadable(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::Damaged {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

fn is_finite(data: &TensorData) -> bool {
    match data.dtype() {
        DType::F16 | DType::BF16 | DType::F32 | DType::F64 => data.iter::<f64>().all(f64::is_finite),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learned_window::{Activation, Curve, LearnedWindow};
    use crate::{Backbone, CenterWidth, ForwardContext};
    use burn::nn::conv::{Conv2d, Conv2dConfig};
    use burn::tensor::{Device, Tensor};

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

    fn network(window: Option<CenterWidth>) -> Network {
        let device = Device::flex();
        let curve = Curve {
            activation: Activation::Sigmoid,
            upbound: 1.0,
            eps: 1.0 / 255.0,
        };
        let tiny = Tiny {
            conv: Conv2dConfig::new([1, 2], [3, 3]).init(&device),
        };
        let mut network = Network::new(tiny, 6, 0.0, &device);
        network.window = window.map(|window| LearnedWindow::new(&[window], curve, &device));
        network
    }

    fn windows(network: &Network) -> Vec<CenterWidth> {
        network
            .window
            .as_ref()
            .map_or_else(Vec::new, |window| window.windows().unwrap())
    }

    #[test]
    fn learned_windows_are_saved_with_the_network_and_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("weights.safetensors");
        let learned = CenterWidth {
            center: 52.25,
            width: 91.5,
        };
        let start = CenterWidth {
            center: 300.0,
            width: 100.0,
        };
        save_safetensors(&network(Some(learned)), &path).unwrap();
        let names: Vec<String> = WeightsFile::open(&path)
            .unwrap()
            .names()
            .map(str::to_owned)
            .collect();
        assert!(names.contains(&"window.center".to_owned()), "{names:?}");
        let loaded = load_safetensors(network(Some(start)), &path).unwrap();
        assert_eq!(windows(&loaded), [learned]);
        // A network that learns no windows has no place for them.
        let error = load_safetensors(network(None), &path).unwrap_err();
        assert!(error.to_string().contains("window.center"), "{error}");
    }

    #[test]
    fn weights_without_windows_leave_them_as_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("weights.safetensors");
        let saved = network(None);
        save_safetensors(&saved, &path).unwrap();
        let start = CenterWidth {
            center: 40.0,
            width: 80.0,
        };
        let loaded = load_safetensors(network(Some(start)), &path).unwrap();
        assert_eq!(windows(&loaded), [start]);
        let images = Tensor::<4>::ones([1, 1, 8, 8], &Device::flex());
        let values = |network: &Network| network.forward(images.clone()).into_data();
        assert_eq!(values(&loaded), values(&saved));
    }
}
