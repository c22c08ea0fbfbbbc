//! Hounsfield units straight from DICOM files.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::OnceLock;

use dicom_dictionary_std::uids;

use crate::announced::check_pixels;
use crate::codec::Codec;
use crate::elements::Parsed;
use crate::error::{At, DicomError, Result};
use crate::file::{self, DicomFile};
use crate::frames;
use crate::header::{self, Header};
use crate::layout;
use crate::repairs::Repairs;

use crate::storage::Storage;
use crate::syntax::{BIG_ENDIAN, is_native, unsupported};
use crate::to_hu::converted;

/// The Hounsfield units of a slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HuImage {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// `rows × columns` values in HU, row by row from the top left.
    pub hu: Vec<i16>,
}

/// Hounsfield units of one frame of a file.
///
/// # Errors
/// When the file cannot be read as a CT image; [`DicomError`] says why.
pub fn read_frame(path: &Path, frame: u32) -> Result<HuImage> {
    if frame > 0
        && let Some(image) = read_frame_in_place(path, frame)?
    {
        return Ok(image);
    }
    Frames::open(path)?.read(frame)
}

/// Reads nothing but one frame of an uncompressed file; none where that cannot be done.
///
/// # Errors
/// When the file cannot be read as a CT image; [`DicomError`] says why.
pub fn read_frame_in_place(path: &Path, frame: u32) -> Result<Option<HuImage>> {
    let file = file::open_header(path)?;
    let syntax = file.layout.syntax.as_str();
    let in_place = is_native(syntax) && syntax != uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN;
    let (true, Some(pixels)) = (in_place, file.layout.pixels) else {
        return Ok(None);
    };
    let parsed = Parsed::of(&file)?;
    let storage = storage_of(&file, &parsed, frame)?;
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
    let (hu, _) = hu_of_bytes(&bytes, &storage, syntax == BIG_ENDIAN);
    let stored = image(&storage, hu);
    Ok(Some(turned(&file, &parsed, frame, &storage, stored)))
}

/// Hounsfield units of all frames of a file that is in memory already.
///
/// # Errors
/// When the file cannot be read as a CT image; [`DicomError`] says why.
pub fn read_bytes(bytes: Vec<u8>) -> Result<Vec<HuImage>> {
    let frames = Frames::of_bytes(bytes)?;
    let count = frames.headers()?.len() as u32;
    (0..count).map(|frame| frames.read(frame)).collect()
}

/// A whole file, parsed once, whose frames are read one after another.
pub struct Frames {
    file: DicomFile,
    parsed: Parsed,
    /// The offset table and the fragments; none of an uncompressed file.
    items: Vec<Range<usize>>,
    /// The first fragment of each frame, found when the first frame is read.
    begins: OnceLock<Vec<usize>>,
}

impl Frames {
    /// Reads a whole file and parses it.
    ///
    /// # Errors
    /// When the file cannot be read as a CT image; [`DicomError`] says why.
    pub fn open(path: &Path) -> Result<Self> {
        Self::of(file::open_whole(path)?)
    }

    /// Parses a file that is in memory already.
    ///
    /// # Errors
    /// When the file cannot be read as a CT image; [`DicomError`] says why.
    pub fn of_bytes(bytes: Vec<u8>) -> Result<Self> {
        Self::of(file::of_bytes(bytes)?)
    }

    fn of(file: DicomFile) -> Result<Self> {
        let parsed = Parsed::of(&file)?;
        let items = match file.layout.pixels {
            Some(pixels) if pixels.length.is_none() && !is_native(&file.layout.syntax) => {
                layout::fragments(&file.bytes, pixels.start)?
            }
            _ => Vec::new(),
        };
        Ok(Self {
            file,
            parsed,
            items,
            begins: OnceLock::new(),
        })
    }

    /// UID of the transfer syntax.
    pub fn syntax(&self) -> &str {
        &self.file.layout.syntax
    }

    /// Headers of all frames; an error where the pixels they announce cannot be there.
    ///
    /// # Errors
    /// When the file cannot be read as a CT image; [`DicomError`] says why.
    pub fn headers(&self) -> Result<Vec<Header>> {
        let first = Header::of_frame(&self.file, &self.parsed, 0)?;
        check_pixels(&self.file, &first.storage)?;
        let mut headers = header::headers_of(&self.file, &self.parsed, first)?;
        for (frame, header) in headers.iter_mut().enumerate() {
            // A frame that cannot be decoded says so when it is read.
            let repairs = match Repairs::may_be_needed(&header.storage) {
                true => self.converted(&header.storage, frame as u32).ok(),
                false => None,
            };
            header.look_over(repairs.map(|(_, repairs)| repairs).unwrap_or_default());
        }
        Ok(headers)
    }

    /// Hounsfield units of one frame, turned as [`Header::turn`] says.
    ///
    /// # Errors
    /// When the file cannot be read as a CT image; [`DicomError`] says why.
    pub fn read(&self, frame: u32) -> Result<HuImage> {
        let storage = storage_of(&self.file, &self.parsed, frame)?;
        let (hu, _) = self.converted(&storage, frame)?;
        let stored = image(&storage, hu);
        Ok(turned(&self.file, &self.parsed, frame, &storage, stored))
    }

