//! What goes wrong around a run: no space, no permission, files that go away. Each is said plainly, nothing that was
//! made is lost, and the same command finishes once the cause is gone.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::common::{TINY, ichflow, program, stderr, stdout};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(120);

/// A recipe that stores slices and ends.
fn store_recipe(home: &Path, patients: usize, slices: usize) {
    let (patients, slices) = (patients.to_string(), slices.to_string());
    let arguments = [
        "phantom",
        "data",
        "--patients",
        &patients,
        "--test-patients",
        "1",
        "--slices",
        &slices,
        "--size",
        "256",
    ];
    let made = ichflow(home, &arguments);
    assert!(made.status.success(), "{}", stderr(&made));
    let recipe = "ichflow = 1\n[load]\nuse = \"dicom-dir\"\npath = \"data/stage_2_train\"\n[store]\nuse = \"hu-store\"\n";
    fs::write(home.join("store.toml"), recipe).unwrap();
}

fn run(home: &Path, recipe: &str, out: &str) -> Output {
    ichflow(home, &["run", recipe, "--device", "cpu", "--out", out])
}

fn succeeds(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    stderr(output)
}

/// The error and the help of a run that failed.
fn fails(output: &Output) -> String {
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}{}",
        stdout(output),
        stderr(output)
    );
    let said = stderr(output);
    let at = said.find("error: ").unwrap_or_else(|| panic!("no error: {said}"));
    assert!(
        !said.contains("panicked") && !said.contains("broke off"),
        "{said}"
    );
    said[at..].to_owned()
}

/// The one HU store below `out`.
fn store(home: &Path, out: &str) -> PathBuf {
    let mut stores = fs::read_dir(home.join(out).join("cache/hu-store")).unwrap();
    let found = stores.find_map(|entry| entry.ok().map(|entry| entry.path()).filter(|path| path.is_dir()));
    found.unwrap()
}

fn contents(home: &Path, out: &str) -> (Vec<u8>, String) {
    let store = store(home, out);
    (
        fs::read(store.join("hu.bin")).unwrap(),
        fs::read_to_string(store.join("index.jsonl")).unwrap(),
    )
}

/// A small file system of its own, where the test may mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, options: &str) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "none"])
            .arg(at)
            .stderr(Stdio::null())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then(|| Self(at.to_owned()))
    }

    fn remount(&self, options: &str) {
        let status = Command::new("mount")
            .args(["-o", &format!("remount,{options}")])
            .arg(&self.0)
            .status()
            .unwrap();
        assert!(status.success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_said_and_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    store_recipe(home, 12, 10);
    succeeds(&run(home, "store.toml", "whole"));
    let Some(disk) = SmallDisk::mount(&home.join("small"), "size=12m") else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    let said = fails(&run(home, "store.toml", "small"));
    assert!(
        said.contains("`store`: cannot write ") && said.contains("hu.bin"),
        "{said}"
    );
    assert!(said.contains("No space left on device"), "{said}");
    assert!(said.contains("help: free some space"), "{said}");
    let kept = fs::metadata(store(home, "small").join("hu.bin")).unwrap().len();
    assert!(kept > 0, "what was stored before is kept");
    disk.remount("size=64m");
    succeeds(&run(home, "store.toml", "small"));
    assert!(contents(home, "whole") == contents(home, "small"));
}

#[test]
fn a_limit_on_file_size_is_said_and_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    store_recipe(home, 12, 10);
    succeeds(&run(home, "store.toml", "whole"));
    // Without its signal, a write beyond the limit is an error like a full disk's.
    let script = format!(
        "trap '' XFSZ; ulimit -f 20000; exec {} run store.toml --device cpu --out limited",
        env!("CARGO_BIN_EXE_ichflow")
    );
    let output = Command::new("sh")
        .arg("-c")
        .arg(script)
        .current_dir(home)
        .output()
        .unwrap();
    let said = fails(&output);
    assert!(
        said.contains("cannot write ") && said.contains("hu.bin"),
        "{said}"
    );
    assert!(said.contains("File too large"), "{said}");
    succeeds(&run(home, "store.toml", "limited"));
    assert!(contents(home, "whole") == contents(home, "limited"));
}

#[test]
fn a_disk_that_fills_while_training_is_said_and_training_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    fs::write(home.join("tiny.toml"), TINY).unwrap();
    succeeds(&run(home, "tiny.toml", "whole"));
    let Some(disk) = SmallDisk::mount(&home.join("small"), "size=64m") else {
        println!("skipped: no file system can be mounted here");
        return;
    };
    let stored = ichflow(
        home,
        &[
            "run",
            "tiny.toml",
            "--device",
            "cpu",
            "--out",
            "small",
            "--until",
            "store",
        ],
    );
    succeeds(&stored);
    let filler = home.join("small/filler");
    let text = Command::new("df")
        .args(["-P", "-k"])
        .arg(home.join("small"))
        .output()
        .unwrap();
    let free: usize = stdout(&text)
        .lines()
        .nth(1)
        .unwrap()
        .split_whitespace()
        .nth(3)
        .unwrap()
        .parse()
        .unwrap();
    fs::write(&filler, vec![0; free.saturating_sub(60) * 1024]).unwrap();
    let said = fails(&run(home, "tiny.toml", "small"));
    assert!(said.contains("No space left on device"), "{said}");
    fs::remove_file(&filler).unwrap();
    drop(text);
    succeeds(&run(home, "tiny.toml", "small"));
    let metrics = |out: &str| fs::read_to_string(home.join(out).join("tiny/latest/metrics.json")).unwrap();
    assert_eq!(metrics("whole"), metrics("small"));
    drop(disk);
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    fs::write(home.join("tiny.toml"), TINY).unwrap();
    // A file where the directory should be: also for those whom permissions do not stop.
    fs::write(home.join("runs"), "").unwrap();
    let said = fails(&run(home, "tiny.toml", "runs"));
    assert!(said.contains("cannot create the directory runs"), "{said}");
    fs::remove_file(home.join("runs")).unwrap();

    let closed = home.join("closed");
    let mounted = SmallDisk::mount(&closed, "size=8m");
    match &mounted {
        Some(disk) => disk.remount("ro"),
        None => fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap(),
    }
    if fs::write(closed.join("probe"), "").is_ok() {
        println!("skipped: nothing here is read-only to this user");
        return;
    }
    let said = fails(&run(home, "tiny.toml", "closed"));
    assert!(said.contains("cannot create the directory closed"), "{said}");
    match &mounted {
        Some(disk) => disk.remount("rw,size=64m"),
        None => fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap(),
    }
    succeeds(&run(home, "tiny.toml", "closed"));
}

