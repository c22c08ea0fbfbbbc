//! `ichflow eda`: the report of a directory. What it must never show, and what its explorer must.
//!
//! `cargo test --test it eda` leaves a report and the pixels its explorer must show in `target/tmp/explorer`;
//! `tests/browser/explorer.mjs` holds a real browser against them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{ichflow, stderr, stdout};
use ichflow_api::prelude::*;
use ichflow_api::registry::Registry;
use ichflow_api::testkit;
use ichflow_windowing as _;
use serde_json::{Value, json};

/// Runs `ichflow eda` in `directory`; gives the report's text.
fn eda(directory: &Path, arguments: &[&str]) -> String {
    let output = ichflow(directory, &[&["eda"], arguments].concat());
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}\n{}",
        stdout(&output),
        stderr(&output)
    );
    fs::read_to_string(directory.join("runs/eda/latest/report.html")).unwrap()
}

fn phantom(directory: &Path) -> PathBuf {
    let output = ichflow(
        directory,
        &[
            "phantom",
            "data",
            "--patients",
            "6",
            "--test-patients",
            "2",
            "--slices",
            "8",
            "--size",
            "64",
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    directory.join("data")
}

/// One element in explicit VR, little endian.
fn element(group: u16, number: u16, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    if value.len() % 2 == 1 {
        value.push(if vr == "UI" { 0 } else { b' ' });
    }
    let mut bytes = [group.to_le_bytes(), number.to_le_bytes()].concat();
    bytes.extend(vr.as_bytes());
    if vr == "OW" {
        bytes.extend([0, 0]);
        bytes.extend((value.len() as u32).to_le_bytes());
    } else {
        bytes.extend((value.len() as u16).to_le_bytes());
    }
    bytes.extend(value);
    bytes
}

/// A CT slice whose header names a person in every way it can.
fn telling(number: usize, photometric: &str) -> Vec<u8> {
    const NAME: &[u8] = b"<script>alert(1)</script>";
    let uid = format!("1.2.826.777.{number}");
    let pixels: Vec<u8> = (0..32 * 32_i16)
        .flat_map(|place| (1024 + place % 90 + number as i16).to_le_bytes())
        .collect();
    let position = format!("0\\0\\{}", 5 * number);
    let elements = [
        element(0x0008, 0x0016, "UI", b"1.2.840.10008.5.1.4.1.1.2"),
        element(0x0008, 0x0018, "UI", uid.as_bytes()),
        element(0x0008, 0x0020, "DA", b"19770707"),
        element(0x0008, 0x0050, "SH", b"SECRET-ACC"),
        element(0x0008, 0x0060, "CS", b"CT"),
        element(0x0008, 0x0080, "LO", b"SECRET hospital"),
        element(0x0008, 0x0081, "ST", b"SECRET street"),
        element(0x0008, 0x0090, "PN", b"SECRET^Referrer"),
        element(0x0008, 0x1010, "SH", b"SECRET-STATION"),
        element(0x0008, 0x1030, "LO", b"SECRET study"),
        element(0x0008, 0x103E, "LO", b"<img src=x onerror=alert(2)>"),
        element(0x0008, 0x1070, "PN", b"SECRET^Operator"),
        element(0x0010, 0x0010, "PN", NAME),
        element(0x0010, 0x0020, "LO", b"SECRET<b>ID</b>"),
        element(0x0010, 0x0030, "DA", b"19770708"),
        element(0x0010, 0x1000, "LO", b"SECRET-OTHER"),
        element(0x0010, 0x1040, "LO", b"SECRET address"),
        element(0x0010, 0x2154, "SH", b"SECRET-PHONE"),
        element(0x0010, 0x4000, "LT", b"SECRET comment"),
        element(0x0018, 0x0050, "DS", b"5"),
        element(0x0018, 0x1000, "LO", b"SECRET-SERIAL"),
        element(0x0020, 0x000D, "UI", b"1.2.826.888"),
        element(0x0020, 0x000E, "UI", b"1.2.826.999"),
        element(0x0020, 0x0010, "SH", b"SECRET-STUDY"),
        element(0x0020, 0x0032, "DS", position.as_bytes()),
        element(0x0020, 0x0037, "DS", b"1\\0\\0\\0\\1\\0"),
        element(0x0028, 0x0002, "US", &1_u16.to_le_bytes()),
        element(0x0028, 0x0004, "CS", photometric.as_bytes()),
        element(0x0028, 0x0010, "US", &32_u16.to_le_bytes()),
        element(0x0028, 0x0011, "US", &32_u16.to_le_bytes()),
        element(0x0028, 0x0030, "DS", b"0.5\\0.5"),
        element(0x0028, 0x0100, "US", &16_u16.to_le_bytes()),
        element(0x0028, 0x0101, "US", &16_u16.to_le_bytes()),
        element(0x0028, 0x0102, "US", &15_u16.to_le_bytes()),
        element(0x0028, 0x0103, "US", &1_u16.to_le_bytes()),
        element(0x0028, 0x1050, "DS", b"40"),
        element(0x0028, 0x1051, "DS", b"80"),
        element(0x0028, 0x1052, "DS", b"-1024"),
        element(0x0028, 0x1053, "DS", b"1"),
        element(0x7FE0, 0x0010, "OW", &pixels),
    ];
    let meta = [
        element(0x0002, 0x0002, "UI", b"1.2.840.10008.5.1.4.1.1.2"),
        element(0x0002, 0x0003, "UI", uid.as_bytes()),
        element(0x0002, 0x0010, "UI", b"1.2.840.10008.1.2.1"),
    ]
    .concat();
    let mut file = vec![0; 128];
    file.extend(b"DICM");
    file.extend(element(0x0002, 0x0000, "UL", &(meta.len() as u32).to_le_bytes()));
    file.extend(meta);
    file.extend(elements.concat());
    file
}

#[test]
fn nobody_is_named_and_markup_stays_out() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("SECRET_PATIENT");
    fs::create_dir(&data).unwrap();
    for number in 0..5 {
        fs::write(
            data.join(format!("SECRET_{number}.dcm")),
            telling(number, "MONOCHROME2"),
        )
        .unwrap();
    }
    fs::write(data.join("SECRET_bad.dcm"), telling(9, "<i>RGB</i>")).unwrap();
    let html = eda(directory.path(), &["SECRET_PATIENT"]);
    for telling in [
        "SECRET",
        "alert(",
        "<script>a",
        "onerror",
        "1977",
        "1.2.826",
        "<i>RGB",
        "&lt;script",
    ] {
        assert!(!html.contains(telling), "{telling} is in the report");
    }
    assert!(
        html.contains("1 slice could not be used"),
        "the bad file is excluded"
    );
    assert!(
        html.contains("PhotometricInterpretation"),
        "and its reason is given"
    );
    // Whoever may see the run's directory finds out there which slice is which.
    let names = fs::read_to_string(directory.path().join("runs/eda/latest/report_names.csv")).unwrap();
    assert!(names.contains("SECRET<b>ID</b>"), "{names}");
    // Only if it is asked for, identifiers appear, and markup in them is text.
    let html = eda(directory.path(), &["SECRET_PATIENT", "--identify"]);
    assert!(html.contains("SECRET&#60;b&#62;ID") || html.contains("SECRET&lt;b&gt;ID"));
    assert!(!html.contains("SECRET<b>ID") && !html.contains("alert("));
}

#[test]
fn counts_are_those_of_the_cohort() {
    let directory = tempfile::tempdir().unwrap();
    let data = phantom(directory.path());
    let labels = data.join("stage_2_train.csv");
    let images = data.join("stage_2_train");
    let html = eda(
        directory.path(),
        &[images.to_str().unwrap(), "--labels", labels.to_str().unwrap()],
    );
    let cohort = fs::read_to_string(directory.path().join("runs/eda/latest/cohort.csv")).unwrap();
    let positive = cohort
        .lines()
        .skip(1)
        .filter(|line| line.split(',').nth(10) == Some("1"))
        .count();
    let slices = cohort.lines().count() - 1;
    assert!(html.contains(&format!("<dt>slices</dt><dd class=\"value\">{slices}</dd>")));
    assert!(html.contains(&format!(
        "<dt>slices with hemorrhage</dt><dd class=\"value\">{positive}</dd>"
    )));
    assert!(html.len() < 15_000_000);
    for fetch in ["src=\"http", "href=\"http", "url(", "@import", "<link"] {
        assert!(!html.contains(fetch), "{fetch}");
    }
    explorer(&html);
}

/// Leaves the report and the pixels its explorer must show, computed by the window stages themselves.
fn explorer(html: &str) {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("explorer");
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("report.html"), html).unwrap();
    let data = html
        .split("id=\"explorer-data\">")
        .nth(1)
        .and_then(|rest| rest.split("</script>").next())
        .unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    let slices = data["slices"].as_array().unwrap();
    assert!(slices.len() > 1);
    let cases: [(&str, &[[f64; 2]]); 9] = [
        ("linear", &[[40.0, 80.0]]),
        ("linear", &[[80.0, 200.0]]),
        ("linear", &[[600.0, 2800.0]]),
        ("linear", &[[37.5, 63.0]]),
        ("linear", &[[40.0, 1.0]]),
        ("linear", &[[40.0, 80.0], [80.0, 200.0], [40.0, 380.0]]),
        ("sigmoid", &[[40.0, 80.0]]),
        ("sigmoid", &[[600.0, 2000.0]]),
        ("sigmoid", &[[40.0, 80.0], [80.0, 200.0], [600.0, 2000.0]]),
    ];
    let expected: Vec<Value> = cases
        .iter()
        .enumerate()
        .map(|(case, (kind, windows))| {
            let slice = case % slices.len();
            json!({
                "name": format!("{kind} {windows:?}, slice {slice}"),
                "slice": slice,
                "kind": kind,
                "windows": windows,
                "rgb": hex(&rgb(&slices[slice], kind, windows)),
            })
        })
        .collect();
    fs::write(
        place.join("expected.json"),
        serde_json::to_string(&expected).unwrap(),
    )
    .unwrap();
}

