//! Single slices of an upload, for the viewer.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use ichflow_api::prelude::{Error, HuImage};
use serde_json::{Value, json};

use super::exams::find;
use super::problem::Problem;
use super::server::Server;
use crate::engine::{Gray, Service, Upload};

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/v1/exams/{id}/slices/{number}/hu", get(hu))
        .route("/v1/exams/{id}/slices/{number}/window.png", get(window))
        .route("/v1/exams/{id}/slices/{number}/heat/{label}", get(heat))
}

async fn hu(
    State(server): State<Arc<Server>>,
    Path((id, number)): Path<(String, usize)>,
) -> Result<Response, Problem> {
    let HuImage { hu, .. } = look(&server, &id, move |service, upload| service.hu(upload, number)).await?;
    let bytes: Vec<u8> = hu.iter().flat_map(|value| value.to_le_bytes()).collect();
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}

async fn window(
    State(server): State<Arc<Server>>,
    Path((id, number)): Path<(String, usize)>,
) -> Result<Response, Problem> {
    let gray = look(&server, &id, move |service, upload| {
        service.window(upload, number)
    })
    .await?;
    let bytes =
        png(&gray).map_err(|error| Problem::internal(format!("the picture cannot be written: {error}")))?;
    Ok(([(header::CONTENT_TYPE, "image/png")], bytes).into_response())
}

async fn heat(
    State(server): State<Arc<Server>>,
    Path((id, number, label)): Path<(String, usize, String)>,
) -> Result<Json<Value>, Problem> {
    let map = look(&server, &id, move |service, upload| {
        service.heat(upload, number, &label)
    })
    .await?;
    let values: Vec<u8> = map
        .values
        .iter()
        .map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8)
        .collect();
    Ok(Json(
        json!({ "rows": map.rows, "columns": map.columns, "values": values }),
    ))
}

/// Looks at a slice on a thread that may take its time.
async fn look<T: Send + 'static>(
    server: &Arc<Server>,
    id: &str,
    look: impl FnOnce(&Service, &Upload) -> Option<Result<T, Error>> + Send + 'static,
) -> Result<T, Problem> {
    let upload = find(server, id)?;
    let server = server.clone();
    let turn = server.looks.clone().acquire_owned().await;
    let looked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        look(&server.service, &upload)
    });
    match looked.await {
        Ok(Some(Ok(seen))) => Ok(seen),
        Ok(Some(Err(error))) => Err(Problem::unprocessable(error.to_string())),
        Ok(None) => Err(Problem::not_found(
            "there is no such slice or label, or its files are kept no longer",
        )),
        Err(_) => Err(Problem::internal("the program gave up on this slice")),
    }
}

fn png(gray: &Gray) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let size = |side: usize| u32::try_from(side).unwrap_or(u32::MAX);
    let mut encoder = png::Encoder::new(&mut bytes, size(gray.columns), size(gray.rows));
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&gray.values)?;
    writer.finish()?;
    Ok(bytes)
}
