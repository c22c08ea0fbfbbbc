//! What the network consists of.

use ichflow_api::nn::summary::{Summary, shape, thousands};

/// Parts of a layer's path by which layers are put together: "backbone.blocks.1".
const DEPTH: usize = 3;

/// The network in a table.
pub(crate) struct NetworkTable {
    /// All of it, in a line.
    pub sum: String,
    /// Its parts.
    pub rows: Vec<NetworkRow>,
}

/// One part.
pub(crate) struct NetworkRow {
    /// Its place in the network.
    pub path: String,
    /// The shape of what it gives.
    pub output: String,
    /// Its trainable numbers.
    pub parameters: String,
    /// Its multiply-adds for one image.
    pub multiply_adds: String,
}

pub(crate) fn table(summary: &Summary) -> NetworkTable {
    let row = |layer: ichflow_api::nn::summary::Layer| NetworkRow {
        path: layer.path,
        output: layer.output.map_or(String::new(), |output| shape(&output)),
        parameters: thousands(layer.parameters as u64),
        multiply_adds: thousands(layer.multiply_adds),
    };
    NetworkTable {
        sum: summary.in_one_line(),
        rows: summary.grouped(DEPTH).into_iter().map(row).collect(),
    }
}
