//! What identifies a person in DICOM headers never reaches a run's report.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{ichflow, stderr};
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::entries::{EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN};

/// Identifying elements of the basic confidentiality profile (PS3.15, table E.1-1), each with something that
/// can be looked for.
const IDENTIFYING: [(u16, u16, VR, &str); 20] = [
    (0x0010, 0x0010, VR::PN, "<script>alert(1)</script>"),
    (0x0010, 0x0030, VR::DA, "19470813"),
    (0x0010, 0x1001, VR::PN, "Otherwise^Named"),
    (0x0010, 0x1040, VR::LO, "7 Hidden Lane"),
    (0x0010, 0x2154, VR::SH, "555-0173"),
    (0x0010, 0x4000, VR::LT, "<b>remark of the ward</b>"),
    (0x0008, 0x0050, VR::SH, "ACC-90210"),
    (0x0008, 0x0080, VR::LO, "General Hospital of Nowhere"),
    (0x0008, 0x0081, VR::ST, "1 Nowhere Street"),
    (0x0008, 0x0090, VR::PN, "Referring^Physician"),
    (0x0008, 0x1010, VR::SH, "STATION-XYZ"),
    (0x0008, 0x1030, VR::LO, "Head of Mrs Somebody"),
    (0x0008, 0x103E, VR::LO, "Series of Mr Nobody"),
    (0x0018, 0x1030, VR::LO, "Protocol of Dr Noone"),
    (0x0010, 0x1010, VR::AS, "097Y"),
    (0x0008, 0x0020, VR::DA, "20190813"),
    (0x0008, 0x1070, VR::PN, "Operator^Night"),
    (0x0018, 0x1000, VR::LO, "SERIAL-4711"),
    (0x0020, 0x4000, VR::LT, "seen by Dr Anybody"),
    (0x0040, 0xA124, VR::UI, "1.2.3.4.5.6.7.8.9"),
];

/// Files below a directory.
fn below(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(below(&path));
        } else if path.extension().is_some_and(|extension| extension == "dcm") {
            found.push(path);
        }
    }
    found
}

/// Writes the identifying elements into a file, and a patient's id that is a name; says whether it could. (One
/// file of a phantom is cut short.) The meta group stays as it is: its identifiers are the competition's, which
/// are no valid UIDs.
fn identify(path: &Path) -> bool {
    let bytes = fs::read(path).unwrap();
    // Preamble and `DICM`, then the length of the meta group: an element of 12 bytes.
    let length = u32::from_le_bytes(bytes[140..144].try_into().unwrap()) as usize;
    let (meta, data) = bytes.split_at(144 + length);
    let explicit = meta.windows(19).any(|part| part == b"1.2.840.10008.1.2.1");
    let syntax = if explicit {
        EXPLICIT_VR_LITTLE_ENDIAN.erased()
    } else {
        IMPLICIT_VR_LITTLE_ENDIAN.erased()
    };
    let Ok(mut object) = InMemDicomObject::read_dataset_with_ts(data, &syntax) else {
        return false;
    };
    for (group, element, vr, value) in IDENTIFYING {
        let value = PrimitiveValue::from(value);
        object.put(DataElement::new(Tag(group, element), vr, value));
    }
    let patient = Tag(0x0010, 0x0020);
    let id = object.element(patient).unwrap().to_str().unwrap().into_owned();
    let named = PrimitiveValue::from(format!("DOE^JANE^{id}"));
    object.put(DataElement::new(patient, VR::LO, named));
    let mut written = meta.to_vec();
    object.write_dataset_with_ts(&mut written, &syntax).unwrap();
    fs::write(path, written).unwrap();
    true
}

const RECIPE: &str = r#"
ichflow = 1
title = "Identified"
seed = 7

[load]
use = "rsna"
labels = "data/stage_2_train.csv"
images = "data/stage_2_train"

[store]
use = "hu-store"
size = 64

[split]
use = "multilabel-stratified"
valid = 0.3

[histogram]
use = "histogram-logistic"

[score]
use = "evaluate"

[report]
use = "metrics-report"
"#;

/// A page without what it holds as base64, pictures and HU, in which any three letters stand somewhere.
fn without_pixels(html: &str) -> String {
    const LONGEST_WORD: usize = 60;
    let is_base64 = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '=');
    html.split_inclusive(|letter| !is_base64(letter))
        .filter(|run| run.len() <= LONGEST_WORD)
        .collect()
}

#[test]
fn a_report_shows_nothing_that_identifies_a_person() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let phantom = [
        "phantom",
        "data",
        "--patients",
        "10",
        "--slices",
        "6",
        "--size",
        "64",
    ];
    let output = ichflow(directory, &phantom);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let files = below(&directory.join("data/stage_2_train"));
    assert!(files.len() > 30, "{}", files.len());
    let identified = files.iter().filter(|file| identify(file)).count();
    assert!(identified + 1 >= files.len(), "{identified} of {}", files.len());
    fs::write(directory.join("identified.toml"), RECIPE).unwrap();

    let run = |extra: &[&str]| -> String {
        let arguments = ["run", "identified.toml", "--device", "cpu"];
        let output = ichflow(directory, &[&arguments, extra].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        fs::read_to_string(directory.join("runs/identified/latest/report.html")).unwrap()
    };
    let html = run(&[]);
    for (group, element, _, value) in IDENTIFYING {
        assert!(!html.contains(value), "({group:04x},{element:04x})");
    }
    let said = without_pixels(&html);
    for text in [
        "DOE",
        "JANE",
        "<script>alert",
        "&#60;script",
        "&lt;script",
        "alert(1)",
        "remark of",
    ] {
        assert!(!said.contains(text), "{text}");
    }
    // The slices that are shown can still be found, by whoever may see the run's own files.
    let names = fs::read_to_string(directory.join("runs/identified/latest/report_names.csv")).unwrap();
    assert!(names.contains("DOE^JANE^"), "{names}");
    let shown = names.lines().nth(1).unwrap().split(',').nth(2).unwrap();
    assert!(html.contains(&format!("patient {shown}")), "{shown}");

    // Asked for by name, the patient's id is shown; it is the only identifying element that is read.
    let html = run(&["--set", "report.identify=true"]);
    assert!(html.contains("DOE^JANE^"));
    for (group, element, _, value) in IDENTIFYING {
        assert!(!html.contains(value), "({group:04x},{element:04x})");
    }
}
