//! Results kept between runs: made once, found again by whoever asks for the same.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::context::Context;
use crate::error::{Error, Result, ResultExt};

/// Written last: what stands beside it is whole.
const DONE: &str = "done";
/// Time between two attempts to get a lock.
const LOCK_PAUSE: Duration = Duration::from_millis(200);

impl Context<'_> {
    /// Finds the result that an earlier run kept, or makes and keeps it.
    ///
    /// `make` gets a directory named by everything that makes this result: the stage and its version, its
    /// parameters, the content of its inputs and of the files it reads, and the seed. What an interrupted
    /// run left there is there still, so that it can carry on; only one run works in it at a time. Once
    /// `make` has returned, later runs call `read` on the same directory instead. A result that `read`
    /// cannot use is removed and made again.
    ///
    /// A shard only finds results: what is not there is left to the run without a shard.
    ///
    /// # Errors
    /// Those of `read` and `make`; where the directory cannot be locked or written; for a shard, that the result is not
    /// there.
    pub fn keep<T>(
        &self,
        read: impl FnOnce(&Path) -> Result<T>,
        make: impl FnOnce(&Path) -> Result<T>,
    ) -> Result<T> {
        let directory = self.result_directory();
        if self.shard().is_some() && !directory.join(DONE).is_file() {
            return Err(Error::LeftToWholeRun);
        }
        fs::create_dir_all(&directory).at("create the directory", &directory)?;
        let _lock = lock(
            &directory.with_extension("lock"),
            "another run is making the same; waiting for it",
            self,
        )?;
        let done = directory.join(DONE);
        if done.is_file() {
            match read(&directory) {
                Ok(result) => {
                    self.mark_used(&directory);
                    self.cached("");
                    return Ok(result);
                }
                Err(Error::Interrupted) => return Err(Error::Interrupted),
                Err(_) if self.shard().is_some() => return Err(Error::LeftToWholeRun),
                Err(error) => {
                    self.warn(format!(
                        "what an earlier run kept cannot be used and is made again: {}",
                        error.chain()
                    ));
                    fs::remove_dir_all(&directory).at("remove", &directory)?;
                    fs::create_dir_all(&directory).at("create the directory", &directory)?;
                }
            }
        }
        let result = make(&directory)?;
        fs::write(&done, "").at("write", &done)?;
        self.mark_used(&directory);
        Ok(result)
    }
}

/// An exclusive lock on `path`, created where absent, held until the file is dropped; the system releases
/// it when the process dies. Waits while another run holds it, and says so with the words `waiting`.
///
/// # Errors
/// Where the file cannot be created or locked, or the run should stop.
pub fn lock(path: &Path, waiting: &str, context: &Context) -> Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .at("open", path)?;
    let mut said = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                if !std::mem::replace(&mut said, true) {
                    context.say(waiting);
                }
                context.checkpoint()?;
                std::thread::sleep(LOCK_PAUSE);
            }
            // Some network file systems have no locks; the work is done without.
            Err(TryLockError::Error(error)) if error.kind() == std::io::ErrorKind::Unsupported => {
                return Ok(file);
            }
            Err(TryLockError::Error(error)) => return Err(error).at("lock", path),
        }
    }
}

/// Writes a file under another name and renames it: whoever looks sees all of it or what was there before, also
/// where several machines write the same at the same time.
///
/// # Errors
/// Where the file cannot be written or renamed.
pub fn write_whole(path: &Path, write: impl FnOnce(&File) -> std::io::Result<()>) -> Result<()> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Processes on different machines, or in different containers, may have the same number.
    let time = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_file_name(format!(".{name}.{}-{time}-{count}.tmp", std::process::id()));
    let written = File::create_new(&temporary)
        .and_then(|file| write(&file))
        .at("write", path)
        .and_then(|()| fs::rename(&temporary, path).at("write", path));
    if written.is_err() {
        // Best effort: the error that matters is the one above.
        let _ = fs::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::testkit;

    fn number(directory: &Path) -> Result<u32> {
        let path = directory.join("number");
        let text = fs::read_to_string(&path).at("read", &path)?;
        text.parse().map_err(|_| Error::new("no number"))
    }

    #[test]
    fn a_result_is_made_once_and_found_again() {
        let home = tempfile::tempdir().unwrap();
        let run = testkit::run_context(home.path());
        let made = Cell::new(0);
        let ask = |made_of: &str| {
            let context = Context::new(&run, "stage", "made-up", "key").made_of(made_of);
            context.keep(number, |directory| {
                made.set(made.get() + 1);
                fs::write(directory.join("number"), made.get().to_string()).unwrap();
                Ok(made.get())
            })
        };
        assert_eq!(
            [ask("a").unwrap(), ask("a").unwrap(), ask("b").unwrap()],
            [1, 1, 2]
        );
    }

    #[test]
    fn what_an_interrupted_run_left_is_there_and_a_damaged_result_is_not() {
        let home = tempfile::tempdir().unwrap();
        let run = testkit::run_context(home.path());
        let context = Context::new(&run, "stage", "made-up", "key").made_of("a");
        let broken: Result<u32> = context.keep(number, |directory| {
            fs::write(directory.join("checkpoint"), "half").unwrap();
            Err(Error::Interrupted)
        });
        assert!(matches!(broken, Err(Error::Interrupted)));
        let carried_on = context.keep(number, |directory| {
            assert!(directory.join("checkpoint").is_file());
            fs::write(directory.join("number"), "damaged").unwrap();
            Ok(7)
        });
        assert_eq!(carried_on.unwrap(), 7);
        let again = context.keep(number, |directory| {
            assert_eq!(fs::read_dir(directory).unwrap().count(), 0);
            Ok(8)
        });
        assert_eq!(again.unwrap(), 8);
    }
}
