//! What a slice is reduced to: how much of which density, and where the dense tissue is.

use ichflow_api::prelude::*;

/// The range that the histogram divides, in HU: from below water to above clotted blood.
const RANGE_HU: (f64, f64) = (-20.0, 100.0);
/// Fresh blood is denser than brain and less dense than bone, in HU.
const BLOOD_HU: std::ops::Range<i16> = 52..96;
/// Bone, in HU.
const BONE_HU: i16 = 300;
/// Cells along each side of the head's bounding box.
const GRID: usize = 3;
/// Shares are taken as logarithms, `ln(share + FLOOR)`: a small clot is a matter of orders of magnitude.
const FLOOR: f64 = 1e-4;

/// The features of a slice: the histogram of soft tissue in `bins` bins; the share of soft tissue and of
/// bone in the image; the share of blood-dense tissue in each of 3 × 3 cells of the head's bounding box,
/// and how much the halves of the head differ in it.
pub fn features(image: &HuImage, bins: usize) -> Vec<f64> {
    let (low, high) = RANGE_HU;
    let soft = |hu: i16| f64::from(hu) >= low && f64::from(hu) < high;
    let mut histogram = vec![0_usize; bins];
    let (mut tissue, mut bone) = (0_usize, 0_usize);
    // First and last row and column with tissue.
    let (mut rows, mut columns) = ([usize::MAX, 0], [usize::MAX, 0]);
    let pixels = || {
        image
            .hu
            .iter()
            .enumerate()
            .map(|(place, hu)| (place / image.columns.max(1), place % image.columns.max(1), *hu))
    };
    for (row, column, hu) in pixels() {
        if hu >= BONE_HU {
            bone += 1;
        } else if soft(hu) {
            tissue += 1;
            let bin = (f64::from(hu) - low) / (high - low) * bins as f64;
            histogram[(bin as usize).min(bins.saturating_sub(1))] += 1;
            rows = [rows[0].min(row), rows[1].max(row)];
            columns = [columns[0].min(column), columns[1].max(column)];
        }
    }
    let mut cells = [[(0_usize, 0_usize); GRID]; GRID];
    let mut halves = [0_usize; 2];
    let cell = |place: usize, [first, last]: [usize; 2], parts: usize| {
        ((place - first) * parts / (last + 1 - first)).min(parts - 1)
    };
    for (row, column, hu) in pixels().filter(|(.., hu)| soft(*hu)) {
        let (seen, dense) = &mut cells[cell(row, rows, GRID)][cell(column, columns, GRID)];
        *seen += 1;
        if BLOOD_HU.contains(&hu) {
            *dense += 1;
            halves[cell(column, columns, 2)] += 1;
        }
    }
    let share = |part: usize, of: usize| part as f64 / of.max(1) as f64;
    let logarithm = |share: f64| (share + FLOOR).ln();
    let all = image.hu.len();
    let difference = share(halves[0].abs_diff(halves[1]), tissue);
    histogram
        .iter()
        .map(|count| logarithm(share(*count, tissue)))
        .chain([share(tissue, all), share(bone, all), logarithm(difference)])
        .chain(
            cells
                .iter()
                .flatten()
                .map(|(seen, dense)| logarithm(share(*dense, *seen))),
        )
        .collect()
}

/// Number of features with `bins` bins.
pub fn count(bins: usize) -> usize {
    bins + 3 + GRID * GRID
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(hu: &dyn Fn(usize, usize) -> i16) -> HuImage {
        HuImage {
            rows: 12,
            columns: 10,
            hu: (0..120).map(|i| hu(i / 10, i % 10)).collect(),
        }
    }

    #[test]
    fn density_and_place_are_seen_and_air_is_no_tissue() {
        let plain = features(&image(&|_, _| 30), 12);
        assert_eq!(plain.len(), count(12));
        // 30 HU lies in the sixth bin of 10 HU.
        assert!((plain[5] - (1.0 + FLOOR).ln()).abs() < 1e-12);
        assert_eq!((plain[12], plain[13]), (1.0, 0.0));
        let clot = features(
            &image(&|row, column| if row < 4 && column < 4 { 70 } else { 30 }),
            12,
        );
        assert!(clot[9] > -3.0 && plain[9] < -9.0);
        assert!(clot[14] > -3.0, "one half only");
        assert!(clot[15] > -0.1 && clot[23] < -9.0, "upper left, not lower right");
        let air = features(&image(&|_, _| -1000), 12);
        assert!(air.iter().all(|x| x.is_finite()));
        let empty = HuImage {
            rows: 0,
            columns: 0,
            hu: Vec::new(),
        };
        assert!(features(&empty, 12).iter().all(|x| x.is_finite()));
    }
}
