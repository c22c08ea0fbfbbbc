//! NumPy's file format: a short header, then the values.

use std::fs;
use std::path::Path;

use ichflow_api::prelude::*;

use super::Channels;

/// Writes float32 `[channels, height, width]`, format 1.0.
pub(super) fn write(path: &Path, channels: &Channels) -> Result<()> {
    fs::write(path, bytes(channels)).at("write", path)
}

fn bytes(channels: &Channels) -> Vec<u8> {
    let mut header = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}, {}), }}",
        channels.count, channels.rows, channels.columns
    );
    // Magic, version and length take 10 bytes; values begin at a multiple of 64.
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(channels.values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `numpy.save` writes `numpy.array([[[0, 1.5]]], dtype="<f4")`.
    #[test]
    fn bytes_are_numpys() {
        let channels = Channels {
            values: vec![0.0, 1.5],
            count: 1,
            rows: 1,
            columns: 2,
        };
        let head = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 2), }";
        let expected = [
            &b"\x93NUMPY\x01\x00v\x00"[..],
            head.as_bytes(),
            " ".repeat(117 - head.len()).as_bytes(),
            b"\n",
            &[0, 0, 0, 0, 0, 0, 0xc0, 0x3f],
        ]
        .concat();
        assert_eq!(bytes(&channels), expected);
    }
}
