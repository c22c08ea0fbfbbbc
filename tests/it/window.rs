//! `ichflow window`: what schemes make of slices, as a person sees it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{ichflow, stderr};
use tempfile::TempDir;

/// A few patients of a phantom, of every pixel encoding.
fn phantom() -> (TempDir, Vec<PathBuf>) {
    let directory = tempfile::tempdir().unwrap();
    let output = ichflow(
        directory.path(),
        &[
            "phantom",
            "data",
            "--patients=12",
            "--test-patients=1",
            "--slices=4",
            "--size=64",
            "--seed=3",
        ],
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let mut files: Vec<PathBuf> = fs::read_dir(directory.path().join("data/stage_2_train"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    (directory, files)
}

/// Shape and values of a file in NumPy's format.
fn npy(path: &Path) -> ([usize; 3], Vec<f32>) {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let length = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..10 + length]).unwrap();
    let shape = header.split(['(', ')']).nth(1).unwrap();
    let shape: Vec<usize> = shape.split(", ").map(|size| size.parse().unwrap()).collect();
    let values = bytes[10 + length..].chunks_exact(4);
    let values = values.map(|value| f32::from_le_bytes(value.try_into().unwrap()));
    (shape.try_into().unwrap(), values.collect())
}

const HU: &str = "ichflow = 1\n[window]\nuse = \"formula\"\nchannels = [\"hu\"]\n";

#[test]
fn channels_of_every_style_of_file_are_those_of_its_hounsfield_units() {
    let (directory, files) = phantom();
    fs::write(directory.path().join("hu.toml"), HU).unwrap();
    let (mut wrapped, mut padded, mut compared) = (0, 0, 0);
    for file in &files {
        let file = file.display().to_string();
        let output = ichflow(
            directory.path(),
            &[
                "window",
                "bsb",
                &file,
                "--scheme",
                "hu.toml",
                "--npy",
                "npy",
                "--out",
                "sheet.png",
            ],
        );
        if !output.status.success() {
            // One file is cut short on purpose.
            assert!(stderr(&output).contains("cut short"), "{}", stderr(&output));
            continue;
        }
        compared += 1;
        let name = Path::new(&file)
            .file_stem()
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let (shape, hu) = npy(&directory.path().join(format!("npy/{name}.hu.npy")));
        assert_eq!(shape, [1, 64, 64]);
        let (shape, bsb) = npy(&directory.path().join(format!("npy/{name}.bsb.npy")));
        assert_eq!(shape, [3, 64, 64]);
        for (channel, (low, width)) in [(0.0, 80.0), (-20.0, 200.0), (-150.0, 380.0)]
            .into_iter()
            .enumerate()
        {
            for (hu, got) in hu.iter().zip(&bsb[channel * 4096..]) {
                let expected = ((hu - low) / width).clamp(0.0, 1.0);
                assert!((got - expected).abs() < 1e-5, "{name}: {got} is not {expected}");
            }
        }
        let least = hu.iter().copied().fold(f32::MAX, f32::min);
        padded += usize::from(least == -3024.0);
        let text = ichflow(directory.path(), &["inspect", &file, "--json"]);
        let text = String::from_utf8(text.stdout).unwrap();
        if text.contains("\"intercept\":0.0") || text.contains("\"intercept\":0,") {
            // 12 bits, unsigned, intercept 0: air wraps around in the file and is −1000 HU here.
            wrapped += 1;
            assert!(
                least >= -1000.0 && hu.iter().all(|hu| *hu < 3096.0),
                "{name}: {least}"
            );
        }
    }
    assert!(compared >= 30, "{compared} files were compared");
    assert!(wrapped > 0 && padded > 0, "{wrapped} wrapped, {padded} padded");
    assert!(
        fs::read(directory.path().join("sheet.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
}

#[test]
fn a_recipe_shows_what_its_network_is_trained_on() {
    let (directory, _) = phantom();
    let recipe = "ichflow = 1\n[vars]\nwide = 200\n[load]\nuse = \"rsna\"\nlabels = \"absent.csv\"\n\
                  images = \"absent\"\n[slice]\nuse = \"linear\"\nwindows = [{ center = 40, width = 80 }]\n[window]\n\
                  use = \"neighbours\"\noffsets = [-1, 0, 1]\n";
    fs::write(directory.path().join("around.toml"), recipe).unwrap();
    let output = ichflow(
        directory.path(),
        &[
            "window",
            "around.toml",
            "data/stage_2_train",
            "--most=3",
            "--set=slice.windows=[\"subdural\", \"brain\"]",
            "--npy=npy",
        ],
    );
    // One file of the phantom is cut short.
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let files: Vec<_> = fs::read_dir(directory.path().join("npy")).unwrap().collect();
    assert_eq!(files.len(), 3);
    for file in files {
        assert_eq!(
            npy(&file.unwrap().path()).0,
            [6, 64, 64],
            "two windows of three slices"
        );
    }
    assert!(
        stderr(&output).contains("1 file of the directories cannot be used and is left out"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn what_a_scheme_finds_in_a_cohort_is_found_in_the_files() {
    let (directory, _) = phantom();
    let output = ichflow(
        directory.path(),
        &[
            "window",
            "frequency-histogram",
            "data/stage_2_train",
            "--out=sheet.png",
            "--most=2",
        ],
    );
    // One file of the phantom is cut short.
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("found in the cohort"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn mistakes_are_told_as_check_tells_them() {
    let (directory, files) = phantom();
    let file = files[0].display().to_string();
    let said = |arguments: &[&str]| {
        let output = ichflow(directory.path(), &[&["window"], arguments].concat());
        assert!(!output.status.success());
        stderr(&output)
    };
    let text = said(&["bbs", &file, "--out=a.png"]);
    assert!(
        text.contains("no stage `bbs`") && text.contains("did you mean `bsb`?"),
        "{text}"
    );
    let text = said(&["small-cnn", &file, "--out=a.png"]);
    assert!(text.contains("no windowing scheme"), "{text}");
    let text = said(&["formula", &file, "--out=a.png"]);
    assert!(
        text.contains("`formula` needs parameters") && text.contains("channels"),
        "{text}"
    );
    let text = said(&["neighbours", &file, "--out=a.png"]);
    assert!(text.contains("made of other schemes"), "{text}");
    let text = said(&["bsb", &file]);
    assert!(
        text.contains("nothing to write") && text.contains("--out"),
        "{text}"
    );
    let text = said(&["bsb", "absent.dcm", "--out=a.png"]);
    assert!(text.contains("absent.dcm"), "{text}");
    let text = said(&["bsb", "data/stage_2_train.csv", "--out=a.png"]);
    assert!(
        text.contains("not a DICOM file") && text.contains("ichflow inspect"),
        "{text}"
    );
    fs::write(
        directory.path().join("wrong.toml"),
        "ichflow = 1\n[window]\nuse = \"linear\"\nwindows = [{ center = 40, width = 0 }]\n",
    )
    .unwrap();
    let text = said(&["wrong.toml", &file, "--out=a.png"]);
    assert!(text.contains("wrong.toml:4") && text.contains('^'), "{text}");
}
