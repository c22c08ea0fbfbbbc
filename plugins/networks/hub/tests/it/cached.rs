//! What is in the cache is found without a network, and what is not there is said so.

use std::fs;

use ichflow_hub::{Hub, Repository};

use crate::common::model;

#[test]
fn models_of_the_cache_are_found_offline() {
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("models--someone--small");
    let snapshot = folder.join("snapshots").join("0123abcd");
    fs::create_dir_all(&snapshot).unwrap();
    fs::create_dir_all(folder.join("refs")).unwrap();
    fs::write(folder.join("refs/main"), "0123abcd").unwrap();
    fs::write(snapshot.join("pytorch_model.bin"), "weights").unwrap();
    let hub = Hub {
        cache: Some(directory.path().to_owned()),
        offline: true,
        ..Hub::default()
    };
    let files = ["model.safetensors", "pytorch_model.bin"];
    for name in ["someone/small", "someone/small@main", "someone/small@0123abcd"] {
        let path = hub.first_of(&model(name), &files).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), "weights", "{name}");
    }
    let failure = hub.first_of(&model("someone/small@v2"), &files).unwrap_err();
    for expected in ["someone/small@v2 is not in the hub's cache", "HF_HUB_OFFLINE"] {
        assert!(failure.message.contains(expected), "{}", failure.message);
    }
    assert!(failure.help.contains("unset HF_HUB_OFFLINE"), "{}", failure.help);
}

#[test]
fn without_a_home_and_without_a_name() {
    let hub = Hub::default();
    let failure = hub.first_of(&model("someone/small"), &["a"]).unwrap_err();
    assert!(failure.help.contains("HF_HOME"), "{}", failure.help);
    let failure = hub
        .first_of(&Repository::parse_loosely("some where"), &["a"])
        .unwrap_err();
    assert!(
        failure.message.contains("no model of the hub"),
        "{}",
        failure.message
    );
}
