//! The page of runs.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Html;
use ichflow_pages::frame::{Assets, Frame};

use super::none_here;
use crate::http::{Problem, Server};

pub(super) async fn page(State(server): State<Arc<Server>>) -> Result<Html<String>, Problem> {
    if !server.runs.is_dir() {
        return Err(none_here());
    }
    let frame = Frame {
        title: "Runs · ichflow",
        skip: "Skip to the runs",
        body: include_str!("../pages/runs.html"),
        assets: Assets::Linked {
            styles: &["/assets/page.css", "/assets/runs.css"],
            scripts: &["/assets/runs.js"],
        },
    };
    let page = frame
        .html()
        .map_err(|error| Problem::internal(format!("the page cannot be made: {error}")))?;
    Ok(Html(page))
}
