//! Networks for ichflow: backbones with timm's names and weights, and a small one for the CPU.
//!
//! [`blocks`] holds layers that backbones are put together from, [`architecture`] what a backbone brings beside
//! its layers and the factory that builds, initialises and loads all of them alike, [`source`] where weights come
//! from. A further backbone is a file with its layers and its [`Architecture`](architecture::Architecture), and
//! one with its stage, which the macro in `stage.rs` writes.

pub mod adapt;
pub mod architecture;
pub mod blocks;
pub mod convnext;
pub mod densenet;
pub mod efficientnet;
pub mod normalise;
mod parts;
pub mod resnet;
pub mod series;
pub mod small_cnn;
pub mod source;
mod stage;
