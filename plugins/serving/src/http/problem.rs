//! Answers that say what is wrong: `application/problem+json` (RFC 9457).

use std::time::Duration;

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// What is wrong with a request, and what to do.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    retry_after: Option<Duration>,
    authenticate: bool,
}

impl Problem {
    /// `detail` is for a person: what is wrong, and what to do.
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
            retry_after: None,
            authenticate: false,
        }
    }

    /// There is nothing at this address, or no longer.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// The request is understood and cannot be followed.
    pub(crate) fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    /// Something failed that the client did not cause.
    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    /// There is too much to do at the moment.
    pub(crate) fn busy(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, detail)
        }
    }

    /// The token is missing or wrong.
    pub(crate) fn unauthorized() -> Self {
        Self {
            authenticate: true,
            ..Self::new(
                StatusCode::UNAUTHORIZED,
                "this server asks for a token: send `Authorization: Bearer TOKEN`, or the token as the password",
            )
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let mut answer = (
            self.status,
            [(header::CONTENT_TYPE, "application/problem+json")],
            body.to_string(),
        )
            .into_response();
        if let Some(after) = self.retry_after {
            let seconds = after.as_secs().max(1);
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        if self.authenticate {
            let asked = HeaderValue::from_static("Basic realm=\"ichflow\", charset=\"UTF-8\"");
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, asked);
        }
        answer
    }
}

/// The answer where no route fits.
pub(super) async fn no_such_page() -> Problem {
    Problem::not_found("there is nothing at this address; /openapi.json lists what there is")
}

/// The answer where a route knows other methods.
pub(super) async fn method_not_allowed(method: Method, _uri: Uri) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{method} cannot be used here; /openapi.json lists what can"),
    )
}
