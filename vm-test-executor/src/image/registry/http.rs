//! One HTTP request: the client with its limits, and what its errors mean to the user.
//!
//! Knows no registry and no credentials but the header that it is given.

use super::address;
use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;
use ureq::config::RedirectAuthHeaders;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Error, Proxy, http::Response};

/// How long a host may take to answer at all, and then to send anything more.
const REACH: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_secs(60);

/// The most addresses that an answer may lead to, one after the other.
const MOST_REDIRECTS: u32 = 5;

/// The longest head of an answer, in bytes.
const LONGEST_HEAD: usize = 64 << 10;

const USER_AGENT: &str = concat!("vm-test/", env!("CARGO_PKG_VERSION"));

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The connection broke; it may be worth another attempt.
    Cut(String),
    /// What answered does not speak plain HTTP, so it may speak TLS.
    NotPlain(String),
    /// The cause, and a hint.
    Final(String, String),
}

/// The parts of a request that differ.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked<'a> {
    /// The value of `Authorization`.
    pub(super) authorization: Option<&'a str>,
    /// The media types of the answer.
    pub(super) accept: Option<&'a str>,
    /// The first byte that is wanted.
    pub(super) from: u64,
    /// The fields of a form, which make it a POST.
    pub(super) form: Option<&'a [(&'a str, &'a str)]>,
}

/// Returns the client for a host; `plain` says that it is reached without encryption.
pub(super) fn agent(host: &str, plain: bool) -> Agent {
    // An error means that there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    // Nothing else can be between this host and itself.
    let proxy = (!address::is_loopback(host))
        .then(Proxy::try_from_env)
        .flatten();
    Agent::config_builder()
        .http_status_as_error(false)
        .https_only(!plain)
        .max_redirects(MOST_REDIRECTS)
        .redirect_auth_headers(RedirectAuthHeaders::SameHost)
        .max_response_header_size(LONGEST_HEAD)
        .timeout_resolve(Some(REACH))
        .timeout_connect(Some(REACH))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .timeout_per_write(Some(SILENCE))
        .proxy(proxy)
        .tls_config(tls)
        .user_agent(USER_AGENT)
        .build()
        .into()
}

/// Sends a request; returns the answer, whatever its status.
pub(super) fn send(agent: &Agent, url: &str, asked: Asked<'_>) -> Result<Response<Body>, Trouble> {
    let explain = |error: Error| trouble(url, error);
    if let Some(form) = asked.form {
        return agent
            .post(url)
            .send_form(form.iter().copied())
            .map_err(explain);
    }
    let mut request = agent.get(url);
    for (name, value) in [
        ("Authorization", asked.authorization),
        ("Accept", asked.accept),
    ] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    if asked.from > 0 {
        request = request.header("Range", format!("bytes={}-", asked.from));
    }
    request.call().map_err(explain)
}

/// Returns the bytes of an answer, `None` if there are more than the limit.
pub(super) fn content(
    response: Response<Body>,
    most: u64,
) -> Result<Option<Vec<u8>>, std::io::Error> {
    use std::io::Read;
    let mut bytes = Vec::new();
    response
        .into_body()
        .into_reader()
        .take(most + 1)
        .read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}

/// Returns the host and port of an address.
pub(super) fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    host.rsplit('@').next().unwrap_or(host)
}

/// Returns what an error means to the user.
fn trouble(url: &str, error: Error) -> Trouble {
    let host = host_of(url);
    let network = "is the name right, and is there a network? Behind a proxy, HTTPS_PROXY names it";
    let certificate = "certificates are checked against those of this system (package ca-certificates); SSL_CERT_FILE names others";
    match error {
        Error::HostNotFound => {
            Trouble::Final(format!("cannot find the host {host}"), network.to_owned())
        }
        Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => Trouble::Final(
            format!("{host} does not answer within {} s", REACH.as_secs()),
            network.to_owned(),
        ),
        Error::Timeout(_) => Trouble::Cut(silence()),
        Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable => {
                Trouble::Final(format!("cannot reach {host}: {error}"), network.to_owned())
            }
            ErrorKind::InvalidData => Trouble::Final(
                format!("{host} cannot be trusted: {error}"),
                certificate.to_owned(),
            ),
            _ => Trouble::Cut(words(&error)),
        },
        Error::Rustls(error) => Trouble::Final(
            format!("{host} cannot be trusted: {error}"),
            certificate.to_owned(),
        ),
        Error::Tls(cause) => Trouble::Final(
            format!("{host} cannot be trusted: {cause}"),
            certificate.to_owned(),
        ),
        Error::RequireHttpsOnly(_) => Trouble::Final(
            format!("{host} leads on to an address without encryption"),
            "tell those who run the registry".to_owned(),
        ),
        Error::Protocol(error) => Trouble::NotPlain(format!("{host} does not speak HTTP: {error}")),
        error => Trouble::Final(
            format!("{host} gives no usable answer: {error}"),
            "is it a registry?".to_owned(),
        ),
    }
}

/// Returns the words for an error of the connection.
pub(super) fn words(error: &std::io::Error) -> String {
    if error.kind() == ErrorKind::UnexpectedEof {
        return "it ended".to_owned();
    }
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(Error::Timeout(_)) => silence(),
        Some(Error::Protocol(error)) => error
            .source()
            .map_or_else(|| error.to_string(), |source| source.to_string()),
        _ => error.to_string(),
    }
}

fn silence() -> String {
    format!("nothing came for {} s", SILENCE.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_user() {
        assert_eq!(host_of("https://ann:x@r.io:5000/v2/?q=1"), "r.io:5000");
        assert_eq!(host_of("http://[::1]:5000"), "[::1]:5000");
    }
}
