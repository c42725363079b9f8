//! The user's credentials for a registry, from docker's config.
//!
//! Reads the file and asks the helpers that it names; sends nothing and shows no secret.

use super::address::{key_of, server_of};
use super::keychain;
use crate::image::recipe::Reference;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;

/// The variable with docker's directory, and where it is in the home directory otherwise.
const ENV_DOCKER: &str = "DOCKER_CONFIG";
const DOCKER: &str = ".docker";
const FILE: &str = "config.json";

/// The name of the user if the secret is a refresh token.
const TOKEN_USER: &str = "<token>";

/// What the user is known by.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credentials {
    /// A name and a password.
    Password { user: String, password: String },
    /// A refresh token.
    Refresh(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

#[derive(Default, Deserialize)]
struct Config {
    #[serde(default)]
    auths: HashMap<String, Entry>,
    #[serde(default, rename = "credHelpers")]
    helpers: HashMap<String, String>,
    #[serde(rename = "credsStore")]
    store: Option<String>,
}

#[derive(Default, Deserialize)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    #[serde(rename = "identitytoken")]
    token: Option<String>,
}

/// Returns the path of docker's config, if there can be one.
pub(super) fn file() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let directory = set(ENV_DOCKER).map(PathBuf::from);
    let directory = directory.or_else(|| set("HOME").map(|home| PathBuf::from(home).join(DOCKER)));
    directory.map(|directory| directory.join(FILE))
}

/// Returns the credentials for the registry of an image, if the user has any, or why they cannot be
/// read.
pub(super) fn find(reference: &Reference) -> Result<Option<Credentials>, String> {
    let Some(path) = file() else {
        return Ok(None);
    };
    let bad = |cause: String| format!("{}: {cause}", path.display());
    let text = match std::fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        text => text.map_err(|error| bad(error.to_string()))?,
    };
    // The text itself must not get into a message.
    let config: Config = serde_json::from_slice(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        bad(format!(
            "it cannot be parsed at line {line}, column {column}"
        ))
    })?;
    of_config(&config, key_of(reference)).map_err(bad)
}

fn of_config(config: &Config, key: &str) -> Result<Option<Credentials>, String> {
    let helper = by_key(&config.helpers, key).or(config.store.as_ref());
    if let Some(helper) = helper.filter(|helper| !helper.is_empty())
        && let Some((user, secret)) = keychain::ask(helper, &server_of(key))?
    {
        return Ok(Some(if user == TOKEN_USER {
            Credentials::Refresh(secret)
        } else {
            Credentials::Password {
                user,
                password: secret,
            }
        }));
    }
    match by_key(&config.auths, key) {
        Some(entry) => of_entry(entry, key),
        None => Ok(None),
    }
}

/// Returns the entry of a registry, whose key may be written as an address.
fn by_key<'a, T>(map: &'a HashMap<String, T>, key: &str) -> Option<&'a T> {
    let plain = |listed: &str| {
        let listed = listed.strip_prefix("https://").unwrap_or(listed);
        let listed = listed.strip_prefix("http://").unwrap_or(listed);
        listed.split('/').next() == Some(key)
    };
    map.get(key).or_else(|| {
        let found = map.iter().find(|(listed, _)| plain(listed));
        found.map(|(_, entry)| entry)
    })
}

fn of_entry(entry: &Entry, key: &str) -> Result<Option<Credentials>, String> {
    let set = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(token) = set(&entry.token) {
        return Ok(Some(Credentials::Refresh(token)));
    }
    if let Some(auth) = set(&entry.auth) {
        let bytes = STANDARD.decode(auth.trim()).ok();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = text.as_deref().and_then(|text| text.split_once(':'));
        let (user, password) = pair.ok_or_else(|| {
            format!("`auth` of {key} is not a name and a password with a colon between, in base 64")
        })?;
        return Ok(Some(Credentials::Password {
            user: user.to_owned(),
            password: password.to_owned(),
        }));
    }
    let pair = set(&entry.username).zip(set(&entry.password));
    Ok(pair.map(|(user, password)| Credentials::Password { user, password }))
}

/// Returns the value of the header `Authorization` for a name and a password.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(config: &str, key: &str) -> Result<Option<Credentials>, String> {
        of_config(&serde_json::from_str(config).unwrap(), key)
    }

    fn password(user: &str, password: &str) -> Option<Credentials> {
        let (user, password) = (user.to_owned(), password.to_owned());
        Some(Credentials::Password { user, password })
    }

    #[test]
    fn credentials_are_found_under_every_name_that_docker_gives_a_registry() {
        // "ann:a:b" in base 64.
        let auth = r#"{"auth":"YW5uOmE6Yg=="}"#;
        for (listed, key) in [
            ("r.io:5000", "r.io:5000"),
            ("https://r.io", "r.io"),
            ("https://index.docker.io/v1/", "index.docker.io"),
        ] {
            let config = format!(r#"{{"auths":{{"{listed}":{auth}}}}}"#);
            assert_eq!(of(&config, key), Ok(password("ann", "a:b")), "{listed}");
            assert_eq!(of(&config, "other.io"), Ok(None), "{listed}");
        }
    }

    #[test]
    fn each_form_of_an_entry_is_read_and_a_bad_one_is_named() {
        for (entry, expected) in [
            ("{}", Ok(None)),
            (r#"{"auth":""}"#, Ok(None)),
            (
                r#"{"username":"ann","password":"x"}"#,
                Ok(password("ann", "x")),
            ),
            (
                r#"{"auth":"YW5uOg==","identitytoken":"t"}"#,
                Ok(Some(Credentials::Refresh("t".to_owned()))),
            ),
            (
                r#"{"auth":"YW5u"}"#,
                Err("`auth` of r.io is not a name and a password with a colon between, in base 64"),
            ),
            (
                r#"{"auth":"%"}"#,
                Err("`auth` of r.io is not a name and a password with a colon between, in base 64"),
            ),
        ] {
            let config = format!(r#"{{"auths":{{"r.io":{entry}}}}}"#);
            assert_eq!(
                of(&config, "r.io"),
                expected.map_err(str::to_owned),
                "{entry}"
            );
        }
    }

    #[test]
    fn a_helper_that_is_not_there_or_cannot_be_one_is_named() {
        for (config, words) in [
            (
                r#"{"credHelpers":{"r.io":"no-such-helper"}}"#,
                "there is no program docker-credential-no-such-helper in PATH",
            ),
            (
                r#"{"credsStore":"no-such-store"}"#,
                "there is no program docker-credential-no-such-store in PATH",
            ),
            (
                r#"{"credsStore":"../x"}"#,
                "\"../x\" cannot be the name of a helper",
            ),
        ] {
            assert_eq!(of(config, "r.io"), Err(words.to_owned()), "{config}");
        }
    }
}
