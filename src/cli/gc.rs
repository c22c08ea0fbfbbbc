//! `ichflow gc`: removes what the cache kept and nobody used for a while, and mends links to runs that were removed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Args;
use ichflow_api::error::{Result, ResultExt};

use super::fail;
use crate::run::directory::mend_latest;

/// Arguments of `ichflow gc`.
#[derive(Args, Debug)]
pub(super) struct GcArguments {
    /// Remove what was last used more than so many days ago
    #[arg(long, value_name = "DAYS", default_value_t = 30.0)]
    older_than: f64,
    /// Only say what would go
    #[arg(long)]
    dry_run: bool,
    /// Directory that holds runs and the cache
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
}

pub(super) fn main(arguments: &GcArguments) -> ExitCode {
    match collect(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Something a stage kept: `cache/<stage>/<key>/`.
struct Kept {
    path: PathBuf,
    age: Duration,
    bytes: u64,
}

fn collect(arguments: &GcArguments) -> Result<()> {
    let cache = arguments.out.join("cache");
    let limit = Duration::from_secs_f64(arguments.older_than.clamp(0.0, 36_500.0) * 86_400.0);
    let (mut freed, mut stays) = (0, 0);
    for kept in kept(&cache)? {
        if kept.age <= limit || in_use(&kept.path) {
            stays += kept.bytes;
            continue;
        }
        println!(
            "{}  {}  last used {:.0} days ago",
            kept.path.display(),
            size(kept.bytes),
            kept.age.as_secs_f64() / 86_400.0
        );
        freed += kept.bytes;
        if !arguments.dry_run {
            // Renamed first, so that a run that starts now does not find half of it.
            let doomed = kept.path.with_extension("removed");
            fs::rename(&kept.path, &doomed).at("remove", &kept.path)?;
            fs::remove_dir_all(&doomed).at("remove", &doomed)?;
            let _ = fs::remove_file(kept.path.with_extension("lock"));
        }
    }
    if !arguments.dry_run {
        mend_links(&arguments.out)?;
    }
    let verb = if arguments.dry_run { "would free" } else { "freed" };
    println!("{verb} {}, {} stay", size(freed), size(stays));
    Ok(())
}

/// Lets every `latest` below `out` lead to a run that is there: of recipes, and of trials of a sweep.
fn mend_links(out: &Path) -> Result<()> {
    for recipe in directories(out)? {
        mend_latest(&recipe)?;
        for trial in directories(&recipe)?.iter().filter(|path| !path.is_symlink()) {
            mend_latest(trial)?;
        }
    }
    Ok(())
}

fn kept(cache: &Path) -> Result<Vec<Kept>> {
    let mut all = Vec::new();
    for stage in directories(cache)? {
        if stage
            .file_name()
            .is_some_and(|name| name == crate::run::record::DIRECTORY)
        {
            continue;
        }
        for path in directories(&stage)? {
            // What a killed run left without a mark is as old as its directory.
            let used = fs::metadata(path.join("used")).or_else(|_| fs::metadata(&path));
            let changed = used.at("look at", &path)?.modified().at("look at", &path)?;
            all.push(Kept {
                age: SystemTime::now().duration_since(changed).unwrap_or_default(),
                bytes: bytes_below(&path)?,
                path,
            });
        }
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(all)
}

fn directories(path: &Path) -> Result<Vec<PathBuf>> {
    match fs::read_dir(path) {
        Ok(entries) => Ok(entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_dir() && !path.is_symlink())
            .collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).at("read", path),
    }
}

pub(super) fn bytes_below(path: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(path).at("read", path)? {
        let entry = entry.at("read", path)?;
        let metadata = entry.metadata().at("look at", &entry.path())?;
        total += if metadata.is_dir() {
            bytes_below(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(total)
}

/// Whether a run holds the lock of a directory right now.
fn in_use(path: &Path) -> bool {
    [path.with_extension("lock"), path.join("lock")]
        .iter()
        .any(|lock| {
            fs::File::open(lock)
                .is_ok_and(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
        })
}

/// A number of bytes as people say it.
pub(super) fn size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} B")
    } else {
        format!("{value:.1} {}", units[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_said_as_people_say_them() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_500), "1.5 kB");
        assert_eq!(size(2_340_000_000), "2.3 GB");
    }
}
