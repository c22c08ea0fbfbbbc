//! Damaged files: an error or a volume, never a panic, and no more memory than their bytes can fill.

use std::path::Path;

use ichflow_nifti::{NiftiError, Volume};
use proptest::prelude::*;

/// The fixtures, by their bytes.
fn files() -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let entries = std::fs::read_dir(directory).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn every_truncation_is_an_error_until_all_values_are_there() {
    for bytes in files() {
        let Ok(whole) = Volume::read_bytes(bytes.clone()) else {
            continue;
        };
        for length in 0..bytes.len() {
            // Behind the last value gzip has an end mark, a checksum and a length.
            match Volume::read_bytes(bytes[..length].to_vec()) {
                Ok(volume) => assert!(volume == whole && length + 12 > bytes.len(), "{length} bytes"),
                Err(NiftiError::NotNifti) => assert!(length < 352),
                Err(_) => {}
            }
        }
    }
}

#[test]
fn a_wrong_checksum_is_noticed() {
    let mut bytes =
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/int32_gzip.nii.gz"))
            .unwrap();
    let checksum = bytes.len() - 8;
    bytes[checksum] ^= 1;
    assert!(matches!(
        Volume::read_bytes(bytes),
        Err(NiftiError::DamagedGzip(_))
    ));
}

#[test]
fn what_a_header_only_claims_is_not_allocated() {
    let mut bytes = ichflow_nifti::write::Fixture::default().bytes();
    for axis in 0..3 {
        bytes[42 + 2 * axis..44 + 2 * axis].copy_from_slice(&4000_u16.to_le_bytes());
    }
    let error = Volume::read_bytes(bytes).unwrap_err();
    assert!(
        matches!(
            error,
            NiftiError::CutShort {
                announced: 128_000_000_000,
                ..
            }
        ),
        "{error}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_panic(
        file in 0_usize..16,
        changes in prop::collection::vec((0_usize..400, any::<u8>()), 1..8),
        length in 0_usize..600,
        cut: bool,
    ) {
        let files = files();
        let mut bytes = files[file % files.len()].clone();
        for (at, byte) in changes {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        if cut {
            bytes.truncate(length);
        }
        let _ = Volume::read_bytes(bytes);
    }

    #[test]
    fn no_header_field_panics(dim in any::<[i16; 8]>(), pixdim in any::<[f32; 8]>(), affine in any::<[f32; 12]>(), offset: f32, codes in any::<[i16; 2]>(), datatype in 0_i16..2100) {
        let mut bytes = ichflow_nifti::write::Fixture { values: vec![1; 64], size: [4, 4, 4], ..Default::default() }.bytes();
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        for (index, side) in dim.iter().enumerate().skip(1) {
            put(40 + 2 * index, &(side % 5).to_le_bytes());
        }
        put(40, &(dim[0] % 9).to_le_bytes());
        put(70, &datatype.to_le_bytes());
        for (index, size) in pixdim.iter().enumerate() {
            put(76 + 4 * index, &size.to_le_bytes());
        }
        put(108, &offset.to_le_bytes());
        put(252, &codes[0].to_le_bytes());
        put(254, &codes[1].to_le_bytes());
        for (index, value) in affine.iter().enumerate() {
            put(256 + 4 * index, &value.to_le_bytes());
        }
        let _ = Volume::read_bytes(bytes);
    }
}
