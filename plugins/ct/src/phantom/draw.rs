//! Drawing one slice: Hounsfield units, and where the bleeds are.

use ichflow_api::data::labels::rsna::COUNT;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::head::{Point, length, step};
use super::hospital::smooth;
use super::noise::Grain;
use super::plan::Patient;

/// Pixels of a 512 × 512 slice that must be blood before a radiologist would call it a bleed.
const VISIBLE_PIXELS: f64 = 40.0;
/// Share of a pixel that must be blood for the pixel to count.
const BLOODY: f32 = 0.5;

/// A drawn slice.
pub(super) struct Drawing {
    /// `size × size` values in HU, row by row.
    pub hu: Vec<f32>,
    /// Whether a pixel lies in the scan circle.
    pub scanned: Vec<bool>,
    /// The bleeds one can see, one entry a kind.
    pub bleeds: Vec<VisibleBleed>,
    /// For each pixel bit l is set where it is blood of label l, whether one would see the bleed or not.
    pub blood: Vec<u8>,
}

/// Where a bleed shows in a slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VisibleBleed {
    /// Index into the labels' order: 1 epidural to 5 subdural.
    pub label: usize,
    /// Number of pixels.
    pub pixels: usize,
    /// Row and column of the center of mass.
    pub center: [f32; 2],
    /// First row, first column, last row, last column.
    pub bounds: [usize; 4],
}

/// Draws a slice of a patient.
pub(super) fn draw(patient: &Patient, number: usize, size: usize, grain: &Grain) -> Drawing {
    let mut rng = ChaCha8Rng::seed_from_u64(patient.grain_seed.wrapping_add(number as u64));
    let pose = &patient.pose;
    let spacing = pose.field_mm / size as f32;
    let z = patient.slices[number].1;
    // Larger pixels collect more photons.
    let deviation = pose.grain_hu * rng.random_range(0.92..1.08) * (size as f32 / 512.0).sqrt();
    let mut hu = grain.field(&mut rng, size, deviation);
    let mut scanned = vec![false; size * size];
    let mut bloody = vec![0_u8; size * size];
    let mut tallies: [Tally; COUNT] = Default::default();
    let frame = Frame::of(patient, z);
    for row in 0..size {
        let down = (row as f32 + 0.5) * spacing - 0.5 * pose.field_mm;
        for column in 0..size {
            let right = (column as f32 + 0.5) * spacing - 0.5 * pose.field_mm;
            let index = row * size + column;
            scanned[index] = right * right + down * down <= (0.5 * pose.field_mm).powi(2);
            if !scanned[index] {
                hu[index] = -1000.0;
                continue;
            }
            let point = frame.point(right, down);
            let (value, blood) = value_at(patient, number, point);
            hu[index] += value;
            if pose.holder && value < -900.0 {
                hu[index] += holder(patient, point);
            }
            for (label, share) in blood {
                if share > BLOODY {
                    tallies[label].add(row, column);
                    bloody[index] |= 1 << label;
                }
            }
        }
    }
    if let Some(exam) = &patient.exam {
        smooth(&mut hu, size, exam.scanner.smooth_mm / spacing);
    }
    let enough = (VISIBLE_PIXELS * (size as f64 / 512.0).powi(2)).max(1.0);
    let bleeds = tallies
        .into_iter()
        .enumerate()
        .filter(|(_, tally)| tally.pixels as f64 >= enough)
        .map(|(label, tally)| tally.finish(label))
        .collect();
    Drawing {
        hu,
        scanned,
        bleeds,
        blood: bloody,
    }
}

/// HU at a point without grain, and the share of blood of each kind.
fn value_at(patient: &Patient, number: usize, point: Point) -> (f32, impl Iterator<Item = (usize, f32)>) {
    let (mut hu, place) = patient.head.tissue(point);
    let mut blood = [0.0_f32; COUNT];
    if place.depth_mm > 0.0 && hu < 300.0 {
        for mimic in patient.mimics.iter().filter(|mimic| mimic.slice == number) {
            hu = mimic.apply(hu, &patient.head, point, &place);
        }
        for bleed in &patient.bleeds {
            let (bloody, share) = bleed.drawn(hu, &patient.head, point, &place);
            hu = bloody;
            if share > 0.0 {
                blood[bleed.label] = share;
            }
        }
    }
    (hu, blood.into_iter().enumerate())
}

/// What a plastic head holder adds to the air around the head, in HU.
fn holder(patient: &Patient, [x, y, _]: Point) -> f32 {
    let radius = 135.0;
    let off_center = length([x, y + patient.head.length_mm() + 9.0 - radius, 0.0]);
    if y > -50.0 {
        return 0.0;
    }
    820.0 * (1.0 - step((off_center - radius).abs(), 1.6, 0.8))
}

/// From a pixel's place in the image plane to the head's own axes.
struct Frame {
    z: f32,
    gantry: (f32, f32),
    turn: (f32, f32),
    roll: f32,
    shift: [f32; 2],
}

impl Frame {
    fn of(patient: &Patient, z: f32) -> Self {
        let pose = &patient.pose;
        Self {
            z,
            gantry: pose.gantry.sin_cos(),
            turn: pose.turn.sin_cos(),
            roll: pose.roll.tan(),
            shift: pose.shift_mm,
        }
    }

    /// DICOM's axes run to the patient's left, back and top; the head's to one side, the front and the top.
    fn point(&self, right: f32, down: f32) -> Point {
        let z = self.z - down * self.gantry.0;
        let (x, y) = (right - self.shift[0], -(down * self.gantry.1 - self.shift[1]));
        let (sin, cos) = self.turn;
        let (x, y) = (x * cos - y * sin, x * sin + y * cos);
        [x, y, z + x * self.roll]
    }
}

/// Sums over the pixels of a bleed.
struct Tally {
    pixels: usize,
    sums: [f64; 2],
    bounds: [usize; 4],
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            pixels: 0,
            sums: [0.0; 2],
            bounds: [usize::MAX, usize::MAX, 0, 0],
        }
    }
}

impl Tally {
    fn add(&mut self, row: usize, column: usize) {
        self.pixels += 1;
        self.sums[0] += row as f64;
        self.sums[1] += column as f64;
        let [top, left, bottom, right] = &mut self.bounds;
        (*top, *left) = ((*top).min(row), (*left).min(column));
        (*bottom, *right) = ((*bottom).max(row), (*right).max(column));
    }

    fn finish(self, label: usize) -> VisibleBleed {
        VisibleBleed {
            label,
            pixels: self.pixels,
            center: self.sums.map(|sum| (sum / self.pixels.max(1) as f64) as f32),
            bounds: self.bounds,
        }
    }
}