#[test]
fn a_file_that_goes_away_after_it_was_found_is_set_aside() {
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path();
    store_recipe(home, 12, 20);
    succeeds(&run(home, "store.toml", "whole"));
    let whole = contents(home, "whole");
    let last: serde_json::Value = serde_json::from_str(whole.1.lines().last().unwrap()).unwrap();
    let file = home.join(last["file"].as_str().unwrap());
    let aside = home.join("aside.dcm");

    let mut child = program(home)
        .args(["run", "store.toml", "--device", "cpu", "--out", "other"])
        .env("RAYON_NUM_THREADS", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let stored = || {
        let stores = fs::read_dir(home.join("other/cache/hu-store")).ok()?;
        stores
            .flatten()
            .find_map(|entry| fs::metadata(entry.path().join("hu.bin")).ok())
    };
    while stored().is_none() && child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_micros(200));
    }
    fs::rename(&file, &aside).unwrap();
    let output = child.wait_with_output().unwrap();
    succeeds(&output);
    assert!(
        stdout(&output).contains("see quarantine.csv"),
        "{}",
        stdout(&output)
    );
    let quarantine = fs::read_to_string(home.join("other/store/latest/quarantine.csv")).unwrap();
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let line = quarantine
        .lines()
        .find(|line| line.contains(&name))
        .unwrap_or_else(|| panic!("{quarantine}"));
    assert!(line.contains("went away"), "{line}");

    // The file is back: it is read, and the rest is not read again.
    fs::rename(&aside, &file).unwrap();
    succeeds(&run(home, "store.toml", "other"));
    let other = contents(home, "other");
    assert!(whole.0 == other.0);
    let quarantine = fs::read_to_string(home.join("other/store/latest/quarantine.csv")).unwrap();
    assert!(!quarantine.contains(&name), "{quarantine}");
}

/// Starts a program that takes a while in `home`, tells it to stop once it is at work, and gives what it said.
fn terminated(home: &TempDir, arguments: &[&str], at_work: impl Fn() -> bool) -> Output {
    let mut child = program(home.path())
        .args(arguments)
        .env("RAYON_NUM_THREADS", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while !at_work() {
        assert!(begun.elapsed() < PATIENCE);
        assert!(
            child.try_wait().unwrap().is_none(),
            "it was over before it could be stopped"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    // To the program alone, as `kill` does, and not to its group, as a terminal does.
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    child.wait_with_output().unwrap()
}

/// The programs that run in `home`.
fn at_work_in(home: &Path) -> Vec<String> {
    let home = fs::canonicalize(home).unwrap();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        if fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == home) {
            let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            found.push(String::from_utf8_lossy(&line).replace('\0', " "));
        }
    }
    found
}

#[test]
fn termination_stops_all_that_a_command_started() {
    let home = tempfile::tempdir().unwrap();
    store_recipe(home.path(), 20, 30);
    let begun = || home.path().join("runs/cache/hu-store").is_dir();
    let output = terminated(&home, &["eda", "data/stage_2_train"], begun);
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).contains("interrupted"), "{}", stderr(&output));
    assert_eq!(at_work_in(home.path()), Vec::<String>::new());

    let long = TINY.replace("epochs = 2", "epochs = 500");
    fs::write(
        home.path().join("many.toml"),
        format!("{long}\n[sweep]\nseeds = [1, 2]\n"),
    )
    .unwrap();
    let training = || home.path().join("runs/cache/fit").is_dir();
    let output = terminated(&home, &["sweep", "many.toml", "--device", "cpu"], training);
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("the same command goes on"),
        "{}",
        stderr(&output)
    );
    assert_eq!(at_work_in(home.path()), Vec::<String>::new());
}

#[test]
fn memory_that_ends_is_a_plain_error() {
    let home = tempfile::tempdir().unwrap();
    let large = TINY
        .replace("patients = 8", "patients = 12")
        .replace("slices = 6\nsize = 64", "slices = 12\nsize = 128")
        .replace("use = \"small-cnn\"", "use = \"small-cnn\"\nwidth = 256")
        .replace("batch = 8", "batch = 4096");
    fs::write(home.path().join("large.toml"), large).unwrap();
    let program = env!("CARGO_BIN_EXE_ichflow");
    let output = Command::new("sh")
        .args([
            "-c",
            &format!("ulimit -v 900000; exec {program} run large.toml --device cpu"),
        ])
        .current_dir(home.path())
        .env("RAYON_NUM_THREADS", "2")
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: the machine's memory is full: "), "{said}");
    assert!(
        said.contains("help: `ichflow doctor RECIPE` says what a recipe takes"),
        "{said}"
    );
}
