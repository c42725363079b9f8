//! Replies as Toxiproxy gives them: status, headers and body. It knows no call.

use bytes::Bytes;
use http_body_util::Full;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Serialize;

use crate::proxy::ProxyError;
use crate::toxic::ToxicError;

/// A reply with its whole body.
pub(super) type Response = hyper::Response<Full<Bytes>>;

const PLAIN: &str = "text/plain; charset=utf-8";

/// An error that the API answers with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct ApiError {
    error: String,
    status: u16,
}

impl ApiError {
    fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            status: status.as_u16(),
        }
    }

    pub(super) fn bad_body(why: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, format!("bad request body: {why}"))
    }

    pub(super) fn missing(field: &str) -> Self {
        let text = format!("missing required field: {field}");
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    pub(super) fn too_large(most: usize) -> Self {
        let text = format!("bad request body: more than {most} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, text)
    }

    pub(super) fn invalid_stream() -> Self {
        let text = "stream was invalid, can be either upstream or downstream";
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    pub(super) fn invalid_type() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid toxic type")
    }

    pub(super) fn text(&self) -> &str {
        &self.error
    }

    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl From<ProxyError> for ApiError {
    fn from(error: ProxyError) -> Self {
        let status = match error {
            ProxyError::NotFound => StatusCode::NOT_FOUND,
            ProxyError::AlreadyExists => StatusCode::CONFLICT,
            ProxyError::Start(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl From<ToxicError> for ApiError {
    fn from(error: ToxicError) -> Self {
        let status = match error {
            ToxicError::AlreadyExists => StatusCode::CONFLICT,
            ToxicError::NotFound => StatusCode::NOT_FOUND,
        };
        Self::new(status, error.to_string())
    }
}

/// Returns a reply with this body and type.
pub(super) fn with_body(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response {
    let mut response = empty(status);
    *response.body_mut() = Full::new(body.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// Returns a reply without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

/// Returns a reply that is a JSON document.
pub(super) fn json(status: StatusCode, document: &impl Serialize) -> Response {
    match serde_json::to_vec(document) {
        Ok(body) => with_body(status, "application/json", body),
        Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

/// Returns an error in the form of Go's `http.Error`.
pub(super) fn text(status: StatusCode, text: &str) -> Response {
    let mut response = with_body(status, PLAIN, format!("{text}\n"));
    let name = HeaderName::from_static("x-content-type-options");
    let headers = response.headers_mut();
    headers.insert(name, HeaderValue::from_static("nosniff"));
    response
}

/// Returns the reply of a call that failed: JSON that Toxiproxy calls plain text.
pub(super) fn error(error: &ApiError) -> Response {
    let body = serde_json::to_string(error).unwrap_or_default();
    text(error.status(), &body)
}
