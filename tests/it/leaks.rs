//! Exams under another name: found between two loaders of a recipe, and in no others.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{ichflow, stderr};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::entries::{EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN};

const PATIENT_ID: Tag = Tag(0x0010, 0x0020);
const STUDY_INSTANCE_UID: Tag = Tag(0x0020, 0x000D);
const SERIES_INSTANCE_UID: Tag = Tag(0x0020, 0x000E);
const SOP_INSTANCE_UID: Tag = Tag(0x0008, 0x0018);
const RESCALE_INTERCEPT: Tag = Tag(0x0028, 0x1052);
const PIXEL_DATA: Tag = Tag(0x7FE0, 0x0010);
const RECIPE: &str = r#"
ichflow = 1
title = "Leaks"

[own]
use = "dicom-dir"
path = "data/stage_2_train"

[own_store]
use = "hu-store"

[other]
use = "dicom-dir"
path = "OTHER"

[other_store]
use = "hu-store"
train = "other.cohort"
pixels = "other.pixels"

[leaks]
use = "leak-check"
cohort = "own_store.train"
pixels = "own_store.pixels"
other = "other_store.train"
other_pixels = "other_store.pixels"
"#;

/// A copy of a slice as it comes from another place: other identifiers, little of the precision, all values 6 HU higher.
/// Nothing of a file that is cut short, as one of a phantom's is, or of another patient's.
fn copy(path: &Path, patient: &str) -> Option<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    // Preamble and `DICM`, then the length of the meta group: an element of 12 bytes.
    let length = u32::from_le_bytes(bytes[140..144].try_into().unwrap()) as usize;
    let (meta, data) = bytes.split_at(144 + length);
    let explicit = meta.windows(19).any(|part| part == b"1.2.840.10008.1.2.1");
    let syntax = match explicit {
        true => EXPLICIT_VR_LITTLE_ENDIAN.erased(),
        false => IMPLICIT_VR_LITTLE_ENDIAN.erased(),
    };
    let mut object = InMemDicomObject::read_dataset_with_ts(data, &syntax).ok()?;
    let text = |tag| {
        object
            .element(tag)
            .ok()?
            .to_str()
            .ok()
            .map(std::borrow::Cow::into_owned)
    };
    if text(PATIENT_ID)? != patient {
        return None;
    }
    let intercept: f64 = text(RESCALE_INTERCEPT)?.trim().parse().ok()?;
    let instance = text(SOP_INSTANCE_UID)?;
    let pixels = object.element(PIXEL_DATA).ok()?.to_bytes().ok()?.into_owned();
    let coarse: Vec<u8> = pixels
        .chunks_exact(2)
        .flat_map(|word| (i16::from_le_bytes([word[0], word[1]]) & !3).to_le_bytes())
        .collect();
    let mut put = |tag, vr, value: PrimitiveValue| {
        object.put(DataElement::new(tag, vr, value));
    };
    put(PATIENT_ID, VR::LO, "SOMEBODY ELSE".into());
    put(STUDY_INSTANCE_UID, VR::UI, "1.2.3".into());
    put(SERIES_INSTANCE_UID, VR::UI, "1.2.3.4".into());
    put(SOP_INSTANCE_UID, VR::UI, format!("{instance}0").into());
    put(RESCALE_INTERCEPT, VR::DS, format!("{}", intercept + 6.0).into());
    put(PIXEL_DATA, VR::OW, PrimitiveValue::U8(coarse.into()));
    let mut written = meta.to_vec();
    object.write_dataset_with_ts(&mut written, &syntax).unwrap();
    Some(written)
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

#[test]
fn an_exam_under_another_name_is_found_between_loaders_and_no_other() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let phantom = [
        "phantom",
        "data",
        "--patients",
        "6",
        "--test-patients",
        "4",
        "--slices",
        "8",
        "--size",
        "128",
    ];
    let output = ichflow(home, &phantom);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let run = |other: &str| {
        fs::write(home.join("leaks.toml"), RECIPE.replace("OTHER", other)).unwrap();
        let output = ichflow(home, &["run", "leaks.toml", "--device", "cpu"]);
        (output.status.code(), stderr(&output))
    };
    // Other patients' heads are no copies.
    let (code, text) = run("data/stage_2_test");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("share no patient, no study and no image"), "{text}");

    let truth: serde_json::Value =
        serde_json::from_slice(&fs::read(home.join("data/TRUTH.json")).unwrap()).unwrap();
    // A patient whose values do not overflow: a shift would be of another kind there.
    let patients = truth["slices"].as_array().unwrap().iter();
    let mut patients = patients.filter(|slice| slice["test"] == false && slice["encoding"] != "wrapped");
    let patient = patients.next().unwrap()["patient"].as_str().unwrap().to_owned();
    fs::create_dir(home.join("copies")).unwrap();
    let mut copies = 0;
    for file in files(&home.join("data/stage_2_train")) {
        if let Some(bytes) = copy(&file, &patient) {
            copies += 1;
            fs::write(home.join(format!("copies/IM{copies}")), bytes).unwrap();
        }
    }
    assert!(copies >= 7, "{copies}");
    let (code, text) = run("copies");
    assert_eq!(code, Some(1), "{text}");
    assert!(
        text.contains(
            "1 series stands in both cohorts under the names of two patients, as images that look the same"
        ),
        "{text}"
    );
    assert!(text.contains("leak = \"warn\""), "{text}");
}

#[test]
fn loaders_of_one_collections_images_are_said_when_a_recipe_is_checked() {
    let home = tempfile::tempdir().unwrap();
    for directory in ["rsna", "BHSD/images", "BHSD/ground truths"] {
        fs::create_dir_all(home.path().join(directory)).unwrap();
    }
    fs::write(home.path().join("train.csv"), "ID,Label\n").unwrap();
    let recipe = "ichflow = 1\n[own]\nuse = \"rsna\"\nlabels = \"train.csv\"\nimages = \"rsna\"\n\
                  [other]\nuse = \"bhsd\"\npath = \"BHSD\"\n";
    fs::write(home.path().join("both.toml"), recipe).unwrap();
    let output = ichflow(home.path(), &["check", "both.toml"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("images of `own` and of `other` both come from RSNA 2019"),
        "{text}"
    );
    // One of them alone says nothing.
    let alone = recipe.split("[other]").next().unwrap();
    fs::write(home.path().join("one.toml"), alone).unwrap();
    let text = stderr(&ichflow(home.path(), &["check", "one.toml"]));
    assert!(!text.contains("RSNA 2019"), "{text}");
}
