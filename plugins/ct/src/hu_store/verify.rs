//! Looking a store over without changing it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use ichflow_api::digest::{Digest, sha256};
use ichflow_api::prelude::*;
use rayon::prelude::*;

use super::entry::Entry;
use super::read::read_place;

/// What became of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its directory.
    pub store: PathBuf,
    /// Slices with values.
    pub slices: usize,
    /// Slices that could not be read when the store was made.
    pub unreadable: usize,
    /// Bytes of values that the index names.
    pub bytes: u64,
    /// A digest of ids, sizes and checksums in the order of the index: equal digests are equal contents.
    pub digest: String,
    /// Slices whose values are not what was stored.
    pub damaged: Vec<Damage>,
    /// Lines of the index that say nothing: one at the end is what an interrupted run leaves.
    pub broken_lines: usize,
    /// Bytes of values behind the last that the index names: what an interrupted run leaves.
    pub excess_bytes: u64,
}

/// A slice whose values are not what was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Damage {
    /// The slice's id.
    pub id: String,
    /// Frame within its file.
    pub frame: u32,
    /// Offset of its values, in bytes.
    pub offset: u64,
    /// What is wrong, in words.
    pub problem: &'static str,
}

impl Report {
    /// Whether all slices are as they were stored.
    pub fn is_right(&self) -> bool {
        self.damaged.is_empty() && self.broken_lines == 0
    }
}

/// Compares every checksum of the store in `directory`; nothing is changed.
///
/// # Errors
/// Where the store cannot be read; slices that do not match are in the report.
pub fn verify(directory: &Path) -> Result<Report> {
    let index = directory.join("index.jsonl");
    let text = fs::read(&index).at("read", &index)?;
    let path = directory.join("hu.bin");
    let values = File::open(&path).at("open", &path)?;
    let length = values.metadata().at("read", &path)?.len();
    let lines: Vec<&[u8]> = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .collect();
    let entries: Vec<Entry> = lines
        .iter()
        .filter_map(|line| serde_json::from_slice(line).ok())
        .collect();
    let stored = || {
        entries
            .iter()
            .filter_map(|entry| Some((entry, entry.pixels.as_ref()?)))
    };
    let damaged = entries
        .par_iter()
        .filter_map(|entry| {
            let place = entry.pixels.as_ref()?;
            let problem = if place.end() > length {
                "its values are cut off"
            } else {
                match read_place(&values, place) {
                    Ok(bytes) if sha256(&bytes) == place.sha256 => return None,
                    Ok(_) => "its values are not what was stored",
                    Err(_) => "its values cannot be read",
                }
            };
            Some(Damage {
                id: entry.id.clone(),
                frame: entry.frame,
                offset: place.offset,
                problem,
            })
        })
        .collect();
    let mut digest = Digest::new();
    for (entry, place) in stored() {
        digest
            .add(&entry.id)
            .add(entry.frame.to_le_bytes())
            .add((place.rows as u64).to_le_bytes())
            .add((place.columns as u64).to_le_bytes())
            .add(&place.sha256);
    }
    let end = stored().map(|(_, place)| place.end()).max().unwrap_or(0);
    Ok(Report {
        store: directory.to_owned(),
        slices: stored().count(),
        unreadable: entries.iter().filter(|entry| entry.failed.is_some()).count(),
        bytes: stored().map(|(_, place)| place.bytes()).sum(),
        digest: digest.hex(),
        damaged,
        broken_lines: lines.len() - entries.len(),
        excess_bytes: length.saturating_sub(end),
    })
}
