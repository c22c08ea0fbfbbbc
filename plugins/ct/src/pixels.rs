//! Slices read straight from their DICOM files.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ichflow_api::guard;
use ichflow_api::prelude::*;
use ichflow_dicom::{Frames, read_frame, read_frame_in_place};

use crate::headers::{Source, source_of};
use crate::refusal::refused;

/// Reads each slice from its file, every time. Of files whose compressed frames only the whole file tells
/// apart, the last one is kept: its frames are mostly asked for one after another.
#[derive(Debug, Default)]
pub(crate) struct DicomPixels {
    last: Mutex<Option<Arc<Kept>>>,
}

/// A file of several compressed frames.
struct Kept {
    path: PathBuf,
    /// Its state when it was read.
    source: Option<Source>,
    frames: Frames,
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Kept").field(&self.path).finish()
    }
}

impl PixelSource for DicomPixels {
    fn read(&self, slice: &Slice) -> Result<HuImage> {
        // A decoder given damaged data may panic; the reader catches that, and here it prints nothing.
        guard::catch(AssertUnwindSafe(|| self.frame(slice)))
            .unwrap_or_else(|_| Err(Error::new("it is damaged: the reader gave up")))
    }

    fn describe(&self) -> String {
        "DICOM files".into()
    }
}

impl DicomPixels {
    fn frame(&self, slice: &Slice) -> Result<HuImage> {
        let image = match slice.frame {
            0 => read_frame(&slice.file, 0),
            frame => match read_frame_in_place(&slice.file, frame) {
                Ok(None) => self.kept(&slice.file)?.frames.read(frame),
                Ok(Some(image)) => Ok(image),
                Err(error) => Err(error),
            },
        };
        let ichflow_dicom::HuImage { rows, columns, hu } = image.map_err(refused)?;
        Ok(HuImage { rows, columns, hu })
    }

    /// The file as it is now, read at most once while its frames are asked for.
    fn kept(&self, path: &Path) -> Result<Arc<Kept>> {
        // Whoever else wants the same file waits for it instead of reading it too.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let source = source_of(path);
        if let Some(kept) = last.as_ref()
            && kept.path == path
            && kept.source == source
            && source.is_some()
        {
            return Ok(kept.clone());
        }
        let kept = Arc::new(Kept {
            path: path.to_owned(),
            source,
            frames: Frames::open(path).map_err(refused)?,
        });
        *last = Some(kept.clone());
        Ok(kept)
    }
}
