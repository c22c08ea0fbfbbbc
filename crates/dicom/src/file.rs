//! A DICOM file in memory: as much of it as is needed.

use std::cell::Cell;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use dicom_dictionary_std::uids;

use crate::error::{At, DicomError, Result};
use crate::layout::{self, Layout};
use crate::walk::Stop;

/// Bytes read for a header at first; competition headers end before 2 KiB.
const HEADER_BYTES: u64 = 8 * 1024;
/// Buffers up to this many bytes are used again for the next file.
const MAX_SPARE: usize = 1 << 22;
/// A deflated data set may not grow beyond this many bytes.
const MAX_INFLATED: u64 = 1 << 28;

thread_local! {
    /// The last file's buffer. Half a megabyte that is fresh from the system costs as much as reading
    /// into it: its pages are handed out, zeroed, one by one.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A file's bytes and where things lie in them.
pub(crate) struct DicomFile {
    /// The file from its beginning, perhaps not to its end.
    pub bytes: Vec<u8>,
    /// Length of the whole file in bytes.
    pub total: u64,
    /// Where things lie.
    pub layout: Layout,
}

impl Drop for DicomFile {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let spare = SPARE.take();
        let larger = bytes.capacity() > spare.capacity() && bytes.capacity() <= MAX_SPARE;
        SPARE.set(if larger { bytes } else { spare });
    }
}

/// Whether a file starts like DICOM: the magic word after the preamble, or at once.
pub fn looks_like_dicom(path: &Path) -> bool {
    let mut head = Vec::with_capacity(132);
    let read = File::open(path).and_then(|file| file.take(132).read_to_end(&mut head));
    read.is_ok() && (head.get(128..132) == Some(b"DICM") || head.starts_with(b"DICM"))
}

/// Reads a file as far as its header goes.
pub(crate) fn open_header(path: &Path) -> Result<DicomFile> {
    let mut file = File::open(path).at("open", path)?;
    let total = file.metadata().at("read", path)?.len();
    let mut bytes = SPARE.take();
    bytes.clear();
    (&mut file)
        .take(HEADER_BYTES)
        .read_to_end(&mut bytes)
        .at("read", path)?;
    let mut layout = layout::scan(&bytes, total);
    if layout == Err(Stop::NeedMore) {
        file.read_to_end(&mut bytes).at("read", path)?;
        layout = layout::scan(&bytes, bytes.len() as u64);
    }
    let layout = layout?;
    if layout.syntax == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN {
        file.read_to_end(&mut bytes).at("read", path)?;
        return inflate(&bytes[layout.dataset..], layout.syntax);
    }
    Ok(DicomFile { bytes, total, layout })
}

/// Reads a whole file.
pub(crate) fn open_whole(path: &Path) -> Result<DicomFile> {
    let mut bytes = SPARE.take();
    bytes.clear();
    File::open(path)
        .at("open", path)?
        .read_to_end(&mut bytes)
        .at("read", path)?;
    of_bytes(bytes)
}

/// A whole file that is in memory already.
pub(crate) fn of_bytes(bytes: Vec<u8>) -> Result<DicomFile> {
    let total = bytes.len() as u64;
    let layout = layout::scan(&bytes, total)?;
    if layout.syntax == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN {
        return inflate(&bytes[layout.dataset..], layout.syntax);
    }
    Ok(DicomFile { bytes, total, layout })
}

fn inflate(deflated: &[u8], syntax: String) -> Result<DicomFile> {
    let mut bytes = Vec::new();
    flate2::read::DeflateDecoder::new(deflated)
        .take(MAX_INFLATED + 1)
        .read_to_end(&mut bytes)
        .map_err(DicomError::DamagedDeflate)?;
    if bytes.len() as u64 > MAX_INFLATED {
        return Err(DicomError::Pixels(
            "the deflated data set grows beyond 256 MiB".into(),
        ));
    }
    let total = bytes.len() as u64;
    let layout = layout::scan_dataset(&bytes, total, 0, syntax)?;
    Ok(DicomFile { bytes, total, layout })
}
