//! Slices read straight from their files, of whatever format.

use std::panic::AssertUnwindSafe;

use ichflow_api::guard;
use ichflow_api::prelude::*;

use super::{FORMATS, place_of};

/// Reads each slice from its file, every time.
pub(crate) struct FilePixels {
    /// One a format, in their order.
    of_format: Vec<Box<dyn PixelSource>>,
}

impl Default for FilePixels {
    fn default() -> Self {
        Self {
            of_format: FORMATS.iter().map(|format| format.pixels()).collect(),
        }
    }
}

impl PixelSource for FilePixels {
    fn read(&self, slice: &Slice) -> Result<HuImage> {
        // A decoder given damaged data may panic; the reader catches that, and here it prints nothing.
        guard::catch(AssertUnwindSafe(|| {
            self.of_format[place_of(&slice.file)].read(slice)
        }))
        .unwrap_or_else(|_| Err(Error::new("it is damaged: the reader gave up")))
    }

    fn describe(&self) -> String {
        "DICOM files".into()
    }
}
