//! The files that were named, and those of directories that were.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::format::NoSlice;

/// A file, or what stands in a directory in place of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is, as it was named or found below what was named.
    pub path: PathBuf,
    /// Whether it was named itself, and not its directory.
    pub named: bool,
    /// Why it cannot be opened, where that is known already: a link that leads nowhere, a directory that may not be read.
    pub problem: Option<NoSlice>,
}

/// All files of `paths`, in their order; those of a directory at any depth, sorted by name. No entry ends the search:
/// what cannot be opened comes with its reason.
pub fn entries(paths: &[PathBuf]) -> Vec<Entry> {
    let mut found = Vec::new();
    for path in paths {
        // What never stops cannot fail.
        let _ = visit(path, |entry| {
            found.push(entry);
            Ok::<_, Infallible>(())
        });
    }
    found
}

/// Hands over the entries of one path as [`entries`] has them, while they are found: a directory may have millions, and
/// whoever takes them may stop.
///
/// # Errors
/// What `take` stops with.
pub fn visit<E>(path: &Path, mut take: impl FnMut(Entry) -> Result<(), E>) -> Result<(), E> {
    let named = |problem: Option<NoSlice>| Entry {
        path: path.to_owned(),
        named: true,
        problem,
    };
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => below(path, take),
        Ok(metadata) if metadata.is_file() => take(named(None)),
        Ok(_) => take(named(Some(NoSlice::Unusable(
            "it is a device or a pipe, and no file".to_owned(),
        )))),
        Err(error) => take(named(Some(NoSlice::Unusable(cannot_open(path, &error))))),
    }
}

/// The files below a directory.
fn below<E>(path: &Path, mut take: impl FnMut(Entry) -> Result<(), E>) -> Result<(), E> {
    let found = |path: PathBuf, problem: Option<NoSlice>| Entry {
        path,
        named: false,
        problem,
    };
    let mut walk = WalkDir::new(path)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter();
    while let Some(entry) = walk.next() {
        match entry {
            Ok(entry) if entry.depth() > 0 && leads_above(entry.path(), entry.path_is_symlink(), path) => {
                walk.skip_current_dir();
                take(found(entry.into_path(), Some(above())))?;
            }
            Ok(entry) if entry.file_type().is_file() => take(found(entry.into_path(), None))?,
            // Directories come with what is in them; devices, pipes and sockets hold no slice.
            Ok(_) => {}
            Err(error) => {
                let at = error.path().unwrap_or(path).to_owned();
                let problem = match (error.loop_ancestor(), error.io_error()) {
                    (Some(_), _) => above(),
                    (None, Some(error)) => NoSlice::Unusable(cannot_open(&at, error)),
                    (None, None) => NoSlice::Unusable(error.to_string()),
                };
                take(found(at, Some(problem)))?;
            }
        }
    }
    Ok(())
}

/// Whether a link leads to a directory that holds `root`: through it, everything below `root` would be found again. Links
/// to directories between `root` and the link are found by the walk itself.
fn leads_above(link: &Path, is_link: bool, root: &Path) -> bool {
    is_link
        && match (link.canonicalize(), root.canonicalize()) {
            (Ok(target), Ok(root)) => target.is_dir() && root.starts_with(&target),
            _ => false,
        }
}

fn above() -> NoSlice {
    NoSlice::Other("it is a link to a directory above it, whose files are found there".to_owned())
}

/// Why a path cannot be opened, as a person says it.
pub fn cannot_open(path: &Path, error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    let is_link = path.is_symlink();
    match error.kind() {
        ErrorKind::NotFound if is_link => "it is a link that leads nowhere".to_owned(),
        ErrorKind::NotFound if path.to_string_lossy().contains(['*', '?']) => {
            "there is no such file; `*` and `?` mean others to a shell alone, outside of quotes".to_owned()
        }
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "this user may not read it".to_owned(),
        _ if is_link => "it is a link that leads to itself, or cannot be followed".to_owned(),
        _ => format!("it cannot be opened: {error}"),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn no_entry_ends_the_search() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir_all(root.join("study/inner")).unwrap();
        for file in ["study/b.dcm", "study/inner/a.dcm"] {
            std::fs::write(root.join(file), "").unwrap();
        }
        symlink("nowhere", root.join("study/dangling.dcm")).unwrap();
        symlink("..", root.join("study/inner/up")).unwrap();
        symlink("self", root.join("study/self")).unwrap();
        symlink("..", root.join("study/upper")).unwrap();
        let found = entries(&[root.join("study"), root.join("absent"), root.join("study/b.dcm")]);
        let shown: Vec<(String, bool, &str)> = found
            .iter()
            .map(|entry| {
                let name = entry.path.strip_prefix(root).unwrap().display().to_string();
                let problem = entry.problem.as_ref().map_or("", NoSlice::reason);
                (name, entry.named, problem)
            })
            .collect();
        let up = "it is a link to a directory above it, whose files are found there";
        let expected = [
            ("study/b.dcm", false, ""),
            ("study/dangling.dcm", false, "it is a link that leads nowhere"),
            ("study/inner/a.dcm", false, ""),
            ("study/inner/up", false, up),
            (
                "study/self",
                false,
                "it is a link that leads to itself, or cannot be followed",
            ),
            ("study/upper", false, up),
            ("absent", true, "there is no such file"),
            ("study/b.dcm", true, ""),
        ];
        let expected: Vec<_> = expected
            .map(|(name, named, why)| (name.to_owned(), named, why))
            .into();
        assert_eq!(shown, expected);
    }
}
