//! Runs as JSON, as `ichflow runs --json` writes them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ichflow_api::data::comparison::RunList;
use serde_json::Value;

use super::none_here;
use crate::http::{Problem, Server};

pub(super) async fn list(State(server): State<Arc<Server>>) -> Result<Json<Value>, Problem> {
    if !server.runs.is_dir() {
        return Err(none_here());
    }
    let read = move || RunList::below(&server.runs).map(|list| list.json());
    let mut listed = tokio::task::spawn_blocking(read)
        .await
        .map_err(|_| Problem::internal("the runs could not be read"))?
        .map_err(|error| Problem::internal(error.chain()))?;
    // Where a run lies on the server's disk is nobody's business.
    for run in listed.as_array_mut().into_iter().flatten() {
        if let Some(run) = run.as_object_mut() {
            run.shift_remove("directory");
        }
    }
    Ok(Json(listed))
}
