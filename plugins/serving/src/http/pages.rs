//! The page where files are dropped.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;

use ichflow_pages::frame::{Assets, Frame};

use super::problem::Problem;
use super::server::Server;

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new().route("/", get(predict))
}

async fn predict(State(server): State<Arc<Server>>) -> Response {
    if server.service.bundles().is_empty() {
        return Redirect::to("/runs").into_response();
    }
    let frame = Frame {
        title: "Predict · ichflow",
        skip: "Skip to the page",
        body: include_str!("../pages/predict.html"),
        assets: Assets::Linked {
            styles: &["/assets/page.css", "/assets/viewer.css", "/assets/predict.css"],
            scripts: &["/assets/predict.js"],
        },
    };
    match frame.html() {
        Ok(page) => Html(page).into_response(),
        Err(error) => Problem::internal(format!("the page cannot be made: {error}")).into_response(),
    }
}
