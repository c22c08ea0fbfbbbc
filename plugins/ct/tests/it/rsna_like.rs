//! The loaders and the store on realistic data beside the repository; skipped where it is absent.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ichflow_api::context::{Quarantined, RunContext};
use ichflow_api::data::labels::rsna::LABELS;
use ichflow_api::digest::sha256;
use ichflow_api::prelude::*;
use ichflow_api::testkit;
use ichflow_ct::dicom_dir::DicomDir;
use ichflow_ct::hu_store::HuStore;
use ichflow_ct::kinds::Kind;
use ichflow_ct::rsna::Rsna;

/// The directory of realistic data, if it is there.
fn data() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/rsna_like");
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: {} is not there", path.display());
    None
}

fn loader(data: &Path) -> Rsna {
    Rsna {
        labels: data.join("stage_2_train.csv"),
        images: data.join("stage_2_train"),
        test_images: Some(data.join("stage_2_test")),
        test_labels: None,
        corrections: None,
        sample_submission: Some(data.join("stage_2_sample_submission.csv")),
        max_quarantined: None,
        exclude: Kind::all(),
    }
}

fn load(stage: &Rsna, run: &RunContext) -> Result<(Cohort, Cohort, Pixels)> {
    let mut outputs = stage.run(&Inputs::default(), &Context::new(run, "load", "rsna", "key"))?;
    let mut take = |port: Output<Cohort>| outputs.take(port).unwrap().as_ref().clone();
    let (train, test) = (take(output::TRAIN), take(output::TEST_COHORT));
    let pixels = outputs.take(output::PIXELS).unwrap().as_ref().clone();
    Ok((train, test, pixels))
}

fn ids(quarantined: &[Quarantined]) -> Vec<&str> {
    quarantined.iter().map(|slice| slice.id.as_str()).collect()
}

#[test]
fn every_stage_documents_itself() {
    assert_eq!(testkit::faults("ichflow-ct"), Vec::<String>::new());
}

#[test]
fn the_competition_is_loaded() {
    let Some(data) = data() else { return };
    let truth = std::fs::read_to_string(data.join("TRUTH.json")).unwrap();
    let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let (train, test, _) = load(&loader(&data), &run).unwrap();
    assert_eq!((train.len(), test.len()), (120, 40));
    assert_eq!(train.patients() + test.patients(), 16);
    assert_eq!(ids(&run.quarantined()), [truth["bad"].as_str().unwrap()]);
    let reason = &run.quarantined()[0].reason;
    assert!(reason.starts_with("its pixel data is cut short"), "{reason}");
    assert!(
        train.remarks[0].starts_with("2 images are listed twice"),
        "{:?}",
        train.remarks
    );

    // The same counts, by a plainer way: unique rows of the CSV that end in 1.
    let csv = std::fs::read_to_string(data.join("stage_2_train.csv")).unwrap();
    let rows: std::collections::BTreeSet<&str> = csv.lines().skip(1).collect();
    let bad = &ids(&run.quarantined())[0].to_owned();
    let count = |label: &str| {
        let ends = format!("_{label},1");
        rows.iter()
            .filter(|row| row.ends_with(&ends) && !row.starts_with(bad))
            .count()
    };
    assert_eq!(train.positives(), LABELS.map(count).to_vec());

    for pair in train
        .slices
        .windows(2)
        .filter(|pair| pair[0].series == pair[1].series)
    {
        assert!(pair[0].position_mm < pair[1].position_mm);
    }
    let again = testkit::run_context(directory.path());
    let (train_again, test_again, _) = load(&loader(&data), &again).unwrap();
    assert_eq!((train_again, test_again), (train, test));
    assert_eq!(again.quarantined(), run.quarantined());
}

