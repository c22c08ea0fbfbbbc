//! What shards left for the run that puts a store together.

use std::fs;
use std::path::{Path, PathBuf};

use ichflow_api::cache::shard::{Shard, absent};
use ichflow_api::prelude::*;

use super::entry::Prepared;
use super::write::{State, Store};

/// The parts of a store that shards filled.
pub struct Parts {
    directory: PathBuf,
    parts: Vec<(Shard, Store)>,
}

impl Parts {
    /// Where parts lie in a store's directory.
    fn home(store: &Path) -> PathBuf {
        store.join("parts")
    }

    /// Opens a shard's own part of the store in `directory`.
    ///
    /// # Errors
    /// Where the directory cannot be read or written.
    pub fn own(directory: &Path, shard: Shard, context: &Context) -> Result<Store> {
        Store::open(&Self::home(directory).join(shard.file_name()), context)
    }

    /// Opens all parts of the store in `directory`; waits for shards that are at work.
    ///
    /// # Errors
    /// Where a part cannot be read, or the run should stop.
    pub fn open(directory: &Path, context: &Context) -> Result<Self> {
        let home = Self::home(directory);
        let mut parts = Vec::new();
        if home.is_dir() {
            for entry in fs::read_dir(&home).at("read the directory", &home)? {
                let path = entry.at("read the directory", &home)?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if let Some(shard) = Shard::of_file_name(&name) {
                    parts.push((shard, Store::open(&path, context)?));
                }
            }
        }
        parts.sort_by_key(|(shard, _)| *shard);
        Ok(Self {
            directory: home,
            parts,
        })
    }

    /// A slice as the shard that had it prepared it.
    pub fn taken(&self, slice: &Slice) -> Option<Prepared> {
        self.parts.iter().find_map(|(_, part)| part.taken(slice))
    }

    /// Which shards did not do all of their part, in words; empty if all did, or there are none.
    pub fn absent(&self, slices: &[&Slice]) -> String {
        let left: Vec<Shard> = self.parts.iter().map(|(shard, _)| *shard).collect();
        absent(&left, "slices", |count| {
            slices
                .iter()
                .filter(|slice| {
                    self.parts
                        .iter()
                        .all(|(_, part)| part.state(slice) == State::Missing)
                })
                .map(|slice| Shard::of_file(&slice.file, count))
                .collect()
        })
    }

    /// Removes the parts: all that is in them is in the store.
    ///
    /// # Errors
    /// Where a file cannot be removed.
    pub fn remove(self) -> Result<()> {
        drop(self.parts);
        if self.directory.is_dir() {
            fs::remove_dir_all(&self.directory).at("remove", &self.directory)?;
        }
        Ok(())
    }
}
