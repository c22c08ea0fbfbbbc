//! Series padded to one length, where a device has no kernel that takes them as they are.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::lengths::Lengths;

/// The way from rows to padded series and back.
pub(crate) struct Padding {
    series: usize,
    longest: usize,
    /// The row of each place, `[series · longest]`; any for padding.
    rows: Tensor<1, Int>,
    /// The place of each row, `[slices]`.
    places: Tensor<1, Int>,
    /// 1 for a slice and 0 for padding, `[series, longest]`.
    mask: Tensor<2>,
}

impl Padding {
    /// For series of these lengths and numbers like those of `like`.
    pub(crate) fn new<const D: usize>(lengths: &Lengths, like: &Tensor<D>) -> Self {
        let (series, longest) = (lengths.series(), lengths.longest());
        let mut rows = vec![0; series * longest];
        let mut places = Vec::with_capacity(lengths.slices());
        let mut mask = vec![0.0f32; series * longest];
        for (index, range) in lengths.rows().enumerate() {
            for (step, row) in range.enumerate() {
                let place = index * longest + step;
                rows[place] = row;
                mask[place] = 1.0;
                places.push(place);
            }
        }
        let device = like.device();
        let mask = Tensor::<2>::from_data(TensorData::new(mask, [series, longest]), &device);
        Self {
            series,
            longest,
            rows: indices(rows, &device),
            places: indices(places, &device),
            mask: mask.cast(like.dtype()),
        }
    }

    /// From `[slices, width]` to `[series, longest, width]`, zeros after each series' end.
    pub(crate) fn pad(&self, x: Tensor<2>) -> Tensor<3> {
        let [_, width] = x.dims();
        let padded = x
            .select(0, self.rows.clone())
            .reshape([self.series, self.longest, width]);
        padded * self.mask.clone().unsqueeze_dim::<3>(2)
    }

    /// Back to `[slices, width]`.
    pub(crate) fn unpad(&self, x: Tensor<3>) -> Tensor<2> {
        let [series, longest, width] = x.dims();
        x.reshape([series * longest, width])
            .select(0, self.places.clone())
    }

    /// 1 for a slice and 0 for padding, `[series, longest]`.
    pub(crate) fn mask(&self) -> Tensor<2> {
        self.mask.clone()
    }
}

/// A tensor of rows' numbers.
pub(crate) fn indices(values: Vec<usize>, device: &Device) -> Tensor<1, Int> {
    let count = values.len();
    let values: Vec<i64> = values.into_iter().map(|value| value as i64).collect();
    Tensor::from_data(TensorData::new(values, [count]), device)
}
