//! Opening the device that a [`DeviceId`] names.

use burn::backend::DispatchDevice;
use burn::tensor::Device;

use crate::context::Context;
use crate::device::{DeviceChoice, DeviceId};
use crate::error::{Error, Result};

/// The version of burn that computes; `Cargo.toml` pins it.
pub const BURN_VERSION: &str = "0.22.1";

impl Context<'_> {
    /// Where tensors live, without autodiff.
    pub fn device(&self) -> Device {
        self.run().device.open()
    }
}

impl DeviceChoice {
    /// Finds the device, or says why it cannot be had.
    ///
    /// # Errors
    /// When a GPU is asked for that is not there, or that this build cannot use.
    pub fn resolve(self) -> Result<DeviceId> {
        match self {
            Self::Auto if gpus().is_empty() => Ok(DeviceId::Cpu),
            Self::Auto => Ok(DeviceId::Cuda(0)),
            Self::One(DeviceId::Cpu) => Ok(DeviceId::Cpu),
            Self::One(DeviceId::Cuda(number)) => cuda(number),
        }
    }
}

impl DeviceId {
    /// The device, without autodiff. [`DeviceChoice::resolve`] says whether it is there.
    pub fn open(self) -> Device {
        match self {
            Self::Cpu => Device::flex(),
            #[cfg(feature = "cuda")]
            Self::Cuda(number) => Device::cuda(number),
            // `resolve` gives no GPU in a build without CUDA.
            #[cfg(not(feature = "cuda"))]
            Self::Cuda(_) => Device::flex(),
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

#[cfg(feature = "cuda")]
fn gpus() -> Vec<Device> {
    use burn::tensor::DeviceType;
    Device::enumerate(DeviceType::Cuda).into_vec()
}

#[cfg(not(feature = "cuda"))]
fn gpus() -> Vec<Device> {
    Vec::new()
}

#[cfg(feature = "cuda")]
fn cuda(number: usize) -> Result<DeviceId> {
    let count = gpus().len();
    if number >= count {
        let found = match count {
            0 => "no NVIDIA GPU or driver was found on this machine".to_owned(),
            1 => "this machine has one GPU, cuda:0".to_owned(),
            n => format!("this machine has {n} GPUs, cuda:0 to cuda:{}", n - 1),
        };
        return Err(Error::new(format!("cuda:{number} is not there: {found}"))
            .help("run with --device auto or --device cpu, or check the driver with nvidia-smi"));
    }
    Ok(DeviceId::Cuda(number))
}

#[cfg(not(feature = "cuda"))]
fn cuda(number: usize) -> Result<DeviceId> {
    Err(Error::new(format!(
        "cuda:{number} was asked for, but this ichflow was built without CUDA"
    ))
    .help("build it with `cargo build --release --features cuda`, or run with --device cpu"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let error = DeviceChoice::One(DeviceId::Cuda(0)).resolve().err().unwrap();
        assert!(error.to_string().contains("built without CUDA"));
    }
}
