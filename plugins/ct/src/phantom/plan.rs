//! Who is imaged, how their scanner stores slices, and who bleeds: everything that is decided before the
//! first pixel is made.

use std::collections::HashSet;

use ichflow_api::digest::Digest;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::bleed::Bleed;
use super::head::{BOTTOM_MM, Head};
use super::hospital::{Exam, Hospital};
use super::mimic::Mimic;
use crate::rsna::ImageId;

/// How large a phantom is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// Number of training patients.
    pub patients: usize,
    /// Number of test patients.
    pub test_patients: usize,
    /// Slices of each patient.
    pub slices: usize,
    /// Height and width of a slice, in pixels.
    pub size: usize,
    /// Share of patients who bleed, 0 to 1.
    pub positive: f64,
    /// Share of bleeds that are faint, 0 to 1.
    pub faint: f64,
    /// Mean number of things a patient that look like a bleed in one slice.
    pub mimics: f64,
    /// The hospital whose scanner made the images; none: three kinds of scanner take turns, and headers say little.
    pub hospital: Option<Hospital>,
}

impl Extent {
    /// Number of slices in all.
    pub fn total(&self) -> usize {
        (self.patients + self.test_patients) * self.slices
    }
}

/// How a scanner stores slices; all three are found in the competition's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// 12 unsigned bits, intercept −1024, windows given twice as padded text.
    U12,
    /// 16 signed bits, intercept −1024, −2000 outside the scan circle.
    S16,
    /// 12 unsigned bits that claim to be HU already: air overflows to 3096.
    Wrapped,
}

/// Encodings as they alternate over ten patients.
const ENCODINGS: [Encoding; 10] = [
    Encoding::U12,
    Encoding::S16,
    Encoding::U12,
    Encoding::S16,
    Encoding::Wrapped,
    Encoding::U12,
    Encoding::S16,
    Encoding::U12,
    Encoding::S16,
    Encoding::U12,
];

/// One person and their scan.
pub(super) struct Patient {
    /// PatientID.
    pub id: String,
    /// StudyInstanceUID.
    pub study: String,
    /// SeriesInstanceUID.
    pub series: String,
    /// Whether the person belongs to the test set.
    pub test: bool,
    /// How slices are stored.
    pub encoding: Encoding,
    /// Whether files use implicit value representation.
    pub implicit: bool,
    /// Slices from the neck to the vertex: their image names and z in mm.
    pub slices: Vec<(ImageId, f32)>,
    /// Seed of the grain; each slice adds its number.
    pub grain_seed: u64,
    /// The head.
    pub head: Head,
    /// What bleeds in it.
    pub bleeds: Vec<Bleed>,
    /// What looks like a bleed in one slice.
    pub mimics: Vec<Mimic>,
    /// What headers say of the exam; nothing but what the competition's do where it is none.
    pub exam: Option<Exam>,
    /// How it lies in the scanner.
    pub pose: Pose,
}

/// How a head lies in the scanner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pose {
    /// Width of the field of view, in mm.
    pub field_mm: f32,
    /// Center of the head, in mm from the center of the field of view.
    pub shift_mm: [f32; 2],
    /// Rotation in the image plane, in radians.
    pub turn: f32,
    /// Sideways tilt, in radians.
    pub roll: f32,
    /// Tilt of the gantry, in radians.
    pub gantry: f32,
    /// Whether the head rests in a holder that shows.
    pub holder: bool,
    /// Standard deviation of the grain at 512 × 512 pixels, in HU.
    pub grain_hu: f32,
}

/// A whole phantom, decided but not drawn.
pub(super) struct Plan {
    /// Training patients first.
    pub patients: Vec<Patient>,
    /// The training slice whose file is cut short.
    pub truncated: Option<ImageId>,
    /// Training slices whose rows are in the labels twice.
    pub repeated: Vec<ImageId>,
}

impl Plan {
    /// Decides everything from a seed.
    pub(super) fn new(extent: &Extent, seed: u64) -> Self {
        let mut taken = HashSet::new();
        let mut patients = Vec::new();
        for (test, count) in [(false, extent.patients), (true, extent.test_patients)] {
            let mut rng = rng(seed, &["part", part(test)]);
            let kinds = kinds_of_bleeds(count, extent.positive, &mut rng);
            let encodings = shuffled(
                (0..count).map(|i| ENCODINGS[i % ENCODINGS.len()]).collect(),
                &mut rng,
            );
            for (index, (kinds, encoding)) in kinds.into_iter().zip(encodings).enumerate() {
                patients.push(patient(extent, seed, test, index, &kinds, encoding, &mut taken));
            }
        }
        // Names are random already: the first ones in order have nothing to do with labels.
        let mut train: Vec<ImageId> = patients
            .iter()
            .filter(|patient| !patient.test)
            .flat_map(|patient| patient.slices.iter().map(|(id, _)| *id))
            .collect();
        train.sort();
        Self {
            patients,
            truncated: train.first().copied(),
            repeated: train.iter().skip(1).take(2).copied().collect(),
        }
    }
}

