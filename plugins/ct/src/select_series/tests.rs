use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use ichflow_api::data::selection::{Selection, SeriesVerdict};
use ichflow_api::testkit;
use ichflow_dicom::write::{Attribute, Fixture, PrimitiveValue, Tag, VR, tags, uids};

use super::*;
use crate::dicom_dir::DicomDir;
use ichflow_api::prelude::*;

/// Side of the made-up images, in pixels, and their spacing, in mm.
const SIDE: usize = 64;
const SPACING: &str = "4\\4";
const AXIAL: &str = "1\\0\\0\\0\\1\\0";

/// HU of a head at a point in mm: scalp, skull, brain.
fn head(x: f64, y: f64) -> f64 {
    let radius = (x / 0.85).hypot(y);
    match radius {
        r if r < 78.0 => 32.0 + (x * 0.7 + y * 0.3).rem_euclid(5.0),
        r if r < 86.0 => 900.0,
        r if r < 92.0 => 20.0,
        _ => -1000.0,
    }
}

/// HU of a chest at a point in mm: two lungs, a heart, a spine, ribs here and there.
fn chest(x: f64, y: f64) -> f64 {
    let inside = |cx: f64, cy: f64, rx: f64, ry: f64| ((x - cx) / rx).hypot((y - cy) / ry) < 1.0;
    let angle = y.atan2(x);
    let is_rib =
        inside(0.0, 0.0, 112.0, 88.0) && !inside(0.0, 0.0, 104.0, 80.0) && (6.0 * angle).sin() > 0.55;
    match () {
        () if inside(0.0, 62.0, 14.0, 14.0) || is_rib => 500.0,
        () if inside(52.0, 0.0, 42.0, 66.0) || inside(-52.0, 0.0, 42.0, 66.0) => -850.0,
        () if inside(0.0, 0.0, 120.0, 96.0) => 40.0,
        () => -1000.0,
    }
}

