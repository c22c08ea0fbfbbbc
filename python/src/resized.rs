//! Images of one size, with the weights that recipes resize by.
//!
//! A stage multiplies by whole matrices, which a GPU likes; of 512 places an output pixel sees four. Here only those are
//! summed, so that a slice takes a tenth of the time, with the last bit of a sum perhaps another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use ichflow_api::data::axis_weights::{Span, weights};

/// Resizes to `size × size`.
pub(crate) struct Resizer {
    pub(crate) size: usize,
    /// Weights by the length they shorten or lengthen.
    bands: Mutex<BTreeMap<usize, Arc<Vec<Band>>>>,
}

/// The places that an output place is made of, and by how much.
struct Band {
    first: usize,
    weights: Vec<f32>,
}

impl Resizer {
    pub(crate) fn new(size: usize) -> Self {
        Self {
            size,
            bands: Mutex::default(),
        }
    }

    fn bands(&self, input: usize) -> Arc<Vec<Band>> {
        let mut known = self.bands.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || {
            let whole = weights(Span::whole(input), input, self.size);
            let band = |row: &[f32]| {
                let first = row.iter().position(|weight| *weight != 0.0).unwrap_or(0);
                let last = row.iter().rposition(|weight| *weight != 0.0).unwrap_or(0);
                Band {
                    first,
                    weights: row[first..=last].to_vec(),
                }
            };
            Arc::new(whole.chunks_exact(input).map(band).collect())
        };
        known.entry(input).or_insert_with(make).clone()
    }

    /// `[channels, rows, columns]` to `[channels, size, size]`.
    pub(crate) fn apply(&self, values: Vec<f32>, rows: usize, columns: usize) -> Vec<f32> {
        if rows == self.size && columns == self.size {
            return values;
        }
        let (down, across) = (self.bands(rows), self.bands(columns));
        let channels = values.len() / (rows * columns);
        let mut made = Vec::with_capacity(channels * self.size * self.size);
        let mut line = vec![0.0; columns];
        for channel in values.chunks_exact(rows * columns) {
            for of_row in down.iter() {
                line.fill(0.0);
                let sources = channel[of_row.first * columns..].chunks_exact(columns);
                for (source, weight) in sources.zip(&of_row.weights) {
                    for (sum, value) in line.iter_mut().zip(source) {
                        *sum += weight * value;
                    }
                }
                made.extend(across.iter().map(|of_column| {
                    let seen = line[of_column.first..].iter().zip(&of_column.weights);
                    seen.map(|(value, weight)| value * weight).sum::<f32>()
                }));
            }
        }
        made
    }
}
