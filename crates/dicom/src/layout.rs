//! Where the parts of a DICOM file lie, found without trusting any length it declares (PS3.5 §7).

use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};

use crate::syntax::BIG_ENDIAN;
use crate::walk::{Element, Encoding, ITEM, META, SEQUENCE_END, Stop, Walk};

/// Length in bytes beyond which the value of a wanted element is not looked at.
const MAX_VALUE: usize = 1 << 16;

/// Top-level elements that ichflow parses; the others are stepped over.
pub(crate) const WANTED: [Tag; 50] = [
    tags::SPECIFIC_CHARACTER_SET,
    tags::IMAGE_TYPE,
    tags::SOP_CLASS_UID,
    tags::SOP_INSTANCE_UID,
    tags::MODALITY,
    tags::MANUFACTURER,
    tags::MANUFACTURER_MODEL_NAME,
    tags::SERIES_DESCRIPTION,
    tags::PROTOCOL_NAME,
    tags::BODY_PART_EXAMINED,
    tags::CONTRAST_BOLUS_AGENT,
    tags::CONVOLUTION_KERNEL,
    tags::KVP,
    tags::PATIENT_AGE,
    tags::PATIENT_SEX,
    tags::PATIENT_BIRTH_DATE,
    tags::STUDY_DATE,
    tags::ACQUISITION_DATE,
    tags::PATIENT_ID,
    tags::ACCESSION_NUMBER,
    tags::STUDY_INSTANCE_UID,
    tags::SERIES_INSTANCE_UID,
    tags::ACQUISITION_TIME,
    tags::ACQUISITION_NUMBER,
    tags::INSTANCE_NUMBER,
    tags::TEMPORAL_POSITION_IDENTIFIER,
    tags::TEMPORAL_POSITION_INDEX,
    tags::FRAME_ACQUISITION_NUMBER,
    tags::IMAGE_POSITION_PATIENT,
    tags::IMAGE_ORIENTATION_PATIENT,
    tags::SLICE_LOCATION,
    tags::SLICE_THICKNESS,
    tags::PIXEL_SPACING,
    tags::PIXEL_PADDING_VALUE,
    tags::LOSSY_IMAGE_COMPRESSION,
    tags::SAMPLES_PER_PIXEL,
    tags::PHOTOMETRIC_INTERPRETATION,
    tags::PLANAR_CONFIGURATION,
    tags::NUMBER_OF_FRAMES,
    tags::ROWS,
    tags::COLUMNS,
    tags::BITS_ALLOCATED,
    tags::BITS_STORED,
    tags::HIGH_BIT,
    tags::PIXEL_REPRESENTATION,
    tags::WINDOW_CENTER,
    tags::WINDOW_WIDTH,
    tags::RESCALE_INTERCEPT,
    tags::RESCALE_SLOPE,
    tags::RESCALE_TYPE,
];

/// Where things lie in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Transfer syntax UID; guessed where the file has no meta group.
    pub syntax: String,
    /// Offset of the data set.
    pub dataset: usize,
    /// Where the wanted elements' values lie.
    pub(crate) elements: Layer,
    /// What all frames share: SharedFunctionalGroupsSequence (5200,9229).
    pub shared: Option<Sequence>,
    /// What each frame has of its own: PerFrameFunctionalGroupsSequence (5200,9230).
    pub per_frame: Option<Sequence>,
    /// The file's own tables from HU to brightness: VOILUTSequence (0028,3010).
    pub voi_lut: Option<Sequence>,
    /// The file's own table from stored values to HU: ModalityLUTSequence (0028,3000).
    pub modality_lut: Option<Sequence>,
    /// PixelData (7FE0,0010).
    pub pixels: Option<PixelElement>,
    /// How the data set's elements are encoded, whatever the transfer syntax says.
    pub(crate) encoding: Encoding,
    /// Whether the transfer syntax was guessed because the file does not name it.
    pub guessed: bool,
}

/// Where the values of wanted elements lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Layer(pub Vec<Field>);

/// Where a value lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub tag: Tag,
    /// Its value representation; none where the encoding leaves it to the dictionary.
    pub vr: Option<[u8; 2]>,
    pub range: std::ops::Range<usize>,
}

