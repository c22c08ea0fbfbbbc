//! A directory as archives and CDs hold it: no entry of it ends anything, and every command says the same of each.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::common::{ichflow, stderr, stdout};
use tempfile::TempDir;

/// What stands beside good slices, and why it cannot be used: by its name as tables write it.
const LOST: [(&str, &str); 5] = [
    ("empty.dcm", "it is empty"),
    ("dangling.dcm", "it is a link that leads nowhere"),
    (
        "self.dcm",
        "it is a link that leads to itself, or cannot be followed",
    ),
    (
        "pointer.dcm",
        "it is a git-lfs pointer in place of the file: `git lfs pull` brings the file",
    ),
    ("text.dcm", "this is not a DICOM file"),
];

/// Names that some program or other cannot write down.
fn odd_names() -> Vec<(OsString, &'static str)> {
    [
        (&b"latin-1 \xe9.dcm"[..], "latin-1 \\xe9.dcm"),
        (b"two\nlines.dcm", "two\\x0alines.dcm"),
        (b"comma, \"quote\".dcm", "comma, \"quote\".dcm"),
        ("U\u{308}bung.dcm".as_bytes(), "U\u{308}bung.dcm"),
        ("\u{dc}bung.dcm".as_bytes(), "\u{dc}bung.dcm"),
        (b"=1+1.dcm", "=1+1.dcm"),
    ]
    .map(|(bytes, text)| (OsString::from_vec(bytes.to_vec()), text))
    .into()
}

/// `archive/` with good slices and all that lies beside them, and the number of good slices.
fn archive() -> (TempDir, usize) {
    let directory = tempfile::tempdir().unwrap();
    let arguments = [
        "phantom",
        "data",
        "--patients=2",
        "--test-patients=1",
        "--slices=8",
        "--size=64",
    ];
    let made = ichflow(directory.path(), &arguments);
    assert!(made.status.success(), "{}", stderr(&made));
    let good = good_slices(&directory.path().join("data/stage_2_train"));
    let place = directory.path().join("archive");
    let inner = place.join("inner");
    fs::create_dir_all(&inner).unwrap();
    fs::copy(&good[0], inner.join("PT000000")).unwrap();
    let names = odd_names();
    for ((name, _), slice) in names.iter().zip(&good[1..]) {
        fs::copy(slice, place.join(name)).unwrap();
    }
    fs::write(place.join("empty.dcm"), "").unwrap();
    fs::write(place.join("text.dcm"), "not a slice").unwrap();
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n";
    fs::write(place.join("pointer.dcm"), pointer).unwrap();
    symlink("nowhere", place.join("dangling.dcm")).unwrap();
    symlink("self.dcm", place.join("self.dcm")).unwrap();
    symlink("..", inner.join("up")).unwrap();
    fs::write(place.join("AUTORUN.INF"), "[autorun]").unwrap();
    fs::write(place.join("study.zip"), "PK\x03\x04").unwrap();
    // The index of a CD under another name than its own: its class says what it is.
    let mut index = vec![0; 128];
    index.extend(b"DICM\x02\0\x02\0UI\x14\x001.2.840.10008.1.3.10");
    fs::write(place.join("INDEX.dcm"), index).unwrap();
    (directory, 1 + names.len())
}

fn good_slices(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|end| end == "dcm"))
        .filter(|path| {
            ichflow(directory, &["inspect".as_ref(), path.as_os_str()])
                .status
                .success()
        })
        .collect();
    found.sort();
    found
}

/// File name → reason, of the rows of a run's quarantine.csv.
fn quarantined(run: &Path) -> BTreeMap<String, String> {
    let mut table = csv::Reader::from_path(run.join("quarantine.csv")).unwrap();
    let row = |row: csv::StringRecord| {
        let name = row[1].rsplit('/').next().unwrap_or_default().to_owned();
        (name, row[2].to_owned())
    };
    table.records().map(|found| row(found.unwrap())).collect()
}

fn expected() -> BTreeMap<String, String> {
    LOST.map(|(name, reason)| (name.to_owned(), reason.to_owned()))
        .into()
}

