//! Tables that files bring along, as the sequences of tables store them (PS3.3 C.11.1, C.11.2.1.1).

use dicom_dictionary_std::tags;

use crate::file::DicomFile;
use crate::layout::Sequence;
use crate::walk::{ITEM, ITEM_END, Walk};

/// A table of a file.
pub(crate) struct Table {
    /// The value whose entry is the first one, as it is stored.
    pub first: u16,
    /// Whether that value is two's complement; none where the encoding leaves it open.
    pub signed: Option<bool>,
    /// Bits of an entry, 1 to 16.
    pub bits: u16,
    /// The entries.
    pub values: Vec<u16>,
    /// ModalityLUTType (0028,3004); empty where absent.
    pub kind: String,
}

impl Table {
    /// The value whose entry is the first one.
    pub(crate) fn first(&self, signed: bool) -> i32 {
        match self.signed.unwrap_or(signed) {
            true => i32::from(self.first as i16),
            false => i32::from(self.first),
        }
    }
}

/// The first table of a sequence; none where it is damaged.
pub(crate) fn table(file: &DicomFile, sequence: &Sequence) -> Option<Table> {
    let item = item(&file.bytes, sequence)?;
    let big_endian = file.layout.encoding.big_endian;
    let words = |bytes: &[u8]| -> Vec<u16> {
        let word = |bytes: &[u8; 2]| match big_endian {
            true => u16::from_be_bytes(*bytes),
            false => u16::from_le_bytes(*bytes),
        };
        bytes.as_chunks::<2>().0.iter().map(word).collect()
    };
    let (descriptor, data) = (item.descriptor?, item.data?);
    let [entries, first, bits] = words(descriptor.bytes).try_into().ok()?;
    // Sixteen bits cannot hold 65536, so 0 stands for it.
    let entries = if entries == 0 {
        1 << 16
    } else {
        usize::from(entries)
    };
    let mut values = if data.bytes.len() >= 2 * entries {
        words(data.bytes)
    } else if bits <= 8 {
        // Two entries of eight bits may share a word.
        data.bytes.iter().map(|byte| u16::from(*byte)).collect()
    } else {
        return None;
    };
    values.truncate(entries);
    let whole = (1..=16).contains(&bits) && values.len() == entries;
    let kind = item
        .kind
        .map(|kind| String::from_utf8_lossy(kind.bytes).into_owned());
    whole.then(|| Table {
        first,
        signed: match descriptor.vr.as_ref() {
            Some(b"SS") => Some(true),
            Some(b"US") => Some(false),
            _ => None,
        },
        bits,
        values,
        kind: kind
            .unwrap_or_default()
            .trim_matches(|c: char| c.is_whitespace() || c == '\0')
            .to_owned(),
    })
}

struct Value<'a> {
    bytes: &'a [u8],
    vr: Option<[u8; 2]>,
}

/// What the first item of a sequence says.
#[derive(Default)]
struct Item<'a> {
    /// LUTDescriptor.
    descriptor: Option<Value<'a>>,
    /// LUTData.
    data: Option<Value<'a>>,
    /// ModalityLUTType.
    kind: Option<Value<'a>>,
}

fn item<'a>(bytes: &'a [u8], sequence: &Sequence) -> Option<Item<'a>> {
    let end = sequence.range.end.min(bytes.len());
    let mut walk = Walk {
        bytes: bytes.get(..end)?,
        total: end as u64,
        at: sequence.range.start,
    };
    let head = walk.element(sequence.encoding).ok()?;
    if head.tag != ITEM {
        return None;
    }
    let mut item = Item::default();
    while walk.at < end {
        let element = walk.element(sequence.encoding).ok()?;
        if element.tag == ITEM_END || element.tag == ITEM {
            break;
        }
        let inside = walk.at;
        match element.length {
            Some(length) => {
                walk.take(length as usize, element.tag).ok()?;
            }
            None => walk
                .skip_sequence(element.nested(sequence.encoding), element.tag, 1)
                .ok()?,
        }
        let value = Some(Value {
            bytes: bytes.get(inside..walk.at)?,
            vr: element.vr,
        });
        match element.tag {
            tags::LUT_DESCRIPTOR => item.descriptor = value,
            tags::LUT_DATA => item.data = value,
            tags::MODALITY_LUT_TYPE => item.kind = value,
            _ => {}
        }
    }
    Some(item)
}
