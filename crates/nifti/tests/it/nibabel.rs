//! Volumes that nibabel wrote (`tests/reference/nifti.py`), held against what nibabel reads from them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ichflow_nifti::{NiftiError, Placed, Volume, read_header, read_slice};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    slices: Vec<Vec<Vec<i16>>>,
    /// To the right, to the front, to the head.
    affine: [[f64; 4]; 4],
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn expected() -> BTreeMap<String, Expected> {
    serde_json::from_str(&std::fs::read_to_string(fixture("expected.json")).unwrap()).unwrap()
}

#[test]
fn every_kind_of_value_and_orientation_comes_out_as_nibabel_has_it() {
    let all = expected();
    assert_eq!(all.len(), 13);
    for (name, expected) in &all {
        let path = fixture(name);
        let volume = Volume::read(&path).unwrap();
        assert_eq!(volume.header.slices, expected.slices.len(), "{name}");
        for (number, slice) in expected.slices.iter().enumerate() {
            let values = slice.concat();
            assert_eq!(volume.slice(number).unwrap(), values, "{name}, slice {number}");
            assert_eq!(
                (volume.header.rows, volume.header.columns),
                (slice.len(), slice[0].len())
            );
            if let Some((header, alone)) = read_slice(&path, number).unwrap() {
                assert_eq!(alone, values, "{name}, slice {number} alone");
                assert_eq!(header.positions_mm, volume.header.positions_mm);
            }
        }
    }
}

#[test]
fn the_affine_is_the_one_nibabel_finds() {
    for (name, expected) in expected() {
        let header = read_header(&fixture(&name)).unwrap();
        let row = |axis: usize| expected.affine[axis];
        let column = |index: usize| [row(0)[index], row(1)[index], row(2)[index]];
        let length = |axis: [f64; 3]| axis.iter().map(|part| part * part).sum::<f64>().sqrt();
        let mut sizes: Vec<f64> = (0..3).map(|index| length(column(index))).collect();
        let mut found = vec![header.spacing_mm[0], header.spacing_mm[1], header.step_mm];
        sizes.sort_by(f64::total_cmp);
        found.sort_by(f64::total_cmp);
        for (size, found) in sizes.iter().zip(&found) {
            assert!((size - found).abs() < 1e-5, "{name}: {sizes:?} {found:?}");
        }
    }
}

#[test]
fn what_is_odd_is_said() {
    let warnings = |name: &str| read_header(&fixture(name)).unwrap().warnings;
    assert_eq!(warnings("int16_lps.nii"), Vec::<String>::new());
    assert!(warnings("no_forms.nii")[0].contains("no usable sform or qform"));
    assert!(warnings("sagittal.nii")[0].contains("not stored in axial slices"));
    assert!(warnings("slope_zero.nii")[0].contains("intercept of -100 is not applied"));
    let nan = Volume::read(&fixture("float32_nan.nii.gz")).unwrap();
    assert_eq!(nan.survey.nan, 1);
    assert!(nan.header.warnings[0].contains("1 of its values are NaN"));
    let placed = |name: &str| read_header(&fixture(name)).unwrap().placed;
    assert_eq!(placed("qform_only.nii"), Placed::Qform);
    assert_eq!(placed("no_forms.nii"), Placed::Nothing);
    assert_eq!(placed("turned_leaning.nii"), Placed::Sform);
}

#[test]
fn what_is_no_volume_of_ct_is_refused_with_a_reason() {
    let refused = |name: &str| read_header(&fixture(name)).unwrap_err();
    assert!(matches!(
        refused("refused_4d.nii"),
        NiftiError::SeveralVolumes { volumes: 3 }
    ));
    assert!(matches!(refused("refused_2.nii"), NiftiError::SecondVersion));
    assert!(matches!(refused("refused_complex.nii"), NiftiError::DataType(_)));
    assert!(matches!(refused("expected.json"), NiftiError::NotNifti));
    assert!(matches!(refused("absent.nii"), NiftiError::Io { .. }));
}
