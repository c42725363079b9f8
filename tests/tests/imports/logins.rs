//! Registries that ask who it is: credentials from docker's config, tokens, and their refusal.

use super::exchange::{Answer, Request};
use super::odd::base;
use super::place::{Place, finish};
use super::registry::Registry;
use super::shelf::Shelf;
use serde_json::{Value, json};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `ann:secret` in base 64.
const ANN: &str = "Basic YW5uOnNlY3JldA==";

/// An image with one layer.
fn shelf() -> Shelf {
    let mut shelf = Shelf::default();
    shelf.image("latest", &[("", base().finish())]);
    shelf
}

/// Returns what a registry without an address of its own tokens says to strangers.
fn bearer(request: &Request) -> Answer {
    let realm = format!("http://{}/token", request.header("host"));
    let challenge = format!("Bearer realm=\"{realm}\",service=\"the registry\"");
    Answer::text(401, "").with("WWW-Authenticate", challenge)
}

/// Starts a registry whose tokens are given as `give` says, and are good for this many requests.
fn with_tokens(good_for: usize, give: fn(&Request) -> Answer) -> Registry {
    let (shelf, count) = (shelf(), AtomicUsize::new(0));
    Registry::serve(move |request| {
        if request.line.contains(" /token") {
            count.store(0, Ordering::Relaxed);
            give(request)
        } else if request.header("authorization") == "Bearer t0ken"
            && count.fetch_add(1, Ordering::Relaxed) < good_for
        {
            shelf.answer(request)
        } else {
            bearer(request)
        }
    })
}

/// Starts a registry that wants a name and a password with each request.
pub(crate) fn with_password() -> Registry {
    let shelf = shelf();
    Registry::serve(move |request| {
        if request.header("authorization") == ANN {
            shelf.answer(request)
        } else {
            Answer::text(401, "").with("WWW-Authenticate", "Basic realm=\"here\"")
        }
    })
}

