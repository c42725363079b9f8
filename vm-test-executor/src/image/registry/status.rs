//! What the status of a registry's answer means, with the registry's own words for it.
//!
//! Sends nothing.

use super::http::{self, Trouble};
use super::login;
use crate::image::archive::refusal::shown;
use crate::image::recipe::Reference;
use serde::Deserialize;
use ureq::{Body, http::Response, http::StatusCode};

/// The longest message of a registry that is read.
const LONGEST: u64 = 64 << 10;

/// What a registry says about an error.
#[derive(Deserialize)]
struct Errors {
    errors: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// Returns what the status of an answer means that is not the one hoped for.
pub(super) fn meaning(reference: &Reference, answer: Response<Body>) -> Trouble {
    let status = answer.status();
    let words = http::content(answer, LONGEST).ok().flatten();
    let said = words.and_then(|words| serde_json::from_slice::<Errors>(&words).ok());
    let said = said.and_then(|said| said.errors.into_iter().next());
    let said = said.map(|said| {
        let words = if said.message.is_empty() {
            said.code
        } else {
            said.message
        };
        format!(": {}", shown(words.as_bytes()))
    });
    let what = format!("{status}{}", said.unwrap_or_default());
    match status {
        StatusCode::NOT_FOUND => Trouble::Final(
            format!("the registry has none ({what})"),
            "are name and tag right? Some registries say the same to those who may not see it"
                .to_owned(),
        ),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Trouble::Final(
            format!("the registry refuses access ({what})"),
            login::login(reference),
        ),
        StatusCode::TOO_MANY_REQUESTS => Trouble::Final(
            format!("the registry has had too many requests ({what})"),
            format!("wait, or log in: {}", login::login(reference)),
        ),
        _ if status.is_server_error() => Trouble::Cut(format!("the registry says {what}")),
        _ => Trouble::Final(
            format!("the registry says {what}"),
            "is it a registry?".to_owned(),
        ),
    }
}
