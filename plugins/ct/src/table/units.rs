//! The slices of a directory, found by whatever names them.

use std::collections::HashMap;
use std::path::Path;

use ichflow_api::path_text::path_text;
use ichflow_api::prelude::*;

use super::key::Key;
use super::label_table::RowName;

/// What a row's name leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hit {
    /// Some slices, by their places.
    Slices {
        slices: Vec<usize>,
        what: What,
        /// Whether the name is only nearly theirs.
        loosely: bool,
    },
    /// So many files or directories that it may mean.
    Several(usize),
    /// Nothing of that name.
    Nothing,
    /// Something of that name, and no slice of that number in it.
    NoSuchSlice,
}

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// What a header names.
    Header,
    /// A file of one slice, or one slice of a file.
    Slice,
    /// A file of several slices.
    Volume,
    /// A directory.
    Directory,
}

/// A file and the places of its slices.
struct FileUnit {
    path: String,
    slices: Vec<usize>,
}

/// The slices of a directory, found by one kind of key.
pub(super) struct Units<'a> {
    slices: &'a [Slice],
    by: By<'a>,
}

enum By<'a> {
    Header {
        exact: HashMap<&'a str, Vec<usize>>,
        /// Without zeros in front, which spreadsheet programs drop; none where several are alike then.
        stripped: HashMap<&'a str, Option<&'a str>>,
    },
    Path(Paths),
}

/// Files and directories by their paths.
struct Paths {
    root: Vec<String>,
    files: Vec<FileUnit>,
    exact: HashMap<String, usize>,
    /// Files by their path without an ending.
    stems: HashMap<String, Vec<usize>>,
    directories: HashMap<String, Vec<usize>>,
    /// Paths of files and directories by their last parts, with an ending and without.
    last: HashMap<String, Vec<Place>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    File(usize),
    Directory(String),
}

impl<'a> Units<'a> {
    pub(super) fn by(key: Key, slices: &'a [Slice], root: &Path) -> Self {
        let by = match key {
            Key::Path => By::Path(Paths::of(slices, root)),
            _ => {
                let mut exact: HashMap<&str, Vec<usize>> = HashMap::new();
                for (place, slice) in slices.iter().enumerate() {
                    let name = key.of(slice).trim();
                    if !name.is_empty() {
                        exact.entry(name).or_default().push(place);
                    }
                }
                let mut stripped: HashMap<&str, Option<&str>> = HashMap::new();
                if matches!(key, Key::PatientId | Key::AccessionNumber) {
                    for name in exact.keys() {
                        let known = stripped.entry(name.trim_start_matches('0')).or_insert(Some(name));
                        if *known != Some(name) {
                            *known = None;
                        }
                    }
                }
                By::Header { exact, stripped }
            }
        };
        Self { slices, by }
    }

    /// What a row's name leads to; `first` is the number of a file's first slice.
    pub(super) fn find(&self, name: &RowName, first: u32) -> Hit {
        let hit = match &self.by {
            By::Header { exact, stripped } => {
                let key = name.key.trim();
                let near = || stripped.get(key.trim_start_matches('0')).copied().flatten();
                let found = exact.get(key).map(|slices| (slices, false));
                match found.or_else(|| {
                    near()
                        .and_then(|name| exact.get(name))
                        .map(|slices| (slices, true))
                }) {
                    Some((slices, loosely)) => Hit::Slices {
                        slices: slices.clone(),
                        what: What::Header,
                        loosely,
                    },
                    None => Hit::Nothing,
                }
            }
            By::Path(paths) => paths.find(&name.key),
        };
        match (name.slice, hit) {
            (Some(number), Hit::Slices { slices, loosely, .. }) => self.one(slices, number, first, loosely),
            (_, hit) => hit,
        }
    }

    /// The slice of a number among those of one name.
    fn one(&self, slices: Vec<usize>, number: u32, first: u32, loosely: bool) -> Hit {
        let slice = |place: &usize| &self.slices[*place];
        let Some(any) = slices.first().map(slice) else {
            return Hit::NoSuchSlice;
        };
        let are_of_a_file = slices.iter().all(|place| slice(place).file == any.file);
        let is_it = |place: &usize| match are_of_a_file {
            true => number.checked_sub(first) == Some(slice(place).frame),
            false => slice(place).header.order.instance == i32::try_from(number).ok(),
        };
        let slices: Vec<usize> = slices.iter().copied().filter(is_it).collect();
        match slices.is_empty() {
            true => Hit::NoSuchSlice,
            false => Hit::Slices {
                slices,
                what: What::Slice,
                loosely,
            },
        }
    }
}

