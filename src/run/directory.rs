//! The run directory: `<out>/<recipe>/<time>-<key>/` (of a sweep `<out>/<recipe>/<trial>/<time>-<key>/`),
//! and `latest` beside it.

use std::fs;
use std::path::{Path, PathBuf};

use ichflow_api::cache::shard::Shard;
use ichflow_api::data::comparison::is_run;
use ichflow_api::error::{Error, Result, ResultExt};

use crate::recipe::sweep::directory_name;

/// The directory that holds all runs of `recipe`, or of one trial of its sweep.
pub fn parent(out: &Path, recipe: &Path, trial: Option<&str>) -> PathBuf {
    let stem = recipe
        .file_stem()
        .map_or("recipe".into(), |stem| stem.to_string_lossy().into_owned());
    match trial {
        Some(trial) => out.join(stem).join(directory_name(trial)),
        None => out.join(stem),
    }
}

/// Makes a new, empty directory for a run, or for a shard of one, below `parent`.
///
/// # Errors
/// Where the directory cannot be created.
pub fn create(parent: &Path, key: &str, shard: Option<Shard>) -> Result<PathBuf> {
    fs::create_dir_all(parent).at("create the directory", parent)?;
    let time = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S").to_string();
    let mut key = key[..8.min(key.len())].to_owned();
    if let Some(shard) = shard {
        key = format!("{key}-{}", shard.file_name());
    }
    // Two runs may start within a second; each gets a directory of its own.
    for attempt in 1..1000 {
        let name = if attempt == 1 {
            format!("{time}-{key}")
        } else {
            format!("{time}-{key}-{attempt}")
        };
        let path = parent.join(name);
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).at("create the directory", &path),
        }
    }
    Err(Error::new(format!(
        "{} holds a thousand runs of this second",
        parent.display()
    )))
}

/// Lets a `latest` whose run was removed lead to the newest run that is left, and removes it where none is.
///
/// # Errors
/// When the link cannot be changed.
pub fn mend_latest(parent: &Path) -> Result<()> {
    let latest = parent.join("latest");
    if !latest.is_symlink() || latest.exists() {
        return Ok(());
    }
    let runs = fs::read_dir(parent).at("read", parent)?.flatten();
    match runs.map(|entry| entry.path()).filter(|path| is_run(path)).max() {
        Some(newest) => point_latest(&newest),
        None => fs::remove_file(&latest).at("remove", &latest),
    }
}

/// Lets `latest` beside the run directory point to it.
///
/// # Errors
/// Where the link cannot be written.
pub fn point_latest(run: &Path) -> Result<()> {
    let (Some(parent), Some(name)) = (run.parent(), run.file_name()) else {
        return Ok(());
    };
    let latest = parent.join("latest");
    // A link is made under another name and renamed, so that `latest` is never absent.
    let temporary = parent.join(format!(".latest-{}", std::process::id()));
    let _ = fs::remove_file(&temporary);
    link(Path::new(name), &temporary).at("create the link", &temporary)?;
    fs::rename(&temporary, &latest).at("replace the link", &latest)
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

/// Where links need privileges, `latest` is a file that holds the directory's name.
#[cfg(not(unix))]
fn link(target: &Path, at: &Path) -> std::io::Result<()> {
    fs::write(at, target.to_string_lossy().as_bytes())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn latest_leads_to_a_run_that_is_there_or_is_none() {
        let home = tempfile::tempdir().unwrap();
        let run = |name: &str| {
            let path = home.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::write(path.join("recipe.resolved.toml"), "").unwrap();
            path
        };
        let (first, second) = (run("20260101-000000-a"), run("20260102-000000-b"));
        let latest = home.path().join("latest");
        point_latest(&second).unwrap();
        mend_latest(home.path()).unwrap();
        assert_eq!(fs::read_link(&latest).unwrap(), Path::new("20260102-000000-b"));
        fs::remove_dir_all(&second).unwrap();
        mend_latest(home.path()).unwrap();
        assert_eq!(fs::read_link(&latest).unwrap(), Path::new("20260101-000000-a"));
        fs::remove_dir_all(&first).unwrap();
        mend_latest(home.path()).unwrap();
        assert!(!latest.is_symlink());
    }
}
