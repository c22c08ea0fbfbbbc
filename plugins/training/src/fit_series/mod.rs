//! `fit-series`: trains a sequence network on embedded slices, by the same loop as `fit`.
//!
//! A unit of training is a series. [`SeriesTask`](task::SeriesTask) tells the loop how batches of series are drawn
//! ([`vary`], [`buckets`]), read ahead ([`ahead`]) and turned into gradients ([`loss`]).

mod ahead;
mod buckets;
mod loss;
mod stage;
mod task;
#[cfg(test)]
mod tests;
pub mod together;
mod truth;
mod vary;

pub use stage::FitSeries;
pub use vary::Vary;
