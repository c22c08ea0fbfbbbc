//! The runs of a directory, as pages and as JSON.

use std::sync::Arc;

use axum::Router;
use axum::response::Html;
use axum::routing::get;

use crate::http::Server;

/// `/runs` and what belongs to it.
pub(crate) fn routes() -> Router<Arc<Server>> {
    Router::new().route("/runs", get(page))
}

async fn page() -> Html<&'static str> {
    Html("<!doctype html><html lang=\"en\"><title>Runs</title><main><h1>Runs</h1></main></html>")
}
