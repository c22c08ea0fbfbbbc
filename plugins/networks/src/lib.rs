//! Networks for ichflow: EfficientNets with timm's names and weights, and a small one for the CPU.
//!
//! [`blocks`] holds layers that backbones are put together from, [`architecture`] what a backbone
//! brings beside its layers and the factory that builds, initialises and loads all of them alike. A
//! further backbone is a file with its parameters, its [`Stage`](ichflow_api::stage::Stage) and its
//! [`Architecture`](architecture::Architecture).

pub mod architecture;
pub mod blocks;
pub mod efficientnet;
pub mod normalise;
mod parts;
pub mod small_cnn;
