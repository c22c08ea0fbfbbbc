//! A trained sequence network: from embedded slices of series to probabilities.

use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Tensor};
use ichflow_nn::ForwardContext;
use ichflow_nn::series::{AnySeriesNetwork, SeriesInput, SeriesShape, SeriesValues};

use crate::data::labels::Level;
use crate::data::trained_on::TrainedOn;
use crate::error::{Error, Result};
use crate::ports::Artifact;

/// A trained sequence network.
#[derive(Clone)]
pub struct SeriesModel {
    /// Without autodiff and not in training mode.
    pub network: AnySeriesNetwork,
    /// What it takes and gives.
    pub shape: SeriesShape,
    /// The architecture in words.
    pub description: String,
    /// At which level its labels were given: above the slice, what it says is of series as a whole.
    pub level: Level,
    /// The slices that it, and the network behind its embeddings, were trained on.
    pub trained_on: TrainedOn,
}

impl Artifact for SeriesModel {
    const NAME: &'static str = "series model";
}

/// What a series model says of some series.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeriesProbabilities {
    /// Of every slice, `[slices, labels]`, one series after the other.
    pub slices: Vec<f32>,
    /// Of every series as a whole, `[series, labels]`; empty where the network does not tell.
    pub exams: Vec<f32>,
    /// How much each slice counts in those, `[slices]`; empty where the network does not tell.
    pub weights: Vec<f32>,
}

impl SeriesModel {
    /// Probabilities of series, from what is known of their slices. A series gives the same bits in any batch.
    ///
    /// # Errors
    /// Where the output cannot be read.
    pub fn predict(&self, series: &[SeriesValues], device: &Device) -> Result<SeriesProbabilities> {
        let input = SeriesInput::of(series, self.shape, device);
        let output = self.network.forward(input, &ForwardContext::default());
        let some = |tensor: Option<Tensor<2>>| tensor.map_or(Ok(Vec::new()), values);
        Ok(SeriesProbabilities {
            slices: values(sigmoid(output.slices))?,
            exams: some(output.exam.map(sigmoid))?,
            weights: some(output.weights)?,
        })
    }

    /// The mean of what the model says of series read forward and backward: each is given once in either direction.
    ///
    /// # Errors
    /// As [`SeriesModel::predict`].
    pub fn predict_both_ways(&self, series: &[SeriesValues], device: &Device) -> Result<SeriesProbabilities> {
        let backward: Vec<SeriesValues> = series
            .iter()
            .map(|one| one.chosen(&(0..one.slices()).rev().collect::<Vec<_>>()))
            .collect();
        let mut found = self.predict(series, device)?;
        let mut turned = self.predict(&backward, device)?;
        let lengths: Vec<usize> = series.iter().map(SeriesValues::slices).collect();
        turn(&mut turned.slices, &lengths, self.shape.labels);
        turn(&mut turned.weights, &lengths, 1);
        for (one, other) in [
            (&mut found.slices, turned.slices),
            (&mut found.exams, turned.exams),
            (&mut found.weights, turned.weights),
        ] {
            one.iter_mut()
                .zip(other)
                .for_each(|(one, other)| *one = (*one + other) / 2.0);
        }
        Ok(found)
    }
}

/// Turns the rows of every series round.
fn turn(values: &mut [f32], lengths: &[usize], width: usize) {
    if values.is_empty() {
        return;
    }
    let mut first = 0;
    for length in lengths {
        let part = &mut values[first * width..(first + length) * width];
        let rows: Vec<f32> = part.chunks_exact(width).rev().flatten().copied().collect();
        part.copy_from_slice(&rows);
        first += length;
    }
}

fn values(tensor: Tensor<2>) -> Result<Vec<f32>> {
    tensor
        .into_data()
        .convert::<f32>()
        .try_to_vec::<f32>()
        .map_err(|error| Error::new(format!("the series network's output cannot be read: {error:?}")))
}

#[cfg(test)]
mod tests {
    use super::turn;

    #[test]
    fn rows_turn_within_their_series() {
        let mut rows = [1.0, 1.5, 2.0, 2.5, 3.0, 3.5];
        turn(&mut rows, &[2, 1], 2);
        assert_eq!(rows, [2.0, 2.5, 1.0, 1.5, 3.0, 3.5]);
    }
}
