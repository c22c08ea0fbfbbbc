//! What every request and every answer passes.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use ichflow_pages::frame;

use super::problem::Problem;
use super::server::Server;

/// Methods that are counted by their names.
const METHODS: [Method; 4] = [Method::GET, Method::HEAD, Method::POST, Method::DELETE];

/// What needs no token: it tells nothing but that the server lives.
const OPEN: [&str; 2] = ["/v2/health/live", "/v2/health/ready"];

/// Checks a request's headers, and adds to the answer those that every answer has. An answer that has one of them
/// already keeps its own.
pub(super) async fn guard(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    // The route, and never the address: that may hold what nobody should count.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    let mut answer = match check(&server, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    if is_plain_refusal(&answer) {
        let detail = "the address or the body is not what this route takes; /openapi.json says what is";
        answer = Problem::new(answer.status(), detail).into_response();
    }
    let status = answer.status().as_u16();
    let method = if METHODS.contains(&method) {
        method.as_str()
    } else {
        "other"
    };
    let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
    server.service.measures.count("ichflow_requests_total", labels, 1);
    let own = [
        (header::CONTENT_SECURITY_POLICY, frame::SERVED),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    let headers = answer.headers_mut();
    for (name, value) in own {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    for (name, value) in [
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// Whether the router itself refused: it says why in plain text.
fn is_plain_refusal(answer: &Response) -> bool {
    let kind = answer.headers().get(header::CONTENT_TYPE);
    let is_plain = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    is_plain && (answer.status().is_client_error() || answer.status().is_server_error())
}

fn check(server: &Server, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let is_open = OPEN.contains(&request.uri().path());
    server.access.check(request.method(), headers, is_open)?;
    match headers.get(header::CONTENT_ENCODING) {
        // What is unpacked may be a thousand times what was sent.
        Some(encoding) if encoding != "identity" => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "bodies are taken as they are: send it without Content-Encoding",
        )),
        _ => Ok(()),
    }
}
