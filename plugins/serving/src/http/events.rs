//! `/v1/exams/{id}/events`: how far an upload is, as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use axum::routing::get;
use futures_core::Stream;

use super::exams::find;
use super::problem::Problem;
use super::server::Server;

/// Between two events at least: a stage may advance a thousand times a second.
const PACE: Duration = Duration::from_millis(100);

pub(super) fn routes() -> Router<Arc<Server>> {
    Router::new().route("/v1/exams/{id}/events", get(events))
}

async fn events(
    State(server): State<Arc<Server>>,
    Path(id): Path<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let upload = find(&server, &id)?;
    let mut watch = upload.watch();
    watch.mark_changed();
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        while watch.changed().await.is_ok() {
            let is_last = watch.borrow_and_update().step.is_last();
            let event = Event::default().data(upload.summary().to_string());
            if sender.send(Ok(event)).await.is_err() || is_last {
                return;
            }
            tokio::time::sleep(PACE).await;
        }
    });
    Ok(Sse::new(Received(receiver)).keep_alive(KeepAlive::default()))
}

/// What comes through a channel.
struct Received(tokio::sync::mpsc::Receiver<Result<Event, Infallible>>);

impl Stream for Received {
    type Item = Result<Event, Infallible>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}
