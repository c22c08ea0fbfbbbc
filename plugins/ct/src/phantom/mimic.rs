//! What looks like a bleed in one slice and is none: it does not continue in the next.

use std::f32::consts::PI;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::bleed::Bleed;
use super::head::{Head, Place, Point, length, step};

/// Something bright in one slice alone.
pub(super) struct Mimic {
    /// The slice, by its number.
    pub slice: usize,
    look: Look,
}

enum Look {
    /// The cross-section of a bleed, as partial volume, motion and noise leave behind.
    Ghost(Bleed),
    /// Calcium: in the choroid plexus, the basal ganglia or the falx.
    Calcification { at: Point, radii_mm: Point, hu: f32 },
    /// Beam hardening: a bright band through the lower part of the head.
    Streak {
        at: [f32; 2],
        angle: f32,
        half_width_mm: f32,
        hu: f32,
    },
}

impl Mimic {
    /// Something bright in one of the slices, whose heights are `z_mm`. A ghost is faint with the probability `faint`, as
    /// bleeds are.
    pub(super) fn new(z_mm: &[f32], head: &Head, faint: f64, rng: &mut ChaCha8Rng) -> Option<Self> {
        let side = if rng.random_bool(0.5) { 1.0 } else { -1.0_f32 };
        let (height, look) = match rng.random_range(0..10) {
            0..6 => {
                let mut bleed = Bleed::new(rng.random_range(1..=5), head, rng);
                if rng.random_bool(faint) {
                    bleed.fade(rng);
                }
                (bleed.height_mm(), Look::Ghost(bleed))
            }
            6..8 => {
                let places = [
                    [side * 22.0, -36.0, 3.0],
                    [side * 18.0, 2.0, 2.0],
                    [0.0, rng.random_range(-40.0..50.0), rng.random_range(20.0..50.0)],
                ];
                let at = places[rng.random_range(0..places.len())];
                let look = Look::Calcification {
                    at,
                    radii_mm: std::array::from_fn(|_| rng.random_range(3.0..7.0)),
                    hu: rng.random_range(65.0..120.0),
                };
                (at[2], look)
            }
            _ => {
                let look = Look::Streak {
                    at: [rng.random_range(-20.0..20.0), rng.random_range(-20.0..20.0)],
                    angle: rng.random_range(-0.25..0.25) * PI,
                    half_width_mm: rng.random_range(2.5..5.0),
                    hu: rng.random_range(14.0..28.0),
                };
                (rng.random_range(-38.0..-4.0), look)
            }
        };
        let nearest =
            |a: &(usize, &f32), b: &(usize, &f32)| (a.1 - height).abs().total_cmp(&(b.1 - height).abs());
        let (slice, _) = z_mm.iter().enumerate().min_by(nearest)?;
        Some(Self { slice, look })
    }

    /// HU at a point inside the skull, where healthy tissue has `hu`.
    pub(super) fn apply(&self, hu: f32, head: &Head, point: Point, place: &Place) -> f32 {
        match &self.look {
            Look::Ghost(bleed) => bleed.drawn(hu, head, point, place).0,
            Look::Calcification {
                at,
                radii_mm,
                hu: bright,
            } => {
                // Flat, as all of it lies in the slice.
                let scaled = [
                    (point[0] - at[0]) / radii_mm[0],
                    (point[1] - at[1]) / radii_mm[1],
                    0.0,
                ];
                hu + (bright - hu) * (1.0 - step(length(scaled), 1.0, 0.2))
            }
            Look::Streak {
                at,
                angle,
                half_width_mm,
                hu: bright,
            } => {
                let (sin, cos) = angle.sin_cos();
                let across = (point[1] - at[1]) * cos - (point[0] - at[0]) * sin;
                hu + bright * (1.0 - step(across.abs(), *half_width_mm, 1.5))
            }
        }
    }
}
