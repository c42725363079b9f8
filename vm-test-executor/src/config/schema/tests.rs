//! The schema of `vm-test.toml` against its parser: keys, defaults, right and wrong values. Knows no
//! other file.

use super::super::Workspace;
use super::schema;
use crate::config::FILE;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use vm_test_settings::guest::{KEYS, Key};
use vm_test_tests::schema::refusals;

/// A name that is similar to no key.
const NO_KEY: &str = "qqqqqqqq";

/// What the parser says of a text, and the guests and labs that it finds.
fn parsed(text: &str) -> Result<Vec<String>, String> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(FILE), text).unwrap();
    let all = |workspace: Workspace| {
        let mistakes = workspace.mistakes();
        if let Some(mistake) = mistakes.first() {
            return Err(mistake.clone());
        }
        let guests = workspace.names().map(|it| workspace.guest(it, &[]));
        let guests = guests.map(|it| it.map(|it| format!("{it:?}")));
        let labs = workspace.labs().map(|it| workspace.lab(it));
        let labs = labs.map(|it| it.map(|it| format!("{it:?}")));
        guests.chain(labs).collect()
    };
    let found = Workspace::find(directory.path()).and_then(all);
    found.map_err(|failure| {
        let hint = failure.hint.clone().unwrap_or_default();
        format!("{}\n{hint}", failure.message)
    })
}

fn as_json(text: &str) -> Value {
    let table: toml::Table = text
        .parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    serde_json::to_value(table).unwrap()
}

/// Returns the text of a table with one line, and the schema of that table.
fn tables(line: &str) -> [(&'static str, String); 5] {
    [
        (
            "/properties/guest/additionalProperties",
            format!("[guest.a]\n{line}\n"),
        ),
        (
            "/properties/guest-defaults",
            format!("[guest-defaults]\n{line}\n[guest.a]\n"),
        ),
        (
            "/properties/lab/additionalProperties",
            format!("[lab.x]\nnodes.gw.guest = \"host\"\n{line}\n"),
        ),
        (
            "/properties/lab/additionalProperties/properties/networks/additionalProperties",
            format!(
                "[lab.x.nodes]\ngw = {{ guest = \"host\", networks = [\"lan\"] }}\n\
                 [lab.x.networks.internet]\n[lab.x.networks.lan]\n{line}\n"
            ),
        ),
        (
            "/properties/lab/additionalProperties/properties/nodes/additionalProperties",
            format!("[lab.x.nodes.gw]\nguest = \"host\"\n{line}\n"),
        ),
    ]
}

#[test]
fn the_schema_has_the_keys_of_the_parser_and_no_others() {
    let schema = schema();
    for (place, text) in tables(&format!("{NO_KEY} = 1")) {
        let error = parsed(&text).unwrap_err();
        let (_, known) = error
            .split_once("the keys are ")
            .unwrap_or_else(|| panic!("{error}"));
        let mut known: BTreeSet<&str> = known.split(", ").collect();
        if place.ends_with("nodes/additionalProperties") {
            // Keys of guests that a node has, too, and may not set.
            for key in ["timeout", "keep", "keep_for"] {
                let example = Key::find(key).unwrap().example_in_file();
                let line = format!("{key} = {example}");
                let [.., (_, text)] = tables(&line);
                let error = parsed(&text).unwrap_err();
                assert!(error.contains("it is for a whole test"), "{error}");
                assert!(known.remove(key), "{key}");
            }
        }
        let properties = schema.pointer(place).unwrap()["properties"]
            .as_object()
            .unwrap();
        let mut described: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        if place.ends_with("lab/additionalProperties") {
            // The parser asks first which of the two kinds of lab it is.
            for key in ["guests", "ignore"] {
                assert!(described.remove(key), "{key}");
            }
            let text = format!("[lab.x]\ncontainerlab = \"a\"\n{NO_KEY} = 1\n");
            let error = parsed(&text).unwrap_err();
            assert!(
                error.contains("the keys are containerlab, guests, ignore"),
                "{error}"
            );
        }
        assert_eq!(described, known, "{place}");
        assert!(!refusals(&schema, &as_json(&text)).is_empty(), "{text}");
    }
    let names: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["groups", "guest", "guest-defaults", "lab"]);
    assert!(parsed(&format!("[{NO_KEY}]\n")).is_err());
}

