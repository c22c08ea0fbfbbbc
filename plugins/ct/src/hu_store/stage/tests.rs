use std::fs;
use std::path::Path;
use std::sync::Arc;

use ichflow_api::testkit::{self, MadePixels};

use super::*;

type Made = MadePixels<fn(&Slice) -> Option<HuImage>>;

/// Lets a test keep the read log of a source that a stage also holds.
struct Shared(Arc<Made>);

impl PixelSource for Shared {
    fn read(&self, slice: &Slice) -> Result<HuImage> {
        self.0.read(slice)
    }
    fn describe(&self) -> String {
        self.0.describe()
    }
}

fn make(slice: &Slice) -> Option<HuImage> {
    (slice.id != "bad").then(|| HuImage {
        rows: 4,
        columns: 4,
        hu: vec![i16::from(slice.id.as_bytes()[0]); 16],
    })
}

fn cohort(directory: &Path, ids: &[&str]) -> Cohort {
    let slice = |id: &&str| {
        let file = directory.join(id);
        if !file.exists() {
            fs::write(&file, id).unwrap();
        }
        Slice {
            file,
            ..testkit::slice(id, "p", None)
        }
    };
    testkit::cohort(ids.iter().map(slice).collect())
}

/// Runs the stage; returns its outputs, the ids read and the ids excluded.
fn run(stage: &HuStore, directory: &Path, ids: &[&str]) -> Result<(Outputs, Vec<String>, Vec<String>)> {
    let run = testkit::run_context(directory);
    let context = Context::new(&run, "store", "hu-store", "key");
    let made = Arc::new(MadePixels::new(make as fn(&Slice) -> Option<HuImage>));
    let inputs = Inputs::new_with(cohort(directory, ids), Pixels::new(Shared(made.clone())));
    let outputs = stage.run(&inputs, &context)?;
    let mut reads = made.reads.lock().unwrap().clone();
    reads.sort();
    let quarantined = run.quarantined().into_iter().map(|slice| slice.id).collect();
    Ok((outputs, reads, quarantined))
}

trait NewWith {
    fn new_with(train: Cohort, pixels: Pixels) -> Inputs;
}

impl NewWith for Inputs {
    fn new_with(train: Cohort, pixels: Pixels) -> Inputs {
        Inputs::default()
            .with(input::TRAIN, train)
            .with(input::PIXELS, pixels)
    }
}

#[test]
fn the_second_run_decodes_nothing_and_sets_the_same_slices_aside() {
    let directory = tempfile::tempdir().unwrap();
    let stage = HuStore::default();
    let ids = ["a", "bad", "c"];
    let (mut outputs, reads, quarantined) = run(&stage, directory.path(), &ids).unwrap();
    assert_eq!(reads, ["a", "bad", "c"]);
    assert_eq!(quarantined, ["bad"]);
    let train = outputs.take(output::TRAIN).unwrap();
    assert_eq!(
        train
            .slices
            .iter()
            .map(|slice| slice.id.as_str())
            .collect::<Vec<_>>(),
        ["a", "c"]
    );
    let pixels = outputs.take(output::PIXELS).unwrap();
    assert_eq!(pixels.read(&train.slices[1]).unwrap().hu, [99; 16]);
    drop((outputs, pixels));

    let (_, reads, quarantined) = run(&stage, directory.path(), &ids).unwrap();
    assert_eq!(reads, Vec::<String>::new());
    assert_eq!(quarantined, ["bad"]);

    fs::write(directory.path().join("c"), "changed").unwrap();
    let (_, reads, _) = run(&stage, directory.path(), &["a", "bad", "c", "d"]).unwrap();
    assert_eq!(reads, ["c", "d"]);
}

#[test]
fn slices_are_brought_to_size() {
    let directory = tempfile::tempdir().unwrap();
    let stage = HuStore {
        size: Some(8),
        ..HuStore::default()
    };
    let (mut outputs, _, _) = run(&stage, directory.path(), &["a"]).unwrap();
    let train = outputs.take(output::TRAIN).unwrap();
    let image = outputs
        .take(output::PIXELS)
        .unwrap()
        .read(&train.slices[0])
        .unwrap();
    assert_eq!((image.rows, image.columns), (8, 8));
    assert_eq!(image.hu, [97; 64]);
}

#[test]
fn too_many_unreadable_slices_are_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let stage = HuStore {
        max_quarantined: Some(0),
        ..HuStore::default()
    };
    let error = run(&stage, directory.path(), &["a", "bad"]).err().unwrap();
    assert_eq!(
        error.to_string(),
        "1 slice cannot be used, 0 are allowed; the first is bad: made to be unreadable"
    );
}

#[test]
fn slices_of_one_name_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let context = Context::new(&run, "store", "hu-store", "key");
    let made = MadePixels::new(make as fn(&Slice) -> Option<HuImage>);
    let inputs = Inputs::new_with(cohort(directory.path(), &["a"]), Pixels::new(made))
        .with(optional::TEST_COHORT, cohort(directory.path(), &["a"]));
    let error = HuStore::default().run(&inputs, &context).err().unwrap();
    assert!(
        error.to_string().starts_with("two slices are called a"),
        "{error}"
    );
}

#[test]
fn cohorts_of_loaders_without_a_test_set_are_taken() {
    let ports = HuStore::ports();
    assert_eq!(ports.inputs[0].need, ichflow_api::ports::Need::Required);
    assert_eq!(ports.outputs[1].only_with, Some("test"));
}
