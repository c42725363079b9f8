//! Images from registries: what becomes of good ones, and what the registry is asked for.

use super::archive::Archive;
use super::exchange::Answer;
use super::good::run;
use super::odd::{base, import};
use super::place::{Place, compressed};
use super::registry::Registry;
use super::rootfs::SHOW;
use super::shelf::Shelf;
use serde_json::json;
use std::fs;

const LATEST: &str = "GET /v2/a/b/manifests/latest";

/// A layer with one file.
fn file(name: &str, content: &str) -> Vec<u8> {
    Archive::default()
        .file(&format!("etc/{name}"), content.as_bytes())
        .finish()
}

/// An image of three layers, each packed in another way, of which the last names itself.
fn three_layers(shelf: &mut Shelf, tag: &str) -> String {
    let layers = [
        ("+gzip", compressed("gzip", &base().finish())),
        ("+zstd", compressed("zstd", &file("second", "2\n"))),
        ("", file("marker", "from a registry\n")),
    ];
    shelf.image(tag, &layers)
}

#[test]
fn a_second_build_asks_for_the_manifest_of_a_tag_and_for_nothing_of_a_digest() {
    let place = Place::new();
    let mut shelf = Shelf::default();
    let digest = three_layers(&mut shelf, "latest");
    let registry = Registry::of(&shelf);
    import(&place, "i", &registry.source(""));
    assert_eq!(run(&place, "i", &SHOW), "from a registry\n");
    let lines = registry.lines();
    assert_eq!(lines[0], LATEST);
    let blob = |digest: &String| format!("GET /v2/a/b/blobs/{digest}");
    let blobs: Vec<_> = shelf.layers.iter().map(blob).collect();
    // The second request is for the configuration.
    assert_eq!(lines[2..], blobs, "{lines:?}");
    let again = import(&place, "i", &registry.source(""));
    assert_eq!(again.matches(": in the store").count(), 3, "{again}");
    assert_eq!(registry.lines(), [LATEST]);
    let pinned = registry.source(&format!("@{digest}"));
    import(&place, "other", &pinned);
    assert!(registry.lines().is_empty());
    // From here on there is no registry.
    drop(registry);
    import(&place, "third", &pinned);
    place.succeed(&["image", "verify", "third"]);
}

#[test]
fn what_the_store_has_is_known_for_as_long_as_it_has_it() {
    let place = Place::new();
    let mut shelf = Shelf::default();
    let digest = three_layers(&mut shelf, "latest");
    let registry = Registry::of(&shelf);
    let pinned = registry.source(&format!("@{digest}"));
    import(&place, "i", &pinned);
    let first = registry.lines().len();
    place.succeed(&["gc", "--images"]);
    import(&place, "i", &pinned);
    assert!(registry.lines().is_empty());
    place.succeed(&["image", "rm", "i"]);
    place.succeed(&["gc", "--images"]);
    place.assert_empty();
    import(&place, "i", &pinned);
    assert_eq!(registry.lines().len(), first);
}

#[test]
fn a_layer_that_the_store_has_is_not_fetched_again() {
    let place = Place::new();
    let mut shelf = Shelf::default();
    let below = ("+gzip", compressed("gzip", &base().finish()));
    shelf.image("one", &[below.clone(), ("", file("marker", "one\n"))]);
    shelf.image("two", &[below, ("", file("marker", "two\n"))]);
    let registry = Registry::of(&shelf);
    import(&place, "one", &registry.source(":one"));
    registry.lines();
    import(&place, "two", &registry.source(":two"));
    let layers: Vec<_> = registry.lines().into_iter().skip(2).collect();
    assert_eq!(layers, [format!("GET /v2/a/b/blobs/{}", shelf.layers[3])]);
    assert_eq!(run(&place, "one", &SHOW), "one\n");
    assert_eq!(run(&place, "two", &SHOW), "two\n");
}

