//! Lenient access to elements: numbers may be text, text may be padded.
//!
//! A value is looked at where it lies in the file, when it is asked for. Of some twenty elements a reader of
//! pixels needs ten, once a slice, so nothing is built of the others.

use std::borrow::Cow;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::charset::Charset;
use crate::error::{DicomError, Result, excerpt};
use crate::file::DicomFile;
use crate::groups;
use crate::layout::{Field, Layer, Sequence};

/// Frames beyond which a file is not believed; enhanced CT has up to a few thousand.
pub(crate) const MAX_FRAMES: usize = 1 << 16;

/// All elements of a file that ichflow reads.
pub(crate) struct Parsed {
    shared: Option<Layer>,
    frames: Vec<Layer>,
}

impl Parsed {
    /// Finds the elements of the functional groups; those of the file itself were found by the scan.
    pub(crate) fn of(file: &DicomFile) -> Result<Self> {
        let items = |sequence: &Option<Sequence>, most| match sequence {
            Some(sequence) => groups::items(&file.bytes, sequence, most),
            None => Ok(Vec::new()),
        };
        Ok(Self {
            shared: items(&file.layout.shared, 1)?.pop(),
            frames: items(&file.layout.per_frame, MAX_FRAMES)?,
        })
    }

    /// The elements that hold for a frame: its own before those all frames share, those before the file's.
    pub(crate) fn frame<'a>(&'a self, file: &'a DicomFile, frame: u32) -> Elements<'a> {
        Elements {
            bytes: &file.bytes,
            big_endian: file.layout.encoding.big_endian,
            layers: [
                self.frames.get(frame as usize),
                self.shared.as_ref(),
                Some(&file.layout.elements),
            ],
        }
    }

    /// Whether frames differ in anything but their pixels.
    pub(crate) fn frames_differ(&self) -> bool {
        !self.frames.is_empty()
    }
}

/// Elements in layers: the first layer that has one counts.
pub(crate) struct Elements<'a> {
    bytes: &'a [u8],
    big_endian: bool,
    layers: [Option<&'a Layer>; 3],
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Unsigned(usize),
    Signed(usize),
    Float(usize),
}

impl<'a> Elements<'a> {
    fn get(&self, tag: Tag) -> Option<(&'a [u8], Kind)> {
        let layers = self.layers.iter().flatten();
        let field = layers
            .filter_map(|layer| layer.0.iter().find(|field| field.tag == tag))
            .next()?;
        Some((self.bytes.get(field.range.clone())?, self.kind(field)))
    }

    fn kind(&self, field: &Field) -> Kind {
        match field.vr.as_ref() {
            Some(b"US" | b"OW") => Kind::Unsigned(2),
            Some(b"SS") => Kind::Signed(2),
            Some(b"UL" | b"OL" | b"AT") => Kind::Unsigned(4),
            Some(b"SL") => Kind::Signed(4),
            Some(b"UV" | b"OV") => Kind::Unsigned(8),
            Some(b"SV") => Kind::Signed(8),
            Some(b"FL" | b"OF") => Kind::Float(4),
            Some(b"FD" | b"OD") => Kind::Float(8),
            Some(b"UN" | b"OB") | None => self.by_dictionary(field.tag),
            Some(_) => Kind::Text,
        }
    }

    /// What the standard says of the tags that are looked for (PS3.6).
    fn by_dictionary(&self, tag: Tag) -> Kind {
        match tag {
            tags::ROWS
            | tags::COLUMNS
            | tags::SAMPLES_PER_PIXEL
            | tags::PLANAR_CONFIGURATION
            | tags::BITS_ALLOCATED
            | tags::BITS_STORED
            | tags::HIGH_BIT
            | tags::PIXEL_REPRESENTATION
            | tags::FRAME_ACQUISITION_NUMBER => Kind::Unsigned(2),
            tags::TEMPORAL_POSITION_INDEX => Kind::Unsigned(4),
            // It is a pixel: signed if pixels are.
            tags::PIXEL_PADDING_VALUE => match self.number(tags::PIXEL_REPRESENTATION) {
                Some(1.0) => Kind::Signed(2),
                _ => Kind::Unsigned(2),
            },
            _ => Kind::Text,
        }
    }

    /// Whether an element has a value.
    pub(crate) fn has(&self, tag: Tag) -> bool {
        match self.get(tag) {
            Some((bytes, Kind::Text)) => !trimmed_bytes(bytes).is_empty(),
            Some((bytes, _)) => !bytes.is_empty(),
            None => false,
        }
    }

    /// All values as text, joined as DICOM joins them, without padding.
    pub(crate) fn text(&self, tag: Tag) -> String {
        match self.get(tag) {
            Some((bytes, Kind::Text)) => self.decoded(trimmed_bytes(bytes)).trim().to_owned(),
            Some(_) => {
                let numbers: Vec<String> = self.numbers(tag).iter().map(f64::to_string).collect();
                numbers.join("\\")
            }
            None => String::new(),
        }
    }

