//! Maps on which similar slices lie close together.

use ichflow_api::prelude::*;
use linfa::DatasetBase;
use linfa::traits::{Fit, Predict, Transformer};
use linfa_reduction::Pca;
use linfa_tsne::TSneParams;
use ndarray::{Array2, Axis};
use rand::seq::SliceRandom;

use super::gather::{FEATURES, Seen};

/// Fewer slices than this make no map.
const FEWEST: usize = 10;
/// Slices that a slice of the t-SNE map counts as its neighbours.
const PERPLEXITY: f64 = 30.0;

/// Slices on two maps.
pub struct Maps {
    /// Indices of the slices among all.
    pub slices: Vec<usize>,
    /// Along the two directions in which standardised features vary most.
    pub pca: Vec<(f64, f64)>,
    /// Share of the variance along each of the two, 0 to 1.
    pub explained: [f64; 2],
    /// t-SNE of the standardised features.
    pub tsne: Vec<(f64, f64)>,
}

/// Lays out `most` slices, drawn by the seed. `None` where there are too few, or all are the same.
pub fn of(seen: &[Seen], most: usize, context: &Context) -> Result<Option<Maps>> {
    let mut drawn: Vec<&Seen> = seen.iter().collect();
    drawn.shuffle(&mut context.rng("maps"));
    drawn.truncate(most);
    drawn.sort_by_key(|one| one.index);
    if drawn.len() < FEWEST {
        return Ok(None);
    }
    let features = standardised(&drawn);
    if features.ncols() < 2 {
        return Ok(None);
    }
    let cannot = "the maps of slices cannot be made";
    let dataset = DatasetBase::from(features.clone());
    let pca = Pca::params(2).fit(&dataset).doing(cannot)?;
    let ratio = pca.explained_variance_ratio();
    let placed = pca.predict(&dataset);
    context.checkpoint()?;
    let perplexity = PERPLEXITY.min((drawn.len() - 1) as f64 / 3.0 - 0.01).max(1.0);
    let tsne = TSneParams::embedding_size(2)
        .perplexity(perplexity)
        .approx_threshold(0.5)
        .max_iter(500)
        .transform(features)
        .doing(cannot)?;
    let pairs = |points: &Array2<f64>| -> Vec<(f64, f64)> {
        points.axis_iter(Axis(0)).map(|row| (row[0], row[1])).collect()
    };
    Ok(Some(Maps {
        slices: drawn.iter().map(|one| one.index).collect(),
        pca: pairs(&placed),
        explained: [
            ratio.get(0).copied().unwrap_or_default(),
            ratio.get(1).copied().unwrap_or_default(),
        ],
        tsne: pairs(&tsne),
    }))
}

/// Features with mean 0 and deviation 1; those that are the same everywhere are left out.
fn standardised(seen: &[&Seen]) -> Array2<f64> {
    let count = seen.len() as f64;
    let mut columns = Vec::new();
    for feature in 0..FEATURES.len() {
        let values: Vec<f64> = seen.iter().map(|one| f64::from(one.features[feature])).collect();
        let mean = values.iter().sum::<f64>() / count;
        let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
        if deviation > 1e-9 {
            columns.push(
                values
                    .iter()
                    .map(|value| (value - mean) / deviation)
                    .collect::<Vec<f64>>(),
            );
        }
    }
    Array2::from_shape_fn((seen.len(), columns.len()), |(row, column)| columns[column][row])
}
