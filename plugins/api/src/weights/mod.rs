//! Weights in files: safetensors and PyTorch's `.pth` in, safetensors out.
//!
//! Names and layouts in files are PyTorch's, with a network's parts called as timm calls them: the
//! backbone's parameters have no prefix, the classifier's are `classifier.weight` and
//! `classifier.bias`, those of learned windows `window.center` and `window.width`, in HU. A `.pth` file is a Python pickle; it is read as data, and no code in it is run.

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

use crate::error::{Error, Result, ResultExt};
use crate::network::Network;

/// Centers and widths of learned windows in a file.
const LEARNED_WINDOW: [&str; 2] = ["window.center", "window.width"];

/// How many names an error lists.
const LISTED: usize = 10;

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
    /// When the file is missing, is something else, is cut off, or holds values that are not finite.
    pub fn open(path: &Path) -> Result<Self> {
        let stored = match Format::of(path)? {
            Format::Safetensors => {
                // Read, not mapped: another program may change the file meanwhile.
                let bytes = fs::read(path).at("read", path)?;
                all_tensors(SafetensorsStore::from_bytes(Some(bytes)), path)?
            }
            Format::PyTorch => {
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
                return Err(Error::new(format!(
                    "{}: the tensor `{name}` holds values that are not finite numbers",
                    path.display()
                ))
                .help("the file is damaged, or the training that wrote it diverged"));
            }
            tensors.insert(name, data);
        }
        if tensors.is_empty() {
            return Err(Error::new(format!("{} holds no tensors", path.display()))
                .help("name a file that holds a network's state dict"));
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
                return Err(Error::new(format!(
                    "{}: two tensors are called `{new}`, one of them `{name}` in the file",
                    self.path.display()
                )));
            }
        }
        Ok(Self { tensors, ..self })
    }

    /// Puts the tensors into `module`, every one into the parameter of its name.
    ///
    /// # Errors
    /// Lists the tensors that are missing, unexpected, or of another shape or kind.
    pub fn load_into<M: Module>(mut self, mut module: M) -> Result<M> {
        let mut faults = Faults::default();
        let mut ready = Vec::new();
        for expected in module.collect(None, Some(Box::new(BurnToPyTorchAdapter)), true) {
            let name = expected.name;
            match self.tensors.remove(&name) {
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
                Some(data) => ready.push(bridge::from_data(data.convert_dtype(expected.dtype), name, None)),
            }
        }
        faults.unexpected = self.tensors.into_keys().collect();
        if let Some(description) = faults.describe() {
            return Err(Error::new(format!(
                "{} does not fit the network: {description}",
                self.path.display()
            ))
            .help("name weights of the same architecture"));
        }
        let result = module.apply(ready, None, Some(Box::new(PyTorchToBurnAdapter)), true);
        // What was compared above cannot fail here, unless a module treats its tensors specially.
        if result.errors.is_empty() && result.missing.is_empty() {
            Ok(module)
        } else {
            Err(Error::new(format!("{}: {result}", self.path.display())))
        }
    }
}

/// Writes a whole network as safetensors that timm and PyTorch can read.
///
/// The same network always gives the same bytes. An existing file is replaced at once, or not at all.
pub fn save_safetensors(network: &Network, path: &Path) -> Result<()> {
    let mut store = SafetensorsStore::from_file(path)
        .overwrite(true)
        .skip_enum_variants(true)
        .with_to_adapter(BurnToPyTorchAdapter)
        .with_key_remapping("^(backbone|head)[.]", "")
        // More than one entry would be written in an order that changes from run to run.
        .clear_metadata()
        .metadata("format", "pt");
    // A training network shows its running statistics one batch late; a validating copy does not.
    network.valid().save_into(&mut store).at("write", path)
}

/// Loads what [`save_safetensors`] wrote, or timm with as many outputs, into a network of the same shape. If
/// the network learns its windows and the file has none, they stay as they are.
pub fn load_safetensors(mut network: Network, path: &Path) -> Result<Network> {
    let file = WeightsFile::open(path)?.rename(|name| {
        Some(if name.starts_with("classifier.") {
            format!("head.{name}")
        } else if LEARNED_WINDOW.contains(&name) {
            name.to_owned()
        } else {
            format!("backbone.{name}")
        })
    })?;
    if LEARNED_WINDOW.iter().any(|name| file.tensors.contains_key(*name)) {
        return file.load_into(network);
    }
    let window = network.window.take();
    let mut network = file.load_into(network)?;
    network.window = window;
    Ok(network)
}

/// The kinds of file that can be read.
enum Format {
    Safetensors,
    PyTorch,
}

impl Format {
    fn of(path: &Path) -> Result<Self> {
        use std::io::Read;

        let mut start = Vec::new();
        fs::File::open(path)
            .and_then(|file| file.take(512).read_to_end(&mut start))
            .map_err(|error| {
                Error::caused_by(format!("cannot read the weights {}", path.display()), error)
                    .help("check the path; it is relative to the directory ichflow runs in")
            })?;
        // A zip (PyTorch since 1.6), a bare pickle (before), a tar (long before).
        if start.starts_with(b"PK\x03\x04")
            || start.starts_with(b"\x80")
            || start.get(257..262) == Some(b"ustar")
        {
            return Ok(Self::PyTorch);
        }
        // Eight bytes of length, then JSON.
        if start.get(8) == Some(&b'{') {
            return Ok(Self::Safetensors);
        }
        let help = if start.starts_with(b"version https://git-lfs") {
            "this is a git-lfs pointer; fetch the file itself with `git lfs pull`"
        } else if start.starts_with(b"<") {
            "this is a web page; download the file itself"
        } else {
            "name a .safetensors file, or a .pth file written by torch.save"
        };
        Err(Error::new(format!("{} is not a weights file", path.display())).help(help))
    }
}

fn all_tensors<S: ModuleStore>(mut store: S, path: &Path) -> Result<BTreeMap<String, StoredTensor>> {
    match store.get_all_tensors() {
        Ok(tensors) => Ok(tensors.clone()),
        Err(error) => Err(unreadable(path, error)),
    }
}

fn unreadable(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::new(format!("cannot read the weights {}: {error}", path.display()))
        .help("the file is damaged, cut off, or not a plain state dict: download or write it again")
}

fn is_finite(data: &TensorData) -> bool {
    match data.dtype() {
        DType::F16 | DType::BF16 | DType::F32 | DType::F64 => data.iter::<f64>().all(f64::is_finite),
        _ => true,
    }
}

/// What does not fit.
#[derive(Default)]
struct Faults {
    missing: Vec<String>,
    unexpected: Vec<String>,
    misshapen: Vec<String>,
}

impl Faults {
    fn describe(&self) -> Option<String> {
        let parts: Vec<_> = [
            ("missing from the file", &self.missing),
            ("not known to the network", &self.unexpected),
            ("of another shape or kind", &self.misshapen),
        ]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| {
            let listed = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
            let more = match names.len().saturating_sub(LISTED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let (count, verb) = match names.len() {
                1 => ("1 tensor".to_owned(), "is"),
                n => (format!("{n} tensors"), "are"),
            };
            format!("{count} {verb} {what}: {listed}{more}")
        })
        .collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learned_window::{Activation, Curve, LearnedWindow};
    use crate::network::Backbone;
    use crate::window::CenterWidth;
    use burn::nn::conv::{Conv2d, Conv2dConfig};
    use burn::tensor::{Device, Tensor};

    #[derive(Module, Debug)]
    struct Tiny {
        conv: Conv2d,
    }

    impl Backbone for Tiny {
        fn features(&self, images: Tensor<4>) -> Tensor<4> {
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
