//! VOI LUT Sequence (0028,3010): a file's own table from HU to brightness (PS3.3 C.11.2.1.1).

use crate::file::DicomFile;
use crate::lut::table;

/// A table from HU to brightness (PS3.3 C.11.2.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoiLut {
    /// The HU of the first entry; HU below it have the first entry, HU beyond the last the last.
    pub first_hu: i32,
    /// White is `2^bits − 1`.
    pub bits: u16,
    /// One entry for each HU.
    pub values: Vec<u16>,
}

/// The first table of the file, if it has one that can be used: a table that is damaged counts as none, as it
/// takes part in display only.
pub(crate) fn voi_lut(file: &DicomFile) -> Option<VoiLut> {
    let table = table(file, file.layout.voi_lut.as_ref()?)?;
    Some(VoiLut {
        first_hu: table.first(false),
        bits: table.bits,
        values: table.values,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::file;

    /// An element with explicit VR and a length of two bytes.
    fn element(tag: (u16, u16), vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
        let mut bytes = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
        bytes.extend(vr);
        if matches!(vr, b"OW" | b"SQ") {
            bytes.extend([0, 0]);
            bytes.extend((value.len() as u32).to_le_bytes());
        } else {
            bytes.extend((value.len() as u16).to_le_bytes());
        }
        bytes.extend(value);
        bytes
    }

    fn words(values: &[u16]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    fn table_of(descriptor_vr: &[u8; 2], descriptor: [u16; 3], data: &[u8]) -> Option<VoiLut> {
        let content = [
            element((0x0028, 0x3002), descriptor_vr, &words(&descriptor)),
            element((0x0028, 0x3006), b"OW", data),
        ]
        .concat();
        let mut item = vec![0xFE, 0xFF, 0x00, 0xE0];
        item.extend((content.len() as u32).to_le_bytes());
        item.extend(content);
        let dataset = [
            element((0x0008, 0x0060), b"CS", b"CT"),
            element((0x0028, 0x3010), b"SQ", &item),
            element((0x7FE0, 0x0010), b"OW", &[0, 0]),
        ]
        .concat();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slice.dcm");
        std::fs::write(&path, [&[0; 128], &b"DICM"[..], &dataset].concat()).unwrap();
        voi_lut(&file::open_header(&path).unwrap())
    }

    #[test]
    fn a_table_is_read_with_its_sign_and_its_packing() {
        let signed = table_of(b"SS", [3, (-100_i16) as u16, 12], &words(&[0, 2048, 4095]));
        let expected = VoiLut {
            first_hu: -100,
            bits: 12,
            values: vec![0, 2048, 4095],
        };
        assert_eq!(signed, Some(expected.clone()));
        let unsigned = table_of(b"US", [3, 40, 12], &words(&[0, 2048, 4095])).unwrap();
        assert_eq!((unsigned.first_hu, unsigned.values), (40, expected.values));
        let packed = table_of(b"US", [4, 0, 8], &[0, 100, 200, 255]).unwrap();
        assert_eq!(packed.values, [0, 100, 200, 255]);
    }

    #[test]
    fn a_damaged_table_is_none() {
        assert_eq!(table_of(b"US", [4, 0, 12], &words(&[0, 1])), None);
        assert_eq!(table_of(b"US", [2, 0, 17], &words(&[0, 1])), None);
        assert_eq!(table_of(b"US", [2, 0, 0], &words(&[0, 1])), None);
        assert_eq!(table_of(b"US", [65535, 0, 16], &[]), None);
    }

    /// What pydicom reads: 256 entries from 0, 16 bits.
    #[test]
    fn a_real_file_has_the_table_that_pydicom_reads() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/dicom_corpus");
        let path = corpus.join("pydicom_data/vlut_04.dcm");
        if !path.is_file() {
            println!("skipped: {} is not there", path.display());
            return;
        }
        let table = voi_lut(&file::open_header(&path).unwrap()).unwrap();
        assert_eq!((table.first_hu, table.bits, table.values.len()), (0, 16, 256));
        assert_eq!(table.values[..4], FIRST);
        assert_eq!(table.values[252..], LAST);
    }

    const FIRST: [u16; 4] = [0, 257, 514, 771];
    const LAST: [u16; 4] = [64764, 65021, 65278, 65535];
}
