//! Open Inference Protocol, version 2: a thin adapter of uploads, for programs that speak it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::bundles::RESEARCH_ONLY;
use super::problem::Problem;
use super::server::Server;
use crate::engine::{ServedBundle, Upload};

/// Bytes of a request: it is held in memory, other than an upload.
const MOST: usize = 32 << 20;
/// Within which a request has come.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
/// As clients write it: bits that stand for nothing are not looked at.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);
/// The only input: files, each a string of base64.
const FILES: &str = "files";

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/v2", get(about))
        .route("/v2/health/live", get(live))
        .route("/v2/health/ready", get(ready))
        .route("/v2/models/{name}", get(model))
        .route("/v2/models/{name}/ready", get(model_ready))
        .route(
            "/v2/models/{name}/infer",
            post(infer).layer(DefaultBodyLimit::disable()),
        )
}

async fn live() -> Json<Value> {
    Json(json!({ "live": true }))
}

async fn ready(State(server): State<Arc<Server>>) -> Result<Json<Value>, Problem> {
    if server.service.is_ready() {
        Ok(Json(json!({ "ready": true })))
    } else {
        Err(loading())
    }
}

fn loading() -> Problem {
    Problem::busy(
        "a model is not on its device yet",
        std::time::Duration::from_secs(1),
    )
}

async fn about() -> Json<Value> {
    Json(json!({ "name": "ichflow", "version": env!("CARGO_PKG_VERSION"), "extensions": [] }))
}

fn find<'a>(server: &'a Server, name: &str) -> Result<(usize, &'a ServedBundle), Problem> {
    let place = server.service.bundle(Some(name));
    let place = place.ok_or_else(|| {
        Problem::not_found("there is no model of this name; /v1/bundles lists those there are")
    })?;
    Ok((place, &server.service.bundles()[place]))
}

async fn model(State(server): State<Arc<Server>>, Path(name): Path<String>) -> Result<Json<Value>, Problem> {
    let (_, served) = find(&server, &name)?;
    let labels = served.bundle.index().labels.len();
    Ok(Json(json!({
        "name": name,
        "versions": [],
        "platform": "ichflow",
        "inputs": [{ "name": FILES, "datatype": "BYTES", "shape": [-1] }],
        "outputs": [
            { "name": "probabilities", "datatype": "FP64", "shape": [-1, labels] },
            { "name": "ids", "datatype": "BYTES", "shape": [-1] },
        ],
        "parameters": { "labels": served.bundle.index().labels.join(","), "note": RESEARCH_ONLY },
    })))
}

async fn model_ready(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (_, served) = find(&server, &name)?;
    if served.is_ready() {
        Ok(Json(json!({ "name": name, "ready": true })))
    } else {
        Err(loading())
    }
}

/// A request to predict.
#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    id: Option<String>,
    inputs: Vec<Input>,
}

#[derive(Deserialize)]
struct Input {
    name: String,
    datatype: String,
    /// Clients say it; the data has as many files as it has.
    #[serde(rename = "shape")]
    _shape: Vec<u32>,
    data: Vec<String>,
}

async fn infer(
    State(server): State<Arc<Server>>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let (bundle, served) = find(&server, &name)?;
    let kind = request
        .headers()
        .get("content-type")
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    if !kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case("application/json")
    {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send the request as application/json",
        ));
    }
    let mut draft = server.service.receive()?;
    let busy = || {
        Problem::busy(
            "as many requests are read as may",
            std::time::Duration::from_secs(1),
        )
    };
    let turn = server.infers.clone().try_acquire_owned().map_err(|_| busy())?;
    let body = tokio::time::timeout(PATIENCE, Limited::new(request.into_body(), MOST).collect());
    let body = body
        .await
        .map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "the body comes too slowly"))?;
    let body: Bytes = body.map_err(|_| too_large())?.to_bytes();
    let asked: Asked = serde_json::from_slice(&body)
        .map_err(|error| Problem::unprocessable(format!("the request cannot be read: {error}")))?;
    drop(body);
    let [
        Input {
            name: input,
            datatype,
            data,
            ..
        },
    ] = <[Input; 1]>::try_from(asked.inputs)
        .map_err(|_| Problem::unprocessable(format!("send one input, called {FILES}")))?;
    if input != FILES || datatype != "BYTES" || data.is_empty() {
        return Err(Problem::unprocessable(format!(
            "send one input, called {FILES}, of datatype BYTES: files, each as base64"
        )));
    }
    for (number, file) in data.iter().enumerate() {
        let bytes = BASE64
            .decode(file)
            .map_err(|error| Problem::unprocessable(format!("file {number} is no base64: {error}")))?;
        draft.begin(format!("file {number:06}"))?;
        draft.add(&bytes)?;
    }
    drop((data, turn));
    let upload = server.service.enqueue(draft, bundle);
    // An answer that is waited for is not kept for anybody else, also where the client has gone.
    let (sender, receiver) = oneshot::channel();
    let waiting = (server.clone(), upload.clone());
    tokio::spawn(async move {
        let (server, upload) = waiting;
        let mut watch = upload.watch();
        let _ = watch.wait_for(|status| status.step.is_last()).await;
        server.service.remove(&upload.id);
        let _ = sender.send(());
    });
    let _ = receiver.await;
    answered(&upload, asked.id, &name, &served.bundle.index().labels)
}

fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("a request has at most {} MiB; /v1/exams takes more", MOST >> 20),
    )
}

/// Rows that were predicted; what was excluded is told of in the parameters.
fn answered(
    upload: &Upload,
    id: Option<String>,
    name: &str,
    labels: &[String],
) -> Result<Json<Value>, Problem> {
    let Some(answer) = upload.answer() else {
        return Err(Problem::unprocessable("the files could not be predicted"));
    };
    let predicted: Vec<&Value> = answer
        .slices
        .iter()
        .filter(|row| row["status"] == "predicted")
        .collect();
    let probabilities: Vec<&Value> = predicted
        .iter()
        .flat_map(|row| labels.iter().map(move |label| &row["probabilities"][label]))
        .collect();
    let excluded: Vec<Value> = answer
        .slices
        .iter()
        .filter(|row| row["status"] != "predicted")
        .chain(&answer.other_files)
        .map(|row| json!({ "file": row["file"], "reason": row["reason"] }))
        .collect();
    let ids: Vec<&Value> = predicted.iter().map(|row| &row["id"]).collect();
    Ok(Json(json!({
        "id": id.unwrap_or_else(|| upload.id.clone()),
        "model_name": name,
        "outputs": [
            { "name": "probabilities", "datatype": "FP64", "shape": [predicted.len(), labels.len()], "data": probabilities },
            { "name": "ids", "datatype": "BYTES", "shape": [predicted.len()], "data": ids },
        ],
        "parameters": { "labels": labels.join(","), "excluded": Value::from(excluded).to_string() },
    })))
}
