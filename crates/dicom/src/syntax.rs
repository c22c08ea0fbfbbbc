//! Transfer syntaxes by their UIDs.

use dicom_dictionary_std::uids;
use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use crate::error::{DicomError, excerpt};

/// Explicit VR Big Endian, retired.
pub(crate) const BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// The name of a transfer syntax; "unknown" where it has none.
pub fn syntax_name(uid: &str) -> &'static str {
    match uid {
        "1.2.840.10008.1.2.4.53" => "JPEG Spectral Selection, Non-Hierarchical (Process 6 & 8), retired",
        "1.2.840.10008.1.2.4.55" => "JPEG Full Progression, Non-Hierarchical (Process 10 & 12), retired",
        _ => TransferSyntaxRegistry
            .get(uid)
            .map_or("unknown", |syntax| syntax.name()),
    }
}

/// Whether a transfer syntax stores pixels as plain words.
pub(crate) fn is_native(syntax: &str) -> bool {
    matches!(
        syntax,
        uids::IMPLICIT_VR_LITTLE_ENDIAN
            | uids::EXPLICIT_VR_LITTLE_ENDIAN
            | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
            | BIG_ENDIAN
    )
}

/// An error that names a transfer syntax nobody here can decode.
pub(crate) fn unsupported(uid: &str) -> DicomError {
    let uid = excerpt(uid);
    DicomError::UnsupportedSyntax {
        name: syntax_name(&uid),
        uid,
    }
}
