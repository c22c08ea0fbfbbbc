//! Made-up copies of each set's layout, of a phantom's slices, with mistakes planted.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use flate2::Compression;
use flate2::write::GzEncoder;
use ichflow_api::context::{Observer, RunContext, Silent};
use ichflow_api::testkit;
use ichflow_nifti::write::Fixture;

use super::*;
use crate::kinds::Kind;
use crate::phantom::{self, Extent, SliceTruth, Truth};
use crate::slice_files;
use ichflow_api::prelude::*;

const SIDE: usize = 64;
/// Millimetres from slice to slice of the volumes.
const STEP: f32 = 5.0;

/// A patient of the phantom, whose slices go from foot to head.
struct Patient {
    slices: Vec<Made>,
}

struct Made {
    truth: SliceTruth,
    file: PathBuf,
    hu: Vec<i16>,
}

impl Made {
    fn is(&self, label: usize) -> bool {
        self.truth.labels[label]
    }

    /// The value of each pixel in a mask of BHSD.
    fn mask(&self, phantom: &Path) -> Vec<i16> {
        let annotations = phantom::masks_of(phantom).unwrap();
        let mut mask = vec![0; SIDE * SIDE];
        for (class, label) in [
            "epidural",
            "intraparenchymal",
            "intraventricular",
            "subarachnoid",
            "subdural",
        ]
        .into_iter()
        .enumerate()
        {
            let inside = annotations.inside(&self.truth.id, SIDE, SIDE, |region| region == label);
            for (value, _) in mask
                .iter_mut()
                .zip(inside.into_iter().flatten())
                .filter(|(_, inside)| *inside)
            {
                *value = class as i16 + 1;
            }
        }
        mask
    }
}

/// Patients of a phantom in `directory`, those whose files are all whole, bleeding ones first.
fn patients(directory: &Path) -> Vec<Patient> {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let extent = Extent {
        patients: 6,
        test_patients: 1,
        slices: 6,
        size: SIDE,
        positive: 0.7,
        faint: 0.0,
        mimics: 0.0,
        hospital: None,
    };
    let progress = Silent.progress("", "", 0, "");
    fs::create_dir_all(directory).unwrap();
    let truth: Truth = phantom::write(directory, &extent, 5, true, &NEVER, &*progress).unwrap();
    let images = phantom::files(directory).images;
    let pixels = slice_files::pixels();
    let mut of_patient: BTreeMap<String, Vec<Made>> = BTreeMap::new();
    let mut broken = Vec::new();
    for slice in truth.slices.into_iter().filter(|slice| !slice.test) {
        let file = images.join(format!("{}.dcm", slice.id));
        match slice_files::read(&file) {
            Ok(found) => {
                let hu = pixels.read(&found[0].slice).unwrap().hu;
                let made = Made {
                    truth: slice,
                    file,
                    hu,
                };
                of_patient
                    .entry(made.truth.patient.clone())
                    .or_default()
                    .push(made);
            }
            Err(_) => broken.push(slice.patient),
        }
    }
    for patient in broken {
        of_patient.remove(&patient);
    }
    let mut patients: Vec<Patient> = of_patient
        .into_values()
        .map(|slices| Patient { slices })
        .collect();
    for patient in &mut patients {
        patient
            .slices
            .sort_by(|a, b| a.truth.z_mm.total_cmp(&b.truth.z_mm));
    }
    patients
        .sort_by_key(|patient| std::cmp::Reverse(patient.slices.iter().filter(|slice| slice.is(0)).count()));
    assert!(patients.len() >= 4 && patients[0].slices.iter().any(|slice| slice.is(0)));
    patients
}

