//! The server's HTTP side: routes, guards and answers. What is computed is the work of [`crate::engine`].

mod access;
mod assets;
mod bundles;
mod events;
mod exams;
mod guard;
mod infer;
mod listen;
mod metrics;
mod multipart;
mod openapi;
mod pages;
mod problem;
mod server;
mod slices;
mod view;

pub(crate) use access::Access;
pub(crate) use listen::serve;
pub(crate) use problem::Problem;
pub(crate) use server::Server;

use std::sync::Arc;

use axum::Router;
use axum::middleware;

/// All routes, behind the guards.
fn router(server: Arc<Server>) -> Router {
    Router::new()
        .merge(pages::routes())
        .merge(assets::routes())
        .merge(bundles::routes())
        .merge(exams::routes())
        .merge(events::routes())
        .merge(slices::routes())
        .merge(view::routes())
        .merge(infer::routes())
        .merge(metrics::routes())
        .merge(openapi::routes())
        .merge(crate::runs::routes())
        .fallback(problem::no_such_page)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(middleware::from_fn_with_state(server.clone(), guard::guard))
        .with_state(server)
}
