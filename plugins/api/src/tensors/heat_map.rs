//! Where a network looks: gradients of a label's logit with respect to its last feature maps.

use std::cell::OnceCell;

use burn::nn::DropoutConfig;
use burn::tensor::TensorData;
use ichflow_nn::AnyBackbone;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::prelude::*;

/// How gradients weigh feature maps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Weighing {
    /// Each map by the mean of its gradients: Grad-CAM (Selvaraju et al., 2017).
    Mean,
    /// Each value by its own gradient: HiResCAM (Draelos and Carin, 2020). The same where the head averages, and
    /// sharper where it looks for maxima.
    #[default]
    Each,
}

/// How much each place of an image spoke for a label.
#[derive(Clone, Debug, PartialEq)]
pub struct HeatMap {
    /// Rows of the network's last feature maps.
    pub rows: usize,
    /// Columns of them.
    pub columns: usize,
    /// From 0, nothing, to 1, the most; row by row. All 0 where nothing speaks for the label.
    pub values: Vec<f32>,
}

impl HeatMap {
    /// `ReLU(Σₖ wₖ Aₖ)` over the feature maps A, divided by its largest value.
    fn of(values: Vec<f32>, rows: usize, columns: usize) -> Self {
        let most = values.iter().copied().fold(0.0, f32::max);
        let values = values
            .into_iter()
            .map(|value| if most > 0.0 { value.max(0.0) / most } else { 0.0 })
            .collect();
        Self {
            rows,
            columns,
            values,
        }
    }

    /// The hottest point as shares of the image's height and width, 0 to 1; the first of several. Nothing where
    /// nothing speaks for the label.
    pub fn hottest(&self) -> Option<[f64; 2]> {
        let (mut place, mut most) = (None, 0.0);
        for (index, value) in self.values.iter().enumerate() {
            if *value > most {
                (place, most) = (Some(index), *value);
            }
        }
        let share = |cell: usize, cells: usize| (cell as f64 + 0.5) / cells as f64;
        place.map(|index| {
            [
                share(index / self.columns, self.rows),
                share(index % self.columns, self.columns),
            ]
        })
    }

    /// The value at a point given as shares of height and width, straight between the middles of cells.
    pub fn at(&self, [down, right]: [f64; 2]) -> f32 {
        let between = |share: f64, cells: usize| {
            let place = (share * cells as f64 - 0.5).clamp(0.0, cells as f64 - 1.0);
            let low = place.floor() as usize;
            (low, (low + 1).min(cells - 1), (place - place.floor()) as f32)
        };
        let (top, bottom, lower) = between(down, self.rows);
        let (left, right, righter) = between(right, self.columns);
        let row = |row: usize| {
            let value = |column: usize| self.values[row * self.columns + column];
            value(left) * (1.0 - righter) + value(right) * righter
        };
        row(top) * (1.0 - lower) + row(bottom) * lower
    }
}

/// How many times finer than feature maps heat maps are at least: cells do not look at their own places, and the
/// hottest point shall not be drawn back to them.
const FINER: usize = 4;

/// Makes heat maps of one model.
pub struct Explainer<'a> {
    model: &'a Model,
    weighing: Weighing,
    shifts: usize,
    /// See [`receptive_field_offset`]; known when the first image is.
    offset: OnceCell<[f64; 2]>,
}

impl<'a> Explainer<'a> {
    /// A feature map has few cells, 8 × 8 for an image of 128 pixels and a network that halves five times less
    /// one. So an image is looked at `shifts` times along each axis, each time moved by a further part of a cell
    /// (round the edge, where there is air), and what the moved maps say of a place is averaged. The heat map has
    /// `shifts` times as many rows and columns, four times at least, as far as there are pixels for it.
    pub fn new(model: &'a Model, weighing: Weighing, shifts: usize) -> Self {
        Self {
            model,
            weighing,
            shifts,
            offset: OnceCell::new(),
        }
    }

