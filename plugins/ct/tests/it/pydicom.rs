//! What pydicom reads from the corpus, and how ichflow compares.

use std::collections::BTreeMap;
use std::path::Path;

use ichflow_ct::inspect::{HuSummary, Inspection};

/// One value in so many is in the fixture for lossy images.
const STEP: usize = 251;

/// What pydicom says of a file: its frames, or its error.
#[derive(Default)]
pub(crate) struct Expected {
    syntax: String,
    frames: Vec<HuSummary>,
    /// Every 251st value of each frame, for lossy images.
    some: Vec<Vec<i16>>,
    error: String,
}

/// A file and what became of it.
pub(crate) struct Row {
    pub path: String,
    /// Transfer syntax UID; empty where nobody knows.
    pub syntax: String,
    pub outcome: Outcome,
}

/// How ichflow compares with pydicom.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// The same to the last unit.
    Equal,
    /// A lossy image: the largest difference, in HU.
    Lossy(i32),
    /// There are more bytes than the header announces, and pydicom takes them for more frames.
    Excess,
    /// Only ichflow reads it; this is what pydicom says.
    Better(String),
    /// Only pydicom reads it; this is what ichflow says.
    Refused(String),
    /// Nobody reads it; this is what ichflow says.
    Neither(String),
    /// What must not be.
    Differs(String),
}

/// The largest difference that a lossy image may have, in HU. Decoders differ by one stored unit in an
/// inverse DCT, and that is scaled by the slope; the 8-bit CT has 32.1 HU and the 12-bit CT 2 HU a step, before rounding.
pub(crate) fn tolerance(path: &str) -> i32 {
    match path {
        path if path.contains("JPEGProcess1Transfer") => 33,
        path if path.contains("JPEGProcess2_4") => 2,
        _ => 1,
    }
}

/// Whether a refusal says that a file is no CT slice: colour, bit masks, 32-bit doses, float maps.
pub(crate) fn not_ct(reason: &str) -> bool {
    let reasons = [
        "it has 3 samples a pixel",
        "its PhotometricInterpretation is RGB",
        "its PhotometricInterpretation is PALETTE COLOR",
        "its BitsAllocated is 1;",
        "its BitsAllocated is 32;",
        "it has float pixel data",
    ];
    reasons.iter().any(|start| reason.starts_with(start))
}

pub(crate) fn expected() -> BTreeMap<String, Expected> {
    let text = include_str!("../fixtures/corpus.tsv");
    let mut all: BTreeMap<String, Expected> = BTreeMap::new();
    for row in text.lines().skip(1) {
        let fields: Vec<&str> = row.split('\t').collect();
        let [path, syntax, frame, sha256, min, max, mean, some, error] = fields[..] else {
            panic!("{row}");
        };
        let expected = all.entry(path.to_owned()).or_default();
        expected.syntax = syntax.to_owned();
        if frame.is_empty() {
            expected.error = error.to_owned();
            continue;
        }
        expected.frames.push(HuSummary {
            min: min.parse().unwrap(),
            max: max.parse().unwrap(),
            mean: mean.parse().unwrap(),
            sha256: sha256.to_owned(),
        });
        let some = some.split_whitespace().map(|hu| hu.parse().unwrap());
        expected.some.push(some.collect());
    }
    all
}

pub(crate) fn judge(
    path: String,
    file: &Path,
    expected: Expected,
    found: &Result<Inspection, String>,
) -> Row {
    let syntax = match found {
        Ok(found) => found.transfer_syntax.uid.clone(),
        Err(_) => expected.syntax.clone(),
    };
    let outcome = match found {
        Err(reason) if expected.frames.is_empty() => Outcome::Neither(reason.clone()),
        Err(reason) => Outcome::Refused(reason.clone()),
        Ok(_) if expected.frames.is_empty() => Outcome::Better(expected.error.clone()),
        Ok(found) => compare(file, &expected, found),
    };
    Row {
        path,
        syntax,
        outcome,
    }
}

fn compare(file: &Path, expected: &Expected, found: &Inspection) -> Outcome {
    let frames: Vec<&HuSummary> = match found.per_frame.as_slice() {
        [] => vec![&found.hu],
        several => several.iter().map(|frame| &frame.hu).collect(),
    };
    if frames.len() != expected.frames.len() {
        return Outcome::Differs(format!("{} frames, not {}", frames.len(), expected.frames.len()));
    }
    let pairs = || frames.iter().zip(&expected.frames);
    if pairs().all(|(ours, theirs)| ours.sha256 == theirs.sha256) {
        // The digests could only be equal by accident if these were not.
        for (ours, theirs) in pairs() {
            assert_eq!((ours.min, ours.max), (theirs.min, theirs.max));
            assert!((ours.mean - theirs.mean).abs() < 1e-4);
        }
        return Outcome::Equal;
    }
    if expected.some.iter().all(Vec::is_empty) {
        // Constant images: more of the same has another digest and the same bounds.
        let same = pairs().all(|(ours, theirs)| (ours.min, ours.max) == (theirs.min, theirs.max));
        let excess = ["buf_2x", "buf_10x", "nf1_buf100"].iter().any(|name| {
            let file = file.to_string_lossy();
            file.contains(name)
        });
        return match same && excess {
            true => Outcome::Excess,
            false => Outcome::Differs("values of a lossless image".into()),
        };
    }
    let mut apart = 0;
    for (frame, theirs) in expected.some.iter().enumerate() {
        let image = ichflow_dicom::Frames::open(file).unwrap();
        let image = image.read_as_stored(frame as u32).unwrap();
        let ours: Vec<i16> = image.hu.iter().step_by(STEP).copied().collect();
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            apart = apart.max((i32::from(*ours) - i32::from(*theirs)).abs());
        }
    }
    for (ours, theirs) in pairs() {
        let bounds = (i32::from(ours.min) - i32::from(theirs.min))
            .abs()
            .max((i32::from(ours.max) - i32::from(theirs.max)).abs());
        apart = apart.max(bounds);
    }
    Outcome::Lossy(apart)
}