    /// Text in the file's character set; names and identifiers are the only values not in plain ASCII.
    fn decoded(&self, bytes: &'a [u8]) -> Cow<'a, str> {
        let named = match self.get(tags::SPECIFIC_CHARACTER_SET) {
            Some((code, Kind::Text)) => String::from_utf8_lossy(code),
            _ => Cow::Borrowed(""),
        };
        Charset::named(&named).decode(bytes)
    }

    /// All values as finite numbers; those that are none are left out.
    pub(crate) fn numbers(&self, tag: Tag) -> Vec<f64> {
        let Some((bytes, kind)) = self.get(tag) else {
            return Vec::new();
        };
        let (width, number): (usize, fn([u8; 8]) -> f64) = match kind {
            Kind::Text => return values(bytes).filter_map(number_of_text).collect(),
            Kind::Unsigned(width) => (width, |b| u64::from_le_bytes(b) as f64),
            Kind::Signed(2) => (2, |b| f64::from(i16::from_le_bytes([b[0], b[1]]))),
            Kind::Signed(4) => (4, |b| f64::from(i32::from_le_bytes([b[0], b[1], b[2], b[3]]))),
            Kind::Signed(width) => (width, |b| i64::from_le_bytes(b) as f64),
            Kind::Float(4) => (4, |b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))),
            Kind::Float(width) => (width, f64::from_le_bytes),
        };
        let value = |bytes: &[u8]| {
            let mut little = [0; 8];
            little[..width].copy_from_slice(bytes);
            if self.big_endian {
                little[..width].reverse();
            }
            number(little)
        };
        let numbers = bytes.chunks_exact(width).map(value);
        numbers.filter(|number| number.is_finite()).collect()
    }

    /// The first value as a number.
    pub(crate) fn number(&self, tag: Tag) -> Option<f64> {
        self.numbers(tag).first().copied()
    }

    /// Exactly `N` numbers.
    pub(crate) fn vector<const N: usize>(&self, tag: Tag) -> Option<[f64; N]> {
        self.numbers(tag).try_into().ok()
    }

    /// A number that must be readable if it is there at all.
    pub(crate) fn number_or(&self, tag: Tag, name: &str, absent: f64) -> Result<f64> {
        if !self.has(tag) {
            return Ok(absent);
        }
        self.number(tag).ok_or_else(|| {
            DicomError::header(format!(
                "its {name} is not a number: {:?}",
                excerpt(&self.text(tag))
            ))
        })
    }

    /// What is odd about how an element's numbers are written, if anything is, in words. `count` numbers are expected;
    /// none: any number of them.
    pub(crate) fn oddly_written(&self, tag: Tag, name: &str, count: Option<usize>) -> Option<String> {
        let (bytes, Kind::Text) = self.get(tag)? else {
            return None;
        };
        if trimmed_bytes(bytes).is_empty() {
            return None;
        }
        let text = || excerpt(&self.text(tag));
        // Of any number of values some may be empty.
        let counts = |value: &&[u8]| count.is_some() || !trimmed_bytes(value).is_empty();
        let numbers: Option<Vec<f64>> = values(bytes).filter(counts).map(number_of_text).collect();
        match numbers {
            None => Some(format!("its {name} is not a number and left out: {:?}", text())),
            Some(numbers) if count.is_some_and(|count| count != numbers.len()) => Some(format!(
                "its {name} has {} in place of {} numbers, and is left out: {:?}",
                numbers.len(),
                count.unwrap_or_default(),
                text()
            )),
            Some(_) if values(bytes).any(has_decimal_comma) => Some(format!(
                "its {name} is written with a decimal comma, which is read as a point"
            )),
            Some(_) => None,
        }
    }

    /// A whole number from 0; without `absent` it must be there.
    pub(crate) fn integer(&self, tag: Tag, name: &str, absent: Option<u32>) -> Result<u32> {
        let number = self.number_or(tag, name, absent.map_or(f64::NAN, f64::from))?;
        if number.is_nan() {
            return Err(DicomError::header(format!("it has no {name}")));
        }
        if number.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&number) {
            return Err(DicomError::header(format!("its {name} is {number}")));
        }
        Ok(number as u32)
    }
}

/// The values of a text.
fn values(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\\')
}

/// A number as DICOM writes it, or with a decimal comma, which stands nowhere else in it.
fn number_of_text(bytes: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(trimmed_bytes(bytes)).ok()?;
    let number: f64 = match has_decimal_comma(bytes) {
        true => text.replace(',', ".").parse().ok()?,
        false => text.parse().ok()?,
    };
    number.is_finite().then_some(number)
}

/// Whether a number is written as some languages write it: 0,25.
fn has_decimal_comma(bytes: &[u8]) -> bool {
    let commas = bytes.iter().filter(|byte| **byte == b',').count();
    commas == 1 && !bytes.contains(&b'.')
}

