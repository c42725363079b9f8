//! The schema of recipes against their parser: keys, defaults, right and wrong values. Builds
//! nothing.

use super::super::recipe::parse;
use super::schema;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use vm_test_tests::schema::refusals;

const BASE: &str = "base = \"debian-12\"\n";

fn as_json(text: &str) -> Value {
    let table: toml::Table = text
        .parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    serde_json::to_value(table).unwrap()
}

/// Returns a recipe with one more line in each of its tables, and the schema of that table.
fn tables(line: &str) -> [(&'static str, String); 5] {
    [
        ("", format!("{BASE}{line}\n")),
        (
            "/properties/users/items",
            format!("{BASE}[[users]]\nname = \"ann\"\n{line}\n"),
        ),
        (
            "/properties/files/items",
            format!("{BASE}[[files]]\nfrom = \"a\"\nto = \"/a\"\n{line}\n"),
        ),
        (
            "/properties/run/items",
            format!("{BASE}[[run]]\ncommand = \"true\"\n{line}\n"),
        ),
        (
            "/properties/kernel/anyOf/1",
            format!("{BASE}[kernel]\nvmlinuz = \"k\"\n{line}\n"),
        ),
    ]
}

#[test]
fn the_schema_has_the_keys_of_the_parser_and_no_others() {
    let schema = schema();
    for (place, text) in tables("qqqqqqqq = 1") {
        let error = parse("x", &text, Path::new("/")).unwrap_err();
        let message = error.text();
        let (_, known) = message
            .split_once("expected ")
            .unwrap_or_else(|| panic!("{message}"));
        let known: BTreeSet<&str> = known.split('`').skip(1).step_by(2).collect();
        let properties = schema.pointer(place).unwrap()["properties"]
            .as_object()
            .unwrap();
        let described: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        assert_eq!(described, known, "{place}");
        assert!(!refusals(&schema, &as_json(&text)).is_empty(), "{text}");
    }
}

#[test]
fn what_the_schema_calls_a_default_is_what_counts_without_it() {
    let schema = schema();
    let mut count = 0;
    for (place, plain) in tables("") {
        let properties = schema.pointer(place).unwrap()["properties"]
            .as_object()
            .unwrap();
        for (key, about) in properties {
            let Some(default) = about.get("default") else {
                continue;
            };
            let (_, text) = tables(&format!("{key} = {default}"))
                .into_iter()
                .find(|(it, _)| *it == place)
                .unwrap();
            let of = |text: &str| parse("x", text, Path::new("/")).unwrap();
            assert_eq!(of(&text), of(&plain), "{text}");
            assert_eq!(refusals(&schema, &as_json(&text)), [""; 0], "{text}");
            count += 1;
        }
    }
    // Five lists of a recipe, groups and shell of a user, the network of a command.
    assert_eq!(count, 8);
}

#[test]
fn both_take_and_refuse_the_same_recipes() {
    let schema = schema();
    for (is_right, text) in [
        (
            true,
            "base = \"debian:trixie\"\npackages = [\"nftables\", \"g++\"]\n",
        ),
        (true, "base = \"host\"\nwithout = [\"/opt/large\"]\n"),
        (
            true,
            "base = \"oci:a/b@sha256:00\"\nkernel = \"none\"\ninit = \"system\"\n",
        ),
        (
            true,
            "base = \"tar:a.tar\"\nkernel = { vmlinuz = \"k\", modules = \"m\" }\n",
        ),
        (
            true,
            "base = \"x\"\n[[users]]\nname = \"ann\"\nid = 1500\ngroups = [\"adm\"]\nshell = \"/bin/bash\"\n",
        ),
        (true, "base = \"oci:/a/b\"\n"),
        (true, "base = \"oci://localhost:5000/a/b__c:1.2\"\n"),
        (true, "base = \"oci://[::1]:5000/a\"\n"),
        (
            true,
            "base = \"oci://r.io/a:b@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n",
        ),
        (false, "base = \"oci://nginx\"\n"),
        (false, "base = \"oci://library/nginx\"\n"),
        (false, "base = \"oci:///nginx\"\n"),
        (false, "base = \"oci://r.io/A\"\n"),
        (false, "base = \"oci://r.io/a/../b\"\n"),
        (false, "base = \"oci://r.io/a:b c\"\n"),
        (false, "base = \"oci://r.io/a@sha256:00\"\n"),
        (false, ""),
        (false, "bsae = \"x\"\n"),
        (false, "base = 12\n"),
        (false, "base = \"debian:potato\"\n"),
        (false, "base = \"docker:x\"\n"),
        (false, "base = \"host\"\nwithout = [\"opt\"]\n"),
        (false, "base = \"x\"\npackages = [\"a b\"]\n"),
        (false, "base = \"x\"\npackages = \"a\"\n"),
        (false, "base = \"x\"\ninit = \"systemd\"\n"),
        (false, "base = \"x\"\nkernel = 6\n"),
        (false, "base = \"x\"\nkernel = \"a b\"\n"),
        (false, "base = \"x\"\nkernel = { modules = \"m\" }\n"),
        (false, "base = \"x\"\n[[users]]\nname = \"a b\"\n"),
        (false, "base = \"x\"\n[[users]]\nname = \"a\"\nid = 65536\n"),
        (
            false,
            "base = \"x\"\n[[users]]\nname = \"a\"\nshell = \"sh\"\n",
        ),
        (false, "base = \"x\"\n[[files]]\nfrom = \"a\"\nto = \"b\"\n"),
        (false, "base = \"x\"\n[[files]]\nto = \"/b\"\n"),
        (false, "base = \"x\"\n[[run]]\nnetwork = true\n"),
        (
            false,
            "base = \"x\"\n[[run]]\ncommand = \"a\"\nnetwork = \"yes\"\n",
        ),
    ] {
        assert_eq!(
            parse("x", text, Path::new("/")).is_ok(),
            is_right,
            "parser: {text}"
        );
        let refusals = refusals(&schema, &as_json(text));
        assert_eq!(
            refusals.is_empty(),
            is_right,
            "schema: {text}: {refusals:?}"
        );
    }
}
