//! Hounsfield units of slices, wherever they are kept.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use crate::data::cohort::Slice;
use crate::data::likeness::Likeness;
use crate::error::{Error, Result};
use crate::guard;
use crate::ports::Artifact;

/// One slice in Hounsfield units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HuImage {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// `rows × columns` values in HU, row by row.
    pub hu: Vec<i16>,
}

/// Which part of a slice an image shows: a crop shows less than the slice, padding more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shown {
    /// Rows of the image.
    pub rows: usize,
    /// Columns of the image.
    pub columns: usize,
    /// Where the image's upper edge lies, in pixels below that of the slice.
    pub top: f64,
    /// Where its left edge lies, in pixels to the right of that of the slice.
    pub left: f64,
    /// Its height, in pixels of the slice.
    pub height: f64,
    /// Its width, in pixels of the slice.
    pub width: f64,
}

impl Shown {
    /// The slice as it is stored.
    pub fn whole(slice: &Slice) -> Self {
        Self {
            rows: slice.rows as usize,
            columns: slice.columns as usize,
            top: 0.0,
            left: 0.0,
            height: f64::from(slice.rows),
            width: f64::from(slice.columns),
        }
    }

    /// A point given as shares of the image's height and width, as row and column of the slice, in pixels from its upper
    /// left corner.
    pub fn in_slice(&self, [down, right]: [f64; 2]) -> [f64; 2] {
        [self.top + down * self.height, self.left + right * self.width]
    }

    /// A point of the slice, row and column in pixels from its upper left corner, as shares of the image's height and
    /// width; outside of 0 to 1 where the image does not show it.
    pub fn in_image(&self, [row, column]: [f64; 2]) -> [f64; 2] {
        [(row - self.top) / self.height, (column - self.left) / self.width]
    }
}

/// Gives the Hounsfield units of slices: straight from DICOM, or from a store.
pub trait PixelSource: Send + Sync {
    /// Reads one slice. Called from many threads at once.
    ///
    /// # Errors
    /// Where the file cannot be read or decoded; the slice is excluded then, and the run goes on.
    fn read(&self, slice: &Slice) -> Result<HuImage>;
    /// A short description for messages: "DICOM files", "HU store".
    fn describe(&self) -> String;
    /// Which part of a slice its image shows.
    fn shown(&self, slice: &Slice) -> Shown {
        Shown::whole(slice)
    }
    /// A digest of one slice's values, where it is known without reading them: equal digests are equal
    /// images.
    fn content(&self, _slice: &Slice) -> Option<String> {
        None
    }
    /// By what a slice that looks the same is found, where it is known without reading the slice's values.
    fn likeness(&self, _slice: &Slice) -> Option<Likeness> {
        None
    }
}

/// The artifact by which stages hand a [`PixelSource`] on.
#[derive(Clone)]
pub struct Pixels {
    source: Arc<dyn PixelSource>,
    digest: Option<String>,
}

impl Artifact for Pixels {
    const NAME: &'static str = "pixels";

    fn digest(&self) -> Option<String> {
        self.digest.clone()
    }
}

impl Pixels {
    /// Wraps a source.
    pub fn new(source: impl PixelSource + 'static) -> Self {
        Self {
            source: Arc::new(source),
            digest: None,
        }
    }

    /// Says what the values of all slices come to: a digest of them, or of what they are read from.
    #[must_use]
    pub fn with_digest(mut self, digest: String) -> Self {
        self.digest = Some(digest);
        self
    }

    /// Reads one slice.
    ///
    /// # Errors
    /// When it cannot be read, also where a decoder panics on it: one slice must not end the reading of all.
    pub fn read(&self, slice: &Slice) -> Result<HuImage> {
        guard::catch(AssertUnwindSafe(|| self.source.read(slice)))
            .unwrap_or_else(|_| Err(Error::new("it is damaged: the decoder gave up")))
    }

    /// See [`PixelSource::shown`].
    pub fn shown(&self, slice: &Slice) -> Shown {
        self.source.shown(slice)
    }

    /// See [`PixelSource::content`].
    pub fn content(&self, slice: &Slice) -> Option<String> {
        self.source.content(slice)
    }

    /// See [`PixelSource::likeness`].
    pub fn likeness(&self, slice: &Slice) -> Option<Likeness> {
        self.source.likeness(slice)
    }

    /// A short description for messages.
    pub fn describe(&self) -> String {
        self.source.describe()
    }
}
