//! `/v1/exams/{id}/exams/{number}/view`: what the viewer is given of an exam.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use ichflow_api::prelude::Slice;
use ichflow_pages::viewer::{Heat, Hu, Sides, View, ViewSlice};
use serde_json::Value;

use super::exams::find;
use super::problem::Problem;
use super::server::Server;
use crate::engine::Upload;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new().route("/v1/exams/{id}/exams/{number}/view", get(view))
}

async fn view(
    State(server): State<Arc<Server>>,
    Path((id, number)): Path<(String, usize)>,
) -> Result<Json<View>, Problem> {
    let upload = find(&server, &id)?;
    let none = || Problem::not_found("there is no such exam; /v1/exams/{id} lists those there are");
    let answer = upload.answer().ok_or_else(none)?;
    let series = answer.series.get(number).ok_or_else(none)?;
    let name = answer.exams.get(number).and_then(|exam| exam["name"].as_str());
    let mut view = View::new(name.unwrap_or_default(), answer.labels.clone());
    let index = server.service.bundles()[upload.bundle].bundle.index();
    if let Some(thresholds) = &index.thresholds {
        view.thresholds.clone_from(&thresholds.of_label);
    }
    view.seen = Some("the bundle's window".to_owned());
    for row in series.iter().flatten() {
        if let Some(Some(slice)) = answer.shown.get(*row) {
            view.slices
                .push(shown(&upload, *row, slice, &answer.slices[*row], &answer.labels));
        }
    }
    Ok(Json(view))
}

fn shown(upload: &Upload, row: usize, slice: &Slice, told: &Value, labels: &[String]) -> ViewSlice {
    let at = format!("/v1/exams/{}/slices/{row}", upload.id);
    let numbers = |label: &String| told["probabilities"][label].as_f64();
    let heat = |label: &String| Some(Heat::Url(format!("{at}/heat/{}", encoded(label))));
    ViewSlice {
        name: told["file"].as_str().unwrap_or_default().to_owned(),
        rows: slice.rows as usize,
        columns: slice.columns as usize,
        spacing_mm: slice.header.spacing_mm.map(|spacing| spacing.map(f64::from)),
        position_mm: slice.position_mm,
        sides: slice
            .header
            .orientation
            .and_then(|orientation| Sides::of(orientation.map(f64::from))),
        probabilities: labels.iter().map_while(numbers).collect(),
        excluded: told["reason"].as_str().map(str::to_owned),
        hu: Some(Hu::Url(format!("{at}/hu"))),
        seen: Some(format!("{at}/window.png")),
        heat: labels.iter().map(heat).collect(),
        ..ViewSlice::default()
    }
}

/// A label as part of an address.
fn encoded(label: &str) -> String {
    let plain = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    label.bytes().map(plain).collect()
}
