//! What a client may try: each gets an answer or is cut off, the server lives on, and its memory stays bounded.

use std::io::Write;
use std::time::{Duration, Instant};

use super::client::{FORM, Served, answer, form, slices};

/// More than a small bundle takes, and less than any of these would bring.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 1 << 30;

#[test]
fn attacks_are_answered_and_the_server_lives() {
    let served = Served::start(&[
        "--max-upload",
        "64",
        "--max-part",
        "32",
        "--max-queue",
        "32",
        "--max-files",
        "100",
    ]);
    let host = format!("Host: {}\r\n", served.at);
    let head = |rest: &str| format!("POST /v1/exams HTTP/1.1\r\n{host}Connection: close\r\n{rest}\r\n");
    let lives = |what: &str| {
        assert_eq!(served.get("/v2/health/live").status, 200, "{what}");
    };

    // A body of 10 GB is refused before any of it is read.
    let started = Instant::now();
    let mut stream = served.connect();
    stream
        .write_all(head("Content-Type: application/dicom\r\nContent-Length: 10000000000\r\n").as_bytes())
        .unwrap();
    assert_eq!(answer(stream).status, 413);
    assert!(started.elapsed() < Duration::from_secs(5));
    lives("content length");

    // A body without an end.
    let mut stream = served.connect();
    stream
        .write_all(head("Content-Type: application/dicom\r\nTransfer-Encoding: chunked\r\n").as_bytes())
        .unwrap();
    let chunk = format!("100000\r\n{}\r\n", "x".repeat(1 << 20));
    let sent = (0..200)
        .take_while(|_| stream.write_all(chunk.as_bytes()).is_ok())
        .count();
    assert!(sent < 100, "{sent} MiB were taken");
    lives("endless body");

    // A hundred thousand parts.
    let part = (0..100_000)
        .map(|number| (format!("{number}.dcm"), Vec::new()))
        .collect::<Vec<_>>();
    let parts = served.ask("POST", "/v1/exams", &[FORM], &form(&part));
    assert!(matches!(parts.status, 413 | 0), "{}", parts.status);
    lives("parts");

    // What is packed is not unpacked.
    let bomb = served.ask(
        "POST",
        "/v1/exams",
        &[FORM, ("Content-Encoding", "gzip")],
        &[0x1f, 0x8b],
    );
    assert_eq!(bomb.status, 415);

    // Names are shown, and never followed.
    let (_, slice) = &slices()[0];
    let names = [
        "../../../../etc/passwd",
        "/etc/passwd",
        "<img src=x onerror=alert(1)>",
        "a\u{1b}[31m",
    ];
    let files: Vec<(String, Vec<u8>)> = names.map(|name| (name.to_owned(), slice.clone())).into();
    let got = served.done(&served.send(&files));
    assert_eq!(got["slices"].as_array().unwrap().len(), 4, "{got}");
    assert!(
        !got.to_string().contains('\u{1b}') && !got.to_string().contains("root:"),
        "{got}"
    );

    // A header that claims gigabytes: an image of 65,535 × 65,535 pixels in a file of some kilobytes.
    let mut huge = slice.clone();
    for tag in [[0x28, 0, 0x10, 0], [0x28, 0, 0x11, 0]] {
        let place = huge.windows(4).position(|part| part == tag).unwrap();
        huge[place + 8..place + 10].copy_from_slice(&[0xff, 0xff]);
    }
    let got = served.done(&served.send(&[("huge.dcm".into(), huge)]));
    assert_eq!(got["slices"][0]["status"], "excluded", "{got}");
    lives("claims");

    // Another site's page, and a name that is not this server's.
    let cross = served.ask(
        "POST",
        "/v1/exams",
        &[FORM, ("Origin", "http://evil.example")],
        b"",
    );
    assert_eq!(cross.status, 403);
    let rebound = served.ask("GET", "/v1/exams", &[("Host", "evil.example")], b"");
    assert_eq!(rebound.status, 421);

    // Clients that send a byte now and then hold nobody up.
    let slow: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = served.connect();
            let _ = stream.write_all(b"POST /v1/exams HTTP/1.1\r\nHo");
            stream
        })
        .collect();
    lives("slow clients");
    drop(slow);

    // Many at once: each is taken or told to come again.
    let one = form(&[("a.dcm".to_owned(), slice.clone())]);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..300)
            .map(|_| scope.spawn(|| served.ask("POST", "/v1/exams", &[FORM], &one)))
            .collect();
        all.into_iter()
            .map(|thread| thread.join().unwrap().status)
            .collect()
    });
    assert!(
        statuses.iter().all(|status| matches!(status, 202 | 503 | 0)),
        "{statuses:?}"
    );
    assert!(statuses.contains(&202));
    lives("many");
    let uploads = served.get("/v1/exams").json();
    for upload in uploads["exams"].as_array().unwrap() {
        assert_eq!(served.done(upload["id"].as_str().unwrap())["state"], "done");
    }
    #[cfg(target_os = "linux")]
    assert!(served.peak() < MEMORY, "{} MiB", served.peak() >> 20);
}
