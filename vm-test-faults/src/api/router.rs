//! Which call a request is, and what all requests have in common: ids, browsers, limits. It knows
//! paths and methods, and leaves the rest to the calls.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request, StatusCode};

use super::calls;
use super::metrics::{self, Exported};
use super::reply::{self, ApiError, Response};
use super::request_id;
use crate::log::{Level, Log};
use crate::proxy::Proxies;

/// How long the body of a request may be.
const MOST: usize = 4 * 1024 * 1024;

/// How long a request's body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(15);

/// What calls work on.
#[derive(Debug)]
pub(super) struct Router {
    pub(super) proxies: std::sync::Arc<Proxies>,
    pub(super) exported: Exported,
    pub(super) log: Log,
}

impl Router {
    /// Answers a request.
    pub(super) async fn answer(&self, request: Request<Incoming>) -> Result<Response, Infallible> {
        let id = request_id::fresh();
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let mut response = self.dispatch(request).await;
        let status = response.status().as_u16();
        self.log.line(
            Level::Debug,
            format_args!("api: {id} {method} {:?} {status}", uri.path()),
        );
        if let Ok(id) = HeaderValue::from_str(&id) {
            let name = HeaderName::from_static("x-toxiproxy-request-id");
            response.headers_mut().insert(name, id);
        }
        Ok(response)
    }

    async fn dispatch(&self, request: Request<Incoming>) -> Response {
        // A page in a browser must not be able to drive a proxy on its user's host.
        let agent = request.headers().get(USER_AGENT);
        if agent.is_some_and(|agent| agent.as_bytes().starts_with(b"Mozilla/")) {
            return reply::text(StatusCode::FORBIDDEN, "User agent not allowed");
        }
        let method = request.method().clone();
        let Some(path) = segments(request.uri().path()) else {
            return reply::text(StatusCode::NOT_FOUND, "404 page not found");
        };
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let outcome = self.call(&method, &path, request).await;
        outcome.unwrap_or_else(|error| {
            if error.status() == StatusCode::INTERNAL_SERVER_ERROR {
                let text = format_args!("api: {method} {path:?}: {}", error.text());
                self.log.line(Level::Warn, text);
            }
            reply::error(&error)
        })
    }

    async fn call(
        &self,
        method: &Method,
        path: &[&str],
        request: Request<Incoming>,
    ) -> calls::Outcome {
        let proxies = &*self.proxies;
        let method = method.as_str();
        match (method, path) {
            ("POST", ["reset"]) => calls::reset(proxies).await,
            ("GET", ["version"]) => Ok(calls::version()),
            (_, ["metrics"]) if self.exported.any() => {
                let page = metrics::page(self.exported, proxies).await;
                let kind = metrics::CONTENT_TYPE;
                Ok(reply::with_body(StatusCode::OK, kind, page))
            }
            ("POST", ["populate"]) => {
                calls::populate(proxies, &body(request).await?, self.log).await
            }
            ("GET", ["proxies"]) => calls::proxies(proxies).await,
            ("POST", ["proxies"]) => calls::create(proxies, &body(request).await?).await,
            ("GET", ["proxies", name]) => calls::proxy(proxies, name).await,
            ("POST" | "PATCH", ["proxies", name]) => {
                calls::update(proxies, name, &body(request).await?).await
            }
            ("DELETE", ["proxies", name]) => calls::delete(proxies, name).await,
            ("GET", ["proxies", name, "toxics"]) => calls::toxics(proxies, name).await,
            ("POST", ["proxies", name, "toxics"]) => {
                calls::add_toxic(proxies, name, &body(request).await?).await
            }
            ("GET", ["proxies", name, "toxics", toxic]) => calls::toxic(proxies, name, toxic).await,
            ("POST" | "PATCH", ["proxies", name, "toxics", toxic]) => {
                calls::update_toxic(proxies, name, toxic, &body(request).await?).await
            }
            ("DELETE", ["proxies", name, "toxics", toxic]) => {
                calls::delete_toxic(proxies, name, toxic).await
            }
            (_, ["reset" | "version" | "populate" | "proxies"])
            | (_, ["proxies", _] | ["proxies", _, "toxics"] | ["proxies", _, "toxics", _]) => {
                Ok(reply::empty(StatusCode::METHOD_NOT_ALLOWED))
            }
            _ => Ok(reply::text(StatusCode::NOT_FOUND, "404 page not found")),
        }
    }
}

/// Reads the whole body of a request.
async fn body(request: Request<Incoming>) -> Result<Bytes, ApiError> {
    let whole = Limited::new(request.into_body(), MOST).collect();
    match tokio::time::timeout(PATIENCE, whole).await {
        Err(_) => Err(ApiError::bad_body("i/o timeout")),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::too_large(MOST)),
        Ok(Err(error)) => Err(ApiError::bad_body(&error.to_string())),
    }
}

/// Returns the parts of a path, decoded; none of them is empty.
fn segments(path: &str) -> Option<Vec<String>> {
    let parts = path.strip_prefix('/')?.split('/');
    parts
        .map(|part| decoded(part).filter(|part| !part.is_empty()))
        .collect()
}

/// Returns what a percent-encoded text stands for.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let digits = std::str::from_utf8(after.get(..2)?).ok()?;
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_and_then_decoded() {
        let parts = |path| segments(path).map(|parts| parts.join("|"));
        assert_eq!(parts("/proxies/a%2Fb%20c").unwrap(), "proxies|a/b c");
        for path in [
            "/",
            "/proxies/",
            "//proxies",
            "/proxies/%",
            "/a/%+1",
            "/%ff",
        ] {
            assert_eq!(parts(path), None, "{path}");
        }
    }
}
