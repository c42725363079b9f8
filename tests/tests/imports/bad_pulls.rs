//! Bad images in registries, and bad registries: one row each.

use super::archive::Archive;
use super::exchange::{Answer, Request};
use super::layout::HERE;
use super::place::Place;
use super::registry::Registry;
use super::shelf::Shelf;
use super::words::layer;
use serde_json::json;

const OTHER_BYTES: &str = "the registry, or something before it, sends other bytes than the image names; nothing of them is kept";
const LATER: &str = "try again; what had come is not kept";
const NONE: &str =
    "are name and tag right? Some registries say the same to those who may not see it";
const ZEROS: &str = "@sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// A registry and what is asked of it; in the message, REGISTRY stands for its host.
struct Row {
    rest: &'static str,
    shelf: fn(&mut Shelf),
    spoil: fn(&Request, Answer) -> Answer,
    message: &'static str,
    hint: &'static str,
}

fn good(shelf: &mut Shelf) {
    shelf.image("latest", &[("", layer())]);
}

fn honest(_: &Request, answer: Answer) -> Answer {
    answer
}

/// Spoils only the answer with the layer, which is the only one of this length.
fn layer_only(answer: Answer, spoil: impl Fn(Answer) -> Answer) -> Answer {
    let is_layer = *answer.body == layer();
    if is_layer { spoil(answer) } else { answer }
}

fn refuse(rows: &[Row]) {
    for row in rows {
        let place = Place::new();
        let mut shelf = Shelf::default();
        (row.shelf)(&mut shelf);
        let spoil = row.spoil;
        let registry = Registry::serve(move |request| spoil(request, shelf.answer(request)));
        let message = row.message.replace("REGISTRY", &registry.host());
        let hint = row.hint.replace("REGISTRY", &registry.host());
        let args = ["image", "import", "foreign", &registry.source(row.rest)];
        let mut command = place.vm_test(&args);
        command.env("DOCKER_CONFIG", place.path("docker"));
        place.refuse(&mut command, &message, &hint);
        place.assert_empty();
    }
}

#[test]
fn other_bytes_than_those_that_are_named_are_refused_and_nothing_of_them_is_kept() {
    refuse(&[
        Row {
            rest: "",
            shelf: good,
            spoil: |_, answer| {
                layer_only(answer, |answer| {
                    let mut bytes = layer();
                    bytes[1] ^= 1;
                    Answer {
                        body: bytes.into(),
                        ..answer
                    }
                })
            },
            message: "cannot import oci://REGISTRY/a/b:latest: its layer 1 has the wrong digest: expected sha256:EXPECTED, got sha256:GOT",
            hint: OTHER_BYTES,
        },
        Row {
            rest: "",
            shelf: good,
            spoil: |_, answer| {
                layer_only(answer, |answer| Answer {
                    zeros: 1 << 30,
                    ..answer
                })
            },
            message: "cannot import oci://REGISTRY/a/b:latest: its layer 1 has the wrong size: expected 2560 bytes, got more",
            hint: OTHER_BYTES,
        },
        Row {
            rest: ZEROS,
            shelf: |shelf| {
                shelf.name(&ZEROS[1..], &json!({ "layers": [] }));
            },
            spoil: honest,
            message: "cannot import oci://REGISTRY/a/b@sha256:0000000000000000000000000000000000000000000000000000000000000000: its manifest has the wrong digest: expected sha256:0000000000000000000000000000000000000000000000000000000000000000, got sha256:c824a9aa7d2e3471306648c6d4baa1abbcb97ff0276181ab4722ca27127cdba0",
            hint: OTHER_BYTES,
        },
        Row {
            rest: "",
            shelf: |shelf| {
                let mut manifest = shelf.image_for(&[("", layer())], HERE);
                manifest["config"]["size"] = 3.into();
                shelf.name("latest", &manifest);
            },
            spoil: honest,
            message: "cannot import oci://REGISTRY/a/b:latest: its configuration has the wrong size: expected 3 bytes, got 37",
            hint: OTHER_BYTES,
        },
    ]);
}

#[test]
fn a_connection_that_is_always_cut_is_tried_only_so_often_and_nothing_half_is_kept() {
    refuse(&[
        Row {
            rest: "",
            shelf: good,
            spoil: |request, answer| {
                // The rest is cut, too.
                if request.from() > 0 {
                    answer.cut(0)
                } else {
                    layer_only(answer, |answer| answer.cut(512))
                }
            },
            message: "cannot import oci://REGISTRY/a/b:latest: the connection was cut 5 times in a row, the last time after 512 of the 2560 bytes of its layer 1: it ended",
            hint: LATER,
        },
        Row {
            rest: "",
            shelf: good,
            spoil: |request, answer| {
                let short = Answer::text(200, &layer()[..512]);
                let is_rest = request.from() > 0;
                if is_rest {
                    short
                } else {
                    layer_only(answer, |_| short.clone())
                }
            },
            message: "cannot import oci://REGISTRY/a/b:latest: the connection was cut 5 times in a row, the last time after 512 of the 2560 bytes of its layer 1: it ended",
            hint: LATER,
        },
        Row {
            rest: "",
            shelf: good,
            spoil: |_, _| Answer::text(500, "oops"),
            message: "cannot import oci://REGISTRY/a/b:latest: its manifest did not come in 5 attempts: the registry says 500 Internal Server Error",
            hint: LATER,
        },
    ]);
}