#[test]
fn a_list_gives_the_image_for_this_host() {
    let place = Place::new();
    let mut shelf = Shelf::default();
    let other = shelf.image_for(&[("", file("marker", "another machine's\n"))], "s390x");
    let here = [("+zstd", compressed("zstd", &base().finish()))];
    let here = shelf.image_for(&here, super::layout::HERE);
    let images = [("s390x", other), (super::layout::HERE, here)];
    let digest = shelf.list("latest", &images);
    let registry = Registry::of(&shelf);
    import(&place, "i", &registry.source(""));
    assert_eq!(run(&place, "i", &SHOW), "base\n");
    let fetched = registry.lines();
    assert_eq!(
        fetched.len(),
        4,
        "list, manifest, configuration, layer: {fetched:?}"
    );
    import(&place, "i", &registry.source(""));
    assert_eq!(registry.lines(), [LATEST]);
    import(&place, "i", &registry.source(&format!(":latest@{digest}")));
    assert!(registry.lines().is_empty());
}

#[test]
fn a_recipe_starts_from_an_image_in_a_registry() {
    let place = Place::new();
    let mut shelf = Shelf::default();
    three_layers(&mut shelf, "1.2");
    let registry = Registry::of(&shelf);
    let base = registry.source(":1.2");
    place.write("images/own", "more\n");
    let steps = "[[files]]\nfrom = \"own\"\nto = \"/etc/marker\"\n";
    place.write("images/web.toml", format!("base = \"{base}\"\n{steps}"));
    place.succeed(&["image", "build", "web"]);
    assert_eq!(run(&place, "web", &SHOW), "more\n");
    registry.lines();
    place.succeed(&["image", "build", "web"]);
    assert_eq!(registry.lines(), ["GET /v2/a/b/manifests/1.2"]);
    let record = place.succeed(&["image", "inspect", "web", "--json"]);
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    assert_eq!(record["layers"].as_array().unwrap().len(), 4);
}

#[test]
fn two_builds_at_once_fetch_each_layer_once() {
    let place = Place::new();
    let mut shelf = Shelf::default();
    three_layers(&mut shelf, "latest");
    let registry = Registry::of(&shelf);
    let builds = ["one", "two"].map(|image| {
        let mut command = place.vm_test(&["image", "import", image, &registry.source("")]);
        command.spawn().unwrap()
    });
    for mut build in builds {
        assert!(build.wait().unwrap().success());
    }
    let lines = registry.lines();
    for layer in &shelf.layers {
        let fetched = lines.iter().filter(|line| line.ends_with(layer)).count();
        assert_eq!(fetched, 1, "{lines:?}");
    }
}

#[test]
fn an_answer_that_leads_elsewhere_is_followed_without_what_only_the_registry_may_know() {
    let place = Place::new();
    let mut shelf = Shelf::default();
    let layer = base().finish();
    shelf.image("latest", &[("", layer.clone())]);
    let elsewhere = Registry::serve(move |_| Answer::text(200, layer.clone()));
    let to = format!(
        "http://localhost:{}/x",
        elsewhere.host().rsplit_once(':').unwrap().1
    );
    let (digest, images) = (shelf.layers[0].clone(), shelf.clone());
    let registry = Registry::serve(move |request| {
        if request.header("authorization").is_empty() {
            return Answer::text(401, "").with("WWW-Authenticate", "Basic realm=\"x\"");
        }
        if request.line.ends_with(&digest) {
            return Answer::text(307, "").with("Location", to.clone());
        }
        images.answer(request)
    });
    place.write(
        "docker/config.json",
        json!({ "auths": { registry.host(): { "username": "ann", "password": "secret" } } })
            .to_string(),
    );
    let args = ["image", "import", "i", &registry.source("")];
    let mut command = place.vm_test(&args);
    let output = command.env("DOCKER_CONFIG", place.path("docker")).output();
    super::place::finish(output.unwrap(), &args);
    let led = elsewhere.requests();
    assert_eq!(led.len(), 1);
    assert_eq!(led[0].header("authorization"), "");
    assert!(
        !fs::read_dir(place.path("store/building"))
            .unwrap()
            .any(|_| true)
    );
}
