//! Where on slices findings are: boxes and masks, drawn by people or known of a phantom.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ports::Artifact;

/// The regions of slices, beside their cohort and not in it: which slices there are, and what is true of them, does not
/// depend on whether somebody drew where.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Annotations {
    /// Regions of slices, by their ids. A slice that is absent was not annotated, or holds nothing.
    pub of_slice: BTreeMap<String, Vec<Region>>,
    /// What was noticed on the way, in words.
    pub remarks: Vec<String>,
}

/// Where a finding is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// The label's name, which need not be one of the labels that a network predicts. Of a finding of any kind it is the
    /// name of the label that stands for all, `any`.
    pub label: String,
    /// Its shape.
    pub shape: Shape,
}

/// The shape of a region, in pixels of the slice as it is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A box.
    Box {
        /// Left edge, in pixels from that of the slice.
        left: f64,
        /// Upper edge, in pixels from that of the slice.
        top: f64,
        /// Width in pixels.
        width: f64,
        /// Height in pixels.
        height: f64,
    },
    /// Any pixels.
    Mask(Mask),
}

/// Pixels of a slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mask {
    /// Rows of the slice.
    pub rows: u32,
    /// Columns of the slice.
    pub columns: u32,
    /// Pixels that are in it, counted row by row: where a run of them begins, and how many they are. Masks are mostly
    /// empty, and a cohort has thousands.
    pub runs: Vec<[u32; 2]>,
}

impl Mask {
    /// The pixels that `inside` says, row by row; none where there are none, or not `rows × columns` of them.
    pub fn of(rows: u32, columns: u32, inside: impl ExactSizeIterator<Item = bool>) -> Option<Self> {
        if inside.len() as u64 != u64::from(rows) * u64::from(columns) {
            return None;
        }
        let mut runs: Vec<[u32; 2]> = Vec::new();
        let mut before = false;
        for (place, inside) in (0..).zip(inside) {
            match runs.last_mut() {
                Some([_, count]) if inside && before => *count += 1,
                _ if inside => runs.push([place, 1]),
                _ => {}
            }
            before = inside;
        }
        (!runs.is_empty()).then_some(Self { rows, columns, runs })
    }

    /// Number of its pixels.
    pub fn pixels(&self) -> u64 {
        self.runs.iter().map(|[_, count]| u64::from(*count)).sum()
    }
}

impl Shape {
    /// Sets the pixels of a slice of `rows × columns` that lie in it, by their middles. What lies outside of the slice, and
    /// a mask of a slice of another size, sets nothing.
    fn draw(&self, rows: usize, columns: usize, inside: &mut [bool]) {
        match self {
            Self::Box {
                left,
                top,
                width,
                height,
            } => {
                let within = |place: usize, begin: f64, length: f64| {
                    let middle = place as f64 + 0.5;
                    middle >= begin && middle < begin + length
                };
                for row in (0..rows).filter(|row| within(*row, *top, *height)) {
                    for column in (0..columns).filter(|column| within(*column, *left, *width)) {
                        inside[row * columns + column] = true;
                    }
                }
            }
            Self::Mask(mask) if (mask.rows as usize, mask.columns as usize) == (rows, columns) => {
                for [begin, count] in &mask.runs {
                    let run = *begin as usize..(*begin as usize).saturating_add(*count as usize);
                    if let Some(pixels) = inside.get_mut(run) {
                        pixels.fill(true);
                    }
                }
            }
            Self::Mask(_) => {}
        }
    }
}

impl Artifact for Annotations {
    const NAME: &'static str = "annotations";

    fn digest(&self) -> Option<String> {
        let mut digest = Digest::new();
        digest.add(serde_json::to_vec(&self.of_slice).ok()?);
        Some(digest.hex())
    }
}

impl Annotations {
    /// Adds a region to a slice.
    pub fn add(&mut self, slice: &str, label: &str, shape: Shape) {
        let region = Region {
            label: label.to_owned(),
            shape,
        };
        self.of_slice.entry(slice.to_owned()).or_default().push(region);
    }

    /// Number of regions.
    pub fn len(&self) -> usize {
        self.of_slice.values().map(Vec::len).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.of_slice.is_empty()
    }

    /// The pixels of a slice of `rows × columns` that lie in a region of which `is_meant` by its label; none where no
    /// pixel does.
    pub fn inside(
        &self,
        slice: &str,
        rows: usize,
        columns: usize,
        is_meant: impl Fn(&str) -> bool,
    ) -> Option<Vec<bool>> {
        let regions = self.of_slice.get(slice)?;
        let mut inside = vec![false; rows * columns];
        for region in regions.iter().filter(|region| is_meant(&region.label)) {
            region.shape.draw(rows, columns, &mut inside);
        }
        inside.contains(&true).then_some(inside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_lie_in_a_region_by_their_middles() {
        let mut annotations = Annotations::default();
        let (left, top, width, height) = (0.5, 1.0, 1.0, 0.6);
        annotations.add(
            "a",
            "subdural",
            Shape::Box {
                left,
                top,
                width,
                height,
            },
        );
        let mask = Mask::of(2, 3, [false, false, true, true, false, true].into_iter()).unwrap();
        assert_eq!((mask.runs.clone(), mask.pixels()), (vec![[2, 2], [5, 1]], 3));
        annotations.add("a", "epidural", Shape::Mask(mask));
        let inside = |label: &'static str| annotations.inside("a", 2, 3, move |name| name == label);
        assert_eq!(
            inside("subdural").unwrap(),
            [false, false, false, true, false, false]
        );
        assert_eq!(
            inside("epidural").unwrap(),
            [false, false, true, true, false, true]
        );
        assert_eq!(inside("intraventricular"), None);
        assert_eq!(annotations.inside("b", 2, 3, |_| true), None);
        let all = annotations.inside("a", 2, 3, |_| true).unwrap();
        assert_eq!(all, [false, false, true, true, false, true]);
        // A mask of another size says nothing of this slice.
        assert_eq!(annotations.inside("a", 3, 3, |name| name == "epidural"), None);
        assert_eq!(annotations.len(), 2);
    }

    #[test]
    fn a_mask_of_nothing_or_of_another_number_of_pixels_is_none() {
        assert_eq!(Mask::of(1, 2, [false, false].into_iter()), None);
        assert_eq!(Mask::of(2, 2, [true, true].into_iter()), None);
    }
}
