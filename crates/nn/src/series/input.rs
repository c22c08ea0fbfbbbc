//! What a sequence network is given.

use burn::tensor::{Device, Tensor, TensorData};

use super::lengths::Lengths;
use super::network::SeriesShape;

/// The slices of a batch of series, one series after another, each in the order of its slices.
#[derive(Clone, Debug)]
pub struct SeriesInput {
    /// What the image network pooled of each slice, `[slices, features]`.
    pub embeddings: Tensor<2>,
    /// The image network's logits, `[slices, logits]`; no columns where there are none.
    pub logits: Tensor<2>,
    /// Distance to the slice before and to the one after, `[slices, 2]`, in units of the median distance of the
    /// series' neighbours. At the ends, where a slice is its own neighbour, 0.
    pub gaps: Tensor<2>,
    /// Distance from the first slice given, in mm, `[slices, 1]`.
    pub position_mm: Tensor<2>,
    /// Place along the whole series, from 0 to 1, `[slices, 1]`.
    pub relative: Tensor<2>,
    /// How many slices each series has.
    pub lengths: Lengths,
}

/// One series on the host: the slices of it that go into a batch, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeriesValues {
    /// `[slices, features]`, row by row.
    pub embeddings: Vec<f32>,
    /// `[slices, logits]`, row by row; empty where a shape has none.
    pub logits: Vec<f32>,
    /// Place of each slice along the series' axis in mm, from wherever; its number of values is that of slices.
    pub position_mm: Vec<f32>,
    /// Place of each slice along the whole series, from 0 to 1, whatever part of it is given here.
    pub relative: Vec<f32>,
    /// Median distance of neighbours in the whole series, in mm. What is not above 0 counts as 1.
    pub spacing_mm: f32,
}

impl SeriesValues {
    /// How many slices it has.
    pub fn slices(&self) -> usize {
        self.position_mm.len()
    }

    /// The slices in the order of `indices`, which may leave some out or reverse them: what augmentations draw.
    /// Distances in the batch are then those of the slices that are left.
    ///
    /// # Panics
    /// If an index is not that of a slice, or values are not as many as slices have.
    #[must_use]
    pub fn chosen(&self, indices: &[usize]) -> Self {
        let rows = |values: &[f32]| -> Vec<f32> {
            let width = values.len() / self.slices().max(1);
            let row = |&index: &usize| &values[index * width..(index + 1) * width];
            indices.iter().flat_map(row).copied().collect()
        };
        Self {
            embeddings: rows(&self.embeddings),
            logits: rows(&self.logits),
            position_mm: rows(&self.position_mm),
            relative: rows(&self.relative),
            spacing_mm: self.spacing_mm,
        }
    }

    /// Distances to the neighbours, see [`SeriesInput::gaps`].
    fn gaps(&self) -> Vec<f32> {
        let unit = if self.spacing_mm > 0.0 {
            self.spacing_mm
        } else {
            1.0
        };
        let z = &self.position_mm;
        let between = |a: usize, b: usize| (z[a] - z[b]).abs() / unit;
        let last = z.len().saturating_sub(1);
        let pair = |slice: usize| {
            let (before, after) = (slice.saturating_sub(1), (slice + 1).min(last));
            [between(slice, before), between(slice, after)]
        };
        (0..z.len()).flat_map(pair).collect()
    }

    /// Distances from the first slice.
    fn distances(&self) -> impl Iterator<Item = f32> + '_ {
        let first = self.position_mm.first().copied().unwrap_or_default();
        self.position_mm.iter().map(move |z| (z - first).abs())
    }
}

impl SeriesInput {
    /// A batch of series on `device`.
    ///
    /// # Panics
    /// If a series has not as many values as its slices need: a fault of the program.
    pub fn of(series: &[SeriesValues], shape: SeriesShape, device: &Device) -> Self {
        let lengths = Lengths::new(series.iter().map(SeriesValues::slices).collect::<Vec<_>>());
        let slices = lengths.slices();
        let tensor = |columns: usize, values: Vec<f32>| {
            assert_eq!(values.len(), slices * columns, "a series lacks values of slices");
            Tensor::from_data(TensorData::new(values, [slices, columns]), device)
        };
        let all = |values: fn(&SeriesValues) -> &[f32]| -> Vec<f32> {
            series.iter().flat_map(values).copied().collect()
        };
        Self {
            embeddings: tensor(shape.features, all(|series| &series.embeddings)),
            logits: tensor(shape.logits, all(|series| &series.logits)),
            gaps: tensor(2, series.iter().flat_map(SeriesValues::gaps).collect()),
            position_mm: tensor(1, series.iter().flat_map(SeriesValues::distances).collect()),
            relative: tensor(1, all(|series| &series.relative)),
            lengths,
        }
    }

    /// The device it is on.
    pub fn device(&self) -> Device {
        self.embeddings.device()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series() -> SeriesValues {
        SeriesValues {
            embeddings: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            logits: Vec::new(),
            position_mm: vec![100.0, 95.0, 85.0],
            relative: vec![0.0, 0.5, 1.0],
            spacing_mm: 5.0,
        }
    }

    fn values(tensor: Tensor<2>) -> Vec<f32> {
        tensor.into_data().try_to_vec().unwrap()
    }

    #[test]
    fn distances_are_in_spacings_and_positions_in_mm() {
        let shape = SeriesShape {
            features: 2,
            logits: 0,
            labels: 6,
        };
        let batch = SeriesInput::of(&[series(), series().chosen(&[2, 0])], shape, &Device::flex());
        assert_eq!(batch.embeddings.dims(), [5, 2]);
        assert_eq!(batch.logits.dims(), [5, 0]);
        assert_eq!(
            values(batch.gaps),
            [0.0, 1.0, 1.0, 2.0, 2.0, 0.0, 0.0, 3.0, 3.0, 0.0]
        );
        assert_eq!(values(batch.position_mm), [0.0, 5.0, 15.0, 0.0, 15.0]);
        assert_eq!(values(batch.relative), [0.0, 0.5, 1.0, 1.0, 0.0]);
        assert_eq!(values(batch.embeddings)[6..], [5.0, 6.0, 1.0, 2.0]);
    }
}
