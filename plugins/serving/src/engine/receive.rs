//! Files while they come in. They have no name in any directory: on Linux they are unlinked and read by their descriptors,
//! so that they end with the process whatever ends it; elsewhere they have numbers in a private directory.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::limits::Limits;
use super::room::{Room, Taken};

/// A file of an upload.
pub(crate) struct Spooled {
    /// The client's name for it: shown, and never a path of this machine.
    pub name: String,
    /// Where it can be read.
    pub path: PathBuf,
    /// Keeps it.
    _file: Kept,
}

/// What keeps a file.
enum Kept {
    #[cfg(target_os = "linux")]
    Unlinked {
        _file: File,
        _link: Option<tempfile::TempPath>,
    },
    #[cfg(not(target_os = "linux"))]
    Named { _file: tempfile::TempPath },
}

/// An upload whose files are still coming.
pub(crate) struct Draft {
    limits: Limits,
    scratch: PathBuf,
    bytes: Taken,
    handles: Taken,
    /// Its place among those that come or wait.
    pub(super) place: Taken,
    files: Vec<Spooled>,
    current: Option<Current>,
    total: u64,
}

struct Current {
    name: String,
    file: NewFile,
    bytes: u64,
}

/// A file to write to.
#[cfg(target_os = "linux")]
type NewFile = File;
#[cfg(not(target_os = "linux"))]
type NewFile = tempfile::NamedTempFile;

/// Why a file is not taken.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It is beyond a bound of one upload.
    TooLarge(String),
    /// The server has enough to do at the moment.
    Full(String, Duration),
    /// It cannot be stored.
    Failed(String),
}

/// When it is worth asking again.
const LATER: Duration = Duration::from_secs(10);

impl Draft {
    pub(super) fn new(limits: &Limits, scratch: &Path, bytes: &Room, handles: &Room, place: Taken) -> Self {
        Self {
            limits: limits.clone(),
            scratch: scratch.to_owned(),
            bytes: bytes.none(),
            handles: handles.none(),
            place,
            files: Vec::new(),
            current: None,
            total: 0,
        }
    }

    /// Whether a body of so many bytes can be taken at all: said before any of it is read.
    ///
    /// # Errors
    /// Where it is too large.
    pub(crate) fn expect(&self, bytes: u64) -> Result<(), Refusal> {
        // Boundaries and the names of files come on top.
        let most = self.limits.upload_bytes + (1 << 20) + 1024 * self.limits.upload_files as u64;
        if bytes > most {
            return Err(self.too_large());
        }
        Ok(())
    }

    /// Begins the next file.
    ///
    /// # Errors
    /// Where there are too many, or no file can be made.
    pub(crate) fn begin(&mut self, name: String) -> Result<(), Refusal> {
        self.finish();
        if self.files.len() >= self.limits.upload_files {
            return Err(Refusal::TooLarge(format!(
                "an upload has at most {} files; send the exams of a study in several",
                self.limits.upload_files
            )));
        }
        if !self.handles.add(1) {
            return Err(Refusal::Full(
                "the server holds as many files as it can".to_owned(),
                LATER,
            ));
        }
        let failed = |error: std::io::Error| Refusal::Failed(format!("the file cannot be stored: {error}"));
        #[cfg(target_os = "linux")]
        let file = tempfile::tempfile_in(&self.scratch).map_err(failed)?;
        #[cfg(not(target_os = "linux"))]
        let file = tempfile::Builder::new()
            .suffix(ending(&name))
            .tempfile_in(&self.scratch)
            .map_err(failed)?;
        self.current = Some(Current { name, file, bytes: 0 });
        Ok(())
    }

    /// Adds to the file that was begun.
    ///
    /// # Errors
    /// Where it becomes too large, or the server has no room for it.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let more = bytes.len() as u64;
        let Some(current) = &mut self.current else {
            return Ok(());
        };
        if current.bytes + more > self.limits.part_bytes {
            return Err(Refusal::TooLarge(format!(
                "a file has at most {} MiB",
                self.limits.part_bytes >> 20
            )));
        }
        if self.total + more > self.limits.upload_bytes {
            return Err(self.too_large());
        }
        if !self.bytes.add(more) {
            return Err(Refusal::Full(
                "the server holds as much as it can".to_owned(),
                LATER,
            ));
        }
        current.bytes += more;
        self.total += more;
        current
            .file
            .write_all(bytes)
            .map_err(|error| Refusal::Failed(format!("the file cannot be stored: {error}")))
    }

    fn too_large(&self) -> Refusal {
        Refusal::TooLarge(format!(
            "an upload has at most {} MiB",
            self.limits.upload_bytes >> 20
        ))
    }

    fn finish(&mut self) {
        let Some(current) = self.current.take() else {
            return;
        };
        let Current { name, file, .. } = current;
        let (path, kept) = keep(file, &self.scratch, ending(&name));
        self.files.push(Spooled {
            name,
            path,
            _file: kept,
        });
    }

    /// All files, sorted as those of a directory are, and what holds their bytes and handles.
    pub(super) fn done(mut self) -> (Vec<Spooled>, u64, Taken, Taken, Taken) {
        self.finish();
        let key = |name: &str| -> Vec<String> { name.split('/').map(str::to_owned).collect() };
        self.files.sort_by_cached_key(|file| key(&file.name));
        (self.files, self.total, self.bytes, self.handles, self.place)
    }
}

/// The ending by which formats are told apart, if the client's name has one that matters.
fn ending(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    [".nii.gz", ".nii"]
        .into_iter()
        .find(|ending| name.ends_with(ending))
        .unwrap_or_default()
}

/// Where a file that has no name can be read.
#[cfg(target_os = "linux")]
fn keep(file: File, scratch: &Path, ending: &str) -> (PathBuf, Kept) {
    use std::os::fd::AsRawFd;
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    // A format that is told by its file's name is told by that of a link, which holds nothing.
    let link = (!ending.is_empty()).then(|| {
        tempfile::Builder::new()
            .suffix(ending)
            .make_in(scratch, |link| std::os::unix::fs::symlink(&path, link))
            .map(|link| link.into_temp_path())
    });
    let link = link.and_then(Result::ok);
    let shown = link.as_ref().map_or(path.clone(), |link| link.to_path_buf());
    (
        shown,
        Kept::Unlinked {
            _file: file,
            _link: link,
        },
    )
}

#[cfg(not(target_os = "linux"))]
fn keep(file: NewFile, _: &Path, _: &str) -> (PathBuf, Kept) {
    let path = file.into_temp_path();
    (path.to_path_buf(), Kept::Named { _file: path })
}
