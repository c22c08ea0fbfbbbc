//! From element to element of a data set, trusting no length it declares (PS3.5 §7).

use dicom_core::Tag;

use crate::error::DicomError;

/// How deep sequences may be nested; real CT headers stay below five.
const MAX_DEPTH: usize = 32;
/// The length that means "until the delimiter".
const UNDEFINED: u32 = u32::MAX;

pub(crate) const ITEM: Tag = Tag(0xFFFE, 0xE000);
pub(crate) const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
pub(crate) const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// Why a scan ended early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The bytes at hand end, the file does not.
    NeedMore,
    /// The file is not DICOM at all.
    NotDicom,
    /// The pixels are floating-point numbers.
    FloatPixels,
    /// The file is damaged; the text says how.
    Damaged(String),
}

/// How elements are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Encoding {
    pub explicit: bool,
    pub big_endian: bool,
}

impl From<Stop> for DicomError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::NeedMore => Self::Changed,
            Stop::FloatPixels => Self::NotCt("it has float pixel data; CT has integers".into()),
            Stop::NotDicom => Self::NotDicom,
            Stop::Damaged(how) => Self::Damaged(how),
        }
    }
}

/// How a meta group and the items of encapsulated pixel data are encoded.
pub(crate) const META: Encoding = Encoding {
    explicit: true,
    big_endian: false,
};

pub(crate) struct Element {
    pub tag: Tag,
    pub length: Option<u32>,
    pub sequence: bool,
    pub vr: Option<[u8; 2]>,
}

impl Element {
    /// A sequence of unknown VR is encoded with implicit VR (PS3.5 §6.2.2).
    pub(crate) fn nested(&self, encoding: Encoding) -> Encoding {
        Encoding {
            explicit: encoding.explicit && self.vr != Some(*b"UN"),
            ..encoding
        }
    }
}

/// How an element's length is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Two bytes behind the value representation.
    Short,
    /// Four bytes behind the value representation and two that are reserved.
    Long,
    /// Four bytes in place of the value representation.
    Implicit,
}

impl Form {
    /// The form that a known value representation has (PS3.5 §7.1.2); none of an unknown one.
    fn of(rest: &[u8]) -> Option<Self> {
        match rest.get(..2)? {
            b"OB" | b"OW" | b"OF" | b"OD" | b"OL" | b"OV" | b"SQ" | b"UC" | b"UR" | b"UT" | b"UN" | b"SV"
            | b"UV" => Some(Self::Long),
            b"AE" | b"AS" | b"AT" | b"CS" | b"DA" | b"DS" | b"DT" | b"FD" | b"FL" | b"IS" | b"LO" | b"LT"
            | b"PN" | b"SH" | b"SL" | b"SS" | b"ST" | b"TM" | b"UI" | b"UL" | b"US" => Some(Self::Short),
            _ => None,
        }
    }
}

pub(crate) struct Walk<'a> {
    pub bytes: &'a [u8],
    pub total: u64,
    pub at: usize,
}

