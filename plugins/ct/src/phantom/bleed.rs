//! The five kinds of bleeds, each where it belongs.

use std::f32::consts::PI;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::head::{Head, Place, Point, length, step};

/// HU of grey matter in the mean: what a bleed stands out from.
const GREY_HU: f32 = 37.0;

/// A bleed of one of the five kinds.
pub(super) struct Bleed {
    /// Index into [`ichflow_api::data::labels::LABELS`].
    pub label: usize,
    /// HU of the blood.
    pub hu: f32,
    shape: Shape,
}

enum Shape {
    /// Between skull and dura: a lens, thick and sharply bounded.
    Epidural {
        at: Point,
        radius_mm: f32,
        thickness_mm: f32,
    },
    /// Below the dura: a crescent along one hemisphere.
    Subdural {
        side: f32,
        at: [f32; 2],
        reach_mm: [f32; 2],
        thickness_mm: f32,
    },
    /// In the folds and cisterns around a point.
    Subarachnoid {
        at: Point,
        radius_mm: f32,
        half_width_mm: f32,
    },
    /// In the brain itself, with a darker rim of oedema.
    Intraparenchymal { at: Point, radii_mm: Point, rim_mm: f32 },
    /// In the lateral ventricles, settled at the back.
    Intraventricular { level_mm: f32, sides: [bool; 2] },
}

/// What a bleed does to a point.
#[derive(Clone, Copy, Debug, Default)]
struct Effect {
    /// Share of the point that is blood, 0 to 1.
    blood: f32,
    /// Change of the tissue around it, in HU.
    tissue_hu: f32,
}

impl Bleed {
    /// A bleed of the kind `label` somewhere in `head`.
    pub(super) fn new(label: usize, head: &Head, rng: &mut ChaCha8Rng) -> Self {
        let side = if rng.random_bool(0.5) { 1.0 } else { -1.0_f32 };
        let shape = match label {
            1 => {
                // Temporal and parietal bones break most often: to the side, not in the midline.
                let angle = rng.random_range(-0.28..0.28) * PI;
                let angle = if side > 0.0 { angle } else { PI - angle };
                Shape::Epidural {
                    at: head.inner_table(angle, rng.random_range(-16.0..36.0)),
                    radius_mm: rng.random_range(27.0..40.0),
                    thickness_mm: rng.random_range(13.0..24.0),
                }
            }
            2 => Shape::Intraparenchymal {
                at: [
                    side * rng.random_range(20.0..38.0),
                    rng.random_range(-42.0..36.0),
                    rng.random_range(-12.0..42.0),
                ],
                radii_mm: [
                    rng.random_range(9.0..17.0),
                    rng.random_range(11.0..21.0),
                    rng.random_range(10.0..19.0),
                ],
                rim_mm: rng.random_range(3.0..7.0),
            },
            3 => {
                let both = rng.random_bool(0.6);
                Shape::Intraventricular {
                    level_mm: rng.random_range(-34.0..12.0),
                    sides: [both || side > 0.0, both || side < 0.0],
                }
            }
            4 => {
                let basal = rng.random_bool(0.4);
                let at = if basal {
                    [side * 14.0, 8.0, -20.0]
                } else {
                    let angle = rng.random_range(-0.3..0.35) * PI;
                    let angle = if side > 0.0 { angle } else { PI - angle };
                    head.inner_table(angle, rng.random_range(-8.0..42.0))
                };
                Shape::Subarachnoid {
                    at,
                    radius_mm: rng.random_range(36.0..52.0),
                    half_width_mm: rng.random_range(1.9..3.0),
                }
            }
            _ => Shape::Subdural {
                side,
                at: [rng.random_range(-18.0..18.0), rng.random_range(0.0..34.0)],
                reach_mm: [rng.random_range(52.0..76.0), rng.random_range(30.0..46.0)],
                thickness_mm: rng.random_range(6.0..12.0),
            },
        };
        let hu = match label {
            1 => rng.random_range(60.0..78.0),
            3 => rng.random_range(58.0..74.0),
            4 => rng.random_range(58.0..72.0),
            2 => rng.random_range(58.0..76.0),
            _ => rng.random_range(54.0..72.0),
        };
        Self { label, hu, shape }
    }

    /// Takes most of its contrast: it hardly stands out from grey matter.
    pub(super) fn fade(&mut self, rng: &mut ChaCha8Rng) {
        self.hu = GREY_HU + (self.hu - GREY_HU) * rng.random_range(0.2..0.4);
    }

