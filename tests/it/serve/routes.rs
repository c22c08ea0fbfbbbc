//! Every route answers what the docs say, and no answer is without its guards.

use std::io::Write;

use super::client::{FORM, Served, answer, form, slices};

#[test]
fn an_upload_is_sent_followed_looked_at_and_deleted() {
    let served = Served::start(&[]);
    let files = &slices()[..6];
    let id = served.send(files);
    let events = served.get(&format!("/v1/exams/{id}/events"));
    assert_eq!(events.headers["content-type"], "text/event-stream");
    let last = events
        .text()
        .lines()
        .rfind(|line| line.starts_with("data:"))
        .unwrap()
        .to_owned();
    assert!(
        last.contains("\"state\":\"done\"") && !last.contains("\"slices\":["),
        "{last}"
    );
    let got = served.done(&id);
    assert_eq!(got["received"]["files"], 6);
    assert_eq!(got["progress"]["done"], got["progress"]["of"]);
    let listed = served.get("/v1/exams").json();
    assert_eq!(listed["exams"][0]["id"], id.as_str());
    assert!(listed["exams"][0].get("slices").is_none());

    let hu = served.get(&format!("/v1/exams/{id}/slices/0/hu"));
    assert_eq!((hu.status, hu.body.len()), (200, 64 * 64 * 2));
    let picture = served.get(&format!("/v1/exams/{id}/slices/0/window.png"));
    assert_eq!(picture.headers["content-type"], "image/png");
    assert!(picture.body.starts_with(b"\x89PNG"));
    let heat = served.get(&format!("/v1/exams/{id}/slices/0/heat/any"));
    assert_eq!(heat.status, 200, "{}", heat.text());
    let heat = heat.json();
    let cells = heat["rows"].as_u64().unwrap() * heat["columns"].as_u64().unwrap();
    assert_eq!(heat["values"].as_array().unwrap().len() as u64, cells);
    let view = served.get(&format!("/v1/exams/{id}/exams/0/view")).json();
    let shown = view["slices"].as_array().unwrap();
    assert_eq!(shown.len(), got["exams"][0]["slices"].as_u64().unwrap() as usize);
    assert_eq!(served.get(shown[0]["hu"]["url"].as_str().unwrap()).status, 200);
    for absent in [
        "slices/99/hu",
        "slices/0/heat/nothing",
        "exams/99/view",
        "slices/x/hu",
    ] {
        let answer = served.get(&format!("/v1/exams/{id}/{absent}"));
        assert!(matches!(answer.status, 400 | 404), "{absent}: {}", answer.status);
        assert_eq!(
            answer.headers["content-type"], "application/problem+json",
            "{absent}"
        );
    }
    assert_eq!(
        served.ask("DELETE", &format!("/v1/exams/{id}"), &[], &[]).status,
        204
    );
    for gone in ["", "/slices/0/hu", "/events"] {
        assert_eq!(served.get(&format!("/v1/exams/{id}{gone}")).status, 404);
    }
}

#[test]
fn one_file_is_a_body_and_nothing_is_kept_that_should_not_be() {
    let served = Served::start(&["--keep", "0"]);
    let (_, bytes) = &slices()[0];
    let answer = served.ask(
        "POST",
        "/v1/exams?bundle=tiny",
        &[("Content-Type", "application/dicom")],
        bytes,
    );
    assert_eq!(answer.status, 202, "{}", answer.text());
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(served.done(&id)["slices"][0]["status"], "predicted");
    assert_eq!(served.get(&format!("/v1/exams/{id}/slices/0/hu")).status, 404);
    let metrics = served.get("/metrics").text();
    assert!(metrics.contains("ichflow_kept_bytes{} 0\n"), "{metrics}");
}