#[test]
fn what_the_schema_calls_a_default_is_what_counts_without_it() {
    let schema = schema();
    let mut count = 0;
    for (place, _) in tables("") {
        let properties = schema.pointer(place).unwrap()["properties"]
            .as_object()
            .unwrap();
        for (key, about) in properties {
            let Some(default) = about.get("default") else {
                continue;
            };
            // An upstream needs a router, which has another default.
            let router = if key == "upstream" {
                "router = \"easy-nat\"\n"
            } else {
                ""
            };
            let of = |line: &str| {
                let mut tables = tables(&format!("{router}{line}")).into_iter();
                tables.find(|(it, _)| *it == place).unwrap().1
            };
            let text = of(&format!("{key} = {default}"));
            let found = parsed(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            // A value that is set and the same value as a default differ only in being set.
            let chosen = |found: Vec<String>| {
                let found = found.concat();
                found
                    .replace("Some(Auto)", "None")
                    .replace("Some(Overlay)", "None")
            };
            assert_eq!(chosen(found), chosen(parsed(&of("")).unwrap()), "{text}");
            assert_eq!(refusals(&schema, &as_json(&text)), [""; 0], "{text}");
            count += 1;
        }
    }
    // 22 settings of the two tables of guests, four keys of networks, one of nodes.
    assert_eq!(count, 22 * 2 + 4 + 1);
}

#[test]
fn every_example_is_right_for_both() {
    let schema = schema();
    for key in KEYS {
        let line = format!("{} = {}", key.name, key.example_in_file());
        for (place, text) in &tables(&line)[..2] {
            parsed(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(
                refusals(&schema, &as_json(text)),
                [""; 0],
                "{place}: {text}"
            );
        }
    }
}

#[test]
fn values_that_the_parser_takes_are_right_for_the_schema() {
    let schema = schema();
    for line in [
        "memory = \"512 mib\"",
        "memory = \" 1Tb \"",
        "timeout = \"1h 30m\"",
        "timeout = \"1H30m5s7MS\"",
        "kernel = \"build/boot/Vm Linuz\"",
        "env = [\"_\", \"a1\"]",
        "expose = [\"~\", \"~/.ssh\", \"/srv\"]",
        "export = [\"a/?/b*\", \"**/*.snap.new\"]",
        "devices = [\"loop\", \"/dev/fuse\"]",
        "disks = []",
        "interfaces = 8",
        "forward = [\"8080\", \"18080:80\", \"127.0.0.1:1:65535\"]",
        "modules = [\"8021q\", \"nf-conntrack\"]",
        "files = [{ from = \"../a b\", to = \"/srv/x\" }, { from = \"/a\", to = \"/b/\" }]",
        "mounts = []",
        "cpus = 0x10",
        "extends = \"host\"",
    ] {
        let text = format!("[guest.a]\n{line}\n");
        parsed(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(refusals(&schema, &as_json(&text)), [""; 0], "{text}");
    }
    for (_, text) in tables("").into_iter().chain([(
        "",
        "[lab.x.networks]\nlan = { mtu = 9000, router = \"hard-nat\", upstream = \"wan\" }\nwan = {}\n\
         [lab.x.nodes]\ngw = { guest = \"host\", networks = [\"lan\", \"wan\"], power = \"off\", memory = \"1G\" }\n"
            .to_owned(),
    )]) {
        parsed(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(refusals(&schema, &as_json(&text)), [""; 0], "{text}");
    }
}

#[test]
fn values_that_the_schema_refuses_the_parser_refuses_too() {
    let schema = schema();
    for line in [
        "backend = \"docker\"",
        "memory = 512",
        "memory = \"512\"",
        "memory = \"1G 512M\"",
        "timeout = \"60\"",
        "timeout = \"1.5h\"",
        "cpus = 0",
        "cpus = \"2\"",
        "cpus = 257",
        "disks = \"1G\"",
        "disks = [\"1G\", \"1G\", \"1G\", \"1G\", \"1G\", \"1G\", \"1G\", \"1G\", \"1G\"]",
        "env = [\"A=1\"]",
        "env = [\"1A\"]",
        "interfaces = 9",
        "interfaces = \"2\"",
        "forward = \"8080\"",
        "forward = [8080]",
        "forward = [\"http\"]",
        "forward = [\"0.0.0.0:80:80\"]",
        "forward = [\"1:2:3:4\"]",
        "modules = \"dummy\"",
        "modules = [\"dummy.ko\"]",
        "files = { from = \"a\", to = \"/b\" }",
        "files = [{ from = \"a\" }]",
        "files = [{ from = \"~/a\", to = \"/b\" }]",
        "files = [{ from = \"\", to = \"/b\" }]",
        "mounts = [{ from = \"a\", to = \"b\" }]",
        "mounts = [{ from = \"a\", to = \"/b\", mode = \"0755\" }]",
        "expose = [\".ssh\"]",
        "export = [\"/a\"]",
        "devices = [\"/dev/kvm\"]",
        "kernel = \"Linux\"",
        "kernel = \"\"",
        "image = 12",
        "extends = 1",
        "extends = \"a b\"",
        "privileged = \"true\"",
        "guest = \"a\"",
    ] {
        let text = format!("[guest.a]\n{line}\n");
        assert!(!refusals(&schema, &as_json(&text)).is_empty(), "{text}");
        assert!(parsed(&text).is_err(), "{text}");
    }
    for text in [
        "[guest.\"a b\"]\n",
        "[lab.\"a b\".nodes]\ngw = { guest = \"host\" }\n",
        "groups.a = []\n",
        "[lab.x]\n",
        "[lab.x.nodes]\n",
        "[lab.x.nodes]\nGW = { guest = \"host\" }\n",
        "[lab.x.nodes]\ngw = {}\n",
        "[lab.x.nodes]\ngw = { guest = \"host\", timeout = \"1s\" }\n",
        "[lab.x.nodes]\ngw = { guest = \"host\", power = \"none\" }\n",
        "[lab.x.networks]\nlan = {}\n[lab.x.nodes]\ngw = { guest = \"host\", networks = [\"lan\", \"lan\"] }\n",
        "[lab.x.networks]\nlan = { mtu = 100 }\n[lab.x.nodes]\ngw = { guest = \"host\" }\n",
        "[lab.x.networks]\nlan = { router = \"nat\" }\n[lab.x.nodes]\ngw = { guest = \"host\" }\n",
        "[lab.x.networks]\nlan = { trunk = 1 }\n[lab.x.nodes]\ngw = { guest = \"host\" }\n",
        "[lab.x]\ncontainerlab = \"a.yml\"\nnodes.gw.guest = \"host\"\n",
        "memory = \"1G\"\n",
    ] {
        assert!(!refusals(&schema, &as_json(text)).is_empty(), "{text}");
        assert!(parsed(text).is_err(), "{text}");
    }
}

#[test]
fn every_key_says_what_it_is() {
    let schema = schema();
    for (place, _) in tables("") {
        let properties = schema.pointer(place).unwrap()["properties"]
            .as_object()
            .unwrap();
        for (key, about) in properties {
            let words = about["description"]
                .as_str()
                .unwrap_or_else(|| panic!("{key}"));
            assert!(
                words.ends_with('.') && !words.starts_with(' '),
                "{key}: {words}"
            );
        }
    }
    let init = &schema["properties"]["guest"]["additionalProperties"]["properties"]["init"];
    let words = "What runs as its init. By default the image decides.";
    assert_eq!(init["description"], json!(words));
}
