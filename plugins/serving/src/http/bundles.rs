//! `/v1/bundles`: what is served.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use super::server::Server;
use crate::engine::ServedBundle;

/// What every page and every description of a bundle says.
pub(crate) const RESEARCH_ONLY: &str = "Research only: not a medical device, and not for diagnosis.";

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new().route("/v1/bundles", get(bundles))
}

async fn bundles(State(server): State<Arc<Server>>) -> Json<Value> {
    let all: Vec<Value> = server.service.bundles().iter().map(described).collect();
    Json(json!({ "bundles": all, "note": RESEARCH_ONLY }))
}

fn described(served: &ServedBundle) -> Value {
    let index = served.bundle.index();
    let by_label = |thresholds: &[Option<f64>]| -> Map<String, Value> {
        let values = thresholds.iter().copied().map(Value::from);
        index.labels.iter().cloned().zip(values).collect()
    };
    let thresholds = index.thresholds.as_ref();
    let exams = index.exams.as_ref();
    json!({
        "name": served.name,
        "title": index.title,
        "network": index.network,
        "labels": index.labels,
        "thresholds": thresholds.map(|thresholds| json!({ "target": thresholds.target, "of_label": by_label(&thresholds.of_label) })),
        "exams": exams.map(|exams| json!({
            "level": exams.unit,
            "thresholds": exams.thresholds.as_ref().map(|thresholds| by_label(&thresholds.of_label)),
            "triage": exams.triage.as_ref().map(|triage| json!({ "label": triage.label, "promises": triage.promises })),
        })),
        "ichflow": index.ichflow,
    })
}
