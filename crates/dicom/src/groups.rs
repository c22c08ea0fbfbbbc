//! Functional groups: what an enhanced file says of each frame (PS3.3 C.7.6.16), as layers of elements.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::layout::{Layer, Sequence};
use crate::walk::{ITEM, ITEM_END, SEQUENCE_END, Stop, Walk};

/// Groups that hold something ichflow reads.
const GROUPS: [Tag; 8] = [
    tags::FRAME_CONTENT_SEQUENCE,
    tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    tags::PLANE_POSITION_SEQUENCE,
    tags::PLANE_ORIENTATION_SEQUENCE,
    tags::PIXEL_MEASURES_SEQUENCE,
    tags::FRAME_VOILUT_SEQUENCE,
    tags::CT_RECONSTRUCTION_SEQUENCE,
    tags::CTX_RAY_DETAILS_SEQUENCE,
];

/// The wanted elements of each of the first `most` items of a sequence of functional groups.
pub(crate) fn items(bytes: &[u8], sequence: &Sequence, most: usize) -> Result<Vec<Layer>, Stop> {
    let end = sequence.range.end.min(bytes.len());
    let mut walk = Walk {
        bytes: &bytes[..end],
        total: end as u64,
        at: sequence.range.start,
    };
    let mut items = Vec::new();
    while walk.at < end && items.len() < most {
        let mut elements = Layer::default();
        if !item(&mut walk, sequence, end, true, &mut elements)? {
            break;
        }
        items.push(elements);
    }
    Ok(items)
}

/// Collects the wanted elements of one item; false where the sequence ends instead.
fn item(
    walk: &mut Walk,
    sequence: &Sequence,
    end: usize,
    outer: bool,
    elements: &mut Layer,
) -> Result<bool, Stop> {
    let encoding = sequence.encoding;
    let head = walk.element(encoding)?;
    let item_end = match (head.tag, head.length) {
        (SEQUENCE_END, _) => return Ok(false),
        (ITEM, Some(length)) => end.min(walk.at.saturating_add(length as usize)),
        (ITEM, None) => end,
        (tag, _) => {
            return Err(Stop::Damaged(format!(
                "its functional groups have {tag} where an item should be"
            )));
        }
    };
    while walk.at < item_end {
        let element = walk.element(encoding)?;
        if element.tag == ITEM_END {
            break;
        }
        let inside = walk.at;
        match element.length {
            Some(length) => {
                walk.take(length as usize, element.tag)?;
            }
            None => walk.skip_sequence(element.nested(encoding), element.tag, 1)?,
        }
        if outer && GROUPS.contains(&element.tag) {
            let group = Sequence {
                range: inside..walk.at,
                encoding: element.nested(encoding),
            };
            let mut inner = Walk {
                bytes: walk.bytes,
                total: group.range.end as u64,
                at: inside,
            };
            if inside < group.range.end {
                item(&mut inner, &group, group.range.end, false, elements)?;
            }
        } else if !outer && element.length.is_some() {
            elements.add(&element, inside..walk.at);
        }
    }
    Ok(true)
}
