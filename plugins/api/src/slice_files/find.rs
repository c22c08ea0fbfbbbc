//! What files hold.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;

use rayon::prelude::*;

use super::entries::{Entry, entries};
use super::format::{FileSlice, NoSlice, format};
use crate::data::pixels::Pixels;
use crate::error::{Error, Result};
use crate::guard;
use crate::path_text::path_text;

/// Files that were named, or stand in directories that were, and what they hold.
pub struct Found {
    /// All of them, in the order of the arguments; those of a directory sorted by name.
    pub files: Vec<File>,
    /// Reads the slices of all of them.
    pub pixels: Pixels,
    /// The name of the files' format.
    pub format: &'static str,
}

/// A file and what it holds.
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it was named itself, and not its directory.
    pub named: bool,
    /// Its slices, one a frame, or why there are none.
    pub slices: Result<Vec<FileSlice>, NoSlice>,
}

impl File {
    /// Whether somebody may miss a slice here: it looks like one, or was asked for by name.
    pub fn is_missed(&self) -> bool {
        match &self.slices {
            Ok(_) => false,
            Err(NoSlice::Unusable(_)) => true,
            Err(NoSlice::Other(_)) => self.named,
        }
    }
}

impl Found {
    /// That there is no slice to work on, with the reason that a person looks for first.
    pub fn nothing(&self) -> Error {
        let of_file = |file: &File| {
            let reason = match &file.slices {
                Ok(slices) => slices.first()?.not_axial_ct.clone()?,
                Err(none) => none.reason().to_owned(),
            };
            Some(format!("{}: {reason}", path_text(&file.path)))
        };
        let missed = self
            .files
            .iter()
            .find(|file| file.slices.is_ok() || file.is_missed());
        let why = missed
            .or(self.files.first())
            .and_then(of_file)
            .unwrap_or_else(|| "there are no files".to_owned());
        let others = match self.files.len() {
            0 | 1 => String::new(),
            count => format!(" (the first of {count} files)"),
        };
        Error::new(format!("no slice was found that can be used: {why}{others}")).help(format!(
            "name {} files or directories of them; `ichflow inspect` says what a file is",
            self.format
        ))
    }
}

/// Reads the headers of all given files, and of the files in the given directories, at any depth. What is wrong with one
/// of them is said of it, and the others are read all the same.
///
/// # Errors
/// When no plugin of this program reads files of slices.
pub fn find(paths: &[PathBuf]) -> Result<Found> {
    let format = format()?;
    let read = |Entry { path, named, problem }: Entry| {
        let slices = match problem {
            Some(problem) => Err(problem),
            // Parsers may panic on what nobody foresaw; one bad file must not end a call of many.
            None => guard::catch(AssertUnwindSafe(|| (format.read)(&path))).unwrap_or_else(|_| {
                Err(NoSlice::Unusable(
                    "its header is damaged: the parser gave up".into(),
                ))
            }),
        };
        File { path, named, slices }
    };
    Ok(Found {
        files: entries(paths).into_par_iter().map(read).collect(),
        pixels: (format.pixels)(),
        format: format.format,
    })
}