fn trimmed_bytes(mut bytes: &[u8]) -> &[u8] {
    let padding = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0 || *byte == 0x0B;
    while let [rest @ .., last] = bytes
        && padding(last)
    {
        bytes = rest;
    }
    while let [first, rest @ ..] = bytes
        && padding(first)
    {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_however_they_are_written_or_named() {
        let of = |text: &str| {
            let layer = Layer(vec![field(tags::PIXEL_SPACING, Some(b"DS"), 0..text.len())]);
            let layers = [None, None, Some(&layer)];
            let found = elements(text.as_bytes(), layers);
            let odd = found.oddly_written(tags::PIXEL_SPACING, "PixelSpacing", Some(2));
            (found.vector::<2>(tags::PIXEL_SPACING), odd.unwrap_or_default())
        };
        assert_eq!(of("+00.5\\4.88281E-01"), (Some([0.5, 0.488281]), String::new()));
        assert_eq!(of("\0 "), (None, String::new()));
        let (comma, odd) = of("0,488281\\0,488281");
        assert_eq!(comma, Some([0.488281; 2]));
        assert!(odd.contains("decimal comma"), "{odd}");
        for (text, why) in [
            ("1,024.5\\1", "is not a number"),
            ("1,0,2\\1", "is not a number"),
            ("0.5 mm\\1", "is not a number"),
            ("0.5", "has 1 in place of 2 numbers"),
        ] {
            let (numbers, odd) = of(text);
            assert!(numbers.is_none() && odd.contains(why), "{text}: {odd}");
        }
    }

    fn elements<'a>(bytes: &'a [u8], layers: [Option<&'a Layer>; 3]) -> Elements<'a> {
        Elements {
            bytes,
            big_endian: false,
            layers,
        }
    }

    fn field(tag: Tag, vr: Option<&[u8; 2]>, range: std::ops::Range<usize>) -> Field {
        let vr = vr.copied();
        Field { tag, vr, range }
    }

    #[test]
    fn numbers_written_as_text_or_words_are_both_understood() {
        let bytes = b"12 \x0c\0\xff\xff";
        let layer = Layer(vec![
            field(tags::ROWS, Some(b"IS"), 0..3),
            field(tags::COLUMNS, None, 3..5),
            field(tags::BITS_STORED, Some(b"UN"), 3..5),
            field(tags::PIXEL_PADDING_VALUE, Some(b"SS"), 5..7),
        ]);
        let found = elements(bytes, [None, None, Some(&layer)]);
        assert_eq!(found.integer(tags::ROWS, "Rows", None).unwrap(), 12);
        assert_eq!(found.integer(tags::COLUMNS, "Columns", None).unwrap(), 12);
        assert_eq!(found.integer(tags::BITS_STORED, "BitsStored", None).unwrap(), 12);
        assert_eq!(found.number(tags::PIXEL_PADDING_VALUE), Some(-1.0));
        assert!(found.integer(tags::HIGH_BIT, "HighBit", None).is_err());
    }

    #[test]
    fn padding_is_signed_where_pixels_are() {
        let bytes = b"\x30\xf8\x01\0";
        let mut layer = Layer(vec![field(tags::PIXEL_PADDING_VALUE, None, 0..2)]);
        let found =
            |layer: &Layer| elements(bytes, [None, None, Some(layer)]).number(tags::PIXEL_PADDING_VALUE);
        assert_eq!(found(&layer), Some(63536.0));
        layer.0.push(field(tags::PIXEL_REPRESENTATION, None, 2..4));
        assert_eq!(found(&layer), Some(-2000.0));
    }

    #[test]
    fn the_nearest_layer_counts() {
        let bytes = b"1-10242";
        let far = Layer(vec![
            field(tags::RESCALE_SLOPE, Some(b"DS"), 0..1),
            field(tags::RESCALE_INTERCEPT, Some(b"DS"), 1..6),
        ]);
        let near = Layer(vec![field(tags::RESCALE_SLOPE, Some(b"DS"), 6..7)]);
        let found = elements(bytes, [Some(&near), None, Some(&far)]);
        assert_eq!(found.number(tags::RESCALE_SLOPE), Some(2.0));
        assert_eq!(found.number(tags::RESCALE_INTERCEPT), Some(-1024.0));
    }

    #[test]
    fn names_are_read_in_their_character_set() {
        let bytes = "M\u{fc}ller".chars().map(|c| c as u8).collect::<Vec<_>>();
        let all = [&b"ISO_IR 100"[..], &bytes].concat();
        let layer = Layer(vec![
            field(tags::SPECIFIC_CHARACTER_SET, Some(b"CS"), 0..10),
            field(tags::PATIENT_ID, Some(b"LO"), 10..16),
        ]);
        let found = elements(&all, [None, None, Some(&layer)]);
        assert_eq!(found.text(tags::PATIENT_ID), "Müller");
    }
}
