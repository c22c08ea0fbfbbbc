//! Reading a finished store.

use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use ichflow_api::data::likeness::Likeness;
use ichflow_api::digest::sha256;
use ichflow_api::prelude::*;

use super::entry::Place;
use super::files::read_at;

/// The slices of a store. Each slice's checksum is compared when it is first read.
pub struct StorePixels {
    /// Directory of the store, for messages.
    directory: PathBuf,
    values: File,
    places: HashMap<(String, u32), (Place, AtomicBool)>,
}

impl StorePixels {
    pub(super) fn new(directory: PathBuf, values: File, places: HashMap<(String, u32), Place>) -> Self {
        let unchecked = |(key, place)| (key, (place, AtomicBool::new(false)));
        Self {
            directory,
            values,
            places: places.into_iter().map(unchecked).collect(),
        }
    }
}

impl PixelSource for StorePixels {
    fn read(&self, slice: &Slice) -> Result<HuImage> {
        let key = (slice.id.clone(), slice.frame);
        let Some((place, checked)) = self.places.get(&key) else {
            return Err(Error::new(format!("{} is not in the HU store", slice.id))
                .help("wire `train` and `test` from the store, not from the loader"));
        };
        let bytes = read_place(&self.values, place).at("read", &self.directory)?;
        if !checked.load(Ordering::Relaxed) {
            if sha256(&bytes) != place.sha256 {
                return Err(Error::new(format!(
                    "{} was damaged after it was stored in {}",
                    slice.id,
                    self.directory.display()
                ))
                .help("run again: the store checks itself and reads the slice anew"));
            }
            checked.store(true, Ordering::Relaxed);
        }
        let hu = bytes
            .chunks_exact(2)
            .map(|b| i16::from_le_bytes([b[0], b[1]]))
            .collect();
        Ok(HuImage {
            rows: place.rows,
            columns: place.columns,
            hu,
        })
    }

    fn describe(&self) -> String {
        "HU store".into()
    }

    fn content(&self, slice: &Slice) -> Option<String> {
        let (place, _) = self.places.get(&(slice.id.clone(), slice.frame))?;
        Some(format!("{} × {} {}", place.rows, place.columns, place.sha256))
    }

    fn likeness(&self, slice: &Slice) -> Option<Likeness> {
        let (place, _) = self.places.get(&(slice.id.clone(), slice.frame))?;
        place.likeness
    }
}

/// The bytes of a slice.
pub(super) fn read_place(values: &File, place: &Place) -> std::io::Result<Vec<u8>> {
    // Places were held against the file's length when the store was opened.
    let mut bytes = vec![0; place.bytes() as usize];
    read_at(values, &mut bytes, place.offset)?;
    Ok(bytes)
}