    /// A heat map of the first slice of `batch` for each of `labels`.
    ///
    /// The gradient flows from a label's logit through the head to the last feature maps, as evaluated: without
    /// dropout, without views. The network before the maps is computed once.
    ///
    /// # Errors
    /// Where no gradient comes to the feature maps, or they cannot be read from the device.
    pub fn heat_maps(&self, batch: &HuBatch, labels: &[usize]) -> Result<Vec<HeatMap>> {
        let model = self.model;
        let images = model.preparation.normalisation.apply(model.images(batch));
        let image = images.narrow(0, 0, 1);
        let backbone = &model.network.backbone;
        let context = ForwardContext::default();
        let [_, _, height, width] = image.dims();
        let [_, features, rows, columns] = backbone.maps(image.clone(), &context).dims();
        let offset = match self.offset.get() {
            Some(offset) => *offset,
            None => {
                let offset = receptive_field_offset(backbone, &image, [features, rows, columns])?;
                *self.offset.get_or_init(|| offset)
            }
        };
        let pixels = (height / rows.max(1)).min(width / columns.max(1)).max(1);
        let shifts = self.shifts.min(pixels);
        let moved: Vec<[usize; 2]> = (0..shifts * shifts)
            .map(|index| {
                let part = |number: usize, side: usize, cells: usize| number * side / (cells * shifts);
                [
                    part(index / shifts, height, rows),
                    part(index % shifts, width, columns),
                ]
            })
            .collect();
        // Where a moved image's cells look, away from their middles in the image as it is.
        let away: Vec<[f64; 2]> = moved
            .iter()
            .map(|[down, right]| {
                [
                    (*down as f64 + offset[0]) / height as f64,
                    (*right as f64 + offset[1]) / width as f64,
                ]
            })
            .collect();
        let images = moved
            .iter()
            .map(|[down, right]| rolled(image.clone(), *down, *right));
        let maps = backbone.maps(Tensor::cat(images.collect(), 0), &context);
        let mut head = model.network.head.clone();
        // A head takes what is differentiated for training.
        head.dropout = DropoutConfig::new(0.0).init();
        labels
            .iter()
            .map(|label| {
                let traced = maps.clone().autodiff().require_grad();
                let logits = head.forward(backbone.features_of_maps(traced.clone(), &context), &context);
                let gradients = logits.narrow(1, *label, 1).sum().backward();
                let gradient = traced.grad(&gradients).ok_or_else(|| {
                    Error::new("no gradient comes from the network's head to its feature maps")
                })?;
                let weights = match self.weighing {
                    Weighing::Mean => gradient.mean_dim(3).mean_dim(2),
                    Weighing::Each => gradient,
                };
                let values = (maps.clone() * weights).sum_dim(1).clamp_min(0.0);
                let seen: Vec<HeatMap> = read(values)?
                    .chunks_exact(rows * columns)
                    .map(|values| HeatMap {
                        rows,
                        columns,
                        values: values.to_vec(),
                    })
                    .collect();
                Ok(averaged(&seen, &away, shifts.max(FINER).min(pixels)))
            })
            .collect()
    }
}

/// How far what a cell of the feature maps looks at lies below and to the right of the cell's own place, in pixels.
///
/// They differ where a network pads alike on both sides and then takes every second place: each such layer looks half
/// a pixel of its own further up and to the left, 15.5 pixels of the image after five. So it is measured, for the one
/// to four innermost cells: the middle of a cell's squared gradient with respect to noise of the size of `image`,
/// above the median, which takes off what layers that look at the whole image spread over it. The feature maps of `image`
/// are `[features, rows, columns]`.
fn receptive_field_offset(
    backbone: &AnyBackbone,
    image: &Tensor<4>,
    [features, rows, columns]: [usize; 3],
) -> Result<[f64; 2]> {
    /// Images of noise a cell.
    const IMAGES: usize = 2;
    let [_, channels, height, width] = image.dims();
    let inner = |cells: usize| (cells - 1) / 2..=cells / 2;
    let cells: Vec<(usize, usize)> = inner(rows)
        .flat_map(|row| inner(columns).map(move |column| (row, column)))
        .collect();
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut noise = |dims: [usize; 4]| {
        let values: Vec<f32> = (0..dims.iter().product())
            .map(|_| random.random_range(-1.7..1.7))
            .collect();
        Tensor::from_data(TensorData::new(values, dims), &image.device())
    };
    let traced = noise([cells.len() * IMAGES, channels, height, width])
        .autodiff()
        .require_grad();
    let maps = backbone.maps(traced.clone(), &ForwardContext::default());
    let chosen = cells.iter().enumerate().map(|(index, (row, column))| {
        let images = maps.clone().narrow(0, index * IMAGES, IMAGES);
        images.narrow(2, *row, 1).narrow(3, *column, 1)
    });
    let chosen = Tensor::cat(chosen.collect(), 0);
    let gradients = (chosen * noise([cells.len() * IMAGES, features, 1, 1]).autodiff())
        .sum()
        .backward();
    let gradient = traced
        .grad(&gradients)
        .ok_or_else(|| Error::new("no gradient comes from the network's feature maps to its image"))?;
    let seen = read(gradient.powi_scalar(2).sum_dim(1))?;
    let mut offset = [0.0; 2];
    for (cell, seen) in cells.iter().zip(seen.chunks_exact(IMAGES * height * width)) {
        let (one, other) = seen.split_at(height * width);
        let both: Vec<f64> = one.iter().zip(other).map(|(a, b)| f64::from(a + b)).collect();
        // Nothing above the median: a cell that sees all alike, or nothing.
        let Some([down, right]) = middle(&both, width) else {
            continue;
        };
        let own = |place: usize, side: usize, cells: usize| (place as f64 + 0.5) * side as f64 / cells as f64;
        offset[0] += (down - own(cell.0, height, rows)) / cells.len() as f64;
        offset[1] += (right - own(cell.1, width, columns)) / cells.len() as f64;
    }
    Ok(offset)
}

