//! ModalityLUTSequence (0028,3000): a file's own table from stored values to HU (PS3.3 C.11.1).

use crate::error::{DicomError, Result};
use crate::file::DicomFile;
use crate::lut::table;

/// A table from stored values to HU, in place of slope and intercept (PS3.3 C.11.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModalityLut {
    /// The stored value of the first entry; values below it have the first entry, values beyond the last the last.
    pub first: i32,
    /// One entry for each stored value, in HU.
    pub values: Vec<i16>,
    /// ModalityLUTType (0028,3004) as stored: "HU", "US" where the unit is left open, others; empty where absent.
    pub kind: String,
}

impl ModalityLut {
    /// The entry of a stored value.
    pub(crate) fn entry(&self, stored: i32) -> i16 {
        let last = self.values.len().saturating_sub(1);
        let place = usize::try_from(stored.saturating_sub(self.first)).unwrap_or(0);
        self.values.get(place.min(last)).copied().unwrap_or_default()
    }
}

/// The file's table, if it has one. `signed` says whether stored values are two's complement, `is_ct` whether the image is
/// CT, whose values are HU where the table leaves the unit open.
///
/// # Errors
/// When there is a table that cannot be read: without it stored values mean nothing.
pub(crate) fn modality_lut(file: &DicomFile, signed: bool, is_ct: bool) -> Result<Option<ModalityLut>> {
    let Some(sequence) = file.layout.modality_lut.as_ref() else {
        return Ok(None);
    };
    // A sequence without items, or of nothing but its end, is none.
    if sequence.range.len() <= 8 {
        return Ok(None);
    }
    let table = table(file, sequence).ok_or_else(|| {
        DicomError::header("its ModalityLUTSequence, the table from stored values to HU, is damaged")
    })?;
    // Entries are unsigned, which HU are not: 16 bits of HU are two's complement, beyond 32767 there are none.
    let is_hu = table.kind == "HU" || is_ct && matches!(table.kind.as_str(), "" | "US");
    let entry = |value: &u16| match is_hu && table.bits == 16 {
        true => *value as i16,
        false => i16::try_from(*value).unwrap_or(i16::MAX),
    };
    Ok(Some(ModalityLut {
        first: table.first(signed),
        values: table.values.iter().map(entry).collect(),
        kind: table.kind,
    }))
}
