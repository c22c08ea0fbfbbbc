//! A head drawn by a few ellipses, and noise from a hash.

use ichflow_api::prelude::*;

/// Side of the drawn slices, in pixels.
const SIDE: usize = 160;

/// Uniform in 0 to 1, from a place.
pub(crate) fn noise(place: u64) -> f64 {
    let z = place.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A skull, brain, ventricles, and what the labels say.
pub(crate) fn head(slice: &Slice) -> HuImage {
    let truth: Vec<bool> = (0..6)
        .map(|label| {
            slice
                .labels
                .as_ref()
                .is_some_and(|truth| truth.is_positive(label))
        })
        .collect();
    let seed = slice.id.bytes().fold(7_u64, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(byte.into())
    });
    let mut hu = Vec::with_capacity(SIDE * SIDE);
    for row in 0..SIDE {
        for column in 0..SIDE {
            let (x, y) = ((column as f64 - 79.5) / 66.0, (row as f64 - 79.5) / 76.0);
            let radius = x.hypot(y);
            let near = |cx: f64, cy: f64, r: f64| (x - cx).hypot(y - cy) < r;
            let ventricle = near(0.12, -0.05, 0.16) || near(-0.12, -0.05, 0.16);
            let blood = truth[2] && near(-0.4, 0.25, 0.17)
                || truth[3] && near(0.12, -0.05, 0.12)
                || truth[4] && (radius - 0.55).abs() < 0.025 && y < 0.0
                || truth[5] && radius > 0.8 && x > 0.25;
            let value = if radius > 1.0 {
                -1000.0
            } else if radius > 0.9 {
                900.0
            } else if blood {
                68.0
            } else if ventricle {
                8.0
            } else {
                33.0
            };
            let grain = if radius > 1.0 {
                0.0
            } else {
                12.0 * (noise(seed ^ (row * SIDE + column) as u64) - 0.5)
            };
            hu.push((value + grain) as i16);
        }
    }
    HuImage {
        rows: SIDE,
        columns: SIDE,
        hu,
    }
}