/// A volume of images as DICOM shows them; stored from the head down where `reversed`.
fn volume(images: &[Vec<i16>], reversed: bool) -> Vec<u8> {
    let mut stored: Vec<&Vec<i16>> = images.iter().collect();
    let mut affine = [
        [-0.5, 0.0, 0.0, 0.0],
        [0.0, -0.5, 0.0, 0.0],
        [0.0, 0.0, STEP, 0.0],
    ];
    if reversed {
        stored.reverse();
        affine[2] = [0.0, 0.0, -STEP, STEP * (images.len() - 1) as f32];
    }
    Fixture {
        size: [SIDE as u16, SIDE as u16, images.len() as u16],
        values: stored.into_iter().flatten().copied().collect(),
        affine,
        ..Fixture::default()
    }
    .bytes()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn put(path: PathBuf, bytes: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn images(patient: &Patient) -> Vec<Vec<i16>> {
    patient.slices.iter().map(|slice| slice.hu.clone()).collect()
}

/// Runs a loader: its cohort, its annotations, its pixels.
fn load(stage: &impl Stage, run: &RunContext) -> Result<(Cohort, Option<Annotations>, Pixels)> {
    let mut outputs = stage.run(&Inputs::default(), &Context::new(run, "load", "public", "key"))?;
    let cohort = outputs.take(output::TRAIN).unwrap().as_ref().clone();
    let annotations = outputs
        .take(output::ANNOTATIONS)
        .map(|found| found.as_ref().clone());
    let pixels = outputs.take(output::PIXELS).unwrap().as_ref().clone();
    Ok((cohort, annotations, pixels))
}

fn has(remarks: &[String], text: &str) -> bool {
    remarks.iter().any(|remark| remark.contains(text))
}

#[test]
fn ct_ich_is_loaded_by_its_numbers_and_what_does_not_match_is_listed() {
    let directory = tempfile::tempdir().unwrap();
    let patients = patients(&directory.path().join("phantom"));
    let data = directory.path().join("ct-ich");
    let mut csv = "\u{feff}PatientNumber,SliceNumber,Intraventricular,Intraparenchymal,Subarachnoid,Epidural,Subdural,No_Hemorrhage,Fracture_Yes_No\n".to_owned();
    for (number, patient) in [49, 58].into_iter().zip(&patients) {
        put(
            data.join(format!("ct_scans/{number:03}.nii")),
            volume(&images(patient), false),
        );
        let masks: Vec<Vec<i16>> = patient
            .slices
            .iter()
            .map(|slice| {
                slice
                    .mask(&directory.path().join("phantom"))
                    .into_iter()
                    .map(|value| 255 * value.min(1))
                    .collect()
            })
            .collect();
        put(data.join(format!("masks/{number:03}.nii")), volume(&masks, false));
        for (place, slice) in patient.slices.iter().enumerate() {
            // The last slice of the second volume has no row.
            if number == 58 && place == 5 {
                continue;
            }
            let value = |label| u8::from(slice.is(label));
            csv += &format!(
                "{number},{},{},{},{},{},{},{},0\n",
                place + 1,
                value(3),
                value(2),
                value(4),
                value(1),
                value(5),
                1 - value(0)
            );
        }
    }
    // Rows of a volume that is not there, and of a slice that is not there.
    csv += "60,1,0,0,0,0,0,1,0\n49,7,0,0,0,0,0,1,0\n";
    put(data.join("hemorrhage_diagnosis_raw_ct.csv"), csv);

    let run = testkit::run_context(&directory.path().join("run"));
    let stage = CtIch {
        path: data,
        masks: true,
        max_quarantined: None,
    };
    let (cohort, annotations, pixels) = load(&stage, &run).unwrap();
    assert_eq!(
        (cohort.len(), cohort.level, cohort.patients()),
        (11, Level::Slice, 2)
    );
    let annotations = annotations.unwrap();
    for slice in &cohort.slices {
        let patient = if slice.file.ends_with("049.nii") {
            &patients[0]
        } else {
            &patients[1]
        };
        let made = &patient.slices[slice.frame as usize];
        assert_eq!(
            slice.labels.as_ref(),
            Some(&made.truth.labels.into()),
            "{}",
            slice.id
        );
        assert_eq!(pixels.read(slice).unwrap().hu, made.hu);
        let inside = annotations.inside(&slice.id, SIDE, SIDE, |label| label == "any");
        let blood = made
            .mask(&directory.path().join("phantom"))
            .into_iter()
            .map(|value| value > 0);
        assert_eq!(
            inside.unwrap_or(vec![false; SIDE * SIDE]),
            blood.collect::<Vec<_>>(),
            "{}",
            slice.id
        );
    }
    assert!(cohort.positives()[0] > 0);
    let unmatched = fs::read_to_string(run.directory.join("labels_unmatched.csv")).unwrap();
    for key in ["060.nii slice 1", "049.nii slice 7", "058.nii~frame0005"] {
        assert!(unmatched.contains(key), "{key}: {unmatched}");
    }
    assert!(has(&cohort.remarks, "byte-order mark"), "{:?}", cohort.remarks);
}

/// `reads.csv` of exams: of each its number and what the readers say of SDH.
fn reads(exams: &[(u32, [u8; 3])]) -> String {
    const LABELS: [&str; 14] = [
        "ICH",
        "IPH",
        "IVH",
        "SDH",
        "EDH",
        "SAH",
        "BleedLocation-Left",
        "BleedLocation-Right",
        "ChronicBleed",
        "Fracture",
        "CalvarialFracture",
        "OtherFracture",
        "MassEffect",
        "MidlineShift",
    ];
    let columns = (1..=3).flat_map(|reader| LABELS.map(|label| format!("R{reader}:{label}")));
    let mut text = format!("name,Category,{}\n", columns.collect::<Vec<_>>().join(","));
    for (number, subdural) in exams {
        let of_reader = |value: &u8| {
            LABELS.map(|label| {
                if ["ICH", "SDH"].contains(&label) {
                    value.to_string()
                } else {
                    "0".into()
                }
            })
        };
        let cells: Vec<String> = subdural.iter().flat_map(of_reader).collect();
        text += &format!("CQ500-CT-{number},B1,{}\n", cells.join(","));
    }
    text
}

fn cq500(root: &Path) -> (PathBuf, Vec<Patient>) {
    let patients = patients(&root.join("phantom"));
    let data = root.join("cq500");
    for (number, patient) in [1, 12, 30].into_iter().zip(&patients) {
        for series in ["CT PLAIN THIN", "CT PLAIN THIN-2"] {
            // Only the first exam has copies.
            if number != 1 && series.ends_with("-2") {
                continue;
            }
            for (place, slice) in patient.slices.iter().enumerate() {
                let directory = data.join(format!("CQ500CT{number} CQ500CT{number}/Unknown Study/{series}"));
                put(
                    directory.join(format!("CT{place:06}.dcm")),
                    fs::read(&slice.file).unwrap(),
                );
            }
        }
    }
    // Exam 30 has no row, and row 7 no exam.
    put(
        data.join("reads.csv"),
        reads(&[(1, [1, 1, 0]), (12, [1, 0, 0]), (7, [0, 0, 0])]),
    );
    (data, patients)
}

#[test]
fn cq500_is_loaded_by_the_majority_of_its_readers_without_copies_of_series() {
    let directory = tempfile::tempdir().unwrap();
    let (data, _) = cq500(directory.path());
    let run = testkit::run_context(&directory.path().join("run"));
    let stage = Cq500 {
        path: data,
        reads: None,
        copies: false,
        max_quarantined: None,
        exclude: Kind::all(),
    };
    let (cohort, ..) = load(&stage, &run).unwrap();
    assert_eq!((cohort.len(), cohort.level), (12, Level::Study));
    for slice in &cohort.slices {
        let positive = slice.file.to_string_lossy().contains("CQ500CT1 ");
        let expected = [positive, false, false, false, false, positive];
        assert_eq!(slice.labels, Some(expected.into()), "{}", slice.file.display());
        assert!(!slice.file.to_string_lossy().contains("-2/"));
    }
    let remarks = &cohort.remarks;
    assert!(
        has(remarks, "6 files of 1 series called like another with `-2`"),
        "{remarks:?}"
    );
    let unmatched = fs::read_to_string(run.directory.join("labels_unmatched.csv")).unwrap();
    assert!(
        unmatched.contains("CQ500-CT-7") && unmatched.contains("CQ500CT30"),
        "{unmatched}"
    );
}

#[test]
fn bhx_has_boxes_on_the_slices_that_its_uids_name() {
    let directory = tempfile::tempdir().unwrap();
    let (data, patients) = cq500(directory.path());
    let run = testkit::run_context(&directory.path().join("run"));
    let stage = Cq500 {
        path: data,
        reads: None,
        copies: false,
        max_quarantined: None,
        exclude: Kind::all(),
    };
    let (cohort, ..) = load(&stage, &run).unwrap();
    let (mut text, mut expected) = (
        String::from(",SOPInstanceUID,SeriesInstanceUID,StudyInstanceUID,data,labelName,labelType\n"),
        0,
    );
    let names = [
        "",
        "Epidural",
        "Intraparenchymal",
        "Intraventricular",
        "Subarachnoid",
        "Subdural",
    ];
    for slice in &patients[0].slices {
        for bleed in &slice.truth.bleeds {
            let [top, left, bottom, right] = bleed.bounds;
            let row = format!(
                "{expected},{},s,e,\"{{'x': {left}, 'y': {top}, 'width': {}, 'height': {}}}\",{},box\n",
                slice.truth.id,
                right - left + 1,
                bottom - top + 1,
                names[bleed.label]
            );
            // The same box in a second table, as the extrapolations repeat those of the first.
            text += &row;
            text += &row;
            expected += 1;
        }
    }
    assert!(expected > 0);
    let first = &patients[0].slices[0].truth.id;
    text += &format!("x,{first},s,e,\"{{'x': 1, 'y': 2, 'width': 3, 'height': 4}}\",Chronic,box\n");
    text += &format!(
        "x,{first},s,e,no box,Chronic,box\nx,9.9.9,s,e,\"{{'x': 1, 'y': 2, 'width': 3, 'height': 4}}\",Chronic,box\n"
    );
    let csv = directory.path().join("1_Initial_Manual_Labeling.csv");
    put(csv.clone(), text);
    let inputs = Inputs::default().with(input::TRAIN, cohort.clone());
    let mut outputs = Bhx { boxes: vec![csv] }
        .run(&inputs, &Context::new(&run, "boxes", "bhx", "key"))
        .unwrap();
    let annotations = outputs.take(output::ANNOTATIONS).unwrap();
    assert_eq!(annotations.len(), expected + 1);
    assert_eq!(
        annotations.remarks,
        [
            "1 row of boxes are of slices that the cohort does not have",
            "1 row hold no box, or name no slice or label"
        ]
    );
    // A box holds the blood that it was drawn around.
    for slice in &cohort.slices {
        let Some(made) = patients[0]
            .slices
            .iter()
            .find(|made| made.truth.id == slice.instance)
        else {
            continue;
        };
        let phantom = phantom::masks_of(&directory.path().join("phantom")).unwrap();
        for bleed in &made.truth.bleeds {
            let label = names[bleed.label].to_lowercase();
            let blood = phantom
                .inside(&made.truth.id, SIDE, SIDE, |region| region == label)
                .unwrap();
            let boxed = annotations
                .inside(&slice.id, SIDE, SIDE, |region| region == label)
                .unwrap();
            assert!(
                blood.iter().zip(&boxed).all(|(blood, boxed)| !blood || *boxed),
                "{label}"
            );
        }
    }
    let chronic = annotations
        .of_slice
        .values()
        .flatten()
        .filter(|region| region.label == "chronic");
    assert_eq!(chronic.count(), 1);
}

#[test]
fn bhsd_has_the_labels_of_its_masks_however_these_are_stored() {
    let directory = tempfile::tempdir().unwrap();
    let phantom = directory.path().join("phantom");
    let patients = patients(&phantom);
    let data = directory.path().join("label_192");
    for (number, patient) in patients.iter().take(4).enumerate() {
        put(
            data.join(format!("images/ID_{number}.nii.gz")),
            gzip(&volume(&images(patient), false)),
        );
        let mut masks: Vec<Vec<i16>> = patient.slices.iter().map(|slice| slice.mask(&phantom)).collect();
        match number {
            // A value that stands for nothing; and stored from the head down.
            0 => masks[0][0] = 7,
            // One slice too few.
            2 => drop(masks.pop()),
            // No mask at all.
            3 => continue,
            _ => {}
        }
        put(
            data.join(format!("ground truths/ID_{number}.nii.gz")),
            gzip(&volume(&masks, number == 0)),
        );
    }
    let run = testkit::run_context(&directory.path().join("run"));
    let stage = Bhsd {
        path: data.clone(),
        max_quarantined: None,
        exclude: Kind::all(),
    };
    let (cohort, annotations, pixels) = load(&stage, &run).unwrap();
    assert_eq!((cohort.len(), cohort.level), (12, Level::Slice));
    let annotations = annotations.unwrap();
    for slice in &cohort.slices {
        let patient = &patients[usize::from(slice.file.ends_with("ID_1.nii.gz"))];
        let made = &patient.slices[slice.frame as usize];
        let mask = made.mask(&phantom);
        let expected = [0, 1, 2, 3, 4, 5].map(|class| {
            mask.iter().any(|value| match class {
                0 => *value > 0,
                class => *value == class,
            })
        });
        assert_eq!(slice.labels, Some(expected.into()), "{}", slice.id);
        assert_eq!(pixels.read(slice).unwrap().hu, made.hu);
        let blood: Vec<bool> = mask.iter().map(|value| *value > 0).collect();
        let inside = annotations
            .inside(&slice.id, SIDE, SIDE, |_| true)
            .unwrap_or(vec![false; SIDE * SIDE]);
        assert_eq!(inside, blood, "{}", slice.id);
    }
    let remarks = &cohort.remarks;
    assert!(
        has(remarks, "1 file without a mask were left out") || has(remarks, "without a mask"),
        "{remarks:?}"
    );
    assert!(
        has(remarks, "1 of its voxels have a value that stands for no label"),
        "{remarks:?}"
    );
    assert!(
        has(remarks, "it is left out: the mask has 5 slices of 64 × 64"),
        "{remarks:?}"
    );

    // The same masks as annotations of a cohort that another loader made.
    let inputs = Inputs::default().with(input::TRAIN, cohort.clone());
    let masks = NiftiMasks {
        path: data.join("ground truths"),
        classes: BTreeMap::from([
            ("1".to_owned(), "epidural".to_owned()),
            ("5".to_owned(), "subdural".to_owned()),
        ]),
    };
    let mut outputs = masks
        .run(&inputs, &Context::new(&run, "masks", "nifti-masks", "key"))
        .unwrap();
    let again = outputs.take(output::ANNOTATIONS).unwrap();
    for slice in &cohort.slices {
        for label in ["epidural", "subdural"] {
            let of = |annotations: &Annotations| {
                annotations.inside(&slice.id, SIDE, SIDE, |region| region == label)
            };
            assert_eq!(of(&again), of(&annotations), "{} {label}", slice.id);
        }
    }
}

#[test]
fn seg_cq500_knows_whether_there_is_blood_and_not_of_which_kind() {
    let directory = tempfile::tempdir().unwrap();
    let phantom = directory.path().join("phantom");
    let patients = patients(&phantom);
    let data = directory.path().join("data/volumes");
    put(data.join("info.csv"), "name\nCQ500-CT-1\nCQ500-CT-2\n");
    for (number, patient) in patients.iter().take(2).enumerate() {
        let exam = data.join(format!("CQ500-CT-{number}"));
        put(exam.join("CT.nii"), volume(&images(patient), false));
        let masks: Vec<Vec<i16>> = patient.slices.iter().map(|slice| slice.mask(&phantom)).collect();
        if number == 0 {
            put(exam.join("ICH_mask.nii.gz"), gzip(&volume(&masks, false)));
        }
    }
    let run = testkit::run_context(&directory.path().join("run"));
    let stage = SegCq500 {
        path: data,
        max_quarantined: None,
        exclude: Kind::all(),
    };
    let (cohort, annotations, _) = load(&stage, &run).unwrap();
    assert_eq!(cohort.len(), 6);
    for slice in &cohort.slices {
        let blood = patients[0].slices[slice.frame as usize]
            .mask(&phantom)
            .iter()
            .any(|value| *value > 0);
        let labels = slice.labels.as_ref().unwrap();
        assert_eq!(labels.positive(0), Some(blood));
        assert!((1..6).all(|label| labels.positive(label).is_none()));
        assert_eq!(
            annotations.as_ref().unwrap().of_slice.contains_key(&slice.id),
            blood
        );
    }
    assert_eq!(
        run.quarantined().len(),
        0,
        "masks are no slices that anybody misses"
    );
}