fn give(_: &Request) -> Answer {
    Answer::text(200, r#"{"token":"t0ken"}"#)
}

fn give_to_ann(request: &Request) -> Answer {
    if request.header("authorization") == ANN {
        Answer::text(200, r#"{"access_token":"t0ken"}"#)
    } else {
        Answer::text(401, "")
    }
}

/// Returns the command that imports from a registry, with a directory of docker's.
pub(crate) fn command(place: &Place, registry: &Registry) -> Command {
    let mut command = place.vm_test(&["image", "import", "i", &registry.source("")]);
    command.env("DOCKER_CONFIG", place.path("docker"));
    command
}

pub(crate) fn configure(place: &Place, config: &Value) {
    place.write("docker/config.json", config.to_string());
}

fn ann(registry: &Registry) -> Value {
    json!({ "auths": { registry.host(): { "auth": &ANN["Basic ".len()..] } } })
}

fn import(place: &Place, registry: &Registry) {
    finish(
        command(place, registry).output().unwrap(),
        &["image", "import"],
    );
}

/// Fails to import; in the message and the hint, REGISTRY stands for the registry's host.
pub(crate) fn refuse(place: &Place, registry: &Registry, message: &str, hint: &str) {
    let fill = |words: &str| words.replace("REGISTRY", &registry.host());
    let message = format!("cannot import oci://REGISTRY/a/b:latest: {message}");
    place.refuse(&mut command(place, registry), &fill(&message), &fill(hint));
    place.assert_empty();
}

pub(crate) const LOGIN: &str =
    "docker login REGISTRY; credentials are read from {}/docker/config.json";

#[test]
fn a_token_for_this_image_only_is_asked_for_in_the_name_of_the_user() {
    let (place, registry) = (Place::new(), with_tokens(usize::MAX, give_to_ann));
    configure(&place, &ann(&registry));
    import(&place, &registry);
    let token = "GET /token?scope=repository%3Aa%2Fb%3Apull&service=the%20registry";
    let manifest = "GET /v2/a/b/manifests/latest";
    let lines = registry.lines();
    assert_eq!(lines[..3], [manifest, token, manifest]);
    let tokens = lines.iter().filter(|line| *line == token).count();
    assert_eq!(tokens, 1, "{lines:?}");
    import(&place, &registry);
    assert_eq!(registry.lines(), [manifest, token, manifest]);
}

#[test]
fn a_token_that_everybody_gets_needs_no_credentials() {
    let (place, registry) = (Place::new(), with_tokens(usize::MAX, give));
    import(&place, &registry);
    let token = &registry.requests()[1];
    assert_eq!(token.header("authorization"), "");
}

#[test]
fn a_token_that_runs_out_meanwhile_is_asked_for_again() {
    let (place, registry) = (Place::new(), with_tokens(1, give));
    import(&place, &registry);
    let lines = registry.lines();
    let tokens = lines.iter().filter(|line| line.contains("/token")).count();
    assert_eq!(tokens, 3, "manifest, configuration, layer: {lines:?}");
}

#[test]
fn a_refresh_token_is_sent_in_the_body() {
    let (place, registry) = (
        Place::new(),
        with_tokens(usize::MAX, |request| {
            let form = "scope=repository%3Aa%2Fb%3Apull&service=the+registry&grant_type=refresh_token&client_id=vm-test&refresh_token=r3fresh";
            if request.line == "POST /token" && request.body == form {
                give(request)
            } else {
                Answer::text(400, "")
            }
        }),
    );
    let entry = json!({ "identitytoken": "r3fresh" });
    configure(&place, &json!({ "auths": { registry.host(): entry } }));
    import(&place, &registry);
}

#[test]
fn a_refused_login_is_said_with_who_refused_it() {
    let place = Place::new();
    let registry = with_tokens(usize::MAX, give_to_ann);
    refuse(
        &place,
        &registry,
        "the registry asks for a login: REGISTRY gives no token without one (401 Unauthorized)",
        LOGIN,
    );
    let wrong = json!({ "auths": { registry.host(): { "username": "ann", "password": "wrong" } } });
    configure(&place, &wrong);
    refuse(
        &place,
        &registry,
        "REGISTRY refuses the login (401 Unauthorized)",
        LOGIN,
    );
    // Tokens that are worth nothing.
    let registry = with_tokens(0, give);
    refuse(
        &place,
        &registry,
        "the registry refuses access (401 Unauthorized)",
        LOGIN,
    );
    assert_eq!(registry.lines().len(), 3);
}

#[test]
fn tokens_that_are_none_are_named_and_never_shown() {
    let none = "REGISTRY gives no token: its answer has none";
    let hint = "try again later, or tell those who run the registry";
    for (give, message) in [
        (
            (|_| Answer::text(200, "{}")) as fn(&Request) -> Answer,
            none,
        ),
        (|_| Answer::text(200, r#"{"token":"a\r\nb: c"}"#), none),
        (
            |_| Answer::text(200, "s3cret"),
            "REGISTRY gives no token: its answer cannot be parsed",
        ),
        (
            |_| Answer {
                zeros: 1 << 30,
                ..Answer::text(200, "")
            },
            "REGISTRY gives no token: its answer is longer than 1048576 bytes",
        ),
    ] {
        refuse(&Place::new(), &with_tokens(usize::MAX, give), message, hint);
    }
}

#[test]
fn credentials_are_not_sent_where_others_can_read_them() {
    let place = Place::new();
    let registry = Registry::serve(|_| {
        let challenge = "Bearer realm=\"http://198.51.100.1/token\"";
        Answer::text(401, "").with("WWW-Authenticate", challenge)
    });
    configure(&place, &ann(&registry));
    refuse(
        &place,
        &registry,
        "198.51.100.1 gives no token: the way there is not encrypted",
        "try again later, or tell those who run the registry",
    );
}

#[test]
fn a_name_and_a_password_are_sent_only_once_they_are_asked_for() {
    let (place, registry) = (Place::new(), with_password());
    refuse(&place, &registry, "the registry asks for a login", LOGIN);
    let wrong = json!({ "auths": { registry.host(): { "username": "ann", "password": "wrong" } } });
    configure(&place, &wrong);
    refuse(
        &place,
        &registry,
        "the registry refuses access (401 Unauthorized)",
        LOGIN,
    );
    configure(&place, &ann(&registry));
    registry.lines();
    import(&place, &registry);
    let sent: Vec<_> = registry.requests();
    assert_eq!(sent[0].header("authorization"), "");
    assert!(
        sent[1..]
            .iter()
            .all(|request| request.header("authorization") == ANN)
    );
}

#[test]
fn a_config_that_cannot_be_read_is_named_without_its_content() {
    let (place, registry) = (Place::new(), with_password());
    place.write("docker/config.json", "{\n\"auths\": s3cret }");
    refuse(
        &place,
        &registry,
        "{}/docker/config.json: it cannot be parsed at line 2, column 10",
        LOGIN,
    );
}
