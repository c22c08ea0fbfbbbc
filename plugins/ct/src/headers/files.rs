//! From files to the slices of a cohort: the one way of every loader, whatever it knows beside the files.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;
use ichflow_api::slice_files::{NoSlice, visit};

use super::cached::{Found, Headers, digest_of};
use super::quarantine::{Others, usable};
use crate::formats::FilePixels;
use crate::kinds::Kind;
use crate::series;

/// Which slices a loader wants, and how many it may lack.
pub(crate) struct Wanted<'a> {
    /// Number of unusable files beyond which loading fails.
    pub max_quarantined: Option<usize>,
    /// Kinds of images that are excluded.
    pub exclude: &'a [Kind],
    /// Whether a file of several frames cannot be used.
    pub single_frames: bool,
}

/// Files with the ids that their slices get.
#[derive(Debug, Default)]
pub(crate) struct Files {
    named: Vec<(String, PathBuf)>,
    /// What stands in a directory and cannot be opened.
    closed: Vec<Found>,
    /// What lies beside the files and is none.
    others: Others,
    /// Whether a file that is no slice is skipped rather than missed.
    among_others: bool,
    taken: HashSet<String>,
}

/// The slices that can be used.
pub(crate) struct Loaded {
    /// By series, along each.
    pub slices: Vec<Slice>,
    /// Reads them.
    pub pixels: Pixels,
    /// Number of files that were looked at, those left out that are no slices.
    pub files: usize,
    /// Whether they are a shard's part of all.
    pub is_part: bool,
    remarks: Vec<String>,
    /// What was told while it was found.
    told: Vec<String>,
}

impl Files {
    /// Files that a loader knows by name, with the ids of their slices.
    pub(crate) fn of(named: Vec<(String, PathBuf)>) -> Self {
        Self {
            named,
            ..Self::default()
        }
    }

    /// Adds all files below a directory, sorted; a slice's id is its path there (see [`plain_id`]), with a number where
    /// two would be the same.
    pub(crate) fn add_below(&mut self, root: &Path, context: &Context) -> Result<()> {
        self.add_first_below(root, usize::MAX, context)
    }

    /// Adds the first files below a directory alone, as many as `most`.
    pub(crate) fn add_first_below(&mut self, root: &Path, most: usize, context: &Context) -> Result<()> {
        self.among_others = true;
        visit(root, |entry| {
            context.checkpoint()?;
            match entry.problem {
                None if self.named.len() >= most => {}
                None => {
                    let id = self.free_id(plain_id(root, &entry.path));
                    self.named.push((id, entry.path));
                }
                Some(NoSlice::Other(_)) => self.others.links += 1,
                Some(NoSlice::Unusable(reason)) => {
                    let id = plain_id(root, &entry.path);
                    self.closed.push(Found::unusable(id, entry.path, reason));
                }
            }
            Ok::<_, Error>(())
        })
    }

    /// Where they are.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.named.iter().map(|(_, path)| path.as_path())
    }

    /// Forgets those that `is_unwanted`, and says how many.
    pub(crate) fn leave_out(&mut self, is_unwanted: impl Fn(&Path) -> bool) -> usize {
        let before = self.named.len();
        self.named.retain(|(_, path)| !is_unwanted(path));
        before - self.named.len()
    }

    fn free_id(&mut self, plain: String) -> String {
        let mut id = plain.clone();
        let mut number = 2;
        while !self.taken.insert(id.clone()) {
            id = format!("{plain}~{number}");
            number += 1;
        }
        id
    }

    /// Reads their headers, or takes them from an earlier run, and parts usable and unusable slices.
    pub(crate) fn load(mut self, context: &Context, wanted: &Wanted) -> Result<Loaded> {
        let headers = Headers::open(context)?;
        let (named, is_part) = headers.share_of(context, self.named);
        let mut found = headers.read(context, named)?;
        let pixels = Pixels::new(FilePixels::default()).with_digest(digest_of(&found));
        if wanted.single_frames {
            found.iter_mut().for_each(Found::refuse_several_frames);
        }
        if self.among_others {
            found = self.others.take_from(found);
        }
        if !is_part {
            found.extend(self.closed);
        }
        let files = found.len();
        let (slices, told) = usable(context, found, wanted.max_quarantined, wanted.exclude)?;
        let mut remarks = self.others.remarks();
        if !is_part {
            remarks.extend(series::remarks(&slices));
        }
        Ok(Loaded {
            slices,
            pixels,
            files,
            is_part,
            remarks,
            told,
        })
    }
}

impl Loaded {
    /// Tells a loader's own remarks and those on the files, and gives all that a cohort keeps of them.
    pub(crate) fn tell(&mut self, context: &Context, own: Vec<String>) -> Vec<String> {
        let mut remarks = own;
        remarks.append(&mut self.remarks);
        for remark in &remarks {
            context.say(remark);
        }
        remarks.append(&mut self.told);
        remarks
    }

    /// That nothing below `root` can be used, with the first reason.
    pub(crate) fn nothing_below(&self, root: &Path, context: &Context) -> Error {
        let excluded = context.run().quarantined();
        let why = excluded.first().map_or_else(String::new, |first| {
            format!(
                " that can be used: {}: {} (the first of {} files)",
                path_text(&first.file),
                first.reason,
                self.files
            )
        });
        Error::new(format!("no slice was found below {}{why}", root.display())).help(
            "`path` should be a directory of CT slices, at any depth; `ichflow inspect` says what a file is",
        )
    }
}

/// A file's path below a directory, its parts joined by two underscores, so that an id can be a file name; bytes that
/// are not UTF-8 stand in it as `\xNN`.
fn plain_id(root: &Path, file: &Path) -> String {
    let below = file.strip_prefix(root).unwrap_or(file);
    let parts: Vec<_> = below.iter().map(|part| path_text(Path::new(part))).collect();
    parts.join("__")
}
