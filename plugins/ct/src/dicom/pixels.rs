//! Hounsfield units straight from DICOM files.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::panic::AssertUnwindSafe;
use std::path::Path;

use dicom_dictionary_std::uids;
use ichflow_api::guard;
use ichflow_api::prelude::*;

use super::codec::Codec;
use super::elements::Parsed;
use super::file::{self, DicomFile, is_native};
use super::frames;
use super::header::{self, Header, Storage};
use super::hu::to_hu;
use super::layout::{self, BIG_ENDIAN};

/// Reads each slice from its own file, every time.
#[derive(Clone, Copy, Debug, Default)]
pub struct DicomPixels;

impl PixelSource for DicomPixels {
    fn read(&self, slice: &Slice) -> Result<HuImage> {
        read_frame_of(&slice.file, slice.frame)
    }

    fn describe(&self) -> String {
        "DICOM files".into()
    }
}

/// Hounsfield units of one frame of a file.
pub fn read_frame_of(path: &Path, frame: u32) -> Result<HuImage> {
    match frame {
        0 => read_frame(&file::open_whole(path)?, frame),
        _ => read_later_frame(path, frame),
    }
}

/// Reads a frame that is not the first; of an uncompressed file, nothing but that frame.
fn read_later_frame(path: &Path, frame: u32) -> Result<HuImage> {
    let file = file::open_header(path)?;
    let syntax = file.layout.syntax.as_str();
    let in_place = is_native(syntax) && syntax != uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN;
    let (true, Some(pixels)) = (in_place, file.layout.pixels) else {
        return read_frame(&file::open_whole(path)?, frame);
    };
    let storage = storage_of(&file, frame)?;
    let begin = storage.frame_bytes() * u64::from(frame);
    let end = begin + storage.frame_bytes();
    let present = file
        .total
        .saturating_sub(pixels.start as u64)
        .min(u64::from(pixels.length.unwrap_or(0)));
    if end > present {
        return Err(cut_short(frame, end, present));
    }
    let mut bytes = vec![0; storage.frame_bytes() as usize];
    let mut source = File::open(path).at("open", path)?;
    source
        .seek(SeekFrom::Start(pixels.start as u64 + begin))
        .and_then(|_| source.read_exact(&mut bytes))
        .at("read", path)?;
    Ok(image(
        &storage,
        hu_of_bytes(&bytes, &storage, syntax == BIG_ENDIAN),
    ))
}

/// Hounsfield units of all frames of a file that is in memory already.
pub fn read_bytes(bytes: Vec<u8>) -> Result<Vec<HuImage>> {
    let file = file::of_bytes(bytes)?;
    let storage = storage_of(&file, 0)?;
    header::check_pixels(&file, &storage)?;
    (0..storage.frames)
        .map(|frame| read_frame(&file, frame))
        .collect()
}

fn storage_of(file: &DicomFile, frame: u32) -> Result<Storage> {
    let storage = Header::of_frame(file, &Parsed::of(file)?, frame)?.storage;
    if frame >= storage.frames {
        return Err(Error::new(format!(
            "it has {} frames, no frame {frame}",
            storage.frames
        )));
    }
    Ok(storage)
}

fn image(storage: &Storage, hu: Vec<i16>) -> HuImage {
    HuImage {
        rows: storage.rows as usize,
        columns: storage.columns as usize,
        hu,
    }
}

/// Hounsfield units of one frame of a whole file.
fn read_frame(file: &DicomFile, frame: u32) -> Result<HuImage> {
    let storage = storage_of(file, frame)?;
    let hu = if is_native(&file.layout.syntax) {
        let words = native_frame(file, &storage, frame)?;
        hu_of_bytes(words, &storage, file.layout.syntax == BIG_ENDIAN)
    } else {
        let words = decoded_frame(file, &storage, frame)?;
        to_hu(words.into_iter(), &storage.rescale)
    };
    Ok(image(&storage, hu))
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
        .ok_or_else(|| cut_short(frame, begin + needed, value.len() as u64))
}

fn cut_short(frame: u32, needed: u64, present: u64) -> Error {
    Error::new(format!(
        "its pixel data is cut short: frame {frame} needs {needed} bytes, {present} are there"
    ))
}

