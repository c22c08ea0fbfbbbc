//! A server that was started as a person starts it, and a client that may misbehave.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::{TINY, ichflow, program, stderr};

/// What looks along a series, what makes exams, and thresholds.
const AFTER: &str = r#"
[smooth]
use = "smooth-z"

[thresholds]
use = "thresholds"
target = "sensitivity"
at_least = 0.5

[exams]
use = "aggregate"

[score]"#;

/// Images that hold the slices around.
const NEIGHBOURS: &str = "[slice]\nuse = \"bsb\"\n\n[window]\nuse = \"neighbours\"\noffsets = [-1, 0, 1]";

/// A bundle and slices of several patients, made once.
pub(super) fn trained() -> &'static Path {
    static MADE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let directory = tempfile::tempdir().unwrap();
        let recipe = TINY
            .replace("test_patients = 2", "test_patients = 5")
            .replace("[window]\nuse = \"bsb\"", NEIGHBOURS)
            .replace("[score]", AFTER.trim_start());
        fs::write(directory.path().join("tiny.toml"), recipe).unwrap();
        let output = ichflow(directory.path(), &["run", "tiny.toml", "--device=cpu"]);
        assert!(output.status.success(), "{}", stderr(&output));
        directory
    });
    made.path()
}

/// All test slices, by name.
pub(super) fn slices() -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = vec![trained().join("runs/cache/phantom")];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.parent().unwrap().ends_with("stage_2_test") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty());
    found
}

/// A server; it is stopped when this is dropped.
pub(super) struct Served {
    child: Child,
    /// Host and port.
    pub at: String,
}

/// An answer.
pub(super) struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", self.text()))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Served {
    /// With the bundle.
    pub(super) fn start(arguments: &[&str]) -> Self {
        let directory = trained();
        let mut child = program(directory)
            .args([
                "serve",
                "runs/tiny/latest/model",
                "--addr",
                "127.0.0.1:0",
                "--device=cpu",
            ])
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let at = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                Some(
                    line.split_once("http://")?
                        .1
                        .split_whitespace()
                        .next()?
                        .to_owned(),
                )
            })
            .unwrap();
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let served = Self { child, at };
        served.wait(|served| served.get("/v2/health/ready").status == 200);
        served
    }

    fn wait(&self, until: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !until(self) {
            assert!(started.elapsed() < Duration::from_secs(120), "it takes too long");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream
    }

    /// Asks, on a connection of its own.
    pub(super) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        if !headers.iter().any(|(name, _)| *name == "Host") {
            head += &format!("Host: {}\r\n", self.at);
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        let mut stream = self.connect();
        stream.write_all((head + "\r\n").as_bytes()).unwrap();
        // A server that refuses early may close before all of it is sent.
        let _ = stream.write_all(body);
        answer(stream)
    }

    pub(super) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], &[])
    }

    /// Sends files, and gives the id.
    pub(super) fn send(&self, files: &[(String, Vec<u8>)]) -> String {
        let answer = self.ask("POST", "/v1/exams", &[FORM], &form(files));
        assert_eq!(answer.status, 202, "{}", answer.text());
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        assert_eq!(answer.headers["location"], format!("/v1/exams/{id}"));
        id
    }

    /// Waits for what comes of an upload.
    pub(super) fn done(&self, id: &str) -> Value {
        let path = format!("/v1/exams/{id}");
        self.wait(|served| {
            let state = served.get(&path).json()["state"].clone();
            state == "done" || state == "failed"
        });
        self.get(&path).json()
    }

    /// The most memory that it had, in bytes.
    #[cfg(target_os = "linux")]
    pub(super) fn peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() << 10
    }

    /// Asks it to stop, and gives its exit code.
    pub(super) fn stop(mut self) -> Option<i32> {
        std::process::Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(30) {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads an answer to its end.
pub(super) fn answer(mut stream: TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|part| part == b"\r\n\r\n");
    let Some(end) = end else {
        return Answer {
            status: 0,
            headers: BTreeMap::new(),
            body: bytes,
        };
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let mut body = bytes[end + 4..].to_vec();
    if headers
        .get("transfer-encoding")
        .is_some_and(|coding| coding == "chunked")
    {
        body = unchunked(&body);
    }
    Answer {
        status,
        headers,
        body,
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = bytes.windows(2).position(|part| part == b"\r\n") {
        let size = usize::from_str_radix(&String::from_utf8_lossy(&bytes[..end]), 16).unwrap_or(0);
        let from = end + 2;
        let Some(chunk) = bytes.get(from..from + size).filter(|chunk| !chunk.is_empty()) else {
            break;
        };
        body.extend_from_slice(chunk);
        bytes = &bytes[(from + size + 2).min(bytes.len())..];
    }
    body
}

pub(super) const FORM: (&str, &str) = ("Content-Type", "multipart/form-data; boundary=ichflow-test");

/// Files as a browser sends them.
pub(super) fn form(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, bytes) in files {
        let head = format!(
            "--ichflow-test\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/dicom\r\n\r\n"
        );
        body.extend(head.bytes());
        body.extend(bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--ichflow-test--\r\n");
    body
}
