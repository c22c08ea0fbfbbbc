//! What stages hand to one another and a device computes with: batches of HU, windows, augmentations, losses,
//! networks, models.

pub mod augmentation;
pub mod device;
pub mod embeddings;
mod error;
pub mod feed;
pub mod heat_map;
pub mod history;
pub mod hu_batch;
pub mod loss;
pub mod model;
pub mod network;
pub mod resample;
pub mod series;
pub mod series_model;
pub mod series_units;
pub mod views;
pub mod window;
mod window_stage;
mod window_table;