#[test]
fn test_labels_reach_the_test_slices_alone() {
    let Some(data) = data() else { return };
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let (train, test, _) = load(&loader(&data), &run).unwrap();
    assert!(test.slices.iter().all(|slice| slice.labels.is_none()));
    let stage = Rsna {
        test_labels: Some(data.join("test_labels.csv")),
        ..loader(&data)
    };
    assert!(stage.check().is_empty());
    let (train_again, labelled, _) = load(&stage, &run).unwrap();
    assert_eq!(train_again, train);
    let csv = std::fs::read_to_string(data.join("test_labels.csv")).unwrap();
    let count = |label: &str| {
        csv.lines()
            .filter(|row| row.ends_with(&format!("_{label},1")))
            .count()
    };
    assert_eq!(labelled.positives(), LABELS.map(count).to_vec());
    assert!(labelled.positives()[0] > 0);

    // Labels of other images are no error, but they are said.
    let stage = Rsna {
        test_labels: Some(data.join("stage_2_train.csv")),
        ..loader(&data)
    };
    let (train, unlabelled, _) = load(&stage, &run).unwrap();
    assert!(unlabelled.slices.iter().all(|slice| slice.labels.is_none()));
    let said = |text: &str| train.remarks.iter().any(|remark| remark.contains(text));
    assert!(
        said("40 test images have no labels in `test_labels`"),
        "{:?}",
        train.remarks
    );
    assert!(
        said("images of `test_labels` have no file"),
        "{:?}",
        train.remarks
    );

    let stage = Rsna {
        test_images: None,
        ..stage
    };
    assert_eq!(stage.check().len(), 1);
}

#[test]
fn a_limit_on_quarantine_is_kept() {
    let Some(data) = data() else { return };
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let mut stage = loader(&data);
    stage.max_quarantined = Some(0);
    let error = load(&stage, &run).err().unwrap().to_string();
    assert!(
        error.starts_with("1 slice cannot be used, 0 are allowed"),
        "{error}"
    );
}

#[test]
fn hounsfield_units_are_those_of_pydicom() {
    let Some(data) = data() else { return };
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let (train, test, pixels) = load(&loader(&data), &run).unwrap();
    let inputs = Inputs::default()
        .with(input::TRAIN, train.clone())
        .with(optional::TEST_COHORT, test.clone())
        .with(input::PIXELS, pixels.clone());
    let context = Context::new(&run, "store", "hu-store", "key");
    let mut stored = HuStore::default().run(&inputs, &context).unwrap();
    let stored = stored.take(output::PIXELS).unwrap();

    let mut expected = BTreeMap::new();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rsna_like_hu.csv");
    for row in csv::Reader::from_path(fixture).unwrap().into_records() {
        let row = row.unwrap();
        expected.insert(data.join(&row[0]), row[1].to_owned());
    }
    for slice in train.slices.iter().chain(&test.slices) {
        for source in [&pixels, &*stored] {
            let image = source.read(slice).unwrap();
            let bytes: Vec<u8> = image.hu.iter().flat_map(|hu| hu.to_le_bytes()).collect();
            assert_eq!(
                sha256(&bytes),
                expected[&slice.file],
                "{} from {}",
                slice.id,
                source.describe()
            );
        }
    }
}

#[test]
fn any_directory_is_loaded() {
    let Some(data) = data() else { return };
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let context = Context::new(&run, "load", "dicom-dir", "key");
    let stage = DicomDir {
        path: data,
        max_quarantined: None,
        exclude: Kind::all(),
    };
    let mut outputs = stage.run(&Inputs::default(), &context).unwrap();
    let cohort = outputs.take(output::COHORT).unwrap();
    assert_eq!(cohort.len(), 160);
    let tilted = "80 slices of 8 series were taken with a tilted gantry; they are ordered along the normal of \
                  their plane (the series of stage_2_test__ID_a71b011d5.dcm: -12.0°)";
    let corrected = "30 files: its 12 unsigned bits hold wrapped values, air as 3096: the 12-bit unsigned overflow \
                     correction is applied";
    assert_eq!(
        cohort.remarks,
        ["4 files are not DICOM and were skipped", tilted, corrected]
    );
    assert_eq!(run.quarantined().len(), 1);
    assert!(cohort.index().contains_key("stage_2_test__ID_0414701b9.dcm"));
    assert!(cohort.slices.iter().all(|slice| slice.labels.is_none()));
}