/// One series to write.
struct Series {
    name: &'static str,
    image: fn(f64, f64) -> f64,
    orientation: &'static str,
    positions: Vec<f64>,
    thickness: &'static str,
    /// Elements beside; the instance number tells slices of one place apart.
    more: Vec<(Tag, VR, &'static str)>,
}

impl Series {
    fn new(name: &'static str, positions: Vec<f64>, thickness: &'static str) -> Self {
        Self {
            name,
            image: head,
            orientation: AXIAL,
            positions,
            thickness,
            more: vec![
                (tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
                (tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\AXIAL"),
                (tags::CONVOLUTION_KERNEL, VR::SH, "J40s\\3"),
                (tags::KVP, VR::DS, "120"),
            ],
        }
    }

    /// With elements that replace those of the same tag.
    fn with(mut self, more: &[(Tag, VR, &'static str)]) -> Self {
        self.more
            .retain(|(tag, ..)| more.iter().all(|(other, ..)| other != tag));
        self.more.extend(more);
        self
    }

    fn write(&self, directory: &Path, number: usize) {
        let words: Vec<u16> = (0..SIDE * SIDE)
            .map(|place| {
                let mm = |pixel: usize| 4.0 * (pixel as f64 + 0.5) - 2.0 * SIDE as f64;
                ((self.image)(mm(place % SIDE), mm(place / SIDE)) + 1024.0) as u16
            })
            .collect();
        for (index, z) in self.positions.iter().enumerate() {
            let fixture = Fixture {
                rows: SIDE as u16,
                columns: SIDE as u16,
                words: words.clone(),
                position: format!("-128\\-128\\{z}"),
                orientation: self.orientation.into(),
                ..Fixture::default()
            };
            let instance = (index + 1).to_string();
            let uid = format!("1.2.3.{number}.{instance}");
            let series = format!("1.2.3.{number:02}");
            let mut more = vec![
                (tags::SOP_INSTANCE_UID, VR::UI, uid.as_str()),
                (tags::SERIES_INSTANCE_UID, VR::UI, &series),
                (tags::INSTANCE_NUMBER, VR::IS, &instance),
                (tags::SLICE_THICKNESS, VR::DS, self.thickness),
                (tags::PIXEL_SPACING, VR::DS, SPACING),
                (tags::SERIES_DESCRIPTION, VR::LO, self.name),
            ];
            more.extend(&self.more);
            let text = |(tag, vr, text): &(Tag, VR, &str)| -> Attribute {
                (
                    *tag,
                    *vr,
                    PrimitiveValue::Strs(text.split('\\').map(str::to_owned).collect()),
                )
            };
            let bytes = fixture
                .bytes_with(more.iter().map(text).collect(), Vec::new())
                .unwrap();
            fs::write(directory.join(format!("{number:02}_{index:03}.dcm")), bytes).unwrap();
        }
    }
}

fn steps(count: usize, mm: f64) -> Vec<f64> {
    (0..count).map(|index| index as f64 * mm).collect()
}

/// The exam of one patient: what stands on a hospital's archive.
fn exam() -> Vec<Series> {
    let perfusion: Vec<f64> = (0..10).flat_map(|_| steps(8, 5.0)).collect();
    vec![
        Series::new("", steps(2, 100.0), "1").with(&[
            (tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\LOCALIZER"),
            (tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "0\\1\\0\\0\\0\\-1"),
        ]),
        Series::new("CT PLAIN THIN", steps(120, 1.25), "1.25"),
        Series::new("CT 5mm", steps(30, 5.0), "5"),
        Series::new("", steps(120, 1.25), "1.25").with(&[(tags::CONVOLUTION_KERNEL, VR::SH, "H70h")]),
        Series::new("Head", steps(30, 5.0), "5").with(&[(
            tags::CONTRAST_BOLUS_AGENT,
            VR::LO,
            "OMNIPAQUE 350",
        )]),
        Series::new("", steps(40, 3.0), "3").with(&[
            (tags::IMAGE_TYPE, VR::CS, "DERIVED\\SECONDARY\\MPR"),
            (tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\0\\-1"),
        ]),
        Series::new("", vec![0.0], "1").with(&[
            (tags::SOP_CLASS_UID, VR::UI, uids::SECONDARY_CAPTURE_IMAGE_STORAGE),
            (tags::IMAGE_TYPE, VR::CS, "DERIVED\\SECONDARY\\DOSE_INFO"),
        ]),
        Series::new("", perfusion, "5"),
        Series::new("AX T1", steps(30, 5.0), "5").with(&[
            (tags::MODALITY, VR::CS, "MR"),
            (tags::SOP_CLASS_UID, VR::UI, uids::MR_IMAGE_STORAGE),
        ]),
        Series {
            image: chest,
            ..Series::new("Head 5.0", steps(40, 5.0), "5")
        },
        Series::new("Head 5.0", steps(12, 5.0), "5"),
    ]
}

/// Writes an exam, loads and judges it.
fn judge(exam: &[Series], stage: &SelectSeries) -> (Result<(Cohort, Vec<SeriesVerdict>)>, usize, String) {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    fs::create_dir(&data).unwrap();
    for (number, series) in exam.iter().enumerate() {
        series.write(&data, number + 1);
    }
    let run = testkit::run_context(directory.path());
    let loader = DicomDir {
        path: data,
        max_quarantined: None,
        exclude: Vec::new(),
    };
    let context = Context::new(&run, "load", "dicom-dir", "key");
    let mut loaded = loader.run(&Inputs::default(), &context).unwrap();
    let inputs = Inputs::default()
        .with(input::COHORT, (*loaded.take(output::COHORT).unwrap()).clone())
        .with(input::PIXELS, (*loaded.take(output::PIXELS).unwrap()).clone());
    let context = Context::new(&run, "select", SelectSeries::NAME, "key");
    let judged = stage.run(&inputs, &context).map(|mut outputs| {
        let cohort: Arc<Cohort> = outputs.take(output::COHORT).unwrap();
        let selection: Arc<Selection> = outputs.take(output::SELECTION).unwrap();
        ((*cohort).clone(), selection.series.clone())
    });
    let table = fs::read_to_string(run.directory.join("series.csv")).unwrap();
    (judged, run.quarantined().len(), table)
}

fn told(verdicts: &[SeriesVerdict]) -> String {
    let mut text = String::new();
    for one in verdicts {
        let rule = if one.is_chosen() { "CHOSEN" } else { &one.rule };
        let _ = writeln!(text, "{} {rule}: {}", &one.series[6..], one.reason);
    }
    text
}

#[test]
fn of_eleven_series_the_right_one_is_chosen_and_ten_have_their_reason() {
    let (judged, quarantined, table) = judge(&exam(), &SelectSeries::default());
    let (cohort, verdicts) = judged.unwrap();
    insta::assert_snapshot!(told(&verdicts), @r"
    01 kind: it is a localizer (ImageType ORIGINAL\PRIMARY\LOCALIZER); it is a sagittal image (ImageOrientationPatient), not an axial one
    02 prefer: the series kept has thicker slices (5 mm, not 1.25)
    03 CHOSEN: it is a plain axial head CT
    04 kernel: its reconstruction is sharp (ConvolutionKernel H70h)
    05 contrast: contrast was given (ContrastBolusAgent OMNIPAQUE 350)
    06 kind: it is a coronal image (ImageOrientationPatient), not an axial one
    07 kind: it is a secondary capture (SOPClassUID 1.2.840.10008.5.1.4.1.1.7), a saved screen
    08 repeated: it shows its positions at 10 times, as perfusion and phases do
    09 kind: its Modality is MR, not CT; its SOPClassUID is 1.2.840.10008.5.1.4.1.1.4, no storage class of CT
    10 no_head: 0 of 6 middle slices show soft tissue closed by a skull: it is no head (within the outline 48 % air, 47 % soft tissue)
    11 coverage: it covers 60 mm, less than a head's 90
    ");
    assert_eq!(cohort.len(), 30);
    assert!(cohort.slices.iter().all(|slice| slice.series == "1.2.3.03"));
    // Every slice that was left out is listed with its reason, and every series.
    let all: usize = exam().iter().map(|series| series.positions.len()).sum();
    assert_eq!(quarantined, all - 30);
    assert_eq!(table.lines().count(), 12);
}

#[test]
fn thin_slices_sharp_kernels_and_contrast_are_chosen_where_they_are_asked_for() {
    let chosen = |stage: SelectSeries| -> Vec<String> {
        let (judged, ..) = judge(&exam(), &stage);
        let (_, verdicts) = judged.unwrap();
        let chosen = verdicts.into_iter().filter(SeriesVerdict::is_chosen);
        chosen.map(|one| one.series[6..].to_owned()).collect()
    };
    let thin = SelectSeries {
        prefer: Prefer::Thin,
        ..SelectSeries::default()
    };
    assert_eq!(chosen(thin), ["02"]);
    let sharp = SelectSeries {
        kernel: Kernel::Sharp,
        ..SelectSeries::default()
    };
    assert_eq!(chosen(sharp), ["04"]);
    let contrast = SelectSeries {
        contrast: Contrast::With,
        ..SelectSeries::default()
    };
    assert_eq!(chosen(contrast), ["05"]);
    let all = SelectSeries {
        prefer: Prefer::All,
        ..SelectSeries::default()
    };
    assert_eq!(chosen(all), ["02", "03"]);
}

#[test]
fn where_nothing_passes_the_run_stops_and_says_why() {
    let exam: Vec<Series> = exam().into_iter().skip(9).collect();
    let (judged, ..) = judge(&exam, &SelectSeries::default());
    let message = judged.unwrap_err().to_string();
    assert!(
        message.starts_with("no series of 2 is a plain axial head CT: 1 by the rule"),
        "{message}"
    );
}

#[test]
fn a_localizer_within_a_series_is_left_out_alone() {
    let directory = tempfile::tempdir().unwrap();
    let mut series = Series::new("Head", steps(30, 5.0), "5");
    series.write(directory.path(), 1);
    let pick = |names: &[&str]| -> Vec<Slice> {
        let of = |name: &&str| Slice {
            id: (*name).into(),
            ..first_slice(&directory.path().join(name)).unwrap()
        };
        names.iter().map(of).collect()
    };
    let names: Vec<String> = (0..30).map(|index| format!("01_{index:03}.dcm")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut slices = pick(&names);
    series = series.with(&[(tags::IMAGE_TYPE, VR::CS, "ORIGINAL\\PRIMARY\\LOCALIZER")]);
    series.positions = vec![77.0];
    series.write(directory.path(), 1);
    slices[0] = Slice {
        id: "scout".into(),
        ..pick(&names[..1]).remove(0)
    };
    let run = testkit::run_context(directory.path());
    let context = Context::new(&run, "select", SelectSeries::NAME, "key");
    let inputs = Inputs::default().with(input::COHORT, testkit::cohort(slices));
    let mut outputs = SelectSeries::default().run(&inputs, &context).unwrap();
    assert_eq!(outputs.take(output::COHORT).unwrap().len(), 29);
    assert_eq!(run.quarantined().len(), 1);
    assert_eq!(run.quarantined()[0].id, "scout");
}

/// The first slice of a file that can be read.
fn first_slice(path: &Path) -> Option<Slice> {
    let mut frames = crate::formats::format_of(path).read(path).ok()?;
    Some(frames.remove(0).slice)
}

/// The share of a directory's CT slices that show a head above its base, and how many there are.
fn heads(directory: &str) -> Option<(usize, usize)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/dicom_corpus")
        .join(directory);
    if !path.is_dir() {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    }
    let (mut heads, mut all) = (0, 0);
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        let Some(slice) = first_slice(&path) else { continue };
        if slice.scan.modality != "CT" {
            continue;
        }
        let Ok(image) = ichflow_dicom::read_frame(&path, 0) else {
            continue;
        };
        let image = HuImage {
            rows: image.rows,
            columns: image.columns,
            hu: image.hu,
        };
        let spacing = slice.header.spacing_mm;
        let look = super::fingerprint::Look::at(&image, spacing);
        all += 1;
        heads += usize::from(look.is_head(spacing.is_some()));
    }
    Some((heads, all))
}

#[test]
fn a_real_head_is_one_and_a_real_chest_is_none() {
    if let Some((heads, all)) = heads("head_ge_hispeed_tilt") {
        assert!(all == 28 && heads >= 16, "{heads} of {all}");
    }
    if let Some((heads, all)) = heads("ts_ct_ge_chest") {
        assert!(all > 5 && heads == 0, "{heads} of {all}");
    }
}
