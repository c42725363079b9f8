//! What a registry wants before it answers: a token, or the user's name and password.
//!
//! Finds out and asks for the token. Sends credentials only over encrypted connections, to this
//! host, and where the user has said so.

use super::address::{is_loopback, is_plain, key_of, repository_of};
use super::challenge::{self, Challenge};
use super::credentials::{self, Credentials};
use super::http::{self, Asked, Trouble};
use crate::image::archive::refusal::shown;
use crate::image::recipe::Reference;
use serde::Deserialize;
use ureq::{Body, http::Response};

/// The longest answer with a token.
const LONGEST: u64 = 1 << 20;

/// How this program is known to those who give tokens.
const CLIENT: &str = "vm-test";

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

/// Returns the value of `Authorization` with which the request that got this answer may succeed.
pub(super) fn authorization(
    reference: &Reference,
    refused: &Response<Body>,
) -> Result<String, Trouble> {
    let headers = refused.headers().get_all("www-authenticate");
    let challenge = headers
        .iter()
        .find_map(|header| challenge::parse(header.to_str().ok()?));
    let wants_login = |cause: &str| Trouble::Final(cause.to_owned(), login(reference));
    let credentials = credentials::find(reference).map_err(|cause| wants_login(&cause))?;
    match (challenge, credentials) {
        (Some(Challenge::Bearer { realm, service }), credentials) => {
            token(reference, &realm, service.as_deref(), credentials)
                .map(|token| format!("Bearer {token}"))
        }
        (Some(Challenge::Basic), Some(Credentials::Password { user, password })) => {
            Ok(credentials::basic(&user, &password))
        }
        (Some(Challenge::Basic), Some(Credentials::Refresh(_))) => Err(wants_login(
            "the registry asks for a name and a password, and docker's config has only a token",
        )),
        (Some(Challenge::Basic), None) => Err(wants_login("the registry asks for a login")),
        (None, _) => Err(Trouble::Final(
            "the registry refuses access and does not say what it asks for (401 Unauthorized)"
                .to_owned(),
            "is it a registry?".to_owned(),
        )),
    }
}

/// Returns the hint how to log in.
pub(super) fn login(reference: &Reference) -> String {
    let key = key_of(reference);
    let file = credentials::file();
    let file = file.map_or_else(
        || "docker's config".to_owned(),
        |path| path.display().to_string(),
    );
    format!("docker login {key}; credentials are read from {file}")
}

/// Asks for a token.
fn token(
    reference: &Reference,
    realm: &str,
    service: Option<&str>,
    credentials: Option<Credentials>,
) -> Result<String, Trouble> {
    let host = http::host_of(realm);
    let printed = shown(host.as_bytes());
    let none = |cause: &str| {
        Trouble::Final(
            format!("{printed} gives no token: {cause}"),
            "try again later, or tell those who run the registry".to_owned(),
        )
    };
    let is_open = realm.starts_with("http://") && (is_loopback(host) || is_plain(host));
    if !realm.starts_with("https://") && !is_open {
        return Err(none("the way there is not encrypted"));
    }
    let agent = http::agent(host, is_open);
    let scope = format!("repository:{}:pull", repository_of(reference));
    let mut query = vec![("scope", &scope[..])];
    query.extend(service.map(|service| ("service", service)));
    let answer = match &credentials {
        Some(Credentials::Refresh(token)) => {
            query.extend([
                ("grant_type", "refresh_token"),
                ("client_id", CLIENT),
                ("refresh_token", token),
            ]);
            let form = Some(&query[..]);
            http::send(
                &agent,
                realm,
                Asked {
                    form,
                    ..Asked::default()
                },
            )
        }
        Some(Credentials::Password { user, password }) => {
            let basic = credentials::basic(user, password);
            let authorization = Some(&basic[..]);
            let asked = Asked {
                authorization,
                ..Asked::default()
            };
            http::send(&agent, &with_query(realm, &query), asked)
        }
        None => http::send(&agent, &with_query(realm, &query), Asked::default()),
    };
    let answer = answer.map_err(|trouble| match trouble {
        Trouble::Cut(cause) | Trouble::NotPlain(cause) => none(&cause),
        last => last,
    })?;
    let status = answer.status();
    if !status.is_success() {
        let cause = if credentials.is_some() {
            format!("{printed} refuses the login ({status})")
        } else {
            format!(
                "the registry asks for a login: {printed} gives no token without one ({status})"
            )
        };
        return Err(Trouble::Final(cause, login(reference)));
    }
    let bytes = http::content(answer, LONGEST)
        .map_err(|error| none(&http::words(&error)))?
        .ok_or_else(|| none(&format!("its answer is longer than {LONGEST} bytes")))?;
    // The answer itself must not get into a message.
    let token: Token =
        serde_json::from_slice(&bytes).map_err(|_| none("its answer cannot be parsed"))?;
    let token = token.token.or(token.access_token);
    token
        .filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()))
        .ok_or_else(|| none("its answer has none"))
}

/// Returns an address with these parameters.
fn with_query(url: &str, query: &[(&str, &str)]) -> String {
    let mut whole = url.to_owned();
    for (name, value) in query {
        whole.push(if whole.contains('?') { '&' } else { '?' });
        whole.push_str(name);
        whole.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                whole.push(char::from(byte));
            } else {
                whole.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_added_to_an_address_with_each_byte_that_means_something_escaped() {
        let query = [("scope", "repository:a/b:pull"), ("service", "r & s")];
        assert_eq!(
            with_query("https://a/t", &query),
            "https://a/t?scope=repository%3Aa%2Fb%3Apull&service=r%20%26%20s"
        );
        assert_eq!(
            with_query("https://a/t?x=1", &[("y", "2")]),
            "https://a/t?x=1&y=2"
        );
    }
}
