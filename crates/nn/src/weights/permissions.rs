//! Who may read weights that were written: whoever may read other new files.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Gives a file the permissions that new files have (on Unix, what the umask says). Stores write into a temporary file of
/// their user's own and rename it, and nobody else may read that.
///
/// # Errors
/// When the directory takes no new file, or the permissions cannot be set.
pub fn as_of_new_files(path: &Path) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let probe = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let permissions = File::create(&probe)
        .and_then(|file| file.metadata())
        .map(|found| found.permissions());
    let _ = fs::remove_file(&probe);
    fs::set_permissions(path, permissions?)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_private_file_becomes_like_others() {
        let directory = tempfile::tempdir().unwrap();
        let other = directory.path().join("other");
        fs::write(&other, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let private = directory.path().join("private");
        fs::write(&private, "kept").unwrap();
        fs::set_permissions(&private, fs::Permissions::from_mode(0o600)).unwrap();
        as_of_new_files(&private).unwrap();
        assert_eq!(mode(&private), mode(&other));
        assert_eq!(fs::read(&private).unwrap(), b"kept");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }
}
