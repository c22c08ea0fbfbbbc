//! Augmentation of training images, one file a kind.

pub mod flip_crop;