#[test]
fn a_run_reads_what_can_be_read_and_names_the_rest() {
    let (directory, good) = archive();
    let recipe =
        "ichflow = 1\n[load]\nuse = \"dicom-dir\"\npath = \"archive\"\n[store]\nuse = \"hu-store\"\n";
    fs::write(directory.path().join("look.toml"), recipe).unwrap();
    // The second run takes headers and pixels from what the first kept.
    for _ in 0..2 {
        let output = ichflow(directory.path(), &["run", "look.toml", "--device=cpu"]);
        let said = stderr(&output);
        assert!(output.status.success(), "{said}");
        assert!(said.contains("2 files are not DICOM and were skipped"), "{said}");
        assert!(said.contains("1 file is a DICOMDIR"), "{said}");
        assert!(said.contains("1 link leads to a directory above it"), "{said}");
        let latest = directory.path().join("runs/look/latest");
        assert_eq!(quarantined(&latest), expected());
        let cohort = fs::read_to_string(latest.join("cohort.csv")).unwrap();
        let ids: Vec<String> = csv::Reader::from_reader(cohort.as_bytes())
            .records()
            .map(|row| row.unwrap()[0].to_owned())
            .collect();
        assert_eq!(ids.len(), good, "{cohort}");
        for (_, name) in odd_names() {
            assert!(ids.iter().any(|id| id == name), "{name} is not in {ids:?}");
        }
    }
    let doctor = ichflow(directory.path(), &["doctor", "look.toml"]);
    assert!(doctor.status.success(), "{}{}", stdout(&doctor), stderr(&doctor));
}

#[test]
fn every_command_says_the_same_of_a_bad_file() {
    let (directory, good) = archive();
    let output = ichflow(directory.path(), &["inspect", "archive", "--json"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let (mut bad, mut read) = (BTreeMap::new(), 0);
    for line in stdout(&output).lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let name = line["file"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned();
        match line["quarantined"].as_str() {
            Some(reason) => {
                bad.insert(name, reason.to_owned());
            }
            None => read += 1,
        }
    }
    assert_eq!(read, good);
    for (name, reason) in expected() {
        assert_eq!(bad.remove(&name), Some(reason), "{name}");
    }
    let others: Vec<String> = bad.into_keys().collect();
    assert_eq!(others, ["AUTORUN.INF", "INDEX.dcm", "study.zip", "up"]);

    let window = ichflow(directory.path(), &["window", "bsb", "archive", "--out=sheet.png"]);
    let said = stderr(&window);
    assert_eq!(window.status.code(), Some(3), "{said}");
    for (name, reason) in LOST {
        assert!(said.contains(&format!("{name}: excluded: {reason}")), "{said}");
    }
    assert!(
        said.contains("9 files of the directories cannot be used"),
        "{said}"
    );

    let eda = ichflow(directory.path(), &["eda", "archive"]);
    assert!(eda.status.success(), "{}", stderr(&eda));
    assert_eq!(quarantined(&directory.path().join("runs/eda/latest")), expected());
}

#[test]
fn inspect_ends_as_predict_does() {
    let (directory, _) = archive();
    let code = |files: &[&str]| {
        let output = ichflow(directory.path(), &[&["inspect"], files].concat());
        (output.status.code(), stderr(&output))
    };
    assert_eq!(code(&["archive/inner/PT000000"]).0, Some(0));
    assert_eq!(code(&["archive/inner"]).0, Some(0));
    assert_eq!(code(&["archive/inner/PT000000", "archive/study.zip"]).0, Some(3));
    assert_eq!(code(&["archive/inner/PT000000", "archive/empty.dcm"]).0, Some(3));
    let (none, said) = code(&["archive/empty.dcm", "absent.dcm"]);
    assert_eq!(none, Some(1));
    assert!(
        said.contains("no slice can be used; the first: archive/empty.dcm: it is empty"),
        "{said}"
    );
}

#[test]
fn the_competitions_directory_may_hold_such_entries_too() {
    let (directory, _) = archive();
    let images = directory.path().join("data/stage_2_train");
    let mut names = fs::read_dir(&images).unwrap().map(|entry| entry.unwrap().path());
    let slice = names.find(|path| path.is_file()).unwrap();
    fs::remove_file(&slice).unwrap();
    symlink("nowhere", &slice).unwrap();
    symlink("..", images.join("up")).unwrap();
    symlink("self", images.join("self")).unwrap();
    fs::write(images.join(OsString::from_vec(b"caf\xe9".to_vec())), "").unwrap();
    let recipe = "ichflow = 1\n[load]\nuse = \"rsna\"\nlabels = \"data/stage_2_train.csv\"\nimages = \"data/stage_2_train\"\n\
                  [store]\nuse = \"hu-store\"\n";
    fs::write(directory.path().join("rsna.toml"), recipe).unwrap();
    let output = ichflow(directory.path(), &["run", "rsna.toml", "--device=cpu"]);
    let said = stderr(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("3 entries of data/stage_2_train are not called"),
        "{said}"
    );
    let bad = quarantined(&directory.path().join("runs/rsna/latest"));
    let name = slice.file_name().unwrap().to_str().unwrap();
    assert_eq!(bad[name], "it is a link that leads nowhere");
}