/// Red, green and blue of every pixel.
fn rgb(slice: &Value, kind: &str, windows: &[[f64; 2]]) -> Vec<u8> {
    let bytes = base64(slice["hu"].as_str().unwrap());
    let hu: Vec<i16> = bytes
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let side = |name: &str| slice[name].as_u64().unwrap() as usize;
    let (rows, columns) = (side("rows"), side("columns"));
    assert_eq!(hu.len(), rows * columns);
    let windows: Vec<toml::Value> = windows
        .iter()
        .map(|[center, width]| {
            let table = [
                ("center".to_owned(), (*center).into()),
                ("width".to_owned(), (*width).into()),
            ];
            toml::Value::Table(table.into_iter().collect())
        })
        .collect();
    let channels = windows.len();
    let mut params = toml::Table::new();
    params.insert("windows".into(), windows.into());
    if kind == "sigmoid" {
        params.insert("stretch".into(), false.into());
    }
    let registry = Registry::collect().unwrap();
    let stage = registry.find(kind).unwrap().build(params).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let run = testkit::run_context(directory.path());
    let context = Context::new(&run, "window", "window", "key");
    let window = stage
        .run(&Inputs::default(), &context)
        .unwrap()
        .take(output::WINDOW)
        .unwrap();
    let batch = HuBatch::upload(hu, rows, columns, vec![SliceTags::default()], &context.device());
    let planes: Vec<f32> = window
        .apply(&batch)
        .into_data()
        .convert::<f32>()
        .try_to_vec()
        .unwrap();
    let pixels = rows * columns;
    (0..pixels)
        .flat_map(|pixel| (0..3).map(move |channel| pixel + (channel % channels) * pixels))
        .map(|place| (255.0 * planes[place]).round() as u8)
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        let value = LETTERS.iter().position(|known| *known == letter).unwrap() as u32;
        bits = bits << 6 | value;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}
