//! What each call of the API does. It knows nothing of HTTP but status and body.

use std::collections::HashMap;

use hyper::StatusCode;
use serde_json::Value;

use super::body::{Fields, document, wrong};
use super::reply::{ApiError, Response, empty, json, with_body};
use super::view::{PopulatedView, ProxiesView, ProxyView, ToxicView};
use crate::log::{Level, Log};
use crate::proxy::{Proxies, Update, Wanted};
use crate::toxic::{Direction, Kind, Toxic, ToxicError};

/// The version of Toxiproxy whose API this is.
pub(super) const VERSION: &str = "2.12.0";

/// What a call ends with.
pub(super) type Outcome = Result<Response, ApiError>;

pub(super) async fn proxies(proxies: &Proxies) -> Outcome {
    let all = proxies.all().await;
    Ok(json(StatusCode::OK, &ProxiesView(&all)))
}

pub(super) async fn create(proxies: &Proxies, body: &[u8]) -> Outcome {
    let document = document(body)?;
    let wanted = wanted(&Fields::of(&document)?)?;
    for (field, value) in [("name", &wanted.name), ("upstream", &wanted.upstream)] {
        if value.is_empty() {
            return Err(ApiError::missing(field));
        }
    }
    let described = proxies.create(wanted).await?;
    Ok(json(StatusCode::CREATED, &ProxyView(&described)))
}

/// Adds or replaces proxies. Unlike other calls, it has a body of its own kind when it fails.
pub(super) async fn populate(proxies: &Proxies, body: &[u8], log: Log) -> Outcome {
    let (done, error) = match all_wanted(body) {
        Err(error) => (Vec::new(), Some(error)),
        Ok(wanted) => match proxies.populate(wanted).await {
            Ok(done) => (done, None),
            Err((done, error)) => (done, Some(ApiError::from(error))),
        },
    };
    if let Some(error) = &error {
        log.line(Level::Warn, format_args!("api: populate: {}", error.text()));
    }
    let status = error.as_ref().map_or(StatusCode::CREATED, ApiError::status);
    let view = PopulatedView {
        error: error.as_ref(),
        proxies: &done,
    };
    Ok(json(status, &view))
}

/// Reads the proxies of a file.
///
/// # Errors
///
/// Returns what is wrong with it.
pub(crate) fn wanted_in(file: &[u8]) -> Result<Vec<Wanted>, String> {
    all_wanted(file).map_err(|error| error.text().to_owned())
}

fn all_wanted(body: &[u8]) -> Result<Vec<Wanted>, ApiError> {
    let list = match document(body)? {
        Value::Array(list) => list,
        Value::Null => Vec::new(),
        other => return Err(wrong("the document", "an array", &other)),
    };
    let all: Result<Vec<Wanted>, ApiError> = list
        .iter()
        .map(|document| wanted(&Fields::of(document)?))
        .collect();
    let all = all?;
    for (index, wanted) in all.iter().enumerate() {
        for (field, value) in [("name", &wanted.name), ("upstream", &wanted.upstream)] {
            if value.is_empty() {
                let field = format!("{field} at proxy {}", index + 1);
                return Err(ApiError::missing(&field));
            }
        }
    }
    Ok(all)
}

fn wanted(fields: &Fields<'_>) -> Result<Wanted, ApiError> {
    Ok(Wanted {
        name: fields.text("name")?.unwrap_or_default(),
        listen: fields.text("listen")?.unwrap_or_default(),
        upstream: fields.text("upstream")?.unwrap_or_default(),
        enabled: fields.truth("enabled")?.unwrap_or(true),
    })
}

pub(super) async fn proxy(proxies: &Proxies, name: &str) -> Outcome {
    let described = proxies.get(name).await?;
    Ok(json(StatusCode::OK, &ProxyView(&described)))
}

