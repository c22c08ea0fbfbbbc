//! The head: skull, brain and the spaces between them, as functions of a point.
//!
//! Points are in mm: x to one side, y to the front, z to the vertex, the origin between the lateral
//! ventricles. The head is an ellipsoid, narrower in front; every layer is a range of depth below it.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::noise::SmoothField;

/// A point in mm.
pub(super) type Point = [f32; 3];

/// z of the lowest slice, in mm.
pub(super) const BOTTOM_MM: f32 = -44.0;
/// z of the highest slice, in mm, for a head of average size.
pub(super) const TOP_MM: f32 = 70.0;

/// Cells of the folding pattern across the head's radius: folds are about 16 mm wide.
const FOLDS: f32 = 5.0;
/// Millimetres of distance to a fold's middle for each unit of the pattern.
const MM_PER_FOLD_UNIT: f32 = 9.0;
/// No fold at all: far away from all of them, in mm.
const FAR_MM: f32 = 1e3;

/// Two points and the radius around the line between them, in mm; mirrored at x = 0.
type Tube = (Point, Point, f32);

const VENTRICLES: [Tube; 5] = [
    ([11.0, 34.0, 3.0], [5.0, 12.0, 8.0], 4.6),
    ([5.0, 12.0, 8.0], [11.0, -20.0, 11.0], 5.0),
    ([11.0, -20.0, 11.0], [23.0, -38.0, 2.0], 6.0),
    ([23.0, -38.0, 2.0], [17.0, -58.0, -3.0], 4.4),
    ([25.0, -34.0, 0.0], [30.0, -6.0, -20.0], 2.6),
];

const CISTERNS: [Tube; 7] = [
    ([0.0, 10.0, -26.0], [15.0, 19.0, -25.0], 3.2),
    ([0.0, 10.0, -26.0], [12.0, -4.0, -27.0], 3.0),
    ([0.0, 10.0, -25.0], [0.0, 28.0, -22.0], 2.2),
    ([12.0, -4.0, -26.0], [15.0, -18.0, -20.0], 2.4),
    ([15.0, -18.0, -20.0], [0.0, -26.0, -16.0], 2.6),
    ([26.0, 22.0, -20.0], [48.0, 10.0, -10.0], 2.0),
    ([44.0, 12.0, -11.0], [56.0, -12.0, 8.0], 1.9),
];

const SKULL_BASE: [Tube; 3] = [
    ([20.0, -4.0, -50.0], [62.0, -24.0, -44.0], 8.0),
    ([12.0, 30.0, -48.0], [56.0, 40.0, -42.0], 4.0),
    ([0.0, 10.0, -52.0], [12.0, 6.0, -50.0], 9.0),
];

/// One person's head.
pub(super) struct Head {
    /// Half axes in mm: to the side, to the front, to the vertex, to the neck.
    axes: [f32; 4],
    scalp_mm: f32,
    skull_mm: f32,
    /// Width of the space between skull and brain, in mm; grows with age.
    gap_mm: f32,
    /// Half width of the folds, in mm; grows with age.
    fold_mm: f32,
    /// Factor on the ventricles' radii.
    ventricle_scale: f32,
    grey_hu: f32,
    white_hu: f32,
    folds: SmoothField,
    texture: SmoothField,
}

/// Where a point lies with respect to what bleeds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Depth below the inner table of the skull, in mm; negative in the skull and outside.
    pub depth_mm: f32,
    /// Distance to the middle of the nearest fold, in mm; far away where there is none.
    pub fold_mm: f32,
    /// Distance to the wall of the lateral ventricles, in mm; negative inside.
    pub ventricle_mm: f32,
    /// Distance to the wall of the basal cisterns and Sylvian fissures, in mm; negative inside.
    pub cistern_mm: f32,
}

/// Where points in the air lie.
const OUTSIDE: Place = Place {
    depth_mm: -FAR_MM,
    fold_mm: FAR_MM,
    ventricle_mm: FAR_MM,
    cistern_mm: FAR_MM,
};

impl Head {
    /// A head of its own for every state of `rng`.
    pub(super) fn new(rng: &mut ChaCha8Rng) -> Self {
        let scale = rng.random_range(0.94..1.05);
        let age: f32 = rng.random_range(0.0..1.0);
        Self {
            axes: [
                scale * rng.random_range(70.0..76.0),
                scale * rng.random_range(88.0..96.0),
                scale * rng.random_range(81.0..87.0),
                scale * 130.0,
            ],
            scalp_mm: rng.random_range(4.0..7.0),
            skull_mm: rng.random_range(5.5..8.0),
            gap_mm: 0.6 + 1.8 * age,
            fold_mm: 0.5 + 0.8 * age,
            ventricle_scale: 0.75 + 0.75 * age * rng.random_range(0.6..1.0),
            grey_hu: rng.random_range(35.0..39.0),
            white_hu: rng.random_range(26.0..29.5),
            folds: SmoothField::new(rng),
            texture: SmoothField::new(rng),
        }
    }

