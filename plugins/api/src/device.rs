//! Choosing where tensors live.

use std::fmt;
use std::str::FromStr;

use burn::backend::DispatchDevice;
use burn::tensor::Device;

use crate::error::{Error, Result};

/// The version of burn that computes; `Cargo.toml` pins it.
pub const BURN_VERSION: &str = "0.22.1";

/// What a person may ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first GPU if there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// An NVIDIA GPU by number.
    Cuda(usize),
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|number| number.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| format!("`{text}` is not a device; use auto, cpu, cuda or cuda:N")),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

/// A device and its name for people and for `provenance.json`.
pub struct ChosenDevice {
    /// The device.
    pub device: Device,
    /// `cpu`, or `cuda:N`.
    pub name: String,
}

impl DeviceChoice {
    /// Finds the device, or says why it cannot be had.
    pub fn resolve(self) -> Result<ChosenDevice> {
        match self {
            Self::Cpu => Ok(cpu()),
            Self::Auto => Ok(if gpu_count() > 0 { cuda(0)? } else { cpu() }),
            Self::Cuda(number) => cuda(number),
        }
    }
}

/// Whether a device is the CPU.
pub fn is_cpu(device: &Device) -> bool {
    let device = device.clone().without_autodiff();
    matches!(device.as_dispatch(), DispatchDevice::Flex(_))
}

/// All devices of this machine that are of a kind with `device`, which comes first. Of the CPU there is one.
pub fn all_like(device: &Device) -> Vec<Device> {
    let mut all = vec![device.clone()];
    if !is_cpu(device) {
        all.extend(gpus().into_iter().filter(|other| other != device));
    }
    all
}

fn cpu() -> ChosenDevice {
    ChosenDevice {
        device: Device::flex(),
        name: "cpu".into(),
    }
}

#[cfg(feature = "cuda")]
fn gpus() -> Vec<Device> {
    use burn::tensor::DeviceType;
    Device::enumerate(DeviceType::Cuda).into_vec()
}

#[cfg(not(feature = "cuda"))]
fn gpus() -> Vec<Device> {
    Vec::new()
}

fn gpu_count() -> usize {
    gpus().len()
}

#[cfg(feature = "cuda")]
fn cuda(number: usize) -> Result<ChosenDevice> {
    let count = gpu_count();
    if number >= count {
        let found = match count {
            0 => "no NVIDIA GPU or driver was found on this machine".to_owned(),
            1 => "this machine has one GPU, cuda:0".to_owned(),
            n => format!("this machine has {n} GPUs, cuda:0 to cuda:{}", n - 1),
        };
        return Err(Error::new(format!("cuda:{number} is not there: {found}"))
            .help("run with --device auto or --device cpu, or check the driver with nvidia-smi"));
    }
    Ok(ChosenDevice {
        device: Device::cuda(number),
        name: format!("cuda:{number}"),
    })
}

#[cfg(not(feature = "cuda"))]
fn cuda(number: usize) -> Result<ChosenDevice> {
    Err(Error::new(format!(
        "cuda:{number} was asked for, but this ichflow was built without CUDA"
    ))
    .help("build it with `cargo build --release --features cuda`, or run with --device cpu"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_written_as_they_are_read() {
        for text in ["auto", "cpu", "cuda:0", "cuda:3"] {
            assert_eq!(text.parse::<DeviceChoice>().unwrap().to_string(), text);
        }
        assert_eq!("cuda".parse(), Ok(DeviceChoice::Cuda(0)));
        assert!("gpu".parse::<DeviceChoice>().unwrap_err().contains("cuda:N"));
    }

    #[test]
    fn there_is_one_cpu() {
        for device in [Device::flex(), Device::flex().autodiff()] {
            assert!(is_cpu(&device));
            assert_eq!(all_like(&device).len(), 1);
        }
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_build_without_cuda_says_so() {
        let error = DeviceChoice::Cuda(0).resolve().err().unwrap();
        assert!(error.to_string().contains("built without CUDA"));
    }
}