/// Name of a part of the data.
fn part(test: bool) -> &'static str {
    if test { "test" } else { "train" }
}

/// A generator that depends on the seed and on what it is for, and on nothing else.
fn rng(seed: u64, purpose: &[&str]) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(number(seed, purpose))
}

fn number(seed: u64, purpose: &[&str]) -> u64 {
    let mut digest = Digest::new();
    digest.add(seed.to_le_bytes());
    for part in purpose {
        digest.add(part);
    }
    digest.number()
}

fn shuffled<T>(mut items: Vec<T>, rng: &mut ChaCha8Rng) -> Vec<T> {
    items.shuffle(rng);
    items
}

/// For each patient the labels (1 to 5) of their bleeds. The five kinds take turns, so that even a small
/// phantom has all of them; some patients have a second or third kind.
fn kinds_of_bleeds(count: usize, positive: f64, rng: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
    let bleeding = ((count as f64 * positive).round() as usize).min(count);
    let kinds = (0..count)
        .map(|index| {
            let mut kinds = Vec::new();
            if index < bleeding {
                kinds.push(1 + index % 5);
                for chance in [0.4, 0.25] {
                    let other = rng.random_range(1..=5);
                    if rng.random_bool(chance) && !kinds.contains(&other) {
                        kinds.push(other);
                    }
                }
            }
            kinds
        })
        .collect();
    shuffled(kinds, rng)
}

fn patient(
    extent: &Extent,
    seed: u64,
    test: bool,
    index: usize,
    kinds: &[usize],
    encoding: Encoding,
    taken: &mut HashSet<ImageId>,
) -> Patient {
    let index = index.to_string();
    let of = |purpose: &str| rng(seed, &[part(test), &index, purpose]);
    let mut rng_pose = of("pose");
    let mut rng_head = of("head");
    let mut rng_bleeds = of("bleeds");
    let head = Head::new(&mut rng_head);
    let mut bleeds: Vec<Bleed> = kinds
        .iter()
        .map(|kind| Bleed::new(*kind, &head, &mut rng_bleeds))
        .collect();
    let mut rng_faint = of("faint");
    for bleed in &mut bleeds {
        if rng_faint.random_bool(extent.faint) {
            bleed.fade(&mut rng_faint);
        }
    }
    let exam = extent
        .hospital
        .map(|hospital| Exam::new(hospital, head.age(), &mut of("exam")));
    let gantry = if rng_pose.random_bool(0.5) {
        rng_pose.random_range(-0.3..0.0)
    } else {
        0.0
    };
    let mut pose = Pose {
        // The field of view follows the head, as a technician would set it.
        field_mm: head.length_mm() * 2.0 * rng_pose.random_range(1.12..1.28),
        shift_mm: [rng_pose.random_range(-6.0..6.0), rng_pose.random_range(-5.0..5.0)],
        turn: rng_pose.random_range(-0.14..0.14),
        roll: rng_pose.random_range(-0.06..0.06),
        gantry,
        holder: rng_pose.random_bool(0.6),
        grain_hu: rng_pose.random_range(4.0..6.0),
    };
    if let Some(exam) = &exam {
        pose.grain_hu *= exam.scanner.grain;
    }
    let spacing = (head.top_mm() - BOTTOM_MM) / extent.slices.max(2).saturating_sub(1) as f32;
    let slices: Vec<(ImageId, f32)> = (0..extent.slices)
        .map(|slice| {
            let mut attempt = 0;
            let id = loop {
                let purpose = [
                    part(test),
                    &index,
                    "slice",
                    &slice.to_string(),
                    &attempt.to_string(),
                ];
                let id = ImageId::from_bits(number(seed, &purpose));
                if taken.insert(id) {
                    break id;
                }
                attempt += 1;
            };
            (id, BOTTOM_MM + spacing * slice as f32)
        })
        .collect();
    let heights: Vec<f32> = slices.iter().map(|(_, z)| *z).collect();
    let mut rng_mimics = of("mimics");
    let count = extent.mimics.floor() as usize + usize::from(rng_mimics.random_bool(extent.mimics.fract()));
    let mimics = (0..count)
        .filter_map(|_| Mimic::new(&heights, &head, extent.faint, &mut rng_mimics))
        .collect();
    let name = |what: &str, digits: usize| {
        let number = number(seed, &[part(test), &index, what]);
        format!("ID_{:0digits$x}", number >> (64 - 4 * digits))
    };
    Patient {
        id: name("patient", 8),
        study: name("study", 10),
        series: name("series", 10),
        test,
        encoding: exam.as_ref().map_or(encoding, |exam| exam.scanner.encoding),
        implicit: rng_pose.random_bool(0.2),
        slices,
        grain_seed: number(seed, &[part(test), &index, "grain"]),
        head,
        bleeds,
        mimics,
        exam,
        pose,
    }
}