pub(super) async fn update(proxies: &Proxies, name: &str, body: &[u8]) -> Outcome {
    proxies.get(name).await?;
    let document = document(body)?;
    let fields = Fields::of(&document)?;
    let update = Update {
        listen: fields.text("listen")?,
        upstream: fields.text("upstream")?,
        enabled: fields.truth("enabled")?,
    };
    let described = proxies.update(name, update).await?;
    Ok(json(StatusCode::OK, &ProxyView(&described)))
}

pub(super) async fn delete(proxies: &Proxies, name: &str) -> Outcome {
    proxies.remove(name).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

pub(super) async fn toxics(proxies: &Proxies, name: &str) -> Outcome {
    let toxics = proxies.toxics(name).await?.all();
    let views: Vec<ToxicView> = toxics.iter().map(|toxic| ToxicView(toxic)).collect();
    Ok(json(StatusCode::OK, &views))
}

pub(super) async fn add_toxic(proxies: &Proxies, name: &str, body: &[u8]) -> Outcome {
    let toxics = proxies.toxics(name).await?;
    let document = document(body)?;
    let fields = Fields::of(&document)?;
    let own_name = fields.text("name")?;
    let type_name = fields.text("type")?.unwrap_or_default();
    let stream = fields.text("stream")?;
    let toxicity = fields.fraction("toxicity")?;
    let attributes = fields.attributes()?;
    let direction = Direction::named(stream.as_deref().unwrap_or("downstream"));
    let direction = direction.ok_or_else(ApiError::invalid_stream)?;
    let mut kind = Kind::named(&type_name).ok_or_else(ApiError::invalid_type)?;
    let mut toxic = Toxic::new(kind.clone(), direction);
    if let Some(own_name) = own_name.filter(|name| !name.is_empty()) {
        toxic.name = own_name;
    }
    if toxics.get(&toxic.name).is_some() {
        return Err(ToxicError::AlreadyExists.into());
    }
    set(&mut kind, &attributes)?;
    toxic.kind = kind;
    toxic.toxicity = toxicity.unwrap_or(toxic.toxicity);
    let toxic = toxics.add(toxic)?;
    Ok(json(StatusCode::OK, &ToxicView(&toxic)))
}

pub(super) async fn toxic(proxies: &Proxies, name: &str, toxic: &str) -> Outcome {
    let toxics = proxies.toxics(name).await?;
    let toxic = toxics.get(toxic).ok_or(ToxicError::NotFound)?;
    Ok(json(StatusCode::OK, &ToxicView(&toxic)))
}

pub(super) async fn update_toxic(
    proxies: &Proxies,
    name: &str,
    toxic: &str,
    body: &[u8],
) -> Outcome {
    let toxics = proxies.toxics(name).await?;
    let changed = toxics.update(toxic, |toxic| {
        let document = document(body)?;
        let fields = Fields::of(&document)?;
        set(&mut toxic.kind, &fields.attributes()?)?;
        toxic.toxicity = fields.fraction("toxicity")?.unwrap_or(toxic.toxicity);
        Ok::<(), ApiError>(())
    })?;
    Ok(json(StatusCode::OK, &ToxicView(&changed)))
}

pub(super) async fn delete_toxic(proxies: &Proxies, name: &str, toxic: &str) -> Outcome {
    proxies.toxics(name).await?.remove(toxic)?;
    Ok(empty(StatusCode::NO_CONTENT))
}

pub(super) async fn reset(proxies: &Proxies) -> Outcome {
    proxies.reset().await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

pub(super) fn version() -> Response {
    let body = format!("{{\"version\": \"{VERSION}\"}}\n");
    with_body(StatusCode::OK, "application/json;charset=utf-8", body)
}

/// Sets the attributes that are given; the others stay.
fn set(kind: &mut Kind, given: &Fields<'_>) -> Result<(), ApiError> {
    let mut values = HashMap::new();
    for (name, _) in kind.attributes() {
        if let Some(value) = given.integer(name)? {
            values.insert(name, value);
        }
    }
    for (name, attribute) in kind.attributes_mut() {
        if let Some(value) = values.get(name) {
            *attribute = *value;
        }
    }
    Ok(())
}
