use std::fs;
use std::path::{Path, PathBuf};

use ichflow_api::context::RunContext;
use ichflow_api::prelude::*;
use ichflow_api::testkit;

use super::*;

fn slices() -> Vec<Slice> {
    (0..5)
        .map(|i| testkit::slice(&format!("s{i}"), "p", None))
        .collect()
}

fn image(slice: &Slice) -> HuImage {
    let seed = i16::from(slice.id.as_bytes()[1]);
    HuImage {
        rows: 4,
        columns: 4,
        hu: (0..16).map(|i| seed * 100 - 3000 + i).collect(),
    }
}

fn run_in(directory: &Path) -> RunContext {
    testkit::run_context(directory)
}

/// Opens a store and appends what it lacks.
fn fill(directory: &Path, slices: &[Slice]) -> (Store, usize) {
    let run = run_in(directory);
    let context = Context::new(&run, "store", "hu-store", "key");
    let mut store = Store::open(&directory.join("store"), &context).unwrap();
    let missing: Vec<_> = slices
        .iter()
        .filter(|slice| store.state(slice) == State::Missing)
        .collect();
    let count = missing.len();
    for slice in missing {
        let prepared = Prepared::new(slice, Prepared::source(slice), Ok(image(slice)));
        store.append(vec![prepared]).unwrap();
    }
    (store, count)
}

fn files(directory: &Path) -> [PathBuf; 2] {
    ["hu.bin", "index.jsonl"].map(|name| directory.join("store").join(name))
}

fn contents(directory: &Path) -> [Vec<u8>; 2] {
    files(directory).map(|file| fs::read(file).unwrap())
}

#[test]
fn what_goes_in_comes_out() {
    let directory = tempfile::tempdir().unwrap();
    let (store, count) = fill(directory.path(), &slices());
    assert_eq!(count, 5);
    let pixels = store.into_pixels().unwrap();
    for slice in slices() {
        assert_eq!(pixels.read(&slice).unwrap(), image(&slice));
    }
    let stranger = testkit::slice("stranger", "p", None);
    assert!(
        pixels
            .read(&stranger)
            .unwrap_err()
            .to_string()
            .contains("not in the HU store")
    );
}

#[test]
fn an_interrupted_store_ends_like_an_uninterrupted_one() {
    let whole = tempfile::tempdir().unwrap();
    drop(fill(whole.path(), &slices()));
    let [values, index] = contents(whole.path());
    // Killed after any number of bytes of either file, in the order in which they are written.
    for cut in 1..40 {
        let resumed = tempfile::tempdir().unwrap();
        drop(fill(resumed.path(), &slices()));
        let [values_file, index_file] = files(resumed.path());
        fs::write(&index_file, &index[..index.len() - cut * index.len() / 40]).unwrap();
        if cut % 2 == 0 {
            fs::write(&values_file, &values[..values.len() - cut * 2]).unwrap();
        }
        let (store, count) = fill(resumed.path(), &slices());
        assert!(count > 0);
        drop(store);
        assert_eq!(
            contents(resumed.path()),
            [values.clone(), index.clone()],
            "cut {cut}"
        );
    }
}

#[test]
fn a_damaged_slice_is_found_and_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = fill(directory.path(), &slices());
    store.seal().unwrap();
    drop(store);
    let [values_file, _] = files(directory.path());
    let mut values = fs::read(&values_file).unwrap();
    values[40] ^= 1;
    fs::remove_file(&values_file).unwrap();
    fs::write(&values_file, &values).unwrap();
    let (store, count) = fill(directory.path(), &slices());
    assert_eq!(count, 1, "the second slice, which holds byte 40");
    let pixels = store.into_pixels().unwrap();
    for slice in slices() {
        assert_eq!(pixels.read(&slice).unwrap(), image(&slice));
    }
}

#[test]
fn damage_behind_an_open_store_is_an_error_not_a_wrong_picture() {
    let directory = tempfile::tempdir().unwrap();
    let pixels = fill(directory.path(), &slices()).0.into_pixels().unwrap();
    let [values_file, _] = files(directory.path());
    let mut values = fs::read(&values_file).unwrap();
    values[1] ^= 1;
    fs::write(&values_file, &values).unwrap();
    let error = pixels.read(&slices()[0]).unwrap_err().to_string();
    assert!(error.contains("damaged after it was stored"), "{error}");
}

#[test]
fn a_changed_file_is_missing_again_and_a_failure_is_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("slice.dcm");
    fs::write(&file, "one").unwrap();
    let slice = Slice {
        file: file.clone(),
        ..testkit::slice("s0", "p", None)
    };
    let run = run_in(directory.path());
    let context = Context::new(&run, "store", "hu-store", "key");
    let open = || Store::open(&directory.path().join("store"), &context).unwrap();
    let mut store = open();
    let failed = Prepared::new(&slice, Prepared::source(&slice), Err("no pixels".into()));
    store.append(vec![failed]).unwrap();
    drop(store);
    let mut store = open();
    assert_eq!(store.state(&slice), State::Failed("no pixels".into()));
    fs::write(&file, "another").unwrap();
    assert_eq!(store.state(&slice), State::Missing);
    let stored = Prepared::new(&slice, Prepared::source(&slice), Ok(image(&slice)));
    store.append(vec![stored]).unwrap();
    drop(store);
    assert_eq!(open().state(&slice), State::Stored);
}

#[test]
fn a_second_writer_waits_and_can_be_interrupted() {
    static STOP: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(true);
    let directory = tempfile::tempdir().unwrap();
    let (_store, _) = fill(directory.path(), &slices());
    let mut run = run_in(directory.path());
    run.stop = &STOP;
    let context = Context::new(&run, "store", "hu-store", "key");
    let second = Store::open(&directory.path().join("store"), &context);
    assert!(matches!(second, Err(Error::Interrupted)));
}

#[test]
fn verifying_names_what_is_damaged_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    drop(fill(directory.path(), &slices()));
    let store = directory.path().join("store");
    let whole = verify(&store).unwrap();
    assert!(whole.is_right());
    assert_eq!((whole.slices, whole.bytes, whole.excess_bytes), (5, 5 * 32, 0));

    let [values_file, index_file] = files(directory.path());
    let mut values = fs::read(&values_file).unwrap();
    values[40] ^= 1;
    values.truncate(5 * 32 - 2);
    fs::write(&values_file, &values).unwrap();
    let mut index = fs::read(&index_file).unwrap();
    index.extend(b"{\"id\":");
    fs::write(&index_file, &index).unwrap();
    let report = verify(&store).unwrap();
    let damaged: Vec<_> = report
        .damaged
        .iter()
        .map(|d| (d.id.as_str(), d.problem))
        .collect();
    let expected = [
        ("s1", "its values are not what was stored"),
        ("s4", "its values are cut off"),
    ];
    assert_eq!(damaged, expected);
    assert_eq!(report.broken_lines, 1);
    assert_eq!(contents(directory.path()), [values, index]);

    // Opening the store repairs it, and then it is what it was.
    drop(fill(directory.path(), &slices()));
    let repaired = verify(&store).unwrap();
    assert!(repaired.is_right());
    assert_eq!(repaired.bytes, whole.bytes);
}