/// The middle of what lies above the median, row and column, in pixels.
fn middle(values: &[f64], width: usize) -> Option<[f64; 2]> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let median = *sorted.get(sorted.len() / 2)?;
    let (mut all, mut down, mut right) = (0.0, 0.0, 0.0);
    for (index, value) in values.iter().enumerate() {
        let above = (value - median).max(0.0);
        all += above;
        down += above * ((index / width) as f64 + 0.5);
        right += above * ((index % width) as f64 + 0.5);
    }
    (all > 0.0 && all.is_finite()).then(|| [down / all, right / all])
}

fn read(values: Tensor<4>) -> Result<Vec<f32>> {
    values
        .into_data()
        .convert::<f32>()
        .try_to_vec::<f32>()
        .map_err(|error| Error::new(format!("a heat map cannot be read: {error:?}")))
}

/// The image moved up and to the left, round the edge.
fn rolled(image: Tensor<4>, down: usize, right: usize) -> Tensor<4> {
    let roll = |image: Tensor<4>, axis: usize, by: usize| {
        if by == 0 {
            return image;
        }
        let side = image.dims()[axis];
        let first = image.clone().narrow(axis, by, side - by);
        Tensor::cat(vec![first, image.narrow(axis, 0, by)], axis)
    };
    roll(roll(image, 2, down), 3, right)
}

/// What maps of moved images say of each place, `finer` times as many along each axis; `away` is how far below and
/// to the right of their cells they look, as shares of the image.
fn averaged(maps: &[HeatMap], away: &[[f64; 2]], finer: usize) -> HeatMap {
    let (rows, columns) = maps
        .first()
        .map_or((0, 0), |map| (map.rows * finer, map.columns * finer));
    let values = (0..rows * columns)
        .map(|index| {
            let middle = |place: usize, count: usize| (place as f64 + 0.5) / count as f64;
            let (down, right) = (middle(index / columns, rows), middle(index % columns, columns));
            let said = maps.iter().zip(away);
            said.map(|(map, [lower, righter])| {
                map.at([(down - lower).rem_euclid(1.0), (right - righter).rem_euclid(1.0)])
            })
            .sum()
        })
        .collect();
    HeatMap::of(values, rows, columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hottest_point_is_the_middle_of_its_cell_and_values_lie_straight_between() {
        let map = HeatMap::of(vec![-1.0, 0.0, 2.0, 4.0, 0.0, 0.0], 2, 3);
        assert_eq!(map.values, [0.0, 0.0, 0.5, 1.0, 0.0, 0.0]);
        assert_eq!(map.hottest(), Some([0.75, 1.0 / 6.0]));
        assert_eq!(map.at([0.75, 1.0 / 6.0]), 1.0);
        assert_eq!(map.at([0.75, 1.0 / 3.0]), 0.5);
        assert_eq!(map.at([0.5, 1.0 / 6.0]), 0.5);
        assert_eq!(
            map.at([1.0, 0.0]),
            1.0,
            "the edge has what the outermost cell has"
        );
        assert_eq!(HeatMap::of(vec![-1.0; 4], 2, 2).hottest(), None);
    }
}
