//! The JSON schema of a recipe, for editors. Reads no file; what only the host knows, such as
//! whether a file exists, it leaves to the parser.

use super::users::{LONGEST_NAME, MOST_IDS};
use crate::config::shape::{DIALECT, table};
use crate::image::layer::release::Distribution;
use serde_json::{Map, Value, json};

/// Returns the schema of `images/NAME.toml`.
#[must_use]
pub fn schema() -> Value {
    let text = json!({ "type": "string" });
    let package = json!({ "type": "string", "pattern": "^[a-z0-9][a-z0-9+.-]*$" });
    let name = json!({
        "type": "string",
        "pattern": format!("^[a-z_][a-z0-9_-]{{0,{}}}$", LONGEST_NAME - 1),
    });
    let mut kernel_files = table(keys([("vmlinuz", text.clone()), ("modules", text.clone())]));
    kernel_files["required"] = json!(["vmlinuz"]);
    let mut user = table(keys([
        ("name", name.clone()),
        (
            "id",
            json!({ "type": "integer", "minimum": 0, "maximum": MOST_IDS - 1 }),
        ),
        (
            "groups",
            json!({ "type": "array", "items": name, "default": [] }),
        ),
        (
            "shell",
            json!({ "type": "string", "pattern": "^/[A-Za-z0-9/._+-]*$", "default": "/bin/sh" }),
        ),
    ]));
    user["required"] = json!(["name"]);
    let mut file = table(keys([
        ("from", text.clone()),
        ("to", json!({ "type": "string", "pattern": "^/" })),
        ("mode", text.clone()),
    ]));
    file["required"] = json!(["from", "to"]);
    let mut run = table(keys([
        ("command", text),
        ("network", json!({ "type": "boolean", "default": false })),
    ]));
    run["required"] = json!(["command"]);
    let mut recipe = table(keys([
        ("base", base()),
        (
            "without",
            of_each(
                "Paths of this host that are left out, with base = \"host\".",
                json!({ "type": "string", "pattern": "^/" }),
            ),
        ),
        (
            "init",
            json!({
                "description": "What runs first in its guests. By default the same as in the base.",
                "enum": ["agent", "system"],
            }),
        ),
        (
            "keyring",
            json!({
                "description": "The file with the keys that verify the packages of a base that is bootstrapped. By default the host's.",
                "type": "string",
            }),
        ),
        (
            "kernel",
            json!({
                "description": "The kernel for VMs: a package, \"none\", or files. By default the base's.",
                "anyOf": [package.clone(), kernel_files],
            }),
        ),
        ("packages", of_each("Debian packages to install.", package)),
        ("users", of_each("Users to create.", user)),
        ("files", of_each("Files to copy, in this order.", file)),
        ("run", of_each("Commands to run, in this order.", run)),
    ]));
    recipe["$schema"] = json!(DIALECT);
    recipe["title"] = json!("images/NAME.toml");
    recipe["description"] = json!("The recipe of an image.");
    recipe["required"] = json!(["base"]);
    recipe
}

/// Returns the schema of a base: one with a kind of its own, `host`, or the name of an image.
fn base() -> Value {
    let releases = Distribution::ALL.map(|it| format!("{}:({})", it.word(), it.suites().join("|")));
    let releases = releases.join("|");
    let label = "[A-Za-z0-9][A-Za-z0-9-]*";
    let host =
        format!("(localhost|{label}(\\.{label})+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]+)?|{label}:[0-9]+");
    let part = "[a-z0-9]+((\\.|__?|-+)[a-z0-9]+)*";
    let rest = "(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?(@sha256:[0-9a-f]{64})?";
    let image = format!("({host})/{part}(/{part})*{rest}");
    json!({
        "description": "What it starts from: debian:RELEASE, ubuntu:RELEASE, tar:PATH, dir:PATH, oci:PATH, oci://REGISTRY/NAME:TAG, host, or another image.",
        "type": "string",
        "pattern": format!(
            "^({releases}|(tar|dir):[^\\u0000]*|oci:/?([^/\\u0000][^\\u0000]*)?|oci://{image}|[^:]*)$"
        ),
    })
}

fn of_each(description: &str, items: Value) -> Value {
    json!({
        "description": description,
        "type": "array",
        "items": items,
        "default": [],
    })
}

fn keys<const COUNT: usize>(pairs: [(&str, Value); COUNT]) -> Map<String, Value> {
    let pairs = pairs.into_iter();
    pairs
        .map(|(key, schema)| (key.to_owned(), schema))
        .collect()
}

#[cfg(test)]
mod tests;
