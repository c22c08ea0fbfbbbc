//! Every file of a corpus of real and malformed DICOM, held against what pydicom reads
//! (`fixtures/corpus.tsv`, made by `tests/reference/corpus_digests.py`); skipped where the corpus is absent.
//!
//! `UPDATE=1 cargo test -p ichflow-ct --test corpus` writes the table of `docs/dicom.md` anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ichflow_ct::inspect::{HuSummary, Inspection, inspect};

/// No file may take longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What pydicom says of a file: its frames, or its error.
#[derive(Default)]
struct Expected {
    frames: Vec<HuSummary>,
    error: String,
}

fn corpus() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/dicom_corpus");
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

fn expected() -> BTreeMap<String, Expected> {
    let text = include_str!("fixtures/corpus.tsv");
    let mut all: BTreeMap<String, Expected> = BTreeMap::new();
    for row in text.lines().skip(1) {
        let fields: Vec<&str> = row.split('\t').collect();
        let [path, _, frame, sha256, min, max, mean, error] = fields[..] else {
            panic!("{row}");
        };
        let expected = all.entry(path.to_owned()).or_default();
        if frame.is_empty() {
            expected.error = error.to_owned();
        } else {
            expected.frames.push(HuSummary {
                min: min.parse().unwrap(),
                max: max.parse().unwrap(),
                mean: mean.parse().unwrap(),
                sha256: sha256.to_owned(),
            });
        }
    }
    all
}

fn frames_of(inspection: &Inspection) -> Vec<HuSummary> {
    match inspection.per_frame.as_slice() {
        [] => vec![inspection.hu.clone()],
        several => several.iter().map(|frame| frame.hu.clone()).collect(),
    }
}

/// What became of a file.
fn outcome(expected: &Expected, found: &Result<Inspection, String>) -> String {
    match found {
        Ok(found) if expected.frames.is_empty() => {
            format!(
                "read, HU {} to {}; pydicom: {}",
                found.hu.min, found.hu.max, expected.error
            )
        }
        Ok(found) => {
            let frames = frames_of(found);
            if frames.len() != expected.frames.len() {
                return format!("{} frames, pydicom has {}", frames.len(), expected.frames.len());
            }
            let pairs = || frames.iter().zip(&expected.frames);
            if pairs().all(|(ours, theirs)| ours.sha256 == theirs.sha256) {
                return "equal".into();
            }
            let apart = |ours: i16, theirs: i16| (i32::from(ours) - i32::from(theirs)).abs();
            let bounds = pairs()
                .map(|(ours, theirs)| apart(ours.min, theirs.min).max(apart(ours.max, theirs.max)))
                .max();
            let mean = pairs()
                .map(|(ours, theirs)| (ours.mean - theirs.mean).abs())
                .fold(0.0, f64::max);
            format!("differs: bounds by {}, mean by {mean:.4} HU", bounds.unwrap_or(0))
        }
        Err(reason) if expected.frames.is_empty() => format!("neither: {reason}"),
        Err(reason) => format!("refused: {reason}"),
    }
}

#[test]
fn every_file_is_read_as_pydicom_reads_it_or_refused_with_a_reason() {
    let Some(corpus) = corpus() else { return };
    let mut report = String::new();
    for (path, expected) in expected() {
        let begin = Instant::now();
        let found = inspect(&corpus.join(&path)).map_err(|error| error.chain());
        let took = begin.elapsed();
        assert!(took < PATIENCE, "{path} took {took:?}");
        let syntax = match &found {
            Ok(found) => found.transfer_syntax.uid.clone(),
            Err(_) => "-".into(),
        };
        let _ = writeln!(report, "{path}\t{syntax}\t{}", outcome(&expected, &found));
    }
    std::fs::write(std::env::temp_dir().join("corpus_report.tsv"), report).unwrap();
}
