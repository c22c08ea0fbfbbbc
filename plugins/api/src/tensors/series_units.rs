//! Embedded slices as series: what a sequence network is given of each.

use std::collections::BTreeSet;

use ichflow_nn::series::{SeriesShape, SeriesValues};
use rayon::prelude::*;

use crate::data::cohort::Slice;
use crate::data::identity::volumes_of;
use crate::error::Result;
use crate::tensors::embeddings::Embeddings;

/// Distance of neighbours in mm where headers say none.
const NOMINAL_SPACING_MM: f32 = 5.0;

/// Some slices of embeddings, as series.
#[derive(Clone)]
pub struct SeriesUnits {
    embeddings: Embeddings,
    /// Rows of each series, in the order of its slices.
    units: Vec<Vec<usize>>,
}

impl SeriesUnits {
    /// The series of the slices for which `keep` says so. A series shown at several times is several.
    pub fn of(embeddings: &Embeddings, keep: impl Fn(&Slice) -> bool) -> Self {
        let slices = embeddings.slices();
        let rows: Vec<usize> = (0..slices.len()).filter(|row| keep(&slices[*row])).collect();
        let kept: Vec<&Slice> = rows.iter().map(|row| &slices[*row]).collect();
        let in_rows = |volume: Vec<usize>| volume.into_iter().map(|place| rows[place]).collect();
        Self {
            embeddings: embeddings.clone(),
            units: volumes_of(&kept).into_iter().map(in_rows).collect(),
        }
    }

    /// Number of series.
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// Rows of a series among the embeddings, in the order of its slices.
    pub fn rows(&self, unit: usize) -> &[usize] {
        &self.units[unit]
    }

    /// Slices of a series, in order.
    pub fn slices(&self, unit: usize) -> impl Iterator<Item = &Slice> + '_ {
        let slices = self.embeddings.slices();
        self.units[unit].iter().map(move |row| &slices[*row])
    }

    /// What the series are made of.
    pub fn embeddings(&self) -> &Embeddings {
        &self.embeddings
    }

    /// Reads what a network of this shape is given of a series: the slices at `places` of it, in that order, which
    /// may leave some out or turn them round.
    ///
    /// # Errors
    /// Where features cannot be read any more.
    pub fn read(&self, unit: usize, places: &[usize], shape: SeriesShape) -> Result<SeriesValues> {
        let rows = &self.units[unit];
        let place = Placed::of(self.slices(unit));
        let width = self.embeddings.width();
        let mut values = vec![0.0; places.len() * width];
        values
            .par_chunks_mut(width.max(1))
            .zip(places)
            .try_for_each(|(into, place)| self.embeddings.features(rows[*place], into))?;
        let logits = if shape.logits == 0 {
            Vec::new()
        } else {
            let of_place = |place: &usize| self.embeddings.logits(rows[*place]).iter().copied();
            places.iter().flat_map(of_place).collect()
        };
        let last = rows.len().saturating_sub(1).max(1) as f32;
        Ok(SeriesValues {
            embeddings: values,
            logits,
            position_mm: places.iter().map(|index| place.position_mm[*index]).collect(),
            relative: places.iter().map(|index| *index as f32 / last).collect(),
            spacing_mm: place.spacing_mm,
        })
    }

    /// Ids of the patients' slices in it, for messages.
    pub fn name(&self, unit: usize) -> String {
        let series: BTreeSet<&str> = self.slices(unit).map(|slice| slice.id.as_str()).collect();
        series.first().map_or_else(String::new, |id| (*id).to_owned())
    }
}

/// Where the slices of a series are.
struct Placed {
    position_mm: Vec<f32>,
    spacing_mm: f32,
}

impl Placed {
    /// Where headers do not place all slices, they count as evenly spaced.
    fn of<'a>(slices: impl Iterator<Item = &'a Slice>) -> Self {
        let found: Vec<Option<f64>> = slices
            .map(|slice| slice.position_mm.filter(|z| z.is_finite()))
            .collect();
        let known: Option<Vec<f64>> = found.iter().copied().collect();
        let Some(z) = known else {
            let even = |place: usize| place as f32 * NOMINAL_SPACING_MM;
            return Self {
                position_mm: (0..found.len()).map(even).collect(),
                spacing_mm: NOMINAL_SPACING_MM,
            };
        };
        let mut steps: Vec<f64> = z.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
        steps.sort_by(f64::total_cmp);
        // Relative to the first: f32 would round positions far from the origin.
        let first = z.first().copied().unwrap_or_default();
        Self {
            position_mm: z.iter().map(|z| (z - first) as f32).collect(),
            spacing_mm: steps
                .get(steps.len() / 2)
                .map_or(NOMINAL_SPACING_MM, |step| *step as f32),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::trained_on::TrainedOn;
    use crate::tensors::embeddings::Rows;
    use crate::testkit::slice;

    fn embeddings(places: &[(&str, Option<f64>)]) -> Embeddings {
        let of = |(number, (patient, z)): (usize, &(&str, Option<f64>))| Slice {
            position_mm: *z,
            ..slice(&format!("s{number}"), patient, None)
        };
        let slices: Vec<Slice> = places.iter().enumerate().map(of).collect();
        let count = slices.len();
        let features = Rows::in_memory((0..2 * count).map(|value| value as f32).collect(), 2);
        let logits = (0..count).map(|value| -(value as f32)).collect();
        Embeddings::new(slices, features, logits, 1, TrainedOn::default()).unwrap()
    }

    const SHAPE: SeriesShape = SeriesShape {
        features: 2,
        logits: 1,
        labels: 1,
    };

    #[test]
    fn series_are_in_order_and_places_are_their_slices() {
        let made = embeddings(&[
            ("a", Some(110.0)),
            ("b", Some(3.0)),
            ("a", Some(100.0)),
            ("a", Some(102.5)),
        ]);
        let units = SeriesUnits::of(&made, |_| true);
        assert_eq!(
            (units.len(), units.rows(0), units.rows(1)),
            (2, &[2, 3, 0][..], &[1][..])
        );
        let values = units.read(0, &[2, 0], SHAPE).unwrap();
        assert_eq!(values.embeddings, [0.0, 1.0, 4.0, 5.0]);
        assert_eq!(values.logits, [0.0, -2.0]);
        assert_eq!(
            (values.position_mm, values.relative),
            (vec![10.0, 0.0], vec![1.0, 0.0])
        );
        assert_eq!(values.spacing_mm, 7.5);
        let without = SeriesShape { logits: 0, ..SHAPE };
        assert!(units.read(1, &[0], without).unwrap().logits.is_empty());
        let some = SeriesUnits::of(&made, |slice| slice.id != "s3");
        assert_eq!(some.rows(0), [2, 0]);
    }

    #[test]
    fn without_positions_slices_are_evenly_spaced() {
        let made = embeddings(&[("a", None)]);
        let values = SeriesUnits::of(&made, |_| true).read(0, &[0], SHAPE).unwrap();
        assert_eq!(
            (values.position_mm, values.relative, values.spacing_mm),
            (vec![0.0], vec![0.0], 5.0)
        );
    }
}