    /// z of its middle, in mm.
    pub(super) fn height_mm(&self) -> f32 {
        match &self.shape {
            Shape::Epidural { at, .. }
            | Shape::Subarachnoid { at, .. }
            | Shape::Intraparenchymal { at, .. } => at[2],
            Shape::Subdural { at, .. } => at[1],
            // Of the lateral ventricles.
            Shape::Intraventricular { .. } => 5.0,
        }
    }

    /// HU at a point inside the skull where tissue without the bleed has `hu`, and the share of the point that is blood.
    pub(super) fn drawn(&self, hu: f32, head: &Head, point: Point, place: &Place) -> (f32, f32) {
        let effect = self.effect(head, point, place);
        let mut hu = hu + effect.tissue_hu;
        if effect.blood > 0.0 {
            let clotted = self.hu + 3.0 * head.roughness(point, 5.0);
            hu += (clotted - hu) * effect.blood;
        }
        (hu, effect.blood)
    }

    /// What the bleed does to a point inside the skull.
    fn effect(&self, head: &Head, point: Point, place: &Place) -> Effect {
        let blood = |blood| Effect {
            blood,
            tissue_hu: 0.0,
        };
        // Nothing bleeds into bone.
        let inside = step(place.depth_mm, 0.3, 0.4);
        if inside == 0.0 {
            return Effect::default();
        }
        match &self.shape {
            Shape::Epidural {
                at,
                radius_mm,
                thickness_mm,
            } => {
                let apart = length(minus(point, *at)).powi(2) - place.depth_mm.powi(2);
                let share = apart.max(0.0) / radius_mm.powi(2);
                if share > 1.2 {
                    return Effect::default();
                }
                let floor = thickness_mm * (1.0 - share) + 0.6 * head.roughness(point, 14.0);
                blood(inside * step(floor - place.depth_mm, 0.0, 0.5))
            }
            Shape::Subdural {
                side,
                at,
                reach_mm,
                thickness_mm,
            } => {
                let along = ((point[1] - at[0]) / reach_mm[0]).powi(2);
                let up = ((point[2] - at[1]) / reach_mm[1]).powi(2);
                let towards = step(point[0] * side, 9.0, 8.0);
                if towards == 0.0 || place.depth_mm > 1.3 * thickness_mm {
                    return Effect::default();
                }
                let rough = 1.0 + 0.2 * head.roughness(point, 20.0);
                let floor = thickness_mm * rough * (1.0 - along.powi(2) - up) * towards;
                blood(inside * step(floor - place.depth_mm, 0.4, 0.5))
            }
            Shape::Subarachnoid {
                at,
                radius_mm,
                half_width_mm,
            } => {
                let apart = length(minus(point, *at)) / radius_mm;
                if apart > 1.3 {
                    return Effect::default();
                }
                let near = 1.0 - step(apart + 0.25 * head.roughness(point, 16.0), 0.85, 0.15);
                if near == 0.0 {
                    return Effect::default();
                }
                let film = 1.0 - step(place.depth_mm, head.gap_mm() + 0.7, 0.6);
                let fold = 1.0 - step(place.fold_mm, *half_width_mm, 0.6);
                let cistern = 1.0 - step(place.cistern_mm, 0.8, 0.8);
                blood(inside * near * film.max(fold).max(cistern))
            }
            Shape::Intraparenchymal { at, radii_mm, rim_mm } => {
                let offset = minus(point, *at);
                let scaled: Point = std::array::from_fn(|i| offset[i] / radii_mm[i]);
                if length(scaled) > 2.2 {
                    return Effect::default();
                }
                let mean_mm = radii_mm.iter().sum::<f32>() / 3.0;
                let outside_mm = (length(scaled) - 1.0 + 0.16 * head.roughness(point, 11.0)) * mean_mm;
                // Blood stays in the brain: it does not reach the space below the skull.
                let deep = step(place.depth_mm, head.gap_mm() + 2.0, 1.0);
                let rim = 1.0 - step(outside_mm, *rim_mm, 2.0);
                Effect {
                    blood: deep * (1.0 - step(outside_mm, 0.0, 0.8)),
                    tissue_hu: -10.0 * deep * rim,
                }
            }
            Shape::Intraventricular { level_mm, sides } => {
                if place.ventricle_mm > 1.0 {
                    return Effect::default();
                }
                let on_side = if point[0] > 0.0 { sides[0] } else { sides[1] };
                if !on_side {
                    return Effect::default();
                }
                let within = 1.0 - step(place.ventricle_mm, 0.2, 0.7);
                blood(within * step(level_mm - point[1], 0.0, 1.5))
            }
        }
    }
}

fn minus(a: Point, b: Point) -> Point {
    std::array::from_fn(|i| a[i] - b[i])
}
