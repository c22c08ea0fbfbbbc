//! Hounsfield units straight from DICOM files.

use std::panic::AssertUnwindSafe;

use dicom_core::value::PixelFragmentSequence;
use dicom_core::{DataElement, VR};
use dicom_dictionary_std::tags;
use dicom_encoding::transfer_syntax::Codec;
use dicom_object::FileMetaTable;
use dicom_object::meta::FileMetaTableBuilder;
use dicom_pixeldata::PixelDecoder;
use ichflow_api::guard;
use ichflow_api::prelude::*;

use super::file::{self, DicomFile};
use super::header::{Elements, Header, Storage, is_native};
use super::hu::to_hu;
use super::layout::{self, BIG_ENDIAN};

/// Reads each slice from its own file, every time.
#[derive(Clone, Copy, Debug, Default)]
pub struct DicomPixels;

impl PixelSource for DicomPixels {
    fn read(&self, slice: &Slice) -> Result<HuImage> {
        let file = file::open_whole(&slice.file)?;
        read_frame(&file, slice.frame)
    }

    fn describe(&self) -> String {
        "DICOM files".into()
    }
}

fn read_frame(file: &DicomFile, frame: u32) -> Result<HuImage> {
    let storage = Header::parse(file)?.storage;
    if frame >= storage.frames {
        return Err(Error::new(format!(
            "it has {} frames, no frame {frame}",
            storage.frames
        )));
    }
    let hu = if is_native(&file.layout.syntax) {
        let words = native_frame(file, &storage, frame)?;
        hu_of_bytes(words, &storage, file.layout.syntax == BIG_ENDIAN)
    } else {
        let words = decoded_frame(file, &storage, frame)?;
        hu_of_bytes(&words, &storage, cfg!(target_endian = "big"))
    };
    Ok(HuImage {
        rows: storage.rows as usize,
        columns: storage.columns as usize,
        hu,
    })
}

/// The bytes of an uncompressed frame.
fn native_frame<'a>(file: &'a DicomFile, storage: &Storage, frame: u32) -> Result<&'a [u8]> {
    let pixels = file
        .layout
        .pixels
        .ok_or_else(|| Error::new("it has no pixel data (7FE0,0010)"))?;
    let Some(declared) = pixels.length else {
        return Err(Error::new(
            "its pixel data is encapsulated although its transfer syntax is uncompressed",
        ));
    };
    let end = pixels
        .start
        .saturating_add(declared as usize)
        .min(file.bytes.len());
    let value = file.bytes.get(pixels.start..end).unwrap_or_default();
    let needed = storage.frame_bytes();
    let begin = needed * u64::from(frame);
    usize::try_from(begin)
        .ok()
        .zip(usize::try_from(begin + needed).ok())
        .and_then(|(begin, end)| value.get(begin..end))
        .ok_or_else(|| {
            Error::new(format!(
                "its pixel data is cut short: frame {frame} needs {} bytes, {} are there",
                begin + needed,
                value.len()
            ))
        })
}

/// The bytes of a compressed frame, decoded.
fn decoded_frame(file: &DicomFile, storage: &Storage, frame: u32) -> Result<Vec<u8>> {
    let syntax = &file.layout.syntax;
    let decodable = matches!(
        file::find_syntax(syntax)?.codec(),
        Codec::EncapsulatedPixelData(Some(_), _)
    );
    if !decodable {
        return Err(file::unsupported(syntax));
    }
    let pixels = file
        .layout
        .pixels
        .ok_or_else(|| Error::new("it has no pixel data (7FE0,0010)"))?;
    let items = layout::fragments(&file.bytes, pixels.start).map_err(|stop| file::describe(&stop))?;
    let Some((table, fragments)) = items.split_first() else {
        return Err(Error::new("its pixel data has no fragments"));
    };
    let offsets: Vec<u32> = file.bytes[table.clone()]
        .chunks_exact(4)
        .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
        .collect();
    let fragments: Vec<Vec<u8>> = fragments
        .iter()
        .map(|at| file.bytes[at.clone()].to_vec())
        .collect();
    let mut object = Elements::of(file)?.0;
    object.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OB,
        PixelFragmentSequence::new(offsets, fragments),
    ));
    let object = object.with_exact_meta(meta_of(syntax)?);
    // A decoder given damaged data may panic; one bad file must not end a run of many.
    let decoded = guard::catch(AssertUnwindSafe(|| object.decode_pixel_data_frame(frame)))
        .map_err(|_| Error::new("its compressed pixel data is damaged: the decoder gave up"))?
        .doing("its pixel data cannot be decoded")?;
    if decoded.bits_allocated() != storage.bits_allocated
        || (decoded.data().len() as u64) < storage.frame_bytes()
    {
        return Err(Error::new(format!(
            "its pixel data decodes to {} bytes of {} bits where {} of {} are announced",
            decoded.data().len(),
            decoded.bits_allocated(),
            storage.frame_bytes(),
            storage.bits_allocated
        )));
    }
    Ok(decoded.data()[..storage.frame_bytes() as usize].to_vec())
}

/// A meta group that carries nothing but the transfer syntax.
fn meta_of(syntax: &str) -> Result<FileMetaTable> {
    FileMetaTableBuilder::new()
        .transfer_syntax(syntax)
        .media_storage_sop_class_uid("")
        .media_storage_sop_instance_uid("")
        .build()
        .doing("its meta group cannot be built")
}

fn hu_of_bytes(bytes: &[u8], storage: &Storage, big_endian: bool) -> Vec<i16> {
    match (storage.bits_allocated, big_endian) {
        (8, _) => to_hu(bytes.iter().map(|byte| u16::from(*byte)), &storage.rescale),
        (_, false) => to_hu(
            bytes
                .chunks_exact(2)
                .map(|word| u16::from_le_bytes([word[0], word[1]])),
            &storage.rescale,
        ),
        (_, true) => to_hu(
            bytes
                .chunks_exact(2)
                .map(|word| u16::from_be_bytes([word[0], word[1]])),
            &storage.rescale,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::fixture::Fixture;
    use dicom_dictionary_std::uids;
    use ichflow_api::testkit;

    fn read(fixture: &Fixture) -> Result<HuImage> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("slice.dcm");
        std::fs::write(&file, fixture.bytes()).unwrap();
        DicomPixels.read(&Slice {
            file,
            ..testkit::slice("a", "p", None)
        })
    }

    #[test]
    fn stored_words_become_hounsfield_units() {
        for syntax in [uids::EXPLICIT_VR_LITTLE_ENDIAN, uids::IMPLICIT_VR_LITTLE_ENDIAN] {
            let image = read(&Fixture {
                syntax,
                words: vec![24, 1064, 0, 4095],
                ..Fixture::default()
            })
            .unwrap();
            assert_eq!(image.hu, [-1000, 40, -1024, 3071]);
            assert_eq!((image.rows, image.columns), (2, 2));
        }
    }

    #[test]
    fn wrapped_files_are_repaired() {
        let image = read(&Fixture {
            intercept: "0",
            words: vec![3096, 40, 3095, 4095],
            ..Fixture::default()
        })
        .unwrap();
        assert_eq!(image.hu, [-1000, 40, 3095, -1]);
    }

    #[test]
    fn what_cannot_be_decoded_is_named() {
        let error = read(&Fixture {
            syntax: uids::JPEGLS_LOSSLESS,
            ..Fixture::default()
        })
        .unwrap_err();
        let message = error.to_string();
        assert!(message.contains("1.2.840.10008.1.2.4.80"), "{message}");
        assert!(message.contains("JPEG-LS"), "{message}");
    }
}
