//! Whether the server lives and can be asked.

use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::server::Server;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new().route("/v2/health/live", get(live))
}

async fn live() -> Json<Value> {
    Json(json!({ "live": true }))
}
