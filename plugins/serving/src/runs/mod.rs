//! The runs of a directory, as pages and as JSON.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;

use crate::http::{Problem, Server};

/// `/runs` and what belongs to it.
pub(crate) fn routes() -> Router<Arc<Server>> {
    Router::new().route("/runs", get(page))
}

async fn page(State(server): State<Arc<Server>>) -> Result<Html<&'static str>, Problem> {
    if !server.runs.is_dir() {
        return Err(Problem::not_found(
            "there is no directory of runs here; `ichflow serve --runs DIR` names one",
        ));
    }
    Ok(Html(
        "<!doctype html><html lang=\"en\"><title>Runs</title><main><h1>Runs</h1></main></html>",
    ))
}
