//! One line of the store's index.

use std::path::PathBuf;

use ichflow_api::data::likeness::Likeness;
use ichflow_api::digest::sha256;
use ichflow_api::prelude::*;

use crate::headers::{Source, source_of};

/// What the index says of a slice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The slice's id.
    pub id: String,
    /// Frame within its file.
    pub frame: u32,
    /// Its file.
    #[serde(with = "ichflow_api::path_text")]
    pub file: PathBuf,
    /// State of the file when it was read: a file that changed is read again.
    pub source: Option<Source>,
    /// Where its values are, if it could be read.
    pub pixels: Option<Place>,
    /// Why it could not be read.
    pub failed: Option<String>,
}

/// Where a slice's values are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Offset in `hu.bin`, in bytes.
    pub offset: u64,
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// SHA-256 of the bytes.
    pub sha256: String,
    /// By what slices that look the same are found; none where there is nothing to see, and in stores of before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likeness: Option<Likeness>,
}

impl Place {
    /// Number of bytes.
    pub fn bytes(&self) -> u64 {
        (self.rows as u64)
            .saturating_mul(self.columns as u64)
            .saturating_mul(2)
    }

    /// Offset of the first byte behind it.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes())
    }
}

/// A slice ready to be appended: made in parallel, appended in order.
pub struct Prepared {
    /// Its line, with an offset still to be set.
    pub entry: Entry,
    /// Its values, little-endian.
    pub bytes: Vec<u8>,
}

impl Prepared {
    /// Encodes a slice that was read, or notes why it was not. `source` is the state of its file from
    /// before it was read, so that a change meanwhile is noticed next time.
    pub fn new(slice: &Slice, source: Option<Source>, image: Result<HuImage, String>) -> Self {
        let mut entry = Entry {
            id: slice.id.clone(),
            frame: slice.frame,
            file: slice.file.clone(),
            source,
            pixels: None,
            failed: None,
        };
        let mut bytes = Vec::new();
        match image {
            Ok(image) => {
                bytes = image.hu.iter().flat_map(|hu| hu.to_le_bytes()).collect();
                entry.pixels = Some(Place {
                    offset: 0,
                    rows: image.rows,
                    columns: image.columns,
                    sha256: sha256(&bytes),
                    likeness: Likeness::of(&image),
                });
            }
            Err(reason) => entry.failed = Some(reason),
        }
        Self { entry, bytes }
    }

    /// The present state of a slice's file.
    pub fn source(slice: &Slice) -> Option<Source> {
        source_of(&slice.file)
    }
}
