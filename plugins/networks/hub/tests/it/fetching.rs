//! A local stand-in for the hub: fetched once, then found.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use ichflow_hub::Hub;

use crate::common::model;

const COMMIT: &str = "5f0d3c7a9be1c2d4e6f8a0b1c3d5e7f9a1b2c3d4";

/// Serves `someone/small` at its only commit, with `config.json` and the weights; tells what was asked for.
fn serve() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (said, asked) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (line, range) = request(stream.as_ref().unwrap());
            said.send(line.clone()).unwrap();
            answer(stream.unwrap(), &line, range);
        }
    });
    (address, asked)
}

/// The request line, and from where on bytes are wanted.
fn request(stream: &TcpStream) -> (String, Option<(usize, Option<usize>)>) {
    let mut lines = BufReader::new(stream).lines().map(|line| line.unwrap());
    let first = lines.next().unwrap_or_default();
    let mut range = None;
    for line in lines.take_while(|line| !line.is_empty()) {
        if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("range: bytes=") {
            let (start, end) = bytes.split_once('-').unwrap();
            range = Some((start.parse().unwrap(), end.parse().ok()));
        }
    }
    (first, range)
}

fn answer(mut stream: TcpStream, line: &str, range: Option<(usize, Option<usize>)>) {
    let path = line.split(' ').nth(1).unwrap_or_default();
    let content = match path {
        "/someone/small/resolve/main/config.json" => "{\"architecture\": \"small\"}",
        "/someone/small/resolve/main/pytorch_model.bin" => "weights of the network",
        "/someone/shut/resolve/main/model.safetensors" => {
            let head = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            return;
        }
        _ => {
            let head = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            return;
        }
    };
    let (start, end) = range.unwrap_or((0, None));
    let end = end.map_or(content.len(), |end| (end + 1).min(content.len()));
    let part = &content[start..end];
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: bytes {start}-{}/{}\r\n\
         ETag: \"{:x}\"\r\nX-Repo-Commit: {COMMIT}\r\nConnection: close\r\n\r\n",
        part.len(),
        end - 1,
        content.len(),
        content.len(),
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(part.as_bytes()).unwrap();
}

fn hub(cache: &Path, endpoint: &str) -> Hub {
    Hub {
        cache: Some(cache.to_owned()),
        endpoint: Some(endpoint.to_owned()),
        ..Hub::default()
    }
}

#[test]
fn a_model_is_fetched_once_and_then_found() {
    let directory = tempfile::tempdir().unwrap();
    let (endpoint, asked) = serve();
    let mut hub = hub(directory.path(), &endpoint);
    let small = model("someone/small");
    let files = ["model.safetensors", "pytorch_model.bin"];
    let path = hub.first_of(&small, &files).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "weights of the network");
    assert!(
        path.ends_with(format!("snapshots/{COMMIT}/pytorch_model.bin")),
        "{}",
        path.display()
    );
    // The one that is not there was asked for first.
    assert!(asked.try_iter().next().unwrap().contains("model.safetensors"));
    hub.first_of(&small, &["config.json"]).unwrap();
    let _ = asked.try_iter().count();

    assert_eq!(hub.first_of(&small, &files).unwrap(), path);
    hub.offline = true;
    assert_eq!(hub.first_of(&small, &files).unwrap(), path);
    assert_eq!(asked.try_iter().count(), 0);
}

#[test]
fn what_cannot_be_fetched_is_said_so() {
    let directory = tempfile::tempdir().unwrap();
    let (endpoint, _asked) = serve();
    let hub = hub(directory.path(), &endpoint);
    let failure = hub
        .first_of(&model("someone/other"), &["model.safetensors"])
        .unwrap_err();
    assert!(
        failure
            .message
            .contains("someone/other has none of the files model.safetensors"),
        "{failure:?}"
    );
    let failure = hub
        .first_of(&model("someone/shut"), &["model.safetensors"])
        .unwrap_err();
    assert!(
        failure.message.contains("someone/shut") && failure.help.contains("HF_TOKEN"),
        "{failure:?}"
    );

    // Nobody listens.
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let hub = self::hub(directory.path(), &format!("http://{closed}"));
    let failure = hub
        .first_of(&model("someone/small"), &["model.safetensors"])
        .unwrap_err();
    assert!(
        failure
            .message
            .contains("cannot fetch model.safetensors of someone/small"),
        "{failure:?}"
    );
    assert!(failure.help.contains("check the connection"), "{failure:?}");
    assert!(!directory.path().join("models--someone--other").exists());
}