impl Layer {
    /// Notes an element if it is wanted, is no sequence, and is no longer than any of its kind: a value of
    /// megabytes in place of a number is damage, and would cost a hundred times its size once it is parsed.
    pub(crate) fn add(&mut self, element: &Element, range: std::ops::Range<usize>) {
        if WANTED.contains(&element.tag) && !element.sequence && range.len() <= MAX_VALUE {
            // Of repeated elements the last one counts.
            self.0.retain(|field| field.tag != element.tag);
            self.0.push(Field {
                tag: element.tag,
                vr: element.vr,
                range,
            });
        }
    }
}

/// Where a sequence's items lie, and how they are encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sequence {
    /// Offsets of the first byte and of the byte behind the last.
    pub range: std::ops::Range<usize>,
    /// How its items are encoded.
    pub(crate) encoding: Encoding,
}

/// Where PixelData lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PixelElement {
    /// Offset of its value.
    pub start: usize,
    /// Declared length of its value in bytes; none for encapsulated frames.
    pub length: Option<u32>,
}

/// Finds the parts of a file of `total` bytes from its first `bytes`.
///
/// A deflated data set ends the scan right after the meta group: it must be inflated first, then go
/// through [`scan_dataset`].
pub(crate) fn scan(bytes: &[u8], total: u64) -> Result<Layout, Stop> {
    let mut walk = Walk { bytes, total, at: 0 };
    let magic = bytes.get(128..132) == Some(b"DICM");
    if magic {
        walk.at = 132;
    } else if bytes.starts_with(b"DICM") {
        walk.at = 4;
    }
    let with_magic = walk.at > 0;
    let mut syntax = None;
    // Only a real meta group starts with 02 00; everything else is the data set.
    while let Some([2, 0]) = bytes.get(walk.at..walk.at.saturating_add(2)) {
        let element = walk.element(META)?;
        let Some(length) = element.length else {
            return Err(Stop::Damaged("its meta group has no defined length".into()));
        };
        let value = walk.take(length as usize, element.tag)?;
        if element.tag == tags::TRANSFER_SYNTAX_UID {
            let text = String::from_utf8_lossy(value);
            syntax = Some(text.trim_end_matches(['\0', ' ']).trim().to_owned());
        }
    }
    let guessed = syntax.is_none();
    let syntax = match syntax {
        Some(syntax) => syntax,
        None => guess_syntax(&bytes[walk.at.min(bytes.len())..], with_magic)?.to_owned(),
    };
    if syntax == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN {
        return Ok(Layout {
            syntax,
            dataset: walk.at,
            elements: Layer::default(),
            shared: None,
            per_frame: None,
            voi_lut: None,
            modality_lut: None,
            pixels: None,
            encoding: META,
            guessed,
        });
    }
    let layout = scan_dataset(bytes, total, walk.at, syntax)?;
    Ok(Layout { guessed, ..layout })
}

/// Finds the parts of a data set that starts at `dataset`.
pub(crate) fn scan_dataset(bytes: &[u8], total: u64, dataset: usize, syntax: String) -> Result<Layout, Stop> {
    let big_endian = syntax == BIG_ENDIAN;
    let encoding = Encoding {
        // Some writers declare one and write the other. The first element tells: where a value
        // representation would stand, the length of an implicit one is no pair of letters.
        explicit: match bytes.get(dataset + 4..dataset + 6) {
            Some(letters) if !big_endian => letters.iter().all(u8::is_ascii_uppercase),
            _ => syntax != uids::IMPLICIT_VR_LITTLE_ENDIAN,
        },
        big_endian,
    };
    let mut walk = Walk {
        bytes,
        total,
        at: dataset,
    };
    let mut elements = Layer::default();
    let mut pixels = None;
    let (mut shared, mut per_frame, mut voi_lut, mut modality_lut) = (None, None, None, None);
    while (walk.at as u64) < total {
        let element = walk.element(encoding)?;
        if matches!(
            element.tag,
            tags::FLOAT_PIXEL_DATA | tags::DOUBLE_FLOAT_PIXEL_DATA
        ) {
            return Err(Stop::FloatPixels);
        }
        if element.tag == tags::PIXEL_DATA {
            pixels = Some(PixelElement {
                start: walk.at,
                length: element.length,
            });
            break;
        }
        let inside = walk.at;
        match element.length {
            Some(length) => {
                walk.take(length as usize, element.tag)?;
                elements.add(&element, inside..walk.at);
            }
            None => walk.skip_sequence(element.nested(encoding), element.tag, 0)?,
        }
        let sequence = || {
            Some(Sequence {
                range: inside..walk.at,
                encoding: element.nested(encoding),
            })
        };
        match element.tag {
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE => shared = sequence(),
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE => per_frame = sequence(),
            tags::VOILUT_SEQUENCE => voi_lut = sequence(),
            tags::MODALITY_LUT_SEQUENCE => modality_lut = sequence(),
            _ => {}
        }
    }
    Ok(Layout {
        syntax,
        dataset,
        elements,
        shared,
        per_frame,
        voi_lut,
        modality_lut,
        pixels,
        encoding,
        guessed: false,
    })
}

