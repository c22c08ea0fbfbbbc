//! NIfTI volumes: beside the DICOM that nibabel wrote one from, and in a directory with what is none of CT.

use std::fs;
use std::path::Path;

use ichflow_api::prelude::*;
use ichflow_api::slice_files::FileSlice;
use ichflow_api::testkit;
use ichflow_ct::dicom_dir::DicomDir;
use ichflow_ct::hu_store::HuStore;
use ichflow_ct::kinds::Kind;
use ichflow_ct::slice_files;
use ichflow_nifti::write::Fixture;

/// Row and column of the head from which on the committed volume is taken, and its side.
const PART: [usize; 3] = [240, 240, 32];

fn directory() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The slices of files, from foot to head, with their pixels.
fn images(paths: &[&Path]) -> Vec<(Slice, HuImage)> {
    let pixels = slice_files::pixels();
    let read = |path: &&Path| slice_files::read(path).unwrap();
    let slices = paths.iter().flat_map(read).map(|FileSlice { slice, .. }| slice);
    let mut images: Vec<_> = slices
        .map(|slice| (slice.clone(), pixels.read(&slice).unwrap()))
        .collect();
    images.sort_by(|a, b| a.0.position_mm.unwrap().total_cmp(&b.0.position_mm.unwrap()));
    images
}

#[test]
fn a_volume_has_the_slices_of_the_dicom_that_it_was_written_from() {
    let head = directory().join("../../../shared/data/dicom_corpus/head_ge_hispeed_tilt");
    if !head.is_dir() {
        println!("skipped: {} is not there", head.display());
        return;
    }
    let mut files: Vec<_> = fs::read_dir(&head)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "dcm"));
    files.sort();
    let dicom = images(&files.iter().map(|file| file.as_path()).collect::<Vec<_>>());
    let nifti = images(&[&directory().join("tests/fixtures/head.nii.gz")]);
    assert_eq!((dicom.len(), nifti.len()), (28, 28));
    let [row, column, side] = PART;
    for ((slice, whole), (of_volume, part)) in dicom.iter().zip(&nifti) {
        let lines = whole.hu.chunks_exact(whole.columns).skip(row).take(side);
        let expected: Vec<i16> = lines
            .flat_map(|line| &line[column..column + side])
            .copied()
            .collect();
        assert_eq!(part.hu, expected, "{}", slice.file.display());
        let near = |a: f32, b: f32| (a - b).abs() < 1e-5;
        let orientations = slice
            .header
            .orientation
            .unwrap()
            .into_iter()
            .zip(of_volume.header.orientation.unwrap());
        assert!(orientations.clone().all(|(a, b)| near(a, b)), "{orientations:?}");
        let spacings = slice
            .header
            .spacing_mm
            .unwrap()
            .into_iter()
            .zip(of_volume.header.spacing_mm.unwrap());
        assert!(spacings.clone().all(|(a, b)| near(a, b)), "{spacings:?}");
    }
    // Steps of the head are uneven, which NIfTI cannot say: ends agree, and what lies between is spread evenly.
    for end in [0, 27] {
        let [a, b] = [&dicom, &nifti].map(|images| images[end].0.position_mm.unwrap());
        assert!((a - b).abs() < 1e-3, "{a} {b}");
    }
}

/// A volume of two slices of 2 × 3 pixels, stored in the order of DICOM.
fn volume(values: [i16; 12]) -> Vec<u8> {
    Fixture {
        size: [3, 2, 2],
        values: values.to_vec(),
        affine: [[-0.5, 0.0, 0.0, 0.0], [0.0, -0.5, 0.0, 0.0], [0.0, 0.0, 5.0, 0.0]],
        ..Fixture::default()
    }
    .bytes()
}

#[test]
fn a_directory_of_volumes_is_a_cohort_and_what_is_no_ct_is_told_of() {
    let data = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = data.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let head = volume([-1000, 0, 10, 20, 30, 40, -1000, 1, 2, 3, 4, 5]);
    write("images/1.nii", &head);
    write("images/2.nii", &head);
    write("masks/1.nii", &volume([0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 2]));
    write("images/cut.nii", &head[..head.len() - 1]);
    write("images/notes.nii.gz", b"no volume");
    let mut of_times = head.clone();
    of_times[40] = 4;
    of_times[48] = 2;
    write("images/perfusion.nii", &of_times);
    write("notes.txt", b"no slice");

    let run = testkit::run_context(&data.path().join("run"));
    let stage = DicomDir {
        path: data.path().to_owned(),
        max_quarantined: None,
        exclude: Kind::all(),
    };
    let mut outputs = stage
        .run(
            &Inputs::default(),
            &Context::new(&run, "load", "dicom-dir", "key"),
        )
        .unwrap();
    let cohort = outputs.take(output::COHORT).unwrap();
    let pixels = outputs.take(output::PIXELS).unwrap();
    let ids: Vec<&str> = cohort.slices.iter().map(|slice| slice.id.as_str()).collect();
    let expected =
        ["1", "2"].map(|number| [0, 1].map(|frame| format!("images__{number}.nii~frame000{frame}")));
    assert_eq!(ids, expected.concat());
    // A volume is a series, of a patient of its own.
    assert_eq!(cohort.patients(), 2);
    assert_eq!(cohort.slices[0].series, "images__1.nii");
    assert_eq!(cohort.slices[1].position_mm, Some(5.0));
    let quarantined = run.quarantined();
    let reasons: Vec<String> = quarantined
        .iter()
        .map(|one| format!("{}: {}", one.id, one.reason))
        .collect();
    let expected = [
        "masks__1.nii~frame0000: its values lie between 0 and 2, and air has −1000 HU",
        "masks__1.nii~frame0001: its values lie between 0 and 2, and air has −1000 HU",
        "images__cut.nii: it is cut short: its header announces 24 bytes of values, 23 are there",
        "images__notes.nii.gz: this is not a NIfTI file",
        "images__perfusion.nii: it holds 2 volumes, as of several times; one is read",
    ];
    assert_eq!(reasons.len(), expected.len(), "{reasons:#?}");
    for (reason, expected) in reasons.iter().zip(expected) {
        assert!(reason.starts_with(expected), "{reason}");
    }

    // The store keeps them as it keeps DICOM.
    let inputs = Inputs::default()
        .with(input::TRAIN, cohort.as_ref().clone())
        .with(input::PIXELS, pixels.as_ref().clone());
    let mut outputs = HuStore::default()
        .run(&inputs, &Context::new(&run, "store", "hu-store", "key"))
        .unwrap();
    let stored = outputs.take(output::PIXELS).unwrap();
    let image = stored.read(&cohort.slices[1]).unwrap();
    assert_eq!(
        (image.rows, image.columns, image.hu),
        (2, 3, vec![-1000, 1, 2, 3, 4, 5])
    );
}
