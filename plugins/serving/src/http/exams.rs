//! `/v1/exams`: uploads, and what came of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::{Value, json};

use super::multipart::{Multipart, Piece};
use super::problem::Problem;
use super::server::Server;
use crate::engine::{Draft, Refusal, Upload};

/// Within which a client sends something more.
const SILENCE: Duration = Duration::from_secs(20);
/// For so long an upload may be slow,
const PATIENCE: Duration = Duration::from_secs(60);
/// and from then on it brings as many bytes a second.
const PACE: u64 = 16 << 10;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/v1/exams", get(list).post(create))
        .route("/v1/exams/{id}", get(one).delete(remove))
}

/// Which bundle, where several are served.
#[derive(Deserialize)]
pub(super) struct Which {
    bundle: Option<String>,
}

async fn list(State(server): State<Arc<Server>>) -> Json<Value> {
    let uploads: Vec<Value> = server
        .service
        .uploads()
        .iter()
        .map(|upload| upload.summary())
        .collect();
    Json(json!({ "exams": uploads }))
}

async fn one(State(server): State<Arc<Server>>, Path(id): Path<String>) -> Result<Json<Value>, Problem> {
    Ok(Json(find(&server, &id)?.whole()))
}

async fn remove(State(server): State<Arc<Server>>, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    if server.service.remove(&id) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(gone())
    }
}

/// An upload that the server has.
pub(super) fn find(server: &Server, id: &str) -> Result<Arc<Upload>, Problem> {
    server.service.upload(id).ok_or_else(gone)
}

fn gone() -> Problem {
    Problem::not_found("there is no upload of this id, or it was deleted or kept long enough (`--keep`)")
}

async fn create(
    State(server): State<Arc<Server>>,
    Query(which): Query<Which>,
    request: Request,
) -> Result<Response, Problem> {
    let bundle = server.service.bundle(which.bundle.as_deref()).ok_or_else(|| {
        Problem::not_found("there is no bundle of this name; /v1/bundles lists those there are")
    })?;
    let started = Instant::now();
    let draft = receive(&server, request).await?;
    server.service.measures.step("receiving", started.elapsed());
    let upload = server.service.enqueue(draft, bundle);
    let location = [(header::LOCATION, format!("/v1/exams/{}", upload.id))];
    let body = Json(json!({ "id": upload.id, "state": upload.step().name() }));
    Ok((StatusCode::ACCEPTED, location, body).into_response())
}

/// The files of a request.
pub(super) async fn receive(server: &Server, request: Request) -> Result<Draft, Problem> {
    let (parts, body) = request.into_parts();
    let form = Form::of(&parts.headers)?;
    let mut draft = server.service.receive()?;
    if let Some(length) = content_length(&parts.headers) {
        draft.expect(length)?;
    }
    read(server, form, body, &mut draft).await?;
    Ok(draft)
}

/// Takes something in, in the place of the oldest uploads that are kept and that nobody waits for, if need be.
fn taken(server: &Server, mut take: impl FnMut() -> Result<(), Refusal>) -> Result<(), Problem> {
    loop {
        match take() {
            Err(Refusal::Full(..)) if server.service.make_room() => {}
            result => return Ok(result?),
        }
    }
}

/// How files stand in a body.
enum Form {
    Several(Multipart),
    One,
}

impl Form {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let kind = headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        let plain = kind
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase();
        match plain.as_str() {
            "application/dicom" | "application/octet-stream" => Ok(Self::One),
            _ => Multipart::new(kind).map(Self::Several).ok_or_else(|| {
                Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "send files as multipart/form-data, or one as application/dicom or application/octet-stream",
                )
            }),
        }
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read(server: &Server, mut form: Form, mut body: Body, draft: &mut Draft) -> Result<(), Problem> {
    let started = Instant::now();
    let (mut received, mut files, mut is_file) = (0_u64, 0_usize, false);
    if matches!(form, Form::One) {
        taken(server, || draft.begin("file".to_owned()))?;
    }
    loop {
        let frame = tokio::time::timeout(SILENCE, body.frame())
            .await
            .map_err(|_| too_slow())?;
        let Some(frame) = frame else { break };
        let frame =
            frame.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "the body ended before its end"))?;
        let Ok(chunk) = frame.into_data() else { continue };
        received += chunk.len() as u64;
        let slow = started.elapsed().saturating_sub(PATIENCE).as_secs();
        if received < slow * PACE {
            return Err(too_slow());
        }
        draft.expect(received)?;
        match &mut form {
            Form::One => taken(server, || draft.add(&chunk))?,
            Form::Several(multipart) => {
                let pieces = multipart.push(&chunk).map_err(|what| {
                    Problem::new(
                        StatusCode::BAD_REQUEST,
                        format!("the form cannot be read: {what}"),
                    )
                })?;
                for piece in pieces {
                    match piece {
                        Piece::Begin(name) => {
                            is_file = name.is_some();
                            if let Some(name) = name {
                                files += 1;
                                taken(server, || draft.begin(shown(&name, files)))?;
                            }
                        }
                        Piece::Bytes(bytes) if is_file => taken(server, || draft.add(&bytes))?,
                        // Fields of a form are not read.
                        Piece::Bytes(_) => {}
                    }
                }
            }
        }
    }
    match &form {
        Form::One if received == 0 => Err(Problem::unprocessable("the body is empty")),
        Form::Several(multipart) if !multipart.is_whole() => {
            Err(Problem::new(StatusCode::BAD_REQUEST, "the form has no end"))
        }
        Form::Several(_) if files == 0 => Err(Problem::unprocessable("the form has no file")),
        _ => Ok(()),
    }
}

/// A client's name of a file as it is shown: without what a terminal or a page might take for its own.
fn shown(name: &str, number: usize) -> String {
    let clean: String = name
        .chars()
        .map(|letter| if letter.is_control() { '\u{fffd}' } else { letter })
        .take(512)
        .collect();
    match clean.trim() {
        "" => format!("file {number}"),
        clean => clean.replace('\\', "/"),
    }
}

fn too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "the body comes too slowly")
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::TooLarge(detail) => Self::new(StatusCode::PAYLOAD_TOO_LARGE, detail),
            Refusal::Full(detail, after) => Self::busy(detail, after),
            Refusal::Failed(detail) => Self::internal(detail),
        }
    }
}