#[test]
fn what_is_wrong_with_a_request_is_said_as_a_problem() {
    let served = Served::start(&[]);
    let dicom = ("Content-Type", "application/dicom");
    /// Method, address, headers, body, and the status that is to come.
    type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [u8], u16);
    let cases: [Case<'_>; 12] = [
        ("GET", "/nothing", &[], b"", 404),
        ("PUT", "/v1/exams", &[], b"", 405),
        ("DELETE", "/v1/exams/absent", &[], b"", 404),
        ("POST", "/v1/exams", &[("Content-Type", "text/plain")], b"x", 415),
        (
            "POST",
            "/v1/exams",
            &[dicom, ("Content-Encoding", "gzip")],
            b"x",
            415,
        ),
        ("POST", "/v1/exams", &[dicom], b"", 422),
        ("POST", "/v1/exams?bundle=absent", &[dicom], b"x", 404),
        ("POST", "/v1/exams", &[FORM], b"no form", 400),
        ("POST", "/v1/exams", &[FORM], b"--ichflow-test--\r\n", 422),
        (
            "POST",
            "/v2/models/absent/infer",
            &[("Content-Type", "application/json")],
            b"{}",
            404,
        ),
        (
            "POST",
            "/v2/models/tiny/infer",
            &[("Content-Type", "application/json")],
            b"{}",
            422,
        ),
        ("GET", "/v2/models/absent", &[], b"", 404),
    ];
    for (method, path, headers, body, status) in cases {
        let answer = served.ask(method, path, headers, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        assert_eq!(
            answer.headers["content-type"], "application/problem+json",
            "{method} {path}"
        );
        assert_eq!(answer.json()["status"], status);
        for header in [
            "content-security-policy",
            "x-content-type-options",
            "referrer-policy",
            "cache-control",
        ] {
            assert!(answer.headers.contains_key(header), "{method} {path}: {header}");
        }
    }
    let document = served.get("/openapi.json").json();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let path = path
                .replace("{id}", "absent")
                .replace("{number}", "0")
                .replace("{label}", "any")
                .replace("{name}", "tiny");
            let answer = served.ask(&method.to_uppercase(), &path, &[], &[]);
            let documented = methods[method]["responses"].get(answer.status.to_string());
            assert!(
                documented.is_some() && answer.status != 405,
                "{method} {path}: {}",
                answer.status
            );
        }
    }
    for page in [
        "/",
        "/runs",
        "/v2",
        "/v2/models/tiny",
        "/v2/models/tiny/ready",
        "/metrics",
        "/v1/bundles",
    ] {
        assert_eq!(served.get(page).status, 200, "{page}");
    }
}

#[test]
fn a_token_is_asked_for_and_a_stop_is_graceful() {
    let directory = tempfile::tempdir().unwrap();
    let token = directory.path().join("token");
    std::fs::write(&token, "0123456789abcdef0123\n").unwrap();
    let served = Served::start(&["--token-file", token.to_str().unwrap()]);
    assert_eq!(served.get("/v1/bundles").status, 401);
    assert_eq!(
        served.get("/").headers["www-authenticate"],
        "Basic realm=\"ichflow\", charset=\"UTF-8\""
    );
    let with = [("Authorization", "Bearer 0123456789abcdef0123")];
    assert_eq!(served.ask("GET", "/v1/bundles", &with, &[]).status, 200);
    assert_eq!(served.get("/v2/health/live").status, 200);
    // A request that has begun is answered although the server was asked to stop.
    let body = form(&slices()[..2]);
    let mut stream = served.connect();
    let head = format!(
        "POST /v1/exams HTTP/1.1\r\nHost: {}\r\n{}: {}\r\nAuthorization: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        served.at,
        FORM.0,
        FORM.1,
        with[0].1,
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body[..10]).unwrap();
    let stopping = std::thread::spawn(|| served.stop());
    std::thread::sleep(std::time::Duration::from_millis(500));
    stream.write_all(&body[10..]).unwrap();
    assert_eq!(answer(stream).status, 202);
    assert_eq!(stopping.join().unwrap(), Some(0));
}

#[test]
fn other_machines_are_let_in_with_a_token_alone() {
    let output = crate::common::ichflow(super::client::trained(), &["serve", "--addr", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(1));
    let told = crate::common::stderr(&output);
    assert!(told.contains("--token-file"), "{told}");
}

/// The examples of docs/serve.md, each block in a shell of its own.
#[test]
fn the_examples_of_the_docs_run() {
    if std::process::Command::new("curl")
        .arg("--version")
        .output()
        .is_err()
    {
        eprintln!("skipped: there is no curl");
        return;
    }
    let served = Served::start(&[]);
    let directory = tempfile::tempdir().unwrap();
    for (number, (_, bytes)) in slices().iter().take(2).enumerate() {
        std::fs::write(directory.path().join(format!("slice_{}.dcm", number + 1)), bytes).unwrap();
    }
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/serve.md")).unwrap();
    let blocks: Vec<&str> = docs
        .split("```sh\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .collect();
    assert_eq!(blocks.len(), 4);
    for block in blocks {
        let output = std::process::Command::new("sh")
            .args(["-ec", block])
            .current_dir(directory.path())
            .env("SERVER", format!("http://{}", served.at))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{block}: {said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert!(
        std::fs::read(directory.path().join("slice.png"))
            .unwrap()
            .starts_with(b"\x89PNG")
    );
}
