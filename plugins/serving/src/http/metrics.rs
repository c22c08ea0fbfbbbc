//! `/metrics`, for Prometheus.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::server::Server;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics(State(server): State<Arc<Server>>) -> impl IntoResponse {
    let text = server.service.measures.text(&server.service.now());
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        text,
    )
}
