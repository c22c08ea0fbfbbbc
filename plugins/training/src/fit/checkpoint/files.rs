//! Files that are whole or not there, whatever kills the process.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use burn::store::ModuleRecord;
use ichflow_api::prelude::*;

/// Writes a record in place of another, in one step.
pub(super) fn write_record(path: &Path, record: ModuleRecord) -> Result<()> {
    write_bytes(path, &record.into_bytes().at("write", path)?)
}

/// Writes a file in place of another, in one step.
pub(super) fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    let part = path.with_extension("part");
    write(&part, bytes)?;
    fs::rename(&part, path).at("name", path)
}

/// Writes a file and waits until it is on the disk.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = File::create(path).at("create", path)?;
    file.write_all(bytes).at("write", path)?;
    file.sync_all().at("write", path)
}

/// Puts a file of the directory into the run's, as a second name of it where the file system can.
pub(super) fn place(from: &Path, to: &Path) -> Result<()> {
    let part = to.with_extension("part");
    let _ = fs::remove_file(&part);
    if fs::hard_link(from, &part).is_err() {
        fs::copy(from, &part).at("write", &part)?;
    }
    fs::rename(&part, to).at("name", to)?;
    // Where both are names of one file already, renaming leaves both.
    let _ = fs::remove_file(&part);
    Ok(())
}

/// Removes a directory, if it is there.
pub(super) fn remove(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).at("remove", path),
        _ => Ok(()),
    }
}
