//! A run shared out among processes ends as one that was not.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::common::{TINY, ichflow, program, stderr, stdout};
use tempfile::TempDir;

/// The tiny recipe on files, in batches small enough to be several.
fn recipe(data: &Path) -> String {
    let load = format!(
        "use = \"rsna\"\nlabels = \"{0}/stage_2_train.csv\"\nimages = \"{0}/stage_2_train\"\n\
         test_images = \"{0}/stage_2_test\"\nsample_submission = \"{0}/stage_2_sample_submission.csv\"\n",
        data.display()
    );
    let (before, rest) = TINY.split_once("use = \"phantom\"").unwrap();
    let (_, after) = rest.split_once("size = 64\n").unwrap();
    format!("{before}{load}{after}").replace("use = \"predict\"", "use = \"predict\"\nbatch = 3")
}

/// Data, and a directory beside it for each name, with the recipe.
fn places(names: &[&str]) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let arguments = [
        "phantom",
        "data",
        "--patients",
        "8",
        "--test-patients",
        "2",
        "--slices",
        "6",
        "--size",
        "64",
    ];
    let made = ichflow(home.path(), &arguments);
    assert!(made.status.success(), "{}", stderr(&made));
    for name in names {
        let place = home.path().join(name);
        fs::create_dir(&place).unwrap();
        fs::write(place.join("tiny.toml"), recipe(&home.path().join("data"))).unwrap();
    }
    home
}

/// Runs with more arguments; returns what was said and printed.
fn run(place: &Path, more: &[&str]) -> String {
    let output = ichflow(place, &[&["run", "tiny.toml", "--device", "cpu"], more].concat());
    let said = format!("{}{}", stderr(&output), stdout(&output));
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

/// Everything that must not differ by how the work was shared out, by a name for it.
fn ends(place: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let latest = place.join("runs/tiny/latest");
    for name in [
        "metrics.json",
        "predictions/valid.csv",
        "predictions/test.csv",
        "submission.csv",
        "cohort.csv",
        "folds.csv",
        "quarantine.csv",
    ] {
        found.insert(name.to_owned(), fs::read(latest.join(name)).unwrap());
    }
    for (stage, files) in [
        ("hu-store", &["hu.bin", "index.jsonl"][..]),
        ("rsna", &["headers-7.jsonl"]),
    ] {
        let home = place.join("runs/cache").join(stage);
        let only = fs::read_dir(&home).unwrap().next().unwrap().unwrap().path();
        for file in files {
            found.insert(format!("{stage}/{file}"), fs::read(only.join(file)).unwrap());
        }
        // Nothing is left of the parts.
        let left = fs::read_dir(&only).unwrap().flatten().filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name == "parts" || name.contains("-of-")
        });
        assert_eq!(left.count(), 0);
    }
    found
}

fn assert_same(place: &Path, whole: &BTreeMap<String, Vec<u8>>) {
    for (name, content) in &ends(place) {
        assert!(whole[name] == *content, "{name} differs");
    }
}

fn start(place: &Path, shard: &str) -> Child {
    program(place)
        .args(["run", "tiny.toml", "--device", "cpu", "--shard", shard])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn shards_end_as_one_run_does() {
    let home = places(&["whole", "in turn", "at once", "absent"]);
    let place = |name: &str| home.path().join(name);
    run(&place("whole"), &[]);
    let whole = ends(&place("whole"));

    // One after the other; twice the same does nothing more.
    let in_turn = place("in turn");
    for shard in ["1/3", "2/3", "2/3", "3/3"] {
        let said = run(&in_turn, &["--shard", shard]);
        assert!(said.contains(&format!("shard {shard} is done")), "{said}");
        assert!(said.contains("not split over shards"), "{said}");
    }
    assert!(!in_turn.join("runs/tiny/latest").exists(), "a shard is no run");
    let said = run(&in_turn, &["--until", "train"]);
    assert!(
        said.contains("headers: cached") && !said.contains("did not run"),
        "{said}"
    );
    assert!(said.contains("not run, as asked: predict"), "{said}");
    for shard in ["1/3", "2/3", "3/3"] {
        let said = run(&in_turn, &["--shard", shard]);
        assert!(said.contains("predict"), "{said}");
    }
    let said = run(&in_turn, &[]);
    let cached: Vec<&str> = said.lines().filter(|line| line.ends_with("cached")).collect();
    assert!(cached.iter().any(|line| line.contains("predict")), "{said}");
    assert_same(&in_turn, &whole);

    // At once; one is killed and started again.
    let at_once = place("at once");
    let mut children: Vec<Child> = ["1/3", "2/3", "3/3"]
        .iter()
        .map(|shard| start(&at_once, shard))
        .collect();
    children[1].kill().unwrap();
    for (index, child) in children.into_iter().enumerate() {
        let output = child.wait_with_output().unwrap();
        assert!(index == 1 || output.status.success(), "{}", stderr(&output));
    }
    run(&at_once, &["--shard", "2/3"]);
    let said = run(&at_once, &[]);
    assert!(!said.contains("did not run"), "{said}");
    assert_same(&at_once, &whole);

    // One that never ran is named, and its work is done.
    let absent = place("absent");
    run(&absent, &["--shard", "1/3"]);
    run(&absent, &["--shard", "3/3"]);
    run(&absent, &["--shard", "3/3"]);
    let said = run(&absent, &["--until", "train"]);
    assert!(
        said.contains("load  warning: shard 2/3 did not run (files: "),
        "{said}"
    );
    assert!(
        said.contains("store  warning: shard 2/3 did not run (slices: "),
        "{said}"
    );
    run(&absent, &["--shard", "2/3"]);
    let said = run(&absent, &[]);
    assert!(
        said.contains("predict  warning: shard 1/3 did not run (pieces: "),
        "{said}"
    );
    assert_same(&absent, &whole);
}

#[test]
fn a_cluster_says_which_shard_it_is() {
    let home = places(&["here"]);
    let place = home.path().join("here");
    let output = program(&place)
        .args(["run", "tiny.toml", "--shard", "auto"])
        .env("JOB_COMPLETION_INDEX", "1")
        .env("JOB_COMPLETIONS", "2")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("shard 2/2, from JOB_COMPLETION_INDEX and JOB_COMPLETIONS"),
        "{said}"
    );
    for (shard, expected) in [
        ("4/3", "there is no shard 4 of 3"),
        ("three", "is not a shard"),
        ("auto", "found no variables"),
    ] {
        let output = program(&place)
            .args(["run", "tiny.toml", "--shard", shard])
            .env_remove("SLURM_ARRAY_TASK_ID")
            .env_remove("SLURM_PROCID")
            .env_remove("JOB_COMPLETION_INDEX")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
    let output = ichflow(&place, &["run", "tiny.toml", "--until", "trian"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("did you mean `train`?"),
        "{}",
        stderr(&output)
    );
}
