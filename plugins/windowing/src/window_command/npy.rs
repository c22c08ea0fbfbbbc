//! A window's channels for NumPy.

use std::fs;
use std::path::Path;

use ichflow_api::npy;
use ichflow_api::prelude::*;

use super::Channels;

/// Writes float32 `[channels, height, width]`, format 1.0.
pub(super) fn write(path: &Path, channels: &Channels) -> Result<()> {
    fs::write(path, bytes(channels)).at("write", path)
}

fn bytes(channels: &Channels) -> Vec<u8> {
    let mut bytes = npy::header("<f4", &[channels.count, channels.rows, channels.columns]);
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
