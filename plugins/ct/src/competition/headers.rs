//! Headers of many files, read in parallel and kept for the next run.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::UNIX_EPOCH;

use ichflow_api::prelude::*;
use rayon::prelude::*;

use crate::dicom::{self, Header};

/// Files between two checks for an interruption.
const CHUNK: usize = 4096;

/// What tells whether a file changed: its length in bytes and its time of change in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Length in bytes.
    pub size: u64,
    /// Nanoseconds since 1970.
    pub changed: u64,
}

/// The present [`Source`] of a file; none where it cannot be looked at.
pub fn source_of(path: &Path) -> Option<Source> {
    let metadata = fs::metadata(path).ok()?;
    let changed = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(Source {
        size: metadata.len(),
        changed: u64::try_from(changed.as_nanos()).ok()?,
    })
}

/// A file and what its header said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The file.
    pub file: PathBuf,
    /// Its state when the header was read.
    source: Option<Source>,
    /// The slice without labels, or why it cannot be used.
    pub slice: Result<Slice, String>,
}

/// Reads headers, taking those it can from `headers.jsonl` of the stage's cache directory.
pub struct Headers {
    kept: HashMap<PathBuf, Found>,
    /// Where headers are kept.
    path: PathBuf,
}

impl Headers {
    /// Opens what earlier runs kept.
    pub fn open(context: &Context) -> Result<Self> {
        let path = context.cache()?.join("headers.jsonl");
        let mut kept = HashMap::new();
        if let Ok(file) = File::open(&path) {
            // A line that does not parse costs nothing but reading that header again.
            for line in BufReader::new(file).lines().map_while(std::io::Result::ok) {
                if let Ok(found) = serde_json::from_str::<Found>(&line) {
                    kept.insert(found.file.clone(), found);
                }
            }
        }
        Ok(Self { kept, path })
    }

    /// Headers of `files` (each with the id its slice gets), in their order, and kept for the next run.
    pub fn read(mut self, context: &Context, files: Vec<(String, PathBuf)>) -> Result<Vec<Found>> {
        let total = files.len();
        let progress = context.progress("reading headers", total, "slices");
        let mut all = Vec::with_capacity(total);
        let mut fresh = 0;
        for chunk in files.chunks(CHUNK) {
            context.checkpoint()?;
            let stop = context.stop_flag();
            let found: Vec<Option<(Found, bool)>> = chunk
                .par_iter()
                .map(|(id, file)| {
                    if stop.load(Ordering::Relaxed) {
                        return None;
                    }
                    let source = source_of(file);
                    progress.advance(1);
                    match self.kept.get(file) {
                        Some(kept) if source.is_some() && kept.source == source => {
                            let mut kept = kept.clone();
                            if let Ok(slice) = &mut kept.slice {
                                slice.id.clone_from(id);
                            }
                            Some((kept, false))
                        }
                        _ => Some((
                            Found {
                                file: file.clone(),
                                source,
                                slice: describe(id, file).map_err(|error| error.chain()),
                            },
                            true,
                        )),
                    }
                })
                .collect();
            for one in found {
                let (found, is_fresh) = one.ok_or(Error::Interrupted)?;
                fresh += usize::from(is_fresh);
                all.push(found);
            }
        }
        drop(progress);
        if fresh == 0 && total > 0 {
            context.say("headers: cached");
        } else {
            self.keep(&all)?;
        }
        Ok(all)
    }

    fn keep(&mut self, all: &[Found]) -> Result<()> {
        self.kept.clear();
        let temporary = self.path.with_extension(format!("{}.tmp", std::process::id()));
        let mut writer = BufWriter::new(File::create(&temporary).at("create", &temporary)?);
        for found in all {
            serde_json::to_writer(&mut writer, found).at("write", &temporary)?;
            writer.write_all(b"\n").at("write", &temporary)?;
        }
        writer.flush().at("write", &temporary)?;
        drop(writer);
        fs::rename(&temporary, &self.path).at("write", &self.path)
    }
}

fn describe(id: &str, file: &Path) -> Result<Slice> {
    let header = dicom::read_header(file)?;
    if header.storage.frames > 1 {
        return Err(Error::new(format!(
            "it holds {} frames; files of one slice are read",
            header.storage.frames
        )));
    }
    Ok(slice_of(id, file, header))
}

fn slice_of(id: &str, file: &Path, header: Header) -> Slice {
    Slice {
        id: id.to_owned(),
        file: file.to_owned(),
        frame: 0,
        style: header.storage.style(),
        patient: header.patient,
        study: header.study,
        series: header.series,
        position_mm: header.position_mm,
        rows: header.storage.rows,
        columns: header.storage.columns,
        tags: header.tags,
        labels: None,
    }
}

/// Sorts slices by series, then position, then id: whatever order the files came in, a cohort has one.
pub fn sort(slices: &mut [Slice]) {
    let position = |slice: &Slice| slice.position_mm.unwrap_or(f64::NEG_INFINITY);
    slices.sort_by(|a, b| {
        a.series
            .cmp(&b.series)
            .then(position(a).total_cmp(&position(b)))
            .then_with(|| a.id.cmp(&b.id))
    });
}

/// Parts usable and unusable files; the unusable ones go to quarantine. More than `limit` of them are
/// an error.
pub fn usable(
    context: &Context,
    found: Vec<Found>,
    ids: &[String],
    limit: Option<usize>,
) -> Result<Vec<Slice>> {
    let mut slices = Vec::with_capacity(found.len());
    let mut unusable: Vec<(String, PathBuf, String)> = Vec::new();
    for (found, id) in found.into_iter().zip(ids) {
        match found.slice {
            Ok(slice) => slices.push(slice),
            Err(reason) => unusable.push((id.clone(), found.file, reason)),
        }
    }
    unusable.sort();
    for (id, file, reason) in &unusable {
        context.quarantine(id, file, reason.clone());
    }
    check_limit(&unusable, limit)?;
    sort(&mut slices);
    Ok(slices)
}

/// An error if more slices (id, file, reason) are unusable than `limit` allows.
pub fn check_limit(unusable: &[(String, PathBuf, String)], limit: Option<usize>) -> Result<()> {
    match (limit, unusable.first()) {
        (Some(limit), Some((id, _, reason))) if unusable.len() > limit => Err(Error::new(format!(
            "{} slices cannot be used, {limit} are allowed; the first is {id}: {reason}",
            unusable.len()
        ))
        .help("look at the files, or raise `max_quarantined`")),
        _ => Ok(()),
    }
}
