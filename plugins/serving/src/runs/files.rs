//! Files of a run: those that people read, and no others.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use ichflow_api::data::comparison::is_run;

use crate::http::{Problem, Server};

/// A report runs its own scripts, in a world of its own: it cannot reach this server or be told of its token.
const REPORT: &str = "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; \
                      style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; frame-ancestors 'none'";

/// Names of files that are served, and what they are.
const SERVED: &[(&str, &str)] = &[
    ("report.html", "text/html; charset=utf-8"),
    ("recipe.resolved.toml", "text/plain; charset=utf-8"),
    ("provenance.json", "application/json"),
    ("metrics.json", "application/json"),
    ("history.csv", "text/csv; charset=utf-8"),
];

pub(super) async fn file(
    State(server): State<Arc<Server>>,
    Path(file): Path<String>,
) -> Result<Response, Problem> {
    let absent = || Problem::not_found("no run has such a file; `/v1/runs` lists the runs there are");
    let runs = server.runs.clone();
    let read = tokio::task::spawn_blocking(move || {
        let (path, kind) = served(&runs, &file)?;
        Some((std::fs::read(path).ok()?, kind))
    });
    let (bytes, kind) = read.await.ok().flatten().ok_or_else(absent)?;
    let mut answer = ([(header::CONTENT_TYPE, kind)], bytes).into_response();
    if kind.starts_with("text/html") {
        let policy = header::HeaderValue::from_static(REPORT);
        answer
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(answer)
}

/// The file of a run at a path below the directory of runs; none where that leads out of it, through a link as well, or to
/// a file of another name.
fn served(runs: &FilePath, file: &str) -> Option<(PathBuf, &'static str)> {
    let (run, name) = file.rsplit_once('/')?;
    let (name, kind) = SERVED.iter().find(|(known, _)| *known == name)?;
    let whole = runs.canonicalize().ok()?;
    let run = runs.join(run).canonicalize().ok()?;
    let path = run.join(name).canonicalize().ok()?;
    (run.starts_with(&whole) && path.starts_with(&run) && is_run(&run)).then_some((path, kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_of_runs_are_served_and_nothing_leads_out_of_them() {
        let home = tempfile::tempdir().unwrap();
        let runs = home.path().join("runs");
        let run = runs.join("b0/20260101-000000-aa");
        fs::create_dir_all(&run).unwrap();
        for name in ["recipe.resolved.toml", "report.html", "weights.safetensors"] {
            fs::write(run.join(name), name).unwrap();
        }
        fs::write(home.path().join("metrics.json"), "secret").unwrap();
        let of = |file: &str| served(&runs, file).map(|(path, _)| fs::read_to_string(path).unwrap());
        assert_eq!(
            of("b0/20260101-000000-aa/report.html").as_deref(),
            Some("report.html")
        );
        for file in [
            "b0/20260101-000000-aa/weights.safetensors",
            "b0/20260101-000000-aa/../../../metrics.json",
            "../metrics.json",
            "metrics.json",
            "/etc/passwd",
            "b0/report.html",
            "b0/20260101-000000-aa/metrics.json",
        ] {
            assert_eq!(of(file), None, "{file}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(home.path().join("metrics.json"), run.join("metrics.json")).unwrap();
            assert_eq!(
                of("b0/20260101-000000-aa/metrics.json"),
                None,
                "a link that leads out"
            );
            std::os::unix::fs::symlink("20260101-000000-aa", runs.join("b0/latest")).unwrap();
            assert_eq!(of("b0/latest/report.html").as_deref(), Some("report.html"));
        }
    }
}
