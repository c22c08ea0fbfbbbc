//! `fine-tune-series`: the network on slices and the network over series, trained together from the slices' pixels.

mod network;
mod stage;
mod task;
#[cfg(test)]
mod tests;

pub use network::Together;
pub use stage::FineTuneSeries;
