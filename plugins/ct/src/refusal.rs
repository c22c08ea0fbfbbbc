//! What a stage says of a file that cannot be read.

use ichflow_api::prelude::*;
use ichflow_dicom::DicomError;

/// The reader's error as a stage's: the same words, the same advice.
pub(crate) fn refused(error: DicomError) -> Error {
    let advice = error.help();
    let refused = Error::caused_by(error.to_string(), error);
    match advice {
        Some(advice) => refused.help(advice),
        None => refused,
    }
}
