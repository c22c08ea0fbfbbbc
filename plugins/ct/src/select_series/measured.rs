//! What headers tell of a series.

use ichflow_api::data::identity::volumes_of;
use ichflow_api::data::scan::ScanNotes;
use ichflow_api::data::subject::Subject;
use ichflow_api::prelude::*;

use crate::kinds::{kinds_of_slice, reasons};

/// Positions closer than this are one, in mm: headers round to a hundredth or so.
const SAME_MM: f64 = 0.01;
/// A gap that is longer than its neighbours by this factor lacks a slice. Where spacing changes for good, as from the
/// skull base upwards, the gaps on one side are as long.
const LACKING: f64 = 1.5;
/// Gaps on each side that one is held against.
const BESIDE: usize = 2;

/// One series, as its headers tell.
pub(super) struct Measured<'a> {
    /// Its axial slices of CT in HU, in order.
    pub slices: Vec<&'a Slice>,
    /// Its other slices, with what they are.
    pub others: Vec<(&'a Slice, String)>,
    /// The study it belongs to; a patient's or a series' own name where headers name none.
    pub study: &'a str,
    /// What its slices say of how they were taken; of the first that counts.
    pub scan: &'a ScanNotes,
    /// SliceThickness, else the median slice spacing, in mm.
    pub thickness_mm: Option<f64>,
    /// From the lower face of the lowest slice to the upper one of the highest, in mm.
    pub coverage_mm: Option<f64>,
    /// Slices that gaps say are missing.
    pub missing: usize,
    /// Times at which its positions are shown: of perfusion and phases more than one.
    pub times: usize,
    /// Slices at a position where another of the same time is already.
    pub repeated: usize,
}

impl<'a> Measured<'a> {
    /// What the headers of a series tell, whose slices are in order; none of no slices.
    pub(super) fn of(series: &[&'a Slice]) -> Option<Self> {
        let first = *series.first()?;
        let mut slices = Vec::with_capacity(series.len());
        let mut others = Vec::new();
        for slice in series {
            match reasons(kinds_of_slice(slice).iter()) {
                Some(reason) => others.push((*slice, reason)),
                None => slices.push(*slice),
            }
        }
        let lead = slices.first().copied().unwrap_or(first);
        let volumes = volumes_of(&slices);
        let volume: Vec<&Slice> = volumes
            .iter()
            .max_by_key(|volume| volume.len())
            .map_or_else(Vec::new, |volume| {
                volume.iter().map(|index| slices[*index]).collect()
            });
        let mut positions: Vec<f64> = volume.iter().filter_map(|slice| slice.position_mm).collect();
        positions.sort_by(f64::total_cmp);
        let placed = positions.len();
        positions.dedup_by(|a, b| (*a - *b).abs() < SAME_MM);
        let gaps: Vec<f64> = positions.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let spacing = median(gaps.clone());
        let thicknesses = volume.iter().filter_map(|slice| slice.header.thickness_mm);
        let thickness = median(thicknesses.map(f64::from).filter(|mm| *mm > 0.0).collect());
        let span = positions
            .last()
            .zip(positions.first())
            .map(|(last, first)| last - first);
        Some(Self {
            study: study_of(lead),
            scan: &lead.scan,
            thickness_mm: thickness.or(spacing),
            coverage_mm: span.map(|span| span + thickness.or(spacing).unwrap_or_default()),
            missing: missing(&gaps),
            times: volumes.len(),
            repeated: placed - positions.len(),
            slices,
            others,
        })
    }

    /// Whether the scanner made the images itself: ImageType does not begin with DERIVED.
    pub(super) fn is_original(&self) -> bool {
        self.scan
            .image_type
            .first()
            .is_none_or(|value| value != "DERIVED")
    }

    /// The series' own name.
    pub(super) fn series(&self) -> &'a str {
        let mut all = self
            .slices
            .iter()
            .chain(self.others.iter().map(|(slice, _)| slice));
        all.next().map_or("", |slice| slice.series.as_str())
    }
}

/// What names the exam a slice belongs to.
fn study_of(slice: &Slice) -> &str {
    match slice.study.trim() {
        "" => match Subject::of(slice) {
            Subject::Patient(patient) => patient,
            _ => slice.series.trim(),
        },
        study => study,
    }
}

/// How many slices gaps lack, in units of the gaps beside them.
fn missing(gaps: &[f64]) -> usize {
    let lacking = |place: usize| -> usize {
        let before = gaps[place.saturating_sub(BESIDE)..place].iter();
        let after = gaps[place + 1..].iter().take(BESIDE);
        // Without neighbours there is nothing to hold it against.
        let Some(longest) = before.chain(after).copied().reduce(f64::max) else {
            return 0;
        };
        match gaps[place] > LACKING * longest {
            true => ((gaps[place] / longest).round() as usize).saturating_sub(1),
            false => 0,
        }
    };
    (0..gaps.len()).map(lacking).sum()
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ichflow_api::testkit;

    fn series(positions: &[f64]) -> Vec<Slice> {
        let slice = |(index, position): (usize, &f64)| Slice {
            position_mm: Some(*position),
            ..testkit::slice(&format!("s{index:03}"), "p", None)
        };
        positions.iter().enumerate().map(slice).collect()
    }

    fn measured(positions: &[f64]) -> (Option<f64>, Option<f64>, usize, usize) {
        let slices = series(positions);
        let slices: Vec<&Slice> = slices.iter().collect();
        let found = Measured::of(&slices).unwrap();
        (
            found.thickness_mm,
            found.coverage_mm,
            found.missing,
            found.repeated,
        )
    }

    #[test]
    fn a_missing_slice_is_a_gap_and_a_change_of_spacing_is_none() {
        assert_eq!(measured(&[0.0, 5.0, 10.0, 15.0]), (Some(5.0), Some(20.0), 0, 0));
        assert_eq!(measured(&[0.0, 5.0, 10.0, 20.0, 25.0, 30.0]).2, 1);
        assert_eq!(measured(&[0.0, 5.0, 20.0, 25.0]).2, 2);
        assert_eq!(measured(&[0.0, 2.5, 5.0, 7.5, 12.5, 17.5, 22.5]).2, 0);
        assert_eq!(measured(&[0.0, 5.0]).2, 0);
        assert_eq!(measured(&[3.0]), (None, Some(0.0), 0, 0));
        assert_eq!(measured(&[0.0, 5.0, 5.0, 10.0]).3, 1);
    }

    #[test]
    fn thickness_is_the_headers_before_that_of_positions() {
        let mut slices = series(&[0.0, 1.0, 2.0]);
        for slice in &mut slices {
            slice.header.thickness_mm = Some(1.25);
        }
        let slices: Vec<&Slice> = slices.iter().collect();
        let found = Measured::of(&slices).unwrap();
        assert_eq!((found.thickness_mm, found.coverage_mm), (Some(1.25), Some(3.25)));
        assert!(Measured::of(&[]).is_none());
    }
}
