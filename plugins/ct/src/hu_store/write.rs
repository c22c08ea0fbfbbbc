//! Opening, repairing, filling and verifying a store.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use ichflow_api::cache::keep::{lock, write_whole};
use ichflow_api::digest::{Digest, sha256};
use ichflow_api::prelude::*;
use rayon::prelude::*;

use super::entry::{Entry, Place, Prepared};
use super::read::{StorePixels, read_place};
use crate::headers::{Source, source_of};

/// What a store knows of a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing, or its file changed since.
    Missing,
    /// It is there.
    Stored,
    /// It could not be read, and its file is still the same.
    Failed(String),
}

/// A store open for writing.
pub struct Store {
    directory: PathBuf,
    values: File,
    index: File,
    entries: HashMap<(String, u32), Entry>,
    /// Where the next slice goes, in bytes.
    end: u64,
    /// Held until the store is dropped; the system releases it when the process dies.
    _lock: File,
}

impl Store {
    /// Creates a store, or opens what is there: what an interrupted run left half-written and what does
    /// not match its checksum is removed. Waits while another run writes to it.
    ///
    /// # Errors
    /// Where the directory cannot be read or written, or the run should stop.
    pub fn open(directory: &Path, context: &Context) -> Result<Self> {
        fs::create_dir_all(directory).at("create the directory", directory)?;
        let lock = lock(
            &directory.join("lock"),
            "another run is writing to the same HU store; waiting for it",
            context,
        )?;
        let open = |name: &str| {
            let path = directory.join(name);
            OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .at("open", &path)
        };
        let values = open("hu.bin")?;
        let mut store = Self {
            directory: directory.to_owned(),
            values,
            index: open("index.jsonl")?,
            entries: HashMap::new(),
            end: 0,
            _lock: lock,
        };
        store.recover(context)?;
        Ok(store)
    }

    /// What is known of a slice.
    pub fn state(&self, slice: &Slice) -> State {
        let Some(entry) = self.entries.get(&(slice.id.clone(), slice.frame)) else {
            return State::Missing;
        };
        if entry.file != slice.file || entry.source != source_of(&slice.file) {
            return State::Missing;
        }
        match &entry.failed {
            None => State::Stored,
            // A file that is not even there may be so only for now.
            Some(_) if entry.source.is_none() => State::Missing,
            Some(reason) => State::Failed(reason.clone()),
        }
    }

    /// What is known of a slice, ready to be appended to another store; none if its file changed since, or its
    /// values are not what was stored.
    pub fn taken(&self, slice: &Slice) -> Option<Prepared> {
        if self.state(slice) == State::Missing {
            return None;
        }
        let entry = self.entries.get(&(slice.id.clone(), slice.frame))?.clone();
        let bytes = match &entry.pixels {
            None => Vec::new(),
            Some(place) => {
                let bytes = read_place(&self.values, place).ok()?;
                (sha256(&bytes) == place.sha256).then_some(bytes)?
            }
        };
        Some(Prepared { entry, bytes })
    }

    /// Appends slices in the given order. When it returns, they are on the disk.
    ///
    /// # Errors
    /// Where the files cannot be written.
    pub fn append(&mut self, prepared: Vec<Prepared>) -> Result<()> {
        let path = self.directory.join("hu.bin");
        let mut lines = Vec::new();
        let mut entries = Vec::with_capacity(prepared.len());
        self.values.seek(SeekFrom::Start(self.end)).at("write", &path)?;
        let mut writer = BufWriter::new(&self.values);
        let mut end = self.end;
        for Prepared { mut entry, bytes } in prepared {
            if let Some(place) = &mut entry.pixels {
                place.offset = end;
                writer.write_all(&bytes).at("write", &path)?;
                end = place.end();
            }
            serde_json::to_writer(&mut lines, &entry).at("write", &path)?;
            lines.push(b'\n');
            entries.push(entry);
        }
        writer.flush().at("write", &path)?;
        drop(writer);
        self.values.sync_data().at("write", &path)?;
        let path = self.directory.join("index.jsonl");
        self.index.seek(SeekFrom::End(0)).at("write", &path)?;
        self.index.write_all(&lines).at("write", &path)?;
        self.index.sync_data().at("write", &path)?;
        self.end = end;
        self.entries
            .extend(entries.into_iter().map(|entry| (key(&entry), entry)));
        Ok(())
    }

