//! The page where files are dropped.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;

use super::server::Server;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new().route("/", get(predict))
}

async fn predict(State(server): State<Arc<Server>>) -> Response {
    if server.service.bundles().is_empty() {
        return Redirect::to("/runs").into_response();
    }
    Html(include_str!("../pages/predict.html")).into_response()
}
