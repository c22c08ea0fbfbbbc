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
        if tag.group() == 0xFFFE || !encoding.explicit {
            return Ok(Element {
                tag,
                length: defined(number32(rest)),
                sequence: false,
                vr: None,
            });
        }
        let long = matches!(
            &rest[..2],
            b"OB"
                | b"OW"
                | b"OF"
                | b"OD"
                | b"OL"
                | b"OV"
                | b"SQ"
                | b"UC"
                | b"UR"
                | b"UT"
                | b"UN"
                | b"SV"
                | b"UV"
        );
        let length = match long {
            true => defined(number32(self.take(4, tag)?)),
            false => Some(u32::from(number16(&rest[2..]))),
        };
        Ok(Element {
            tag,
            length,
            sequence: &rest[..2] == b"SQ",
            vr: Some([rest[0], rest[1]]),
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