    /// Notes that everything in the store is right, so that the next run need not compare checksums.
    ///
    /// # Errors
    /// Where the note cannot be written.
    pub fn seal(&self) -> Result<()> {
        let path = self.directory.join("verified.json");
        let state = serde_json::to_vec(&source_of(&self.directory.join("hu.bin"))).at("write", &path)?;
        write_whole(&path, |mut file| file.write_all(&state))
    }

    /// A digest of the values of some slices: of what was decoded, wherever it came from.
    pub fn digest_of(&self, slices: &[&Slice]) -> String {
        let mut digest = Digest::new();
        for slice in slices {
            let entry = self.entries.get(&(slice.id.clone(), slice.frame));
            let place = entry.and_then(|entry| entry.pixels.as_ref());
            digest
                .add(&slice.id)
                .add(slice.frame.to_le_bytes())
                .add(place.map_or("", |place| place.sha256.as_str()));
        }
        digest.hex()
    }

    /// Closes the store for writing and opens it for reading.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn into_pixels(self) -> Result<StorePixels> {
        let path = self.directory.join("hu.bin");
        let values = File::open(&path).at("open", &path)?;
        let places = self
            .entries
            .into_iter()
            .filter_map(|(key, entry)| Some((key, entry.pixels?)));
        Ok(StorePixels::new(self.directory, values, places.collect()))
    }

    fn recover(&mut self, context: &Context) -> Result<()> {
        let path = self.directory.join("index.jsonl");
        let text = fs::read(&path).at("read", &path)?;
        let mut dropped = !text.is_empty() && !text.ends_with(b"\n");
        let length = self.values.metadata().at("read", &self.directory)?.len();
        let mut entries: Vec<Entry> = Vec::new();
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Entry>(line) {
                Ok(entry) if entry.pixels.as_ref().is_none_or(|place| place.end() <= length) => {
                    entries.push(entry);
                }
                _ => dropped = true,
            }
        }
        if !self.is_sealed() {
            let right = self.compare(&entries, context)?;
            dropped |= right.contains(&false);
            let mut right = right.into_iter();
            entries.retain(|_| right.next().unwrap_or(false));
        }
        let ends = entries
            .iter()
            .filter_map(|entry| entry.pixels.as_ref())
            .map(Place::end);
        self.end = ends.max().unwrap_or(0);
        if length > self.end {
            self.values.set_len(self.end).at("repair", &self.directory)?;
        }
        if dropped {
            self.rewrite_index(&entries)?;
        }
        self.entries = entries.into_iter().map(|entry| (key(&entry), entry)).collect();
        Ok(())
    }

    fn is_sealed(&self) -> bool {
        let seal = fs::read(self.directory.join("verified.json")).ok();
        let seal = seal.and_then(|text| serde_json::from_slice::<Source>(&text).ok());
        seal.is_some() && seal == source_of(&self.directory.join("hu.bin"))
    }

    /// Compares every checksum.
    fn compare(&self, entries: &[Entry], context: &Context) -> Result<Vec<bool>> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let progress = context.progress("verifying the HU store", entries.len(), "slices");
        let stop = context.stop_flag();
        let right = entries
            .par_iter()
            .map(|entry| {
                progress.advance(1);
                match &entry.pixels {
                    _ if stop.load(std::sync::atomic::Ordering::Relaxed) => false,
                    None => true,
                    Some(place) => {
                        let bytes = read_place(&self.values, place);
                        bytes.is_ok_and(|bytes| sha256(&bytes) == place.sha256)
                    }
                }
            })
            .collect();
        // What was not compared because of an interruption must not be taken for wrong.
        context.checkpoint()?;
        Ok(right)
    }

    fn rewrite_index(&mut self, entries: &[Entry]) -> Result<()> {
        let path = self.directory.join("index.jsonl");
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry).at("write", &path)?;
            lines.push(b'\n');
        }
        write_whole(&path, |mut file| {
            file.write_all(&lines)?;
            file.sync_data()
        })?;
        self.index = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .at("open", &path)?;
        Ok(())
    }
}

fn key(entry: &Entry) -> (String, u32) {
    (entry.id.clone(), entry.frame)
}