    /// Half axis to the front, in mm.
    pub(super) fn length_mm(&self) -> f32 {
        self.axes[1]
    }

    /// z of the highest slice worth imaging, in mm.
    pub(super) fn top_mm(&self) -> f32 {
        TOP_MM * self.axes[2] / 84.0
    }

    /// Whether a point lies outside the box around the head.
    fn is_far_outside(&self, [x, y, _]: Point) -> bool {
        x.abs() > 1.12 * self.axes[0] + 2.0 || y.abs() > self.axes[1] + 2.0
    }

    /// Depth below the skin, in mm (first order), and the point's direction from the origin, of length 1
    /// on the skin.
    fn below_skin(&self, [x, y, z]: Point) -> (f32, Point) {
        let [side, front, up, down] = self.axes;
        let side = side * (1.0 - 0.11 * y / front);
        let tall = if z > 0.0 { up } else { down };
        let unit = [x / side, y / front, z / tall];
        let radius = length(unit).max(1e-3);
        let gradient = length([unit[0] / side, unit[1] / front, unit[2] / tall]) / radius;
        ((1.0 - radius) / gradient.max(1e-4), unit.map(|u| u / radius))
    }

    /// Depth below the inner table of the skull, in mm; negative in the skull and outside.
    pub(super) fn depth_mm(&self, point: Point) -> f32 {
        self.below_skin(point).0 - self.scalp_mm - self.skull_mm
    }

    /// The point of the inner table in a direction (in the plane, radians from x) at height `z`.
    pub(super) fn inner_table(&self, angle: f32, z: f32) -> Point {
        let (sin, cos) = angle.sin_cos();
        let mut radius = 110.0;
        while radius > 1.0 && self.depth_mm([radius * cos, radius * sin, z]) < 0.0 {
            radius -= 0.25;
        }
        [radius * cos, radius * sin, z]
    }

    /// HU of healthy tissue at a point, and where the point lies.
    pub(super) fn tissue(&self, point: Point) -> (f32, Place) {
        if self.is_far_outside(point) {
            return (-1000.0, OUTSIDE);
        }
        let (skin_mm, direction) = self.below_skin(point);
        let mut place = Place {
            depth_mm: skin_mm - self.scalp_mm - self.skull_mm,
            ..OUTSIDE
        };
        if skin_mm < -1.0 {
            return (-1000.0, place);
        }
        if place.depth_mm < 0.0 {
            let (scalp, skull) = (self.scalp(skin_mm), self.skull(skin_mm));
            let bony = step(skin_mm, self.scalp_mm, 0.5);
            let hu = scalp + (skull - scalp) * bony;
            let outside = step(skin_mm, 0.0, 0.5);
            return (-1000.0 + (hu + 1000.0) * outside, place);
        }
        let hu = self.brain(point, direction, &mut place);
        let inside = step(place.depth_mm, 0.0, 0.6);
        let hu = 1250.0 + (hu - 1250.0) * (2.0 * inside - 1.0).max(0.0);
        if point[2] < -30.0 {
            let mirrored = [point[0].abs(), point[1], point[2]];
            let rough = 3.0 * self.texture.at(point.map(|v| v / 7.0));
            let bone = step(-(tubes(&SKULL_BASE, mirrored, 1.0) + rough), 0.0, 0.8);
            return (hu + (880.0 + 90.0 * rough - hu) * bone, place);
        }
        (hu, place)
    }

    /// Skin, fat, muscle.
    fn scalp(&self, skin_mm: f32) -> f32 {
        let share = skin_mm / self.scalp_mm;
        let fat = step(share, 0.28, 0.08) - step(share, 0.72, 0.1);
        38.0 - 118.0 * fat
    }

    /// Outer table, spongy bone, inner table.
    fn skull(&self, skin_mm: f32) -> f32 {
        let share = ((skin_mm - self.scalp_mm) / self.skull_mm).clamp(0.0, 1.0);
        760.0 + 640.0 * (2.0 * share - 1.0).powi(2)
    }

