//! Headers of many files, read in parallel and kept for the next run.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use ichflow_api::cache::keep::write_whole;
use ichflow_api::cache::shard::{Shard, absent};
use ichflow_api::digest::Digest;
use ichflow_api::guard;
use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;
use rayon::prelude::*;

use super::source::{Source, source_of};
use crate::formats::{Frame, format_of, name_slices};
use crate::kinds::Kind;

/// Files between two checks for an interruption.
const CHUNK: usize = 4096;

/// A file and what its header said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Found {
    /// The id that its slice gets, and slices of several begin with.
    #[serde(skip)]
    pub id: String,
    /// The file.
    #[serde(with = "ichflow_api::path_text")]
    pub file: PathBuf,
    /// Its state when the header was read.
    source: Option<Source>,
    /// Its slices without labels, one a frame, or why they cannot be used.
    pub slices: Result<Vec<Slice>, String>,
    /// What deserves attention in it.
    pub(super) warnings: Vec<String>,
    /// Of each slice, what it is in place of an axial slice of CT in HU, with the reasons.
    pub(super) kinds: Vec<Vec<(Kind, String)>>,
}

/// Headers are kept in this file of the stage's cache directory, and those that a shard read beside it.
const KEPT: &str = "headers-7.jsonl";
/// What the files of shards are called: `headers-7.2-of-3.jsonl`.
const KEPT_STEM: &str = "headers-7.";

/// Reads headers, taking those it can from what earlier runs and shards kept.
pub(crate) struct Headers {
    kept: HashMap<PathBuf, Found>,
    /// Where this run keeps headers.
    path: PathBuf,
    /// What shards kept.
    of_shards: Vec<(Shard, PathBuf)>,
}

impl Headers {
    /// Opens what earlier runs kept.
    pub(crate) fn open(context: &Context) -> Result<Self> {
        let directory = context.cache()?;
        let mut of_shards = Vec::new();
        for entry in fs::read_dir(&directory).at("read the directory", &directory)? {
            let path = entry.at("read the directory", &directory)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let shard = name
                .strip_prefix(KEPT_STEM)
                .and_then(|name| name.strip_suffix(".jsonl"));
            if let Some(shard) = shard.and_then(Shard::of_file_name) {
                of_shards.push((shard, path));
            }
        }
        let mut kept = HashMap::new();
        let whole = directory.join(KEPT);
        for path in of_shards.iter().map(|(_, path)| path).chain([&whole]) {
            let Ok(file) = File::open(path) else { continue };
            // A line that does not parse costs nothing but reading that header again.
            for line in BufReader::new(file).lines().map_while(std::io::Result::ok) {
                if let Ok(found) = serde_json::from_str::<Found>(&line) {
                    kept.insert(found.file.clone(), found);
                }
            }
        }
        let path = match context.shard() {
            Some(shard) => directory.join(format!("{KEPT_STEM}{}.jsonl", shard.file_name())),
            None => whole,
        };
        Ok(Self {
            kept,
            path,
            of_shards,
        })
    }

    /// Those of `files` whose headers this run reads, and whether they are only a shard's part. Once all headers
    /// are known a shard has all files too.
    pub(crate) fn share_of(
        &self,
        context: &Context,
        files: Vec<(String, PathBuf)>,
    ) -> (Vec<(String, PathBuf)>, bool) {
        let missing = || files.iter().filter(|(_, file)| !self.kept.contains_key(file));
        let Some(shard) = context.shard() else {
            let left: Vec<Shard> = self.of_shards.iter().map(|(shard, _)| *shard).collect();
            let absent = absent(&left, "files", |count| {
                missing().map(|(_, file)| Shard::of_file(file, count)).collect()
            });
            if !absent.is_empty() {
                context.warn(format!("{absent}: what is missing is read now"));
            }
            return (files, false);
        };
        if missing().next().is_none() {
            return (files, false);
        }
        let own = files.into_iter().filter(|(_, file)| shard.has_file(file));
        (own.collect(), true)
    }

    /// Headers of `files` (each with the id its slice gets), in their order, and kept for the next run.
    pub(crate) fn read(mut self, context: &Context, files: Vec<(String, PathBuf)>) -> Result<Vec<Found>> {
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
                            kept.id.clone_from(id);
                            if let Ok(slices) = &mut kept.slices {
                                name_slices(slices, id, file);
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
        let merges = context.shard().is_none() && !self.of_shards.is_empty();
        if fresh == 0 && total > 0 {
            context.cached("headers");
        }
        if fresh > 0 || total == 0 || merges {
            self.keep(&all)?;
        }
        if merges {
            for (_, path) in &self.of_shards {
                // Two runs may put the same parts together; what is left over does no harm.
                let _ = fs::remove_file(path);
            }
        }
        Ok(all)
    }

    fn keep(&mut self, all: &[Found]) -> Result<()> {
        self.kept.clear();
        write_whole(&self.path, |file| {
            let mut writer = BufWriter::new(file);
            for found in all {
                serde_json::to_writer(&mut writer, found)?;
                writer.write_all(b"\n")?;
            }
            writer.flush()
        })
    }
}

/// How files are read: another number where Hounsfield units of the same file changed. 2: overflow is corrected where a
/// slice shows it, tables are applied, axial images are brought to one orientation.
const READING: [u8; 1] = [2];

/// A digest of the state of all files: what is read straight from them is known by it.
pub(crate) fn digest_of(all: &[Found]) -> String {
    let mut digest = Digest::new();
    digest.add(READING);
    for found in all {
        let source = found.source.as_ref();
        digest
            .add(path_text(&found.file).as_bytes())
            .add(source.map_or(0, |source| source.size).to_le_bytes())
            .add(source.map_or(0, |source| source.changed).to_le_bytes());
    }
    digest.hex()
}

impl Found {
    fn read(id: &str, file: &Path, source: Option<Source>) -> Self {
        // Parsers may panic on what nobody foresaw; one bad file must not end a run of many.
        let frames = guard::catch(AssertUnwindSafe(|| format_of(file).read(file)))
            .unwrap_or_else(|_| Err(Error::new("its header is damaged: the parser gave up")))
            .map_err(|error| error.chain());
        let of_all = || frames.iter().flatten();
        let mut warnings: Vec<String> = of_all().flat_map(|frame| frame.warnings.clone()).collect();
        warnings.sort();
        warnings.dedup();
        let kinds = of_all().map(|frame| frame.kinds.clone()).collect();
        let slices = frames.map(|frames| {
            let mut slices: Vec<Slice> = frames.into_iter().map(|Frame { slice, .. }| slice).collect();
            name_slices(&mut slices, id, file);
            slices
        });
        Self {
            id: id.to_owned(),
            file: file.to_owned(),
            source,
            slices,
            warnings,
            kinds,
        }
    }
}

impl Found {
    /// A file, or what stands in a directory in its place, that cannot be opened.
    pub(crate) fn unusable(id: String, file: PathBuf, reason: String) -> Self {
        Self {
            id,
            file,
            source: None,
            slices: Err(reason),
            warnings: Vec::new(),
            kinds: Vec::new(),
        }
    }

    /// Labels are of an image each, and a file of the competition is one image.
    pub(crate) fn refuse_several_frames(&mut self) {
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
