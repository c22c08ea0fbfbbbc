//! DICOM, read by `ichflow-dicom`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ichflow_api::prelude::*;
use ichflow_dicom::{Frames, Header, read_frame, read_frame_in_place};

use super::{Format, Frame};
use crate::headers::{Source, slice_of, source_of};
use crate::inspect::{Inspection, inspect_dicom};
use crate::kinds::kinds_of;
use crate::refusal::refused;

/// DICOM files, of any name.
pub(super) struct Dicom;

impl Format for Dicom {
    fn endings(&self) -> &'static [&'static str] {
        &[".dcm", ".dicom", ".dic", ".ima"]
    }

    fn names_patients(&self) -> bool {
        true
    }

    fn read(&self, file: &Path) -> Result<Vec<Frame>> {
        let headers = ichflow_dicom::read_headers(file).map_err(refused)?;
        let frame = |(frame, header): (usize, Header)| Frame {
            instance: header.instance.clone(),
            kinds: kinds_of(&header),
            warnings: header.warnings.clone(),
            slice: slice_of(file, frame as u32, header),
        };
        Ok(headers.into_iter().enumerate().map(frame).collect())
    }

    fn pixels(&self) -> Box<dyn PixelSource> {
        Box::new(DicomPixels::default())
    }

    fn inspect(&self, file: &Path) -> Result<Inspection> {
        inspect_dicom(file)
    }
}

/// Reads each slice from its file, every time. Of files whose compressed frames only the whole file tells
/// apart, the last one is kept: its frames are mostly asked for one after another.
#[derive(Default)]
struct DicomPixels {
    last: Mutex<Option<Arc<Kept>>>,
}

/// A file of several compressed frames.
struct Kept {
    path: PathBuf,
    /// Its state when it was read.
    source: Option<Source>,
    frames: Frames,
}

impl PixelSource for DicomPixels {
    fn read(&self, slice: &Slice) -> Result<HuImage> {
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

    fn describe(&self) -> String {
        "DICOM files".into()
    }
}

impl DicomPixels {
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
