use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use ichflow_api::context::{Observer, Silent};
use ichflow_api::data::likeness::Likeness;
use ichflow_api::testkit;

use super::*;

const SMALL: Phantom = Phantom {
    patients: 10,
    slices: 10,
    test_patients: 3,
    size: 96,
    positive: 0.6,
    masks: false,
    faint: 0.0,
    mimics: 0.0,
    hospital: None,
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

/// What becomes of an image that is copied by way of other formats, each with its name.
fn copies(image: &HuImage) -> [(&'static str, HuImage); 4] {
    let with = |change: &dyn Fn(usize, i16) -> i16| HuImage {
        hu: image
            .hu
            .iter()
            .enumerate()
            .map(|(place, hu)| change(place, *hu))
            .collect(),
        ..image.clone()
    };
    let half = (0..image.rows / 2).flat_map(|row| {
        (0..image.columns / 2).map(move |column| {
            let at = |down: usize, right: usize| {
                i32::from(image.hu[(2 * row + down) * image.columns + 2 * column + right])
            };
            ((at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4) as i16
        })
    });
    [
        ("shifted by 6 HU", with(&|_, hu| hu + 6)),
        ("rounded to 4 HU", with(&|_, hu| (hu + 2).div_euclid(4) * 4)),
        ("noisier", with(&|place, hu| hu + (place * 7919 % 7) as i16 - 3)),
        (
            "half as large",
            HuImage {
                rows: image.rows / 2,
                columns: image.columns / 2,
                hu: half.collect(),
            },
        ),
    ]
}

#[test]
fn copies_look_the_same_and_other_patients_do_not() {
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let context = Context::new(&run, "load", "phantom", "key");
    let phantom = Phantom {
        size: 256,
        slices: 8,
        ..SMALL
    };
    let mut outputs = phantom.run(&Inputs::default(), &context).unwrap();
    let (train, pixels) = (
        outputs.take(output::TRAIN).unwrap(),
        outputs.take(output::PIXELS).unwrap(),
    );
    let all: Vec<(&Slice, HuImage, Likeness)> = train
        .slices
        .iter()
        .filter_map(|slice| {
            let image = pixels.read(slice).ok()?;
            let likeness = Likeness::of(&image)?;
            Some((slice, image, likeness))
        })
        .collect();
    assert!(all.len() > 50, "{}", all.len());
    // A series is found by a quarter of its slices, and a slice by up to 22 bits.
    let mut distances: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (_, image, likeness) in &all {
        for (name, copy) in copies(image) {
            let distance = Likeness::of(&copy).map_or(u32::MAX, |copy| copy.distance(likeness));
            distances.entry(name).or_default().push(distance);
        }
    }
    for (name, mut distances) in distances {
        distances.sort_unstable();
        println!(
            "{name}: median {}, largest {}",
            distances[distances.len() / 2],
            distances[distances.len() - 1]
        );
        let most = distances[distances.len() * 3 / 4];
        assert!(
            most <= 22,
            "{name}: {most} bits or more in a quarter of the slices"
        );
    }
    let mut nearest = u32::MAX;
    for (slice, _, likeness) in &all {
        for (other, _, of_other) in &all {
            if slice.patient != other.patient {
                nearest = nearest.min(likeness.distance(of_other));
            }
        }
    }
    println!("another patient: {nearest} at least");
    assert!(nearest > 30, "{nearest} bits");
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

#[test]
fn masks_are_the_bleeds_that_the_truth_tells_of() {
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let context = Context::new(&run, "load", "phantom", "key");
    let stage = Phantom { masks: true, ..SMALL };
    let mut outputs = stage.run(&Inputs::default(), &context).unwrap();
    let annotations = outputs.take(output::ANNOTATIONS).unwrap();
    let text = fs::read(truth_path(&context.cache().unwrap().join("phantom"))).unwrap();
    let truth: Truth = serde_json::from_slice(&text).unwrap();
    let bleeds = truth.slices.iter().map(|slice| slice.bleeds.len()).sum::<usize>();
    assert!(bleeds > 0);
    assert_eq!(annotations.len(), bleeds);
    for slice in &truth.slices {
        for bleed in &slice.bleeds {
            let label = &truth.label_names[bleed.label];
            let inside = annotations
                .inside(&slice.id, 96, 96, |region| region == label)
                .unwrap();
            assert_eq!(
                inside.iter().filter(|inside| **inside).count(),
                bleed.pixels,
                "{} {label}",
                slice.id
            );
            let [top, left, bottom, right] = bleed.bounds;
            let rows = inside.iter().enumerate().filter(|(_, inside)| **inside);
            assert!(
                rows.map(|(at, _)| (at / 96, at % 96)).all(|(row, column)| {
                    (top..=bottom).contains(&row) && (left..=right).contains(&column)
                })
            );
        }
    }
    let mut without = SMALL.run(&Inputs::default(), &context).unwrap();
    assert!(without.take(output::ANNOTATIONS).is_none());
}

/// The images of a phantom of three patients with what was asked for, by slice, and its truth.
fn drawn(extent: &Extent) -> (Truth, BTreeMap<String, Vec<u8>>) {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let directory = tempfile::tempdir().unwrap();
    let progress = Silent.progress("", "", 0, "");
    let truth = write(directory.path(), extent, 5, false, &NEVER, &*progress).unwrap();
    let read = |name: &str| fs::read(directory.path().join("stage_2_train").join(format!("{name}.dcm"))).ok();
    let files = truth
        .slices
        .iter()
        .filter_map(|slice| Some((slice.id.clone(), read(&slice.id)?)));
    let files = files.collect();
    (truth, files)
}

#[test]
fn mimics_change_single_slices_and_no_truth() {
    let plain = Extent {
        patients: 4,
        slices: 12,
        ..SMALL.extent()
    };
    let (truth, files) = drawn(&plain);
    let (same, with_mimics) = drawn(&Extent { mimics: 2.0, ..plain });
    assert_eq!(same.slices.len(), truth.slices.len());
    for (a, b) in truth.slices.iter().zip(&same.slices) {
        assert_eq!((&a.id, &a.labels, &a.z_mm), (&b.id, &b.labels, &b.z_mm));
    }
    let changed = files
        .iter()
        .filter(|(id, bytes)| with_mimics[*id] != **bytes)
        .count();
    assert!((4..=8).contains(&changed), "{changed} of {} slices", files.len());
}

#[test]
fn faint_bleeds_are_where_they_were_and_less_bright() {
    let plain = Extent {
        patients: 5,
        slices: 12,
        positive: 1.0,
        ..SMALL.extent()
    };
    let brightness = |extent: &Extent| {
        let (truth, files) = drawn(extent);
        let (mut sum, mut count) = (0.0, 0.0);
        for slice in truth.slices.iter().filter(|slice| files.contains_key(&slice.id)) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("slice.dcm");
            fs::write(&path, &files[&slice.id]).unwrap();
            let Ok(image) = ichflow_dicom::read_frame(&path, 0) else {
                continue;
            };
            for bleed in slice.bleeds.iter().filter(|bleed| bleed.label == 2) {
                let [row, column] = bleed.center.map(|place| place.round() as usize);
                sum += f64::from(image.hu[row * 96 + column]);
                count += 1.0;
            }
        }
        assert!(count > 1.0);
        sum / count
    };
    let (bright, faint) = (brightness(&plain), brightness(&Extent { faint: 1.0, ..plain }));
    assert!(bright > faint + 12.0 && faint > 36.0, "{bright} and {faint} HU");
}

#[test]
fn hospitals_differ_in_images_and_headers() {
    let mut noises = Vec::new();
    for hospital in Hospital::ALL {
        let extent = Extent {
            patients: 2,
            slices: 6,
            hospital: Some(hospital),
            ..SMALL.extent()
        };
        let (_, files) = drawn(&extent);
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slice.dcm");
        let mut noise = Vec::new();
        for bytes in files.values() {
            fs::write(&path, bytes).unwrap();
            let (Ok(image), Ok(headers)) = (
                ichflow_dicom::read_frame(&path, 0),
                ichflow_dicom::read_headers(&path),
            ) else {
                continue;
            };
            let taken = &headers[0].acquisition;
            assert_eq!(taken.kernel, hospital.scanner().kernel);
            assert!(taken.kvp.is_some() && taken.age_years.is_some_and(|age| (20.0..=94.0).contains(&age)));
            assert!(headers[0].geometry.thickness_mm.is_some());
            let brain = |hu: &i16| (20..50).contains(hu);
            let pairs = image.hu.windows(2).filter(|pair| pair.iter().all(brain));
            noise.extend(pairs.map(|pair| f64::from(pair[0].abs_diff(pair[1]))));
        }
        noises.push(noise.iter().sum::<f64>() / noise.len() as f64);
    }
    let [a, b, c] = noises[..] else {
        panic!("{noises:?}")
    };
    assert!(b > 1.2 * a && a > 1.05 * c, "{noises:?}");
}
