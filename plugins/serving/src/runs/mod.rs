//! The runs of a directory: a page, the same as JSON, and files of a run.

mod files;
mod list;
mod page;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::http::{Problem, Server};

/// `/runs` and what belongs to it.
pub(crate) fn routes() -> Router<Arc<Server>> {
    Router::new()
        .route("/runs", get(page::page))
        .route("/runs/{*file}", get(files::file))
        .route("/v1/runs", get(list::list))
}

/// What is said where no runs are served.
fn none_here() -> Problem {
    Problem::not_found("there is no directory of runs here; `ichflow serve --runs DIR` names one")
}