/// Offsets and lengths of the items of an encapsulated PixelData value that starts at `start`; the
/// first is the basic offset table.
pub(crate) fn fragments(bytes: &[u8], start: usize) -> Result<Vec<std::ops::Range<usize>>, Stop> {
    let mut walk = Walk {
        bytes,
        total: bytes.len() as u64,
        at: start,
    };
    let mut items = Vec::new();
    loop {
        // Some writers leave out the delimiter; what counts is that no item is cut short.
        if walk.at == bytes.len() && !items.is_empty() {
            return Ok(items);
        }
        let element = walk.element(META)?;
        match (element.tag, element.length) {
            (SEQUENCE_END, _) => return Ok(items),
            (ITEM, Some(length)) => {
                let begin = walk.at;
                walk.take(length as usize, tags::PIXEL_DATA)?;
                items.push(begin..walk.at);
            }
            (tag, _) => {
                return Err(Stop::Damaged(format!(
                    "its encapsulated pixel data has {tag} where an item should be"
                )));
            }
        }
    }
}

fn guess_syntax(dataset: &[u8], with_magic: bool) -> Result<&'static str, Stop> {
    let Some(head) = dataset.get(..8) else {
        return Err(if with_magic {
            Stop::Damaged("it ends before its first element".into())
        } else {
            Stop::NotDicom
        });
    };
    let explicit = head[4..6].iter().all(u8::is_ascii_uppercase);
    match (head[0], head[1], explicit) {
        (0, 8, true) => Ok(BIG_ENDIAN),
        // Image data sets start with group 0008 (or, rarely, with 0004 or 0010).
        (4 | 8 | 16, 0, true) => Ok(uids::EXPLICIT_VR_LITTLE_ENDIAN),
        (4 | 8 | 16, 0, false) => Ok(uids::IMPLICIT_VR_LITTLE_ENDIAN),
        _ if with_magic => Err(Stop::Damaged("it does not name its transfer syntax".into())),
        _ => Err(Stop::NotDicom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::write::Fixture;
    use proptest::prelude::*;

    #[test]
    fn pixel_data_is_found_in_both_value_representations() {
        for syntax in [uids::EXPLICIT_VR_LITTLE_ENDIAN, uids::IMPLICIT_VR_LITTLE_ENDIAN] {
            let bytes = Fixture {
                syntax,
                ..Fixture::default()
            }
            .bytes()
            .unwrap();
            let layout = scan(&bytes, bytes.len() as u64).unwrap();
            assert_eq!(layout.syntax, syntax);
            let pixels = layout.pixels.unwrap();
            assert_eq!(pixels.length, Some(8));
            assert_eq!(pixels.start + 8, bytes.len());
        }
    }

    #[test]
    fn a_prefix_asks_for_more_and_a_short_file_is_damaged() {
        let bytes = Fixture::default().bytes().unwrap();
        assert_eq!(scan(&bytes[..200], bytes.len() as u64), Err(Stop::NeedMore));
        assert!(matches!(scan(&bytes[..200], 200), Err(Stop::Damaged(_))));
        assert_eq!(scan(b"ID,Label\n", 9), Err(Stop::NotDicom));
    }

    #[test]
    fn a_file_without_preamble_and_meta_group_is_understood() {
        let bytes = Fixture::default().bytes().unwrap();
        let layout = scan(&bytes, bytes.len() as u64).unwrap();
        let bare = &bytes[layout.dataset..];
        let again = scan(bare, bare.len() as u64).unwrap();
        assert_eq!(again.syntax, uids::EXPLICIT_VR_LITTLE_ENDIAN);
        assert_eq!(again.elements.0.len(), layout.elements.0.len());
    }

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(at in 128usize..700, value: u8, cut in 0usize..700) {
            let mut bytes = Fixture::default().bytes().unwrap();
            let at = at % bytes.len();
            bytes[at] = value;
            let cut = cut.min(bytes.len());
            let _ = scan(&bytes, bytes.len() as u64);
            let _ = scan(&bytes[..cut], cut as u64);
            let _ = fragments(&bytes, cut);
        }
    }
}
