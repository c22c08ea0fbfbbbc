//! Deflated Image Frame Compression (PS3.5 A.4.15): the little-endian bytes of each frame, deflated on
//! their own.

use std::io::Read;

use super::{Size, damaged};
use crate::error::Result;

const NAME: &str = "deflated";

pub(crate) fn decode(frame: &[u8], size: Size) -> Result<Vec<u16>> {
    let want = size.pixels() * size.bytes;
    let mut bytes = Vec::new();
    flate2::read::DeflateDecoder::new(frame)
        .take(want as u64)
        .read_to_end(&mut bytes)
        .map_err(|error| damaged(NAME, error))?;
    if bytes.len() < want {
        return Err(damaged(
            NAME,
            format!("it inflates to {} of {want} bytes", bytes.len()),
        ));
    }
    Ok(match size.bytes {
        1 => bytes.into_iter().map(u16::from).collect(),
        _ => bytes
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect(),
    })
}
