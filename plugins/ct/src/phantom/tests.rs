use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use ichflow_api::context::{Observer, Silent};
use ichflow_api::testkit;

use super::*;

const SMALL: Phantom = Phantom {
    patients: 10,
    slices: 10,
    test_patients: 3,
    size: 96,
    positive: 0.6,
};

fn make(seed: u64, threads: usize) -> BTreeMap<String, Vec<u8>> {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let directory = tempfile::tempdir().unwrap();
    let progress = Silent.progress("", "", 0, "");
    let extent = Extent {
        patients: 3,
        slices: 4,
        ..SMALL.extent()
    };
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .unwrap();
    pool.install(|| write(directory.path(), &extent, seed, true, &NEVER, &*progress))
        .unwrap();
    walkdir::WalkDir::new(directory.path())
        .into_iter()
        .map(std::result::Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let name = entry.path().strip_prefix(directory.path()).unwrap();
            (name.display().to_string(), fs::read(entry.path()).unwrap())
        })
        .collect()
}

fn load(directory: &Path) -> (Cohort, Cohort, SampleSubmission, Pixels, usize) {
    let run = testkit::run_context(directory);
    let context = Context::new(&run, "load", "phantom", "key");
    let mut outputs = SMALL.run(&Inputs::default(), &context).unwrap();
    let train = outputs.take(output::TRAIN).unwrap();
    let test = outputs.take(output::TEST_COHORT).unwrap();
    let sample = outputs.take(output::SAMPLE).unwrap();
    let pixels = outputs.take(output::PIXELS).unwrap();
    let quarantined = run.quarantined().len();
    (
        (*train).clone(),
        (*test).clone(),
        (*sample).clone(),
        (*pixels).clone(),
        quarantined,
    )
}

#[test]
fn a_seed_makes_the_same_files_on_any_number_of_threads() {
    let one = make(7, 1);
    assert_eq!(one, make(7, 4));
    assert_ne!(
        one.keys().collect::<Vec<_>>(),
        make(8, 4).keys().collect::<Vec<_>>()
    );
}

#[test]
fn it_loads_like_the_competition() {
    let directory = tempfile::tempdir().unwrap();
    let (train, test, sample, pixels, quarantined) = load(directory.path());
    assert_eq!(quarantined, 1);
    assert_eq!((train.len(), test.len(), sample.rows.len()), (99, 30, 180));
    assert_eq!((train.patients(), test.patients()), (10, 3));
    assert!(
        train.remarks[0].starts_with("2 images are listed twice"),
        "{:?}",
        train.remarks
    );
    let positives = train.positives();
    assert!(positives.iter().all(|count| *count > 0), "{positives:?}");
    assert!((15..60).contains(&positives[0]), "{positives:?}");
    assert!(test.positives()[0] > 0, "{:?}", test.positives());
    // Air is air in all three pixel encodings.
    for slice in train.slices.iter().chain(&test.slices) {
        let image = pixels.read(slice).unwrap();
        let air = image.hu[48 * 96 + 2];
        assert!((-1030..=-960).contains(&air), "{air} HU in {:?}", slice.encoding);
        let corner = image.hu[0];
        assert_eq!(
            corner,
            if slice.encoding.signed {
                -3024
            } else if slice.encoding.rescale_intercept == 0.0 {
                -1000
            } else {
                -1024
            }
        );
    }
    // The second run finds everything as it was.
    let again = load(directory.path());
    assert_eq!(
        (train, test, sample, quarantined),
        (again.0, again.1, again.2, again.4)
    );
}

#[test]
fn bleeds_are_brighter_than_brain_and_where_the_truth_says() {
    let directory = tempfile::tempdir().unwrap();
    let (train, test, _, pixels, _) = load(directory.path());
    let path = truth_path(&directory.path().join("cache/phantom/key/phantom"));
    let truth: Truth = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let by_id: BTreeMap<_, _> = truth
        .slices
        .iter()
        .map(|slice| (slice.id.as_str(), slice))
        .collect();
    let mut seen = [0; 6];
    for slice in train.slices.iter().chain(&test.slices) {
        let truth = by_id[slice.id.as_str()];
        assert_eq!(slice.labels, Some(truth.labels.into()));
        assert_eq!(slice.patient, truth.patient);
        let image = pixels.read(slice).unwrap();
        for bleed in &truth.bleeds {
            let [top, left, bottom, right] = bleed.bounds;
            let bright = (top..=bottom)
                .flat_map(|row| (left..=right).map(move |column| row * 96 + column))
                .filter(|index| (46..95).contains(&image.hu[*index]))
                .count();
            assert!(bright * 2 >= bleed.pixels, "{bright} bright pixels of {bleed:?}");
            seen[bleed.label] += 1;
        }
    }
    assert!(seen[1..].iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn masks_show_as_many_pixels_of_each_bleed_as_the_truth_counts() {
    let files = make(3, 2);
    let truth: Truth = serde_json::from_slice(&files["TRUTH.json"]).unwrap();
    let mut bleeds = 0;
    for slice in &truth.slices {
        let png = files[&format!("masks/{}.png", slice.id)].as_slice();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut mask = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut mask).unwrap();
        for bleed in &slice.bleeds {
            let pixels = mask.iter().filter(|bits| **bits >> bleed.label & 1 == 1).count();
            assert_eq!(pixels, bleed.pixels, "{} {bleed:?}", slice.id);
            bleeds += 1;
        }
    }
    assert!(bleeds > 0);
}