    fn brain(&self, point: Point, direction: Point, place: &mut Place) -> f32 {
        let [x, y, z] = point;
        let depth = place.depth_mm;
        let texture = self.texture.at(point.map(|v| v / 9.0));
        let mirrored = [x.abs(), y, z];

        // Grey matter: the cortex with its folds, and the deep nuclei.
        let mut grey = 1.0 - step(depth, self.gap_mm + 3.6, 1.2);
        if depth < 26.0 {
            let at = direction.map(|u| u * FOLDS);
            let bend = 0.018 * depth;
            let at = [at[0] + bend + 3.0, at[1] - bend, at[2] + 7.0];
            // The finer half keeps folds thin where the coarse one hardly changes.
            let pattern = self.folds.at(at) + 0.6 * self.folds.at(at.map(|v| 2.1 * v + 0.4));
            let reach = 15.0 + 6.0 * texture;
            let beyond = (depth - reach).max(0.0);
            place.fold_mm = pattern.abs() * MM_PER_FOLD_UNIT + 0.6 * beyond;
            grey = grey.max(1.0 - step(place.fold_mm, 3.4, 1.0));
        }
        grey = grey.max(ellipsoid(mirrored, [11.0, -8.0, 2.0], [8.5, 13.0, 10.0]));
        grey = grey.max(ellipsoid(mirrored, [25.0, 5.0, 1.0], [7.5, 15.0, 11.0]));
        grey = grey.max(ellipsoid(mirrored, [12.0, 16.0, 8.0], [4.5, 13.0, 9.0]));
        let warmed = 3.0 * (-depth / 5.0).exp();
        let mut hu = self.white_hu + (self.grey_hu - self.white_hu) * grey + 1.8 * texture + warmed;

        // Spaces filled with fluid.
        let fluid = 7.0;
        let mut wet = 1.0 - step(depth, self.gap_mm, 0.5);
        wet = wet.max(0.8 * (1.0 - step(place.fold_mm, self.fold_mm, 0.55)));
        if mirrored[0] < 42.0 && (-32.0..28.0).contains(&z) {
            place.ventricle_mm = tubes(&VENTRICLES, mirrored, self.ventricle_scale);
            wet = wet.max(1.0 - step(place.ventricle_mm, 0.0, 0.7));
            let third = [2.4 * self.ventricle_scale, 13.0, 10.0];
            wet = wet.max(ellipsoid(point, [0.0, 2.0, -7.0], third));
        }
        if z < 16.0 {
            place.cistern_mm = tubes(&CISTERNS, mirrored, 0.8 + 0.3 * self.gap_mm);
            wet = wet.max(1.0 - step(place.cistern_mm, 0.0, 0.7));
            wet = wet.max(ellipsoid(point, [0.0, -40.0, -36.0], [8.0, 5.5, 10.0]));
        }

        // The fissure between the hemispheres, and the falx in it.
        if x.abs() > 8.0 {
            return hu + (fluid - hu) * wet;
        }
        let split = step(z, 16.0, 3.0).max(1.0 - step(depth, 34.0, 3.0)) * step(z, -26.0, 6.0);
        let midline = (x - 1.2 * self.texture.at([0.5, y / 25.0, z / 25.0])).abs();
        wet = wet.max(0.75 * split * (1.0 - step(midline, 0.6 + 0.8 * self.gap_mm, 0.6)));
        hu += (fluid - hu) * wet;
        let falx = split * (1.0 - step(midline, 0.7, 0.4));
        hu + (48.0 - hu) * 0.8 * falx
    }

    /// The smooth field that roughens outlines.
    pub(super) fn roughness(&self, point: Point, scale_mm: f32) -> f32 {
        self.texture.at(point.map(|v| v / scale_mm + 5.5))
    }

    /// How old the brain is, 0 to 1: how wide the space between skull and brain has become.
    pub(super) fn age(&self) -> f32 {
        (self.gap_mm - 0.6) / 1.8
    }

    /// Width of the space between skull and brain, in mm.
    pub(super) fn gap_mm(&self) -> f32 {
        self.gap_mm
    }
}

/// 0 below `at`, 1 above it, going over within ± `half_width`.
pub(super) fn step(value: f32, at: f32, half_width: f32) -> f32 {
    let t = ((value - at) / half_width * 0.5 + 0.5).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Length of a vector.
pub(super) fn length([x, y, z]: Point) -> f32 {
    (x * x + y * y + z * z).sqrt()
}

/// 1 inside an ellipsoid, 0 outside, with a soft border.
fn ellipsoid(point: Point, center: Point, radii: Point) -> f32 {
    let scaled: Point = std::array::from_fn(|i| (point[i] - center[i]) / radii[i]);
    1.0 - step(length(scaled), 1.0, 0.15)
}

/// Distance to the wall of the nearest of several tubes, in mm; negative inside.
fn tubes(tubes: &[Tube], point: Point, scale: f32) -> f32 {
    let distance = |(from, to, radius): &Tube| {
        let along: Point = std::array::from_fn(|i| to[i] - from[i]);
        let offset: Point = std::array::from_fn(|i| point[i] - from[i]);
        let dot: f32 = (0..3).map(|i| along[i] * offset[i]).sum();
        let square: f32 = along.iter().map(|v| v * v).sum();
        let share = (dot / square).clamp(0.0, 1.0);
        length(std::array::from_fn(|i| offset[i] - share * along[i])) - radius * scale
    };
    tubes.iter().map(distance).fold(f32::INFINITY, f32::min)
}