/// The stored words of a compressed frame.
fn decoded_frame(file: &DicomFile, storage: &Storage, frame: u32) -> Result<Vec<u16>> {
    let syntax = &file.layout.syntax;
    let codec = Codec::of(syntax).ok_or_else(|| file::unsupported(syntax))?;
    let pixels = file
        .layout
        .pixels
        .ok_or_else(|| Error::new("it has no pixel data (7FE0,0010)"))?;
    if pixels.length.is_some() {
        return Err(Error::new(
            "its pixel data is not encapsulated although its transfer syntax is compressed",
        ));
    }
    let items = layout::fragments(&file.bytes, pixels.start).map_err(|stop| file::describe(&stop))?;
    let bytes = frames::frame(
        &file.bytes,
        &items,
        codec,
        storage.frames as usize,
        frame as usize,
    )?;
    // A decoder given damaged data may panic; one bad file must not end a run of many.
    guard::catch(AssertUnwindSafe(|| codec.decode(&bytes, storage)))
        .map_err(|_| Error::new("its compressed pixel data is damaged: the decoder gave up"))?
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
    fn each_frame_has_its_own_rescale_position_and_window() {
        use dicom_core::{DataElement, PrimitiveValue, Tag, VR, value::DataSetSequence};
        use dicom_dictionary_std::tags;
        use dicom_object::InMemDicomObject;

        let text = |tag: Tag, text: &str| DataElement::new(tag, VR::DS, PrimitiveValue::from(text));
        let group = |tag: Tag, elements: Vec<_>| {
            let item = InMemDicomObject::from_element_iter(elements);
            DataElement::new(tag, VR::SQ, DataSetSequence::from(vec![item]))
        };
        let frame = |intercept: &str, position: &str, center: &str| {
            InMemDicomObject::from_element_iter([
                group(
                    tags::PLANE_POSITION_SEQUENCE,
                    vec![text(tags::IMAGE_POSITION_PATIENT, position)],
                ),
                group(
                    tags::FRAME_VOILUT_SEQUENCE,
                    vec![text(tags::WINDOW_CENTER, center), text(tags::WINDOW_WIDTH, "80")],
                ),
                group(
                    tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
                    vec![
                        text(tags::RESCALE_INTERCEPT, intercept),
                        text(tags::RESCALE_SLOPE, "1"),
                    ],
                ),
            ])
        };
        let frames = vec![frame("-1024", "0\\0\\5", "40"), frame("-1000", "0\\0\\10", "50")];
        let shared = InMemDicomObject::from_element_iter([group(
            tags::PIXEL_MEASURES_SEQUENCE,
            vec![text(tags::PIXEL_SPACING, "0.5\\0.5")],
        )]);
        let fixture = Fixture {
            words: vec![0, 1, 2, 3, 1000, 1001, 1002, 1003],
            ..Fixture::default()
        };
        let bytes = fixture.bytes_with(
            vec![(tags::NUMBER_OF_FRAMES, VR::IS, PrimitiveValue::from("2"))],
            vec![
                DataElement::new(
                    tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
                    VR::SQ,
                    DataSetSequence::from(vec![shared]),
                ),
                DataElement::new(
                    tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
                    VR::SQ,
                    DataSetSequence::from(frames),
                ),
            ],
        );
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("enhanced.dcm");
        std::fs::write(&file, bytes).unwrap();
        let headers = super::super::read_headers(&file).unwrap();
        let positions: Vec<_> = headers.iter().map(|header| header.position_mm).collect();
        assert_eq!(positions, [Some(5.0), Some(10.0)]);
        assert_eq!(headers[1].tags.window_center, Some(50.0));
        assert_eq!(headers[1].geometry.spacing_mm, Some([0.5, 0.5]));
        assert_eq!(read_frame_of(&file, 0).unwrap().hu, [-1024, -1023, -1022, -1021]);
        assert_eq!(read_frame_of(&file, 1).unwrap().hu, [0, 1, 2, 3]);
        let error = read_frame_of(&file, 2).unwrap_err().to_string();
        assert_eq!(error, "it has 2 frames, no frame 2");
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
            syntax: uids::MPEG2MPML,
            ..Fixture::default()
        })
        .unwrap_err();
        let message = error.to_string();
        assert!(message.contains("1.2.840.10008.1.2.4.100"), "{message}");
        assert!(message.contains("MPEG2"), "{message}");
    }
}
