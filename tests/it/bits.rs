//! The same numbers on every machine: processors are imitated, and what a run ends with is compared.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ichflow_api::digest::sha256;

use crate::common::TINY;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ichflow");

/// With all that has numbers of its own: soft windows, images that are resized, a network with every kind of layer, a
/// calibration.
fn recipe(network: &str) -> String {
    let recipe = TINY
        .replace("use = \"bsb\"", "use = \"sigmoid\"")
        .replace("[augment]", "[resize]\nuse = \"resize\"\nsize = 48\n\n[augment]")
        .replace("use = \"small-cnn\"", &format!("use = \"{network}\""))
        .replace(
            "lr = 1e-3 }]",
            "lr = 1e-3, schedule = { kind = \"one-cycle\" } }]\nema = 0.9",
        )
        .replace("[score]", "[calibrate]\nuse = \"calibrate\"\n\n[score]");
    assert_eq!(recipe.matches("one-cycle").count(), 1);
    recipe + "\n[weights]\nuse = \"safetensors\"\n"
}

/// One digest over predictions, metrics and weights of a run that `command` began, or what it said.
fn ends_with(network: &str, mut command: Command) -> Result<String, String> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("tiny.toml"), recipe(network)).unwrap();
    let run = command
        .args(["run", "tiny.toml", "--device", "cpu"])
        .current_dir(directory.path())
        .env("NO_COLOR", "1")
        .output()
        .map_err(|error| error.to_string())?;
    if !run.status.success() {
        return Err(String::from_utf8_lossy(&run.stderr).into_owned());
    }
    let latest = directory.path().join("runs/tiny/latest");
    let files = [
        "predictions/valid.csv",
        "predictions/test.csv",
        "metrics.json",
        "weights.safetensors",
    ];
    let digests = files.map(|name| {
        let digest = sha256(&fs::read(latest.join(name)).unwrap());
        format!("{digest} {name}")
    });
    Ok(digests.join("\n"))
}

/// Says what is not compared, and why.
fn left_out(what: &str, why: &str) {
    eprintln!("not compared: {what}: {why}");
}

/// Caches of another size, as the system tells programs of them, in a directory to be put over the true ones.
fn caches(directory: &Path, level_1: [&str; 2], level_2: &str, level_3: &str) -> PathBuf {
    let directory = directory.join(level_1[0]);
    for (index, kind, level, size, ways) in [
        ("index0", "Data", "1", level_1[0], level_1[1]),
        ("index1", "Instruction", "1", "32K", "8"),
        ("index2", "Unified", "2", level_2, "16"),
        ("index3", "Unified", "3", level_3, "16"),
    ] {
        let place = directory.join("cpu0/cache").join(index);
        fs::create_dir_all(&place).unwrap();
        for (name, value) in [
            ("type", kind),
            ("level", level),
            ("size", size),
            ("ways_of_associativity", ways),
            ("coherency_line_size", "64"),
            ("shared_cpu_list", "0"),
        ] {
            fs::write(place.join(name), value).unwrap();
        }
    }
    directory
}

fn same_on_every_machine(network: &str) {
    let here = ends_with(network, Command::new(PROGRAM)).unwrap();
    for threads in ["1", "2", "7"] {
        let mut command = Command::new(PROGRAM);
        command.env("RAYON_NUM_THREADS", threads);
        let found = ends_with(network, command).unwrap();
        assert_eq!(found, here, "{network} on {threads} threads");
    }
    let directory = tempfile::tempdir().unwrap();
    for caches in [
        caches(directory.path(), ["32K", "8"], "256K", "2048K"),
        caches(directory.path(), ["128K", "16"], "8192K", "65536K"),
    ] {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c"]);
        command.arg("mount --bind \"$0\" /sys/devices/system/cpu || exit 77; program=$1; shift; exec \"$program\" \"$@\"");
        command.arg(&caches).arg(PROGRAM);
        match ends_with(network, command) {
            Ok(found) => assert_eq!(found, here, "{network} with the caches of {}", caches.display()),
            Err(why) => left_out("caches of another size", &why),
        }
    }
    if !cfg!(target_arch = "x86_64") {
        return left_out("AVX2 alone", "this processor has other vectors");
    }
    if !fs::read_to_string("/proc/cpuinfo").unwrap().contains("avx512f") {
        return left_out("AVX-512", "this processor has none");
    }
    if network != "small-cnn" {
        return;
    }
    let mut command = Command::new("qemu-x86_64");
    command.args(["-cpu", "Haswell", PROGRAM]);
    match ends_with(network, command) {
        Ok(found) => assert_eq!(found, here, "{network} with AVX2 alone"),
        Err(why) => left_out("AVX2 alone, by qemu-x86_64", &why),
    }
}

#[test]
fn a_small_network_is_the_same_on_every_machine() {
    same_on_every_machine("small-cnn");
}

#[test]
fn an_efficientnet_is_the_same_with_any_caches_and_threads() {
    same_on_every_machine("efficientnet-b0");
}
