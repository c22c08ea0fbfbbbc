//! Writing DICOM: what the phantom and the tests need.

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::uids;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;
use dicom_object::meta::FileMetaTableBuilder;
use ichflow_api::prelude::*;

/// An element to write.
pub type Attribute = (Tag, VR, PrimitiveValue);

/// A whole file: preamble, meta group and data set.
pub fn encode(syntax: &str, instance: &str, attributes: Vec<Attribute>) -> Result<Vec<u8>> {
    encode_with(syntax, instance, attributes, Vec::new())
}

/// The same with sequences.
pub fn encode_with(
    syntax: &str,
    instance: &str,
    attributes: Vec<Attribute>,
    sequences: Vec<InMemElement>,
) -> Result<Vec<u8>> {
    let elements = attributes
        .into_iter()
        .map(|(tag, vr, value)| DataElement::new(tag, vr, value))
        .chain(sequences);
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(syntax)
        .media_storage_sop_class_uid(uids::CT_IMAGE_STORAGE)
        .media_storage_sop_instance_uid(instance)
        .build()
        .doing("cannot build a DICOM meta group")?;
    let mut bytes = Vec::new();
    InMemDicomObject::from_element_iter(elements)
        .with_exact_meta(meta)
        .write_all(&mut bytes)
        .doing("cannot encode a DICOM file")?;
    Ok(bytes)
}
