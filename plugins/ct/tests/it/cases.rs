//! What lies in archives beside sound series, loaded as a run loads it.

use std::path::Path;

use ichflow_api::context::Quarantined;
use ichflow_api::data::identity::SeriesOrder;
use ichflow_api::prelude::*;
use ichflow_api::testkit;
use ichflow_ct::dicom_dir::DicomDir;
use ichflow_ct::kinds::Kind;
use ichflow_dicom::write::{Fixture, PrimitiveValue, Tag, VR, tags, uids};

/// Elements of a file beside those of an axial slice.
type Texts<'a> = &'a [(Tag, VR, &'a str)];

fn write(directory: &Path, name: &str, z: f64, words: [u16; 4], texts: Texts<'_>) {
    let fixture = Fixture {
        position: format!("-100\\-100\\{z}"),
        words: words.to_vec(),
        ..Fixture::default()
    };
    let element = |(tag, vr, text): &(Tag, VR, &str)| {
        let values = text.split('\\').map(str::to_owned).collect();
        (*tag, *vr, PrimitiveValue::Strs(values))
    };
    let uid = format!("1.2.3.{}", name.bytes().map(u32::from).sum::<u32>());
    let mut more = vec![(tags::SOP_INSTANCE_UID, VR::UI, PrimitiveValue::from(uid))];
    more.extend(texts.iter().map(element));
    let bytes = fixture.bytes_with(more, Vec::new()).unwrap();
    std::fs::write(directory.join(name), bytes).unwrap();
}

/// The cohort that a directory gives, and what was excluded.
fn load(path: &Path, exclude: Vec<Kind>) -> (Cohort, Vec<Quarantined>, Pixels) {
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let stage = DicomDir {
        path: path.to_owned(),
        max_quarantined: Some(0),
        exclude,
    };
    let context = Context::new(&run, "load", "dicom-dir", "key");
    let mut outputs = stage.run(&Inputs::default(), &context).unwrap();
    let cohort = outputs.take(output::COHORT).unwrap().as_ref().clone();
    let pixels = outputs.take(output::PIXELS).unwrap().as_ref().clone();
    (cohort, run.quarantined(), pixels)
}

fn ids(cohort: &Cohort) -> Vec<&str> {
    cohort.slices.iter().map(|slice| slice.id.as_str()).collect()
}

const HEAD: [u16; 4] = [24, 1064, 1084, 1924];

#[test]
fn what_is_no_axial_slice_is_excluded_with_its_reason() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for place in 0..4 {
        write(path, &format!("ax{place}"), 5.0 * f64::from(place), HEAD, &[]);
    }
    // A scout in the series itself, between its slices, and the saved screen of a dose report; an image computed from
    // slices and looked at from the front, and a map whose values are milligrams a millilitre.
    write(
        path,
        "scout",
        7.0,
        HEAD,
        &[
            (tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\LOCALIZER"),
            (tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "0\\1\\0\\0\\0\\-1"),
        ],
    );
    write(
        path,
        "dose",
        0.0,
        HEAD,
        &[
            (tags::SOP_CLASS_UID, VR::UI, uids::SECONDARY_CAPTURE_IMAGE_STORAGE),
            (tags::IMAGE_TYPE, VR::CS, "DERIVED\\SECONDARY\\OTHER"),
        ],
    );
    write(
        path,
        "mpr",
        0.0,
        HEAD,
        &[
            (tags::IMAGE_TYPE, VR::CS, "DERIVED\\SECONDARY\\MPR"),
            (tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\0\\-1"),
        ],
    );
    write(path, "map", 0.0, HEAD, &[(tags::RESCALE_TYPE, VR::LO, "MGML")]);
    let (cohort, excluded, _) = load(path, Kind::all());
    assert_eq!(ids(&cohort), ["ax0", "ax1", "ax2", "ax3"]);
    let order = SeriesOrder::of(&cohort.slices);
    assert_eq!((order.neighbour(1, 1), order.neighbour(3, 1)), (2, 3));
    let reasons: Vec<(&str, &str)> = excluded
        .iter()
        .map(|one| (one.id.as_str(), one.reason.as_str()))
        .collect();
    assert_eq!(
        reasons,
        [
            (
                "dose",
                "it is a secondary capture (SOPClassUID 1.2.840.10008.5.1.4.1.1.7), a saved screen"
            ),
            ("map", "its RescaleType is MGML, not HU"),
            (
                "mpr",
                "it is a coronal image (ImageOrientationPatient), not an axial one"
            ),
            (
                "scout",
                "it is a localizer (ImageType ORIGINAL\\PRIMARY\\LOCALIZER); it is a sagittal image \
                 (ImageOrientationPatient), not an axial one"
            ),
        ]
    );
    let remark =
        "4 images are no axial slices of CT in HU and are excluded (the first is dose: it is a secondary";
    assert!(
        cohort.remarks.iter().any(|text| text.starts_with(remark)),
        "{:?}",
        cohort.remarks
    );

    // What is asked for stays, and is told of.
    let (cohort, excluded, _) = load(
        path,
        vec![Kind::Localizer, Kind::SecondaryCapture, Kind::NotAxial],
    );
    assert_eq!(cohort.len(), 5);
    assert_eq!(excluded.len(), 3);
    let remark = "1 file: its RescaleType is MGML, not HU".to_owned();
    assert!(cohort.remarks.contains(&remark), "{:?}", cohort.remarks);
}

#[test]
fn slices_without_positions_stand_in_the_order_of_their_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for number in 1..=12 {
        let location = format!("{}", 5 * number);
        write(
            path,
            &format!("IM{number}"),
            0.0,
            HEAD,
            &[
                (tags::IMAGE_POSITION_PATIENT, VR::DS, ""),
                (
                    tags::SLICE_LOCATION,
                    VR::DS,
                    if number < 4 { "" } else { &location },
                ),
                (tags::INSTANCE_NUMBER, VR::IS, &number.to_string()),
            ],
        );
    }
    let expected: Vec<String> = (1..=12).map(|number| format!("IM{number}")).collect();
    let (cohort, ..) = load(path, Kind::all());
    assert_eq!(ids(&cohort), expected);
    let told = |text: &str| cohort.remarks.iter().any(|remark| remark.contains(text));
    assert!(
        told("9 files: it has no ImagePositionPatient: its SliceLocation orders it"),
        "{:?}",
        cohort.remarks
    );
    assert!(
        told("3 files: it has no ImagePositionPatient: its InstanceNumber orders it"),
        "{:?}",
        cohort.remarks
    );
}

/// Perfusion: every position four times, in one series.
#[test]
fn a_neighbour_is_of_the_same_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for time in 0..4_u16 {
        for place in 0..4_u16 {
            let words = [24, 1064 + time, 1084, 1924];
            write(
                path,
                &format!("{time}_{place}"),
                5.0 * f64::from(place),
                words,
                &[
                    (tags::ACQUISITION_NUMBER, VR::IS, &(time + 1).to_string()),
                    (tags::INSTANCE_NUMBER, VR::IS, &(4 * time + place + 1).to_string()),
                ],
            );
        }
    }
    let (cohort, _, pixels) = load(path, Kind::all());
    assert_eq!(cohort.len(), 16);
    let order = SeriesOrder::of(&cohort.slices);
    let time = |index: usize| pixels.read(&cohort.slices[index]).unwrap().hu[1] - 40;
    for index in 0..16 {
        for offset in [-1, 1] {
            let neighbour = order.neighbour(index, offset);
            assert_eq!(time(neighbour), time(index));
            let apart = |index: usize| cohort.slices[index].position_mm.unwrap();
            let step = apart(neighbour) - apart(index);
            assert!(neighbour == index || step == 5.0 * f64::from(offset), "{step}");
        }
    }
    let told = |text: &str| cohort.remarks.iter().any(|remark| remark.contains(text));
    assert!(
        told("show the same positions at several times"),
        "{:?}",
        cohort.remarks
    );
}

/// A prone head is the same head, and no gantry was tilted by 180°.
#[test]
fn a_prone_series_is_turned_and_not_tilted() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let turned = [HEAD[3], HEAD[2], HEAD[1], HEAD[0]];
    for place in 0..3 {
        let prone = (tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "-1\\0\\0\\0\\-1\\0");
        write(
            path,
            &format!("{place}"),
            5.0 * f64::from(place),
            turned,
            &[prone],
        );
    }
    let (cohort, _, pixels) = load(path, Kind::all());
    assert_eq!(ids(&cohort), ["0", "1", "2"]);
    assert_eq!(pixels.read(&cohort.slices[0]).unwrap().hu, [-1000, 40, 60, 900]);
    assert_eq!(cohort.slices[0].header.tilt_degrees(), Some(0.0));
    let remark = "3 files: its image is turned by 180°, as its ImageOrientationPatient says, so that the patient's left \
                  is on the right";
    assert_eq!(cohort.remarks, [remark]);
}

/// Series of a de-identified study that name no series.
#[test]
fn without_a_series_nothing_but_position_and_study_make_neighbours() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let nameless = (tags::SERIES_INSTANCE_UID, VR::UI, "");
    for place in 0..3 {
        write(
            path,
            &format!("a{place}"),
            5.0 * f64::from(place),
            HEAD,
            &[nameless],
        );
        let nowhere = (tags::STUDY_INSTANCE_UID, VR::UI, "");
        write(
            path,
            &format!("b{place}"),
            5.0 * f64::from(place),
            HEAD,
            &[nameless, nowhere],
        );
    }
    let (cohort, ..) = load(path, Kind::all());
    let order = SeriesOrder::of(&cohort.slices);
    let neighbours = |name: &str| {
        let index = ids(&cohort).iter().position(|id| *id == name).unwrap();
        [-1, 1].map(|offset| cohort.slices[order.neighbour(index, offset)].id.clone())
    };
    assert_eq!(neighbours("a1"), ["a0", "a2"]);
    assert_eq!(neighbours("b1"), ["b1", "b1"]);
}
