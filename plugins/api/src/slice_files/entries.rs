//! The files that were named, and those of directories that were.

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
    paths.iter().flat_map(|path| of_path(path)).collect()
}

fn of_path(path: &Path) -> Vec<Entry> {
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => {
            let problem = Some(NoSlice::Unusable(why(path, &error)));
            return vec![Entry {
                path: path.to_owned(),
                named: true,
                problem,
            }];
        }
    };
    if !metadata.is_dir() {
        let special = "it is a device or a pipe, and no file".to_owned();
        return vec![Entry {
            path: path.to_owned(),
            named: true,
            problem: (!metadata.is_file()).then_some(NoSlice::Unusable(special)),
        }];
    }
    let mut found = Vec::new();
    let mut walk = WalkDir::new(path)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter();
    while let Some(entry) = walk.next() {
        match entry {
            Ok(entry) if entry.depth() > 0 && leads_above(entry.path(), entry.path_is_symlink(), path) => {
                walk.skip_current_dir();
                found.push(Entry {
                    path: entry.into_path(),
                    named: false,
                    problem: Some(above()),
                });
            }
            Ok(entry) if entry.file_type().is_file() => found.push(Entry {
                path: entry.into_path(),
                named: false,
                problem: None,
            }),
            // Directories come with what is in them; devices, pipes and sockets hold no slice.
            Ok(_) => {}
            Err(error) => {
                let at = error.path().unwrap_or(path).to_owned();
                let problem = match (error.loop_ancestor(), error.io_error()) {
                    (Some(_), _) => above(),
                    (None, Some(error)) => NoSlice::Unusable(why(&at, error)),
                    (None, None) => NoSlice::Unusable(error.to_string()),
                };
                found.push(Entry {
                    path: at,
                    named: false,
                    problem: Some(problem),
                });
            }
        }
    }
    found
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
fn why(path: &Path, error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    let is_link = path.is_symlink();
    match error.kind() {
        ErrorKind::NotFound if is_link => "it is a link that leads nowhere".to_owned(),
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
