//! Names of images in registries that are none, and registries that are not there.

use super::place::Place;

#[test]
fn a_name_that_is_none_is_refused_with_the_part_that_is_wrong() {
    let example = "as in oci://REGISTRY/NAME:TAG or oci://REGISTRY/NAME@sha256:HEX; the one of Docker is oci://docker.io/library/NAME";
    let name =
        "which has lower-case letters, digits and . _ - between them, in parts with / between them";
    let host = "which is a host with a dot, a port or the name localhost";
    for (text, cause) in [
        (
            "oci://nginx",
            "\"nginx\" has no registry before the name".to_owned(),
        ),
        (
            "oci://library/nginx",
            format!("\"library\" is not a registry, {host}"),
        ),
        ("oci:///nginx", format!("\"\" is not a registry, {host}")),
        (
            "oci://r.io:99999/a",
            format!("\"r.io:99999\" is not a registry, {host}"),
        ),
        (
            "oci://r.io/Nginx",
            format!("\"Nginx\" is not the name of an image, {name}"),
        ),
        (
            "oci://r.io/a/../b",
            format!("\"a/../b\" is not the name of an image, {name}"),
        ),
        (
            "oci://r.io/a:b c",
            "\"b c\" is not a tag, which has up to 128 letters, digits and . _ -".to_owned(),
        ),
        (
            "oci://r.io/a@sha256:12",
            "\"sha256:12\" is not a digest, which is sha256: with 64 digits in lower case"
                .to_owned(),
        ),
    ] {
        let place = Place::new();
        let message = format!("cannot import {text}: {cause}");
        place.refuse(
            &mut place.vm_test(&["image", "import", "x", text]),
            &message,
            example,
        );
        place.write("images/a.toml", format!("base = \"{text}\"\n"));
        let message = format!("cannot use {{}}/images/a.toml: cannot use base {text:?}: {cause}");
        place.refuse(
            &mut place.vm_test(&["image", "build", "a"]),
            &message,
            example,
        );
        place.assert_empty();
    }
}

#[test]
fn a_registry_that_is_not_there_is_named() {
    let place = Place::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    place.refuse(
        &mut place.vm_test(&["image", "import", "x", &format!("oci://{free}/a")]),
        &format!("cannot import oci://{free}/a:latest: cannot reach {free}: Connection refused (os error 111)"),
        "is the name right, and is there a network? Behind a proxy, HTTPS_PROXY names it",
    );
    place.assert_empty();
}