impl Paths {
    fn of(slices: &[Slice], root: &Path) -> Self {
        let mut paths = Self {
            root: parts(&path_text(root)).map(str::to_owned).collect(),
            files: Vec::new(),
            exact: HashMap::new(),
            stems: HashMap::new(),
            directories: HashMap::new(),
            last: HashMap::new(),
        };
        for (place, slice) in slices.iter().enumerate() {
            let below = slice.file.strip_prefix(root).unwrap_or(&slice.file);
            let path = parts(&path_text(below)).collect::<Vec<_>>().join("/");
            match paths.exact.get(&path) {
                Some(file) => paths.files[*file].slices.push(place),
                None => paths.add(path, place),
            }
        }
        paths
    }

    fn add(&mut self, path: String, place: usize) {
        let file = self.files.len();
        let stem = stem(&path);
        self.stems.entry(stem.to_owned()).or_default().push(file);
        let (parent, last) = path.rsplit_once('/').unwrap_or(("", &path));
        self.last
            .entry(last.to_owned())
            .or_default()
            .push(Place::File(file));
        let last_stem = stem.rsplit('/').next().unwrap_or(stem);
        if last_stem != last {
            self.last
                .entry(last_stem.to_owned())
                .or_default()
                .push(Place::File(file));
        }
        let mut directory = parent;
        while !directory.is_empty() {
            let is_new = !self.directories.contains_key(directory);
            self.directories
                .entry(directory.to_owned())
                .or_default()
                .push(file);
            let (above, last) = directory.rsplit_once('/').unwrap_or(("", directory));
            if is_new {
                let of_last = self.last.entry(last.to_owned()).or_default();
                of_last.push(Place::Directory(directory.to_owned()));
            }
            directory = above;
        }
        self.exact.insert(path.clone(), file);
        self.files.push(FileUnit {
            path,
            slices: vec![place],
        });
    }

    fn find(&self, key: &str) -> Hit {
        // A name may have a backslash in it, and a table made on Windows has them between names.
        let as_it_is = parts(key).collect::<Vec<_>>().join("/");
        let turned = parts(&key.replace('\\', "/")).collect::<Vec<_>>().join("/");
        for key in [&as_it_is, &turned] {
            if let Some(hit) = self.exactly(key) {
                return hit;
            }
        }
        if let Some(hit) = self.below_root(&turned).and_then(|below| self.exactly(&below)) {
            return hit;
        }
        self.by_its_end(&turned)
    }

    /// A path that begins with the directory's own: whole, or the last parts of it.
    fn below_root(&self, key: &str) -> Option<String> {
        let key: Vec<&str> = key.split('/').collect();
        (0..self.root.len()).find_map(|from| {
            let own = &self.root[from..];
            let begins = key.len() > own.len() && own.iter().zip(&key).all(|(own, part)| own == part);
            begins.then(|| key[own.len()..].join("/"))
        })
    }

    fn exactly(&self, key: &str) -> Option<Hit> {
        if key.is_empty() {
            return None;
        }
        if let Some(file) = self.exact.get(key) {
            return Some(self.file(*file, false));
        }
        match self.stems.get(key).map(Vec::as_slice) {
            Some([file]) => return Some(self.file(*file, false)),
            Some(files) => return Some(Hit::Several(files.len())),
            None => {}
        }
        self.directory(key, false)
    }

    /// The one file or directory whose path ends with `key`.
    fn by_its_end(&self, key: &str) -> Hit {
        let Some(last) = key.rsplit('/').next().filter(|last| !last.is_empty()) else {
            return Hit::Nothing;
        };
        let ends = |path: &str| {
            let rest = path.strip_suffix(key);
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
        };
        let places = self.last.get(last).map_or(&[][..], Vec::as_slice);
        let found: Vec<&Place> = places
            .iter()
            .filter(|place| match place {
                Place::File(file) => ends(&self.files[*file].path) || ends(stem(&self.files[*file].path)),
                Place::Directory(path) => ends(path),
            })
            .collect();
        match found.as_slice() {
            [] => Hit::Nothing,
            [Place::File(file)] => self.file(*file, true),
            [Place::Directory(path)] => self.directory(path, true).unwrap_or(Hit::Nothing),
            several => Hit::Several(several.len()),
        }
    }

