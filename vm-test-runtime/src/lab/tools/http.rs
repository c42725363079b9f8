//! Pages that a node gets from HTTP servers.

use super::super::handle::Node;
use super::client::{WITHIN, bytes_of};
use super::error::NetError;
use super::line::Line;
use super::url::Url;
use std::borrow::Cow;
use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::tool::{LONGEST_ANSWER, Told, Tool};

/// The answer of an HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its status, as in 200.
    pub status: u16,
    /// Its body.
    pub body: Vec<u8>,
}

impl Response {
    /// Returns its body as text.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }
}

impl Node {
    /// Asks a server for a page, from the node: `http://gw:8080/path`, or only a host.
    ///
    /// It follows no redirection, and waits for at most 5 seconds.
    ///
    /// # Panics
    /// If the network does not let it, the answer is not HTTP, or the node cannot be used. An error
    /// of the server is a status.
    #[must_use]
    #[track_caller]
    pub fn http_get(&self, url: impl ToString) -> Response {
        let url = url.to_string();
        match get(*self, &url, WITHIN) {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => panic!("cannot get {url} (node `{}`): {error}", self.name()),
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Asks a server for a page, as [`Node::http_get`] does, within this time limit.
    ///
    /// # Errors
    /// If the network does not let it, or the answer is not HTTP.
    ///
    /// # Panics
    /// If the node cannot be used, does not know the name, or the address is none of HTTP.
    #[track_caller]
    pub fn try_http_get(&self, url: impl ToString, within: Duration) -> Result<Response, NetError> {
        match get(*self, &url.to_string(), within) {
            Ok(response) => response,
            Err(failure) => panic!("{failure}"),
        }
    }
}

fn get(node: Node, url: &str, within: Duration) -> Result<Result<Response, NetError>, Failure> {
    let Url { to, host, path } =
        Url::parse(url).map_err(|cause| Failure::new(format!("cannot get {url}: {cause}")))?;
    let tool = Tool::HttpGet {
        to,
        host,
        path,
        within,
    };
    let told = match Line::run(node, tool)? {
        Ok(told) => told,
        Err(error) => return Ok(Err(error)),
    };
    let body = bytes_of(&told);
    if body.len() > LONGEST_ANSWER {
        return Ok(Err(NetError::too_long()));
    }
    Ok(match told.first() {
        Some(Told::Status(status)) => Ok(Response {
            status: *status,
            body,
        }),
        _ => Err(NetError::Unusable("it has no status".to_owned())),
    })
}