    /// Hounsfield units of one frame in the order in which they are stored.
    ///
    /// # Errors
    /// When the file cannot be read as a CT image; [`DicomError`] says why.
    pub fn read_as_stored(&self, frame: u32) -> Result<HuImage> {
        let storage = storage_of(&self.file, &self.parsed, frame)?;
        let (hu, _) = self.converted(&storage, frame)?;
        Ok(image(&storage, hu))
    }

    /// Hounsfield units of a frame as it is stored, and what its words had to be put right for.
    fn converted(&self, storage: &Storage, frame: u32) -> Result<(Vec<i16>, Repairs)> {
        let file = &self.file;
        if is_native(&file.layout.syntax) {
            let bytes = native_frame(file, storage, frame)?;
            Ok(hu_of_bytes(bytes, storage, file.layout.syntax == BIG_ENDIAN))
        } else {
            let words = self.decoded(storage, frame)?;
            Ok(converted(&words, |word| *word, storage))
        }
    }

    /// The stored words of a compressed frame.
    fn decoded(&self, storage: &Storage, frame: u32) -> Result<Vec<u16>> {
        let syntax = &self.file.layout.syntax;
        let codec = Codec::of(syntax).ok_or_else(|| unsupported(syntax))?;
        if self
            .file
            .layout
            .pixels
            .is_some_and(|pixels| pixels.length.is_some())
        {
            return Err(DicomError::pixels(
                "its pixel data is not encapsulated although its transfer syntax is compressed",
            ));
        }
        let bytes = &self.file.bytes;
        let begins = match self.begins.get() {
            Some(begins) => begins,
            None => {
                let begins = frames::begins(bytes, &self.items, codec, storage.frames as usize)?;
                self.begins.get_or_init(|| begins)
            }
        };
        let coded = frames::frame(bytes, &self.items, begins, frame as usize)?;
        // A decoder given damaged data may panic; one bad file must not end a run of many.
        catch_unwind(AssertUnwindSafe(|| codec.decode(&coded, storage)))
            .map_err(|_| DicomError::DecoderPanicked)?
    }
}

fn storage_of(file: &DicomFile, parsed: &Parsed, frame: u32) -> Result<Storage> {
    let storage = Storage::of_frame(file, parsed, frame)?;
    if frame >= storage.frames {
        return Err(DicomError::NoFrame {
            frames: storage.frames,
            frame,
        });
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

/// A frame's image, turned as its cosines say.
fn turned(file: &DicomFile, parsed: &Parsed, frame: u32, storage: &Storage, stored: HuImage) -> HuImage {
    let turn = header::turn_of(&parsed.frame(file, frame), storage);
    let hu = turn.apply(stored.rows, stored.columns, stored.hu);
    let (rows, columns) = turn.size(stored.rows, stored.columns);
    HuImage { rows, columns, hu }
}

/// The bytes of an uncompressed frame.
fn native_frame<'a>(file: &'a DicomFile, storage: &Storage, frame: u32) -> Result<&'a [u8]> {
    let pixels = file.layout.pixels.ok_or_else(|| DicomError::NoPixelData)?;
    let Some(declared) = pixels.length else {
        return Err(DicomError::pixels(
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

fn cut_short(frame: u32, needed: u64, present: u64) -> DicomError {
    DicomError::pixels(format!(
        "its pixel data is cut short: frame {frame} needs {needed} bytes, {present} are there"
    ))
}

fn hu_of_bytes(bytes: &[u8], storage: &Storage, big_endian: bool) -> (Vec<i16>, Repairs) {
    let (pairs, _) = bytes.as_chunks::<2>();
    match (storage.bits_allocated, big_endian) {
        (8, _) => converted(bytes, |byte| u16::from(*byte), storage),
        (_, false) => converted(pairs, |pair| u16::from_le_bytes(*pair), storage),
        (_, true) => converted(pairs, |pair| u16::from_be_bytes(*pair), storage),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::Fixture;

    fn read(fixture: &Fixture) -> Result<HuImage> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("slice.dcm");
        std::fs::write(&file, fixture.bytes().unwrap()).unwrap();
        read_frame(&file, 0)
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
        std::fs::write(&file, bytes.unwrap()).unwrap();
        let headers = crate::headers::read_headers(&file).unwrap();
        let positions: Vec<_> = headers.iter().map(|header| header.position_mm).collect();
        assert_eq!(positions, [Some(5.0), Some(10.0)]);
        assert_eq!(headers[1].window_center, Some(50.0));
        assert_eq!(headers[1].geometry.spacing_mm, Some([0.5, 0.5]));
        assert_eq!(read_frame(&file, 0).unwrap().hu, [-1024, -1023, -1022, -1021]);
        assert_eq!(read_frame(&file, 1).unwrap().hu, [0, 1, 2, 3]);
        let error = read_frame(&file, 2).unwrap_err().to_string();
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
