//! How fast slices are read: `cargo bench --bench reading -- DIR [--csv FILE]`, one pass over the DICOM files
//! below DIR, results as one JSON object. `benches/peers/reading.py` makes the files, runs this beside programs in
//! Python, and repeats both.
//!
//! Everything is measured through the stages a recipe would use: `dicom-dir`, `hu-resize` or `hu-store`, the
//! feed that training reads from, and `bsb` on the CPU.

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use ichflow_api::prelude::*;
use ichflow_api::tensors::feed::{Feed, batches_of};
use ichflow_api::testkit::run_context;
use ichflow_ct::dicom_dir::DicomDir;
use ichflow_ct::hu_resize::HuResize;
use ichflow_ct::hu_store::HuStore;
use ichflow_ct::kinds::Kind;
use ichflow_ct::rsna::LabelTable;
use ichflow_windowing::bsb::Bsb;
use rayon::prelude::*;

const SIZE: u32 = 256;
const BATCH: usize = 32;

type Outcome<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let Some(first) = arguments.next() else {
        // `cargo bench` without arguments builds and runs every bench; there is nothing to measure then.
        eprintln!("usage: cargo bench --bench reading -- DIR | --csv FILE");
        return Ok(());
    };
    let measured = match (first.as_str(), arguments.next()) {
        ("--csv", Some(path)) => labels(Path::new(&path))?,
        _ => reading(Path::new(&first))?,
    };
    let fields: Vec<String> = measured
        .iter()
        .map(|(name, value)| format!("\"{name}\": {value:.3}"))
        .collect();
    println!("{{{}}}", fields.join(", "));
    Ok(())
}

type Measured = Vec<(&'static str, f64)>;

/// Seconds and what came of it, of a labels CSV.
fn labels(path: &Path) -> Outcome<Measured> {
    let begun = Instant::now();
    let table = LabelTable::read(path)?;
    let seconds = begun.elapsed().as_secs_f64();
    Ok(vec![
        ("seconds", seconds),
        ("images", table.of_image.len() as f64),
        ("repeated_rows", table.repeated_rows as f64),
    ])
}

/// Slices a second, in several ways.
fn reading(directory: &Path) -> Outcome<Measured> {
    let scratch = std::env::temp_dir().join(format!("ichflow-reading-{}", std::process::id()));
    let measured = reading_in(directory, &scratch);
    let _ = std::fs::remove_dir_all(&scratch);
    measured
}

fn reading_in(directory: &Path, scratch: &Path) -> Outcome<Measured> {
    let run = run_context(scratch);
    let mut measured = Measured::new();

    let context = Context::new(&run, "load", "dicom-dir", "bench");
    let load = DicomDir {
        path: directory.to_owned(),
        max_quarantined: Some(0),
        exclude: Kind::all(),
    };
    let begun = Instant::now();
    let mut loaded = load.run(&Inputs::default(), &context)?;
    let cohort = loaded.take(output::COHORT).ok_or("no cohort")?;
    let pixels = (*loaded.take(output::PIXELS).ok_or("no pixels")?).clone();
    let rate = |begun: Instant| cohort.len() as f64 / begun.elapsed().as_secs_f64();
    measured.push(("headers", rate(begun)));

    let files: Vec<PathBuf> = cohort.slices.iter().map(|slice| slice.file.clone()).collect();
    let begun = Instant::now();
    plain_read(&files)?;
    measured.push(("plain_read", rate(begun)));

    let begun = Instant::now();
    cohort
        .slices
        .par_iter()
        .try_for_each(|slice| pixels.read(slice).map(drop))?;
    measured.push(("dicom_to_hu", rate(begun)));

    let context = Context::new(&run, "shrink", "hu-resize", "bench");
    let resize = HuResize {
        size: SIZE,
        crop: None,
    };
    let mut resized = resize.run(&Inputs::default().with(input::PIXELS, pixels.clone()), &context)?;
    let resized = (*resized.take(output::PIXELS).ok_or("no pixels")?).clone();
    let begun = Instant::now();
    consume(&resized, &cohort, |_| Ok(()))?;
    measured.push(("dicom_to_hu_batch", rate(begun)));
    let window = Window::new(Bsb {});
    let begun = Instant::now();
    consume(&resized, &cohort, |batch| windowed(&window, batch, &cohort))?;
    measured.push(("dicom_to_windowed_batch", rate(begun)));

    let context = Context::new(&run, "store", "hu-store", "bench");
    let store = HuStore {
        size: Some(SIZE),
        ..HuStore::default()
    };
    let inputs = Inputs::default()
        .with(input::TRAIN, (*cohort).clone())
        .with(input::PIXELS, pixels);
    let begun = Instant::now();
    let mut stored = store.run(&inputs, &context)?;
    measured.push(("dicom_to_store", rate(begun)));
    let stored = (*stored.take(output::PIXELS).ok_or("no pixels")?).clone();
    let begun = Instant::now();
    consume(&stored, &cohort, |_| Ok(()))?;
    // The first time each checksum is compared.
    measured.push(("store_to_hu_batch_first", rate(begun)));
    let begun = Instant::now();
    consume(&stored, &cohort, |_| Ok(()))?;
    measured.push(("store_to_hu_batch", rate(begun)));
    let begun = Instant::now();
    consume(&stored, &cohort, |batch| windowed(&window, batch, &cohort))?;
    measured.push(("store_to_windowed_batch", rate(begun)));
    Ok(measured)
}

/// The bytes of the files and nothing else, on all cores.
fn plain_read(files: &[PathBuf]) -> Outcome<()> {
    files
        .par_iter()
        .try_for_each_init(Vec::new, |bytes, file| {
            bytes.clear();
            File::open(file)?.read_to_end(bytes).map(drop)
        })
        .map_err(Into::into)
}

fn consume(
    pixels: &Pixels,
    cohort: &Arc<Cohort>,
    mut each: impl FnMut(ichflow_api::tensors::feed::HostBatch) -> Outcome<()>,
) -> Outcome<()> {
    let indices: Vec<usize> = (0..cohort.len()).collect();
    let feed = Feed::start(
        pixels.clone(),
        cohort.clone(),
        batches_of(&indices, BATCH),
        Vec::new(),
    );
    for batch in feed {
        each(batch?)?;
    }
    Ok(())
}

/// Floats `[batch, 3, 256, 256]` between 0 and 1.
fn windowed(window: &Window, batch: ichflow_api::tensors::feed::HostBatch, cohort: &Cohort) -> Outcome<()> {
    let batch = batch.upload(cohort, &Device::flex());
    let images = window.apply(&batch);
    std::hint::black_box(images.into_data());
    Ok(())
}
