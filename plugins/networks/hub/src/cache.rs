//! The hub's cache on this machine.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Repository;

/// Where it is, by the environment; nothing without a home directory.
pub(crate) fn directory(set: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let of = |name: &str| set(name).map(PathBuf::from);
    let home = || {
        of("HOME")
            .or_else(|| of("USERPROFILE"))
            .map(|home| home.join(".cache"))
    };
    of("HF_HUB_CACHE")
        .or_else(|| of("HF_HOME").map(|home| home.join("hub")))
        .or_else(|| {
            let cache = of("XDG_CACHE_HOME").or_else(home)?;
            Some(cache.join("huggingface").join("hub"))
        })
}

/// A file of a model, if it is there: `models--owner--name/snapshots/COMMIT/FILE`, where the commit of a branch or
/// tag stands in `refs`.
pub(crate) fn find(cache: &Path, repository: &Repository, file: &str) -> Option<PathBuf> {
    let folder = cache.join(format!("models--{}", repository.name.replace('/', "--")));
    let reference = folder.join("refs").join(&repository.revision);
    let commit = fs::read_to_string(reference)
        .map_or_else(|_| repository.revision.clone(), |text| text.trim().to_owned());
    let path = folder.join("snapshots").join(commit).join(file);
    path.exists().then_some(path)
}