    fn file(&self, file: usize, loosely: bool) -> Hit {
        let slices = self.files[file].slices.clone();
        Hit::Slices {
            what: if slices.len() > 1 {
                What::Volume
            } else {
                What::Slice
            },
            slices,
            loosely,
        }
    }

    fn directory(&self, path: &str, loosely: bool) -> Option<Hit> {
        let files = self.directories.get(path)?;
        Some(Hit::Slices {
            slices: files
                .iter()
                .flat_map(|file| self.files[*file].slices.iter().copied())
                .collect(),
            what: What::Directory,
            loosely,
        })
    }
}

/// The parts of a path, those left out that say nothing.
fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty() && *part != ".")
}

/// A path without its ending; of `.nii.gz` both parts are one.
fn stem(path: &str) -> &str {
    let path = path.strip_suffix(".gz").unwrap_or(path);
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rfind('.') {
        Some(at) if at > 0 => &path[..path.len() - name.len() + at],
        _ => path,
    }
}

#[cfg(test)]
mod tests {
    use ichflow_api::testkit;

    use super::*;

    fn slices(files: &[&str]) -> Vec<Slice> {
        let slice = |file: &&str| Slice {
            file: Path::new("/data/site").join(file),
            ..testkit::slice(file, "p", None)
        };
        files.iter().map(slice).collect()
    }

    fn found(units: &Units, key: &str) -> Hit {
        let name = RowName {
            key: key.to_owned(),
            slice: None,
        };
        units.find(&name, 1)
    }

    fn places(hit: &Hit) -> Vec<usize> {
        match hit {
            Hit::Slices { slices, .. } => slices.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn files_are_found_however_their_paths_are_written() {
        let slices = slices(&[
            "a/1.dcm",
            "a/2.dcm",
            "b/1.dcm",
            "b/deep/3",
            "1.2.840.5",
            "c/v.nii.gz",
        ]);
        let units = Units::by(Key::Path, &slices, Path::new("/data/site"));
        for key in [
            "a/1.dcm",
            "a/1",
            "./a//1.dcm",
            "a\\1.dcm",
            "/data/site/a/1.dcm",
            "site/a/1.dcm",
            "site\\a\\1",
        ] {
            assert_eq!(places(&found(&units, key)), [0], "{key}");
        }
        assert_eq!(places(&found(&units, "b")), [2, 3]);
        assert_eq!(places(&found(&units, "3")), [3]);
        assert_eq!(places(&found(&units, "deep/")), [3]);
        assert_eq!(places(&found(&units, "1.2.840.5")), [4]);
        assert_eq!(places(&found(&units, "c/v")), [5]);
        assert_eq!(found(&units, "1.dcm"), Hit::Several(2));
        for key in ["", "4", "x/a/1.dcm", "eep/3", "/other/a/1.dcm"] {
            assert_eq!(found(&units, key), Hit::Nothing, "{key}");
        }
    }

    #[test]
    fn spreadsheets_drop_zeros_in_front() {
        let mut slices = slices(&["a", "b", "c", "d"]);
        for (slice, patient) in slices.iter_mut().zip(["00123", "45", "045", " 7 "]) {
            slice.patient = patient.into();
        }
        let units = Units::by(Key::PatientId, &slices, Path::new("/data/site"));
        assert_eq!(places(&found(&units, "123")), [0]);
        assert_eq!(places(&found(&units, "45")), [1]);
        assert_eq!(places(&found(&units, "7")), [3]);
        assert_eq!(found(&units, "0045"), Hit::Nothing, "two are alike without zeros");
    }

    #[test]
    fn slices_are_found_by_their_number() {
        let mut slices = slices(&["v.nii", "v.nii", "s/1.dcm", "s/2.dcm"]);
        slices[1].frame = 1;
        for (place, slice) in slices[2..].iter_mut().enumerate() {
            slice.header.order.instance = Some(20 + place as i32);
        }
        let units = Units::by(Key::Path, &slices, Path::new("/data/site"));
        let find = |key: &str, slice| {
            units.find(
                &RowName {
                    key: key.to_owned(),
                    slice: Some(slice),
                },
                1,
            )
        };
        assert_eq!(places(&find("v", 2)), [1]);
        assert_eq!(places(&find("s", 20)), [2]);
        assert_eq!(find("v", 0), Hit::NoSuchSlice);
        assert_eq!(find("v", 3), Hit::NoSuchSlice);
    }
}