impl<'a> Walk<'a> {
    pub(crate) fn take(&mut self, length: usize, tag: Tag) -> Result<&'a [u8], Stop> {
        let end = self.at.saturating_add(length);
        if end as u64 > self.total {
            return Err(Stop::Damaged(format!(
                "the file ends inside element {tag}: that needs {end} bytes, the file has {}",
                self.total
            )));
        }
        let value = self.bytes.get(self.at..end).ok_or(Stop::NeedMore)?;
        self.at = end;
        Ok(value)
    }

    pub(crate) fn element(&mut self, encoding: Encoding) -> Result<Element, Stop> {
        let number16 = |b: &[u8]| match encoding.big_endian {
            true => u16::from_be_bytes([b[0], b[1]]),
            false => u16::from_le_bytes([b[0], b[1]]),
        };
        let number32 = |b: &[u8]| match encoding.big_endian {
            true => u32::from_be_bytes([b[0], b[1], b[2], b[3]]),
            false => u32::from_le_bytes([b[0], b[1], b[2], b[3]]),
        };
        let head = self.take(4, Tag(0, 0))?;
        let tag = Tag(number16(head), number16(&head[2..]));
        let rest = self.take(4, tag)?;
        let defined = |length: u32| (length != UNDEFINED).then_some(length);
        let implicit = Element {
            tag,
            length: defined(number32(rest)),
            sequence: false,
            vr: None,
        };
        if tag.group() == 0xFFFE || !encoding.explicit {
            return Ok(implicit);
        }
        let form = match Form::of(rest) {
            Some(form) => form,
            None => self.odd_form(rest, tag, encoding)?,
        };
        let length = match form {
            Form::Implicit => return Ok(implicit),
            Form::Short => Some(u32::from(number16(&rest[2..]))),
            Form::Long => defined(number32(self.take(4, tag)?)),
        };
        Ok(Element {
            tag,
            length,
            sequence: &rest[..2] == b"SQ",
            // What is no value representation is one that is not known.
            vr: Some(match rest[..2].iter().all(u8::is_ascii_uppercase) {
                true => [rest[0], rest[1]],
                false => *b"UN",
            }),
        })
    }

    /// How an element of explicit encoding is written whose value representation is none that is known: some writers
    /// leave it out of single elements, as implicit encoding does, others write two zeros or question marks. What comes
    /// behind the value tells; where nothing fits, letters are believed and the rest is taken for implicit, as pydicom does.
    fn odd_form(&self, rest: &[u8], tag: Tag, encoding: Encoding) -> Result<Form, Stop> {
        let word = |bytes: &[u8]| match (bytes, encoding.big_endian) {
            ([a, b], true) => u64::from(u16::from_be_bytes([*a, *b])),
            ([a, b], false) => u64::from(u16::from_le_bytes([*a, *b])),
            ([a, b, c, d], true) => u64::from(u32::from_be_bytes([*a, *b, *c, *d])),
            ([a, b, c, d], false) => u64::from(u32::from_le_bytes([*a, *b, *c, *d])),
            _ => u64::MAX,
        };
        let letters = rest[..2].iter().all(u8::is_ascii_uppercase);
        let long = self.bytes.get(self.at..self.at.saturating_add(4));
        let candidates = [
            (Form::Short, letters.then(|| word(&rest[2..]))),
            (Form::Implicit, (!letters).then(|| word(rest))),
            (Form::Long, long.map(|length| 4 + word(length))),
            (Form::Short, (!letters).then(|| word(&rest[2..]))),
        ];
        for (form, skipped) in candidates {
            let Some(skipped) = skipped else { continue };
            let next = (self.at as u64).saturating_add(skipped);
            if next.saturating_add(8) > self.total {
                continue;
            }
            let at = next as usize;
            let Some(next) = self.bytes.get(at..at.saturating_add(8)) else {
                // The element would be there, behind what has been read of the file.
                if form == Form::Long {
                    continue;
                }
                return Err(Stop::NeedMore);
            };
            let follows = Tag(word(&next[..2]) as u16, word(&next[2..4]) as u16);
            let delimiter = follows.group() == 0xFFFE;
            if delimiter || follows.group() >= tag.group() && Form::of(&next[4..]).is_some() {
                return Ok(form);
            }
        }
        Ok(match letters {
            true => Form::Short,
            false => Form::Implicit,
        })
    }

    pub(crate) fn skip_sequence(&mut self, encoding: Encoding, owner: Tag, depth: usize) -> Result<(), Stop> {
        if depth > MAX_DEPTH {
            return Err(Stop::Damaged(format!(
                "its sequence {owner} is nested too deeply"
            )));
        }
        loop {
            let item = self.element(encoding)?;
            match (item.tag, item.length) {
                (SEQUENCE_END, _) => return Ok(()),
                (ITEM, Some(length)) => {
                    self.take(length as usize, owner)?;
                }
                (ITEM, None) => self.skip_item(encoding, owner, depth)?,
                (tag, _) => {
                    return Err(Stop::Damaged(format!(
                        "its sequence {owner} has {tag} where an item should be"
                    )));
                }
            }
        }
    }

    fn skip_item(&mut self, encoding: Encoding, owner: Tag, depth: usize) -> Result<(), Stop> {
        loop {
            let element = self.element(encoding)?;
            match (element.tag, element.length) {
                (ITEM_END, _) => return Ok(()),
                (tag, Some(length)) => {
                    self.take(length as usize, tag)?;
                }
                (_, None) => self.skip_sequence(element.nested(encoding), owner, depth + 1)?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dicom_dictionary_std::tags;

    use crate::file;
    use crate::write::{Attribute, Fixture, PrimitiveValue, VR};

    /// A slice with an element of four bytes, `abcd`, between PatientID and what follows it; `form` comes behind its tag.
    fn with(form: &[u8]) -> Vec<u8> {
        let creator: Attribute = (tags::PATIENT_COMMENTS, VR::LO, PrimitiveValue::from("MARK"));
        let bytes = Fixture::default().bytes_with(vec![creator], Vec::new()).unwrap();
        let at = bytes.windows(4).position(|window| window == b"MARK").unwrap() + 4;
        let element = [b"\x11\0\x01\x10", form, b"abcd"].concat();
        [&bytes[..at], &element, &bytes[at..]].concat()
    }

    /// Elements as vendors write them in files of explicit encoding.
    #[test]
    fn an_element_without_a_known_value_representation_is_stepped_over() {
        let forms: [&[u8]; 7] = [
            b"\0\0\x04\0",
            b"\x04\0\0\0",
            b"\0\0\0\0\x04\0\0\0",
            b"??\0\0\x04\0\0\0",
            b"ZZ\x04\0",
            b"ZZ\0\0\x04\0\0\0",
            b"un\0\0\x04\0\0\0",
        ];
        for form in forms {
            let layout = file::of_bytes(with(form)).unwrap().layout.clone();
            let last = layout.elements.0.last().unwrap();
            assert_eq!(last.tag, tags::RESCALE_SLOPE, "{form:?}");
            assert!(layout.pixels.is_some_and(|pixels| pixels.length == Some(8)));
        }
    }
}