#[test]
fn what_the_registry_does_not_give_is_named_with_its_own_words() {
    refuse(&[
        Row {
            rest: ":gone",
            shelf: good,
            spoil: honest,
            message: "cannot import oci://REGISTRY/a/b:gone: the registry has none (404 Not Found: nothing of this name)",
            hint: NONE,
        },
        Row {
            rest: "",
            shelf: good,
            spoil: |request, answer| {
                if request.line.contains("/blobs/") {
                    Answer::text(404, "")
                } else {
                    answer
                }
            },
            message: "cannot import oci://REGISTRY/a/b:latest: its configuration: the registry has none (404 Not Found)",
            hint: NONE,
        },
        Row {
            rest: "",
            shelf: good,
            spoil: |_, _| Answer::text(403, r#"{"errors":[{"code":"DENIED\u001b"}]}"#),
            message: "cannot import oci://REGISTRY/a/b:latest: the registry refuses access (403 Forbidden: DENIED\\u{1b})",
            hint: "docker login REGISTRY; credentials are read from {}/docker/config.json",
        },
        Row {
            rest: "",
            shelf: good,
            spoil: |_, _| Answer::text(429, ""),
            message: "cannot import oci://REGISTRY/a/b:latest: the registry has had too many requests (429 Too Many Requests)",
            hint: "wait, or log in: docker login REGISTRY; credentials are read from {}/docker/config.json",
        },
        Row {
            rest: "",
            shelf: good,
            spoil: |_, _| {
                let words = r#"{"errors":[{"code":"NAME_INVALID","message":"no such form"}]}"#;
                Answer::text(400, words).with("Content-Type", "application/json")
            },
            message: "cannot import oci://REGISTRY/a/b:latest: the registry says 400 Bad Request: no such form",
            hint: "is it a registry?",
        },
        Row {
            rest: "",
            shelf: good,
            spoil: |_, _| Answer::text(418, ""),
            message: "cannot import oci://REGISTRY/a/b:latest: the registry says 418 I'm a teapot",
            hint: "is it a registry?",
        },
    ]);
}

#[test]
fn an_image_that_cannot_be_one_here_is_refused() {
    refuse(&[
        Row {
            rest: "",
            shelf: |shelf| {
                let image = shelf.image_for(&[("", layer())], "s390x");
                shelf.list("latest", &[("s390x", image.clone()), ("m68k", image)]);
            },
            spoil: honest,
            message: "cannot import oci://REGISTRY/a/b:latest: it has no image for linux/MACHINE, only for linux/s390x, linux/m68k",
            hint: "get an image for this architecture",
        },
        Row {
            rest: "",
            shelf: |shelf| {
                let image = shelf.image_for(&[("", layer())], "s390x");
                shelf.name("latest", &image);
            },
            spoil: honest,
            message: "cannot import oci://REGISTRY/a/b:latest: it is for s390x, and this host is MACHINE",
            hint: "get the image for this architecture",
        },
        Row {
            rest: "",
            shelf: |shelf| {
                let mut image = shelf.image_for(&[("", layer())], HERE);
                for _ in 0..4 {
                    let name = shelf.list("latest", &[(HERE, image)]);
                    image = shelf.manifest(&name);
                }
            },
            spoil: honest,
            message: "cannot import oci://REGISTRY/a/b:latest: its lists of images are more than 4 deep",
            hint: "name the image itself by its digest",
        },
        Row {
            rest: "",
            shelf: |shelf| {
                shelf.image("latest", &[("+encrypted", layer())]);
            },
            spoil: honest,
            message: "cannot import oci://REGISTRY/a/b:latest: its layer 1 has the media type `application/vnd.oci.image.layer.v1.tar+encrypted`, which is not supported",
            hint: "layers are tar archives, plain or compressed by gzip, xz or zstd",
        },
        Row {
            rest: "",
            shelf: |shelf| {
                let mut manifest = shelf.image_for(&[("", layer())], HERE);
                manifest["layers"][0]["size"] = (1_u64 << 40).into();
                shelf.name("latest", &manifest);
            },
            spoil: honest,
            message: "cannot import oci://REGISTRY/a/b:latest: it unpacks to more than the limit of 20 GiB",
            hint: "if you trust it, raise the limit, as in VM_TEST_IMAGE_LIMIT=40G",
        },
        Row {
            rest: "",
            shelf: |shelf| {
                let bad = Archive::default().file("etc/.wh...", b"").finish();
                shelf.image("latest", &[("", layer()), ("", bad)]);
            },
            spoil: honest,
            message: "cannot import layer 2 of oci://REGISTRY/a/b:latest: unsafe entry `etc/.wh...`: it removes what is not a name",
            hint: "build the image again, or import its file system as one: docker export CONTAINER > root.tar",
        },
        Row {
            rest: "",
            shelf: good,
            spoil: |_, _| Answer {
                zeros: 1 << 32,
                ..Answer::text(200, "")
            },
            message: "cannot import oci://REGISTRY/a/b:latest: its manifest is longer than 4194304 bytes",
            hint: "is it an image of a system?",
        },
    ]);
}
