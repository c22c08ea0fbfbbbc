//! Headers of many files, read in parallel and kept for the next run.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use ichflow_api::digest::Digest;
use ichflow_api::guard;
use ichflow_api::prelude::*;
use rayon::prelude::*;

use crate::dicom::{self, Header};
use crate::source::{Source, source_of};

/// Files between two checks for an interruption.
const CHUNK: usize = 4096;

/// A file and what its header said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The file.
    pub file: PathBuf,
    /// Its state when the header was read.
    source: Option<Source>,
    /// Its slices without labels, one a frame, or why they cannot be used.
    pub slices: Result<Vec<Slice>, String>,
    /// What deserves attention in it.
    warnings: Vec<String>,
}

/// Reads headers, taking those it can from `headers-3.jsonl` of the stage's cache directory.
pub struct Headers {
    kept: HashMap<PathBuf, Found>,
    /// Where headers are kept.
    path: PathBuf,
}

impl Headers {
    /// Opens what earlier runs kept.
    pub fn open(context: &Context) -> Result<Self> {
        let path = context.cache()?.join("headers-3.jsonl");
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
        let unusable = AtomicUsize::new(0);
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
                    let one = match self.kept.get(file) {
                        Some(kept) if source.is_some() && kept.source == source => {
                            let mut kept = kept.clone();
                            if let Ok(slices) = &mut kept.slices {
                                let frames = slices.len();
                                for slice in slices {
                                    slice.id = id_of(id, slice.frame, frames);
                                }
                            }
                            (kept, false)
                        }
                        _ => (Found::read(id, file, source), true),
                    };
                    if one.0.slices.is_err() {
                        let count = 1 + unusable.fetch_add(1, Ordering::Relaxed);
                        progress.note(&format!("{count} unusable"));
                    }
                    progress.advance(1);
                    Some(one)
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
            context.cached("headers");
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

/// A digest of the state of all files: what is read straight from them is known by it.
pub fn digest_of(all: &[Found]) -> String {
    let mut digest = Digest::new();
    for found in all {
        let source = found.source.as_ref();
        digest
            .add(found.file.to_string_lossy().as_bytes())
            .add(source.map_or(0, |source| source.size).to_le_bytes())
            .add(source.map_or(0, |source| source.changed).to_le_bytes());
    }
    digest.hex()
}

impl Found {
    fn read(id: &str, file: &Path, source: Option<Source>) -> Self {
        // Parsers may panic on what nobody foresaw; one bad file must not end a run of many.
        let headers = guard::catch(AssertUnwindSafe(|| dicom::read_headers(file)))
            .unwrap_or_else(|_| Err(Error::new("its header is damaged: the parser gave up")))
            .map_err(|error| error.chain());
        let mut warnings: Vec<String> = headers
            .iter()
            .flatten()
            .flat_map(|h| h.warnings.clone())
            .collect();
        warnings.sort();
        warnings.dedup();
        let slices = headers.map(|headers| {
            let frames = headers.len();
            let slice = |(frame, header)| slice_of(id, file, frame as u32, frames, header);
            headers.into_iter().enumerate().map(slice).collect()
        });
        Self {
            file: file.to_owned(),
            source,
            slices,
            warnings,
        }
    }
}

impl Found {
    /// Labels are of an image each, and a file of the competition is one image.
    pub fn refuse_several_frames(&mut self) {
        if let Ok(slices) = &self.slices
            && slices.len() > 1
        {
            self.slices = Err(format!(
                "it holds {} frames; an image of the competition is one",
                slices.len()
            ));
        }
    }
}

/// A slice's id: the file's, and where it has several frames, the frame's number from 0.
fn id_of(id: &str, frame: u32, frames: usize) -> String {
    match frames {
        1 => id.to_owned(),
        _ => format!("{id}~frame{frame:04}"),
    }
}

fn slice_of(id: &str, file: &Path, frame: u32, frames: usize, header: Header) -> Slice {
    Slice {
        id: id_of(id, frame, frames),
        file: file.to_owned(),
        frame,
        style: header.storage.style(),
        header: header.notes(),
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

/// The slices of one file, one a frame.
pub fn slices_of(id: &str, file: &Path) -> Result<Vec<Slice>> {
    let headers = dicom::read_headers(file)?;
    let frames = headers.len();
    let slice = |(frame, header)| slice_of(id, file, frame as u32, frames, header);
    Ok(headers.into_iter().enumerate().map(slice).collect())
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
    let mut warnings: BTreeMap<String, usize> = BTreeMap::new();
    for (found, id) in found.into_iter().zip(ids) {
        match found.slices {
            Ok(of_file) => slices.extend(of_file),
            Err(reason) => unusable.push((id.clone(), found.file, reason)),
        }
        for warning in found.warnings {
            *warnings.entry(warning).or_default() += 1;
        }
    }
    for (warning, count) in warnings {
        let files = if count == 1 { "file" } else { "files" };
        context.warn(format!("{count} {files}: {warning}"));
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
