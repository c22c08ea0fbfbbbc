//! Volumes that are read as a whole, kept while their slices are asked for.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use ichflow_nifti::{NiftiError, Volume};

use crate::headers::{Source, source_of};

/// Bytes of values that are kept: some twenty heads of 40 slices of 512 × 512.
const MOST: usize = 512 << 20;

/// The volumes read last.
#[derive(Default)]
pub(crate) struct Volumes {
    /// The one asked for last at the end.
    kept: Mutex<Vec<Kept>>,
}

struct Kept {
    path: PathBuf,
    /// Its state before it was read.
    source: Option<Source>,
    volume: Shared,
}

/// Read by the first who asks; who else wants it waits.
type Shared = Arc<OnceLock<Result<Volume, NiftiError>>>;

impl Volumes {
    /// Looks at the volume of a file as it is now, read at most once while it is among the last.
    pub(crate) fn with<T>(&self, path: &Path, look: impl FnOnce(&Result<Volume, NiftiError>) -> T) -> T {
        let volume = self.find(path);
        look(volume.get_or_init(|| Volume::read(path)))
    }

    fn find(&self, path: &Path) -> Shared {
        let source = source_of(path);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().position(|kept| kept.path == path);
        let found = match known.map(|index| kept.remove(index)) {
            Some(found) if found.source == source && source.is_some() => found,
            _ => Kept {
                path: path.to_owned(),
                source,
                volume: Shared::default(),
            },
        };
        let volume = found.volume.clone();
        kept.push(found);
        let bytes = |kept: &Kept| match kept.volume.get() {
            Some(Ok(volume)) => volume.bytes(),
            _ => 0,
        };
        let mut all: usize = kept.iter().map(bytes).sum();
        while all > MOST && kept.len() > 1 {
            all -= bytes(&kept.remove(0));
        }
        volume
    }
}
