//! Numbers are those of the command on the same files, whatever else waits.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::client::{FORM, Served, form, slices, trained};
use crate::common::{ichflow, stderr, stdout};

/// What the command says of some files, by id.
fn of_command(files: &[(String, Vec<u8>)]) -> BTreeMap<String, Value> {
    let directory = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(directory.path().join(name), bytes).unwrap();
    }
    let study = directory.path().to_string_lossy().into_owned();
    let bundle = "runs/tiny/latest/model";
    let output = ichflow(trained(), &["predict", bundle, &study, "--json", "--device=cpu"]);
    assert!(output.status.success(), "{}", stderr(&output));
    by_id(
        stdout(&output)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap()),
    )
}

/// Rows by id, with the file's name alone.
fn by_id(rows: impl Iterator<Item = Value>) -> BTreeMap<String, Value> {
    rows.map(|mut row| {
        let file = row["file"]
            .as_str()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned();
        row["file"] = file.into();
        (row["id"].as_str().unwrap().to_owned(), row)
    })
    .collect()
}

#[test]
fn uploads_at_once_are_each_predicted_as_if_alone() {
    let all = slices();
    // Parts of the same series in several uploads: none may see another's.
    let uploads: Vec<Vec<(String, Vec<u8>)>> = (1..=6)
        .map(|part| {
            all.iter()
                .enumerate()
                .filter(|(place, _)| place % part == 0)
                .map(|(_, file)| file.clone())
                .collect()
        })
        .collect();
    let expected: Vec<_> = uploads.iter().map(|files| of_command(files)).collect();
    let served = Served::start(&[]);
    for _ in 0..2 {
        let got: Vec<Value> = std::thread::scope(|scope| {
            let sent: Vec<_> = uploads
                .iter()
                .map(|files| scope.spawn(|| served.done(&served.send(files))))
                .collect();
            sent.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for (got, expected) in got.iter().zip(&expected) {
            assert_eq!(got["state"], "done", "{got}");
            let rows = by_id(got["slices"].as_array().unwrap().iter().cloned());
            assert_eq!(&rows, expected);
            assert_eq!(got["exams"][0]["from"], "aggregate", "{got}");
        }
    }
    // The inference protocol has the same numbers.
    let files: Vec<String> = uploads[3].iter().map(|(_, bytes)| base64(bytes)).collect();
    let asked = serde_json::json!({ "inputs": [{ "name": "files", "shape": [files.len()], "datatype": "BYTES", "data": files }] });
    let answer = served.ask(
        "POST",
        "/v2/models/tiny/infer",
        &[("Content-Type", "application/json")],
        asked.to_string().as_bytes(),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    let outputs = answer.json()["outputs"].clone();
    let labels = outputs[0]["shape"][1].as_u64().unwrap() as usize;
    for (place, id) in outputs[1]["data"].as_array().unwrap().iter().enumerate() {
        let row: Vec<&Value> = expected[3][id.as_str().unwrap()]["probabilities"]
            .as_object()
            .unwrap()
            .values()
            .collect();
        let got: Vec<&Value> = outputs[0]["data"].as_array().unwrap()[place * labels..][..labels]
            .iter()
            .collect();
        assert_eq!(got, row);
    }
    assert_eq!(outputs[1]["data"].as_array().unwrap().len(), files.len());
}

#[test]
fn a_bad_upload_hurts_no_other() {
    let all = slices();
    let good = &all[..6];
    let expected = of_command(good);
    let served = Served::start(&[]);
    let garbage: Vec<(String, Vec<u8>)> = (0..20)
        .map(|number| {
            let (name, mut bytes) = all[number % all.len()].clone();
            bytes.truncate(bytes.len() / (number + 2));
            (name, bytes)
        })
        .collect();
    let sent: Vec<String> = (0..6)
        .map(|number| match number % 2 {
            0 => served.send(good),
            _ => served.send(&garbage),
        })
        .collect();
    for (number, id) in sent.iter().enumerate() {
        let got = served.done(id);
        assert_eq!(got["state"], "done", "{got}");
        if number % 2 == 0 {
            assert_eq!(by_id(got["slices"].as_array().unwrap().iter().cloned()), expected);
        } else {
            let reasons = got["slices"].as_array().unwrap().iter();
            assert!(reasons.clone().all(|row| row["status"] == "excluded"), "{got}");
            assert!(
                reasons
                    .clone()
                    .all(|row| !row["reason"].to_string().contains("/proc/")),
                "{got}"
            );
        }
    }
    let other = served.ask(
        "POST",
        "/v1/exams",
        &[FORM],
        &form(&[("notes.txt".into(), b"hello".to_vec())]),
    );
    let got = served.done(other.json()["id"].as_str().unwrap());
    assert_eq!(got["other_files"][0]["file"], "notes.txt", "{got}");
    assert_eq!(got["exams"], serde_json::json!([]));
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let number = three
            .iter()
            .fold(0_u32, |number, byte| number << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= three.len() {
                char::from(letter)
            } else {
                '='
            });
        }
    }
    text
}
