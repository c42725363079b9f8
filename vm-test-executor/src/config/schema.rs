//! The JSON schema of `vm-test.toml`, for editors: made from the table of settings and from the
//! limits of the parser. Reads no file.

use super::checks::MOST_DISKS;
use super::groups::GROUPS;
use super::guests::{BASE, DEFAULTS};
use super::shape::{DIALECT, NAME, table};
use super::{Guest, HOST, lab, values};
use serde_json::{Map, Value, json};
use vm_test_settings::form::{DEVICES, Form};
use vm_test_settings::guest::{KEYS, Key, Kind};
use vm_test_settings::limits::Limits;
use vm_test_settings::placement::MOST_PLACEMENTS;
use vm_test_settings::quantity::SIZE;

/// Returns the schema of `vm-test.toml`.
///
/// It refuses no file that the parser accepts. The parser refuses more: it knows which names are
/// declared, and how large a quantity may be.
#[must_use]
pub fn schema() -> Value {
    let mut guest = settings(true);
    let mut defaults = guest.clone();
    guest.insert(
        BASE.to_owned(),
        json!({
            "description": "The guest whose settings this one starts from.",
            "type": "string",
            "pattern": NAME,
        }),
    );
    for key in KEYS.iter().filter(|key| is_for_the_image(key)) {
        let about = format!("{} By default the image decides.", key.about);
        for table in [&mut guest, &mut defaults] {
            table[key.name]["description"] = json!(about);
        }
    }
    json!({
        "$schema": DIALECT,
        "title": "vm-test.toml",
        "description": "The guests and labs of a workspace.",
        "type": "object",
        "properties": {
            "guest": {
                "description": "The guests, by their names.",
                "type": "object",
                "propertyNames": { "pattern": NAME },
                "additionalProperties": table(guest),
            },
            DEFAULTS: table(defaults),
            GROUPS: {
                "description": "Groups of guests, by their names, for tests that run on each guest of one.",
                "type": "object",
                "propertyNames": { "pattern": NAME },
                "additionalProperties": {
                    "type": "array",
                    "items": { "type": "string", "pattern": NAME },
                    "minItems": 1,
                    "uniqueItems": true,
                },
            },
            "lab": {
                "description": "The labs, by their names.",
                "type": "object",
                "propertyNames": { "pattern": NAME },
                "additionalProperties": lab::schema(settings(false)),
            },
        },
        "additionalProperties": false,
    })
}

/// Returns the schema of each setting, with or without what counts if nobody sets it.
fn settings(with_defaults: bool) -> Map<String, Value> {
    let host = Guest::new(HOST).map(|guest| values::of(&guest));
    let defaults = host.unwrap_or_default();
    let mut properties = Map::new();
    for key in KEYS {
        let mut schema = of_kind(key);
        schema["description"] = json!(key.about);
        let default = defaults.iter().find(|(name, _)| *name == key.name);
        if let Some((_, value)) = default.filter(|(_, value)| with_defaults && !value.is_null()) {
            schema["default"] = value.clone();
        }
        properties.insert(key.name.to_owned(), schema);
    }
    properties
}

fn is_for_the_image(key: &Key) -> bool {
    let host = Guest::new(HOST).map(|guest| values::of(&guest));
    let defaults = host.unwrap_or_default();
    defaults
        .iter()
        .any(|(name, value)| *name == key.name && value.is_null())
}

fn of_kind(key: &Key) -> Value {
    match &key.kind {
        Kind::Choice(choices, _) => json!({ "enum": choices }),
        Kind::Word(form, _) => of_form(*form),
        Kind::Words(form, _) => json!({ "type": "array", "items": of_form(*form) }),
        Kind::Quantity(limits, _) => quantity(limits),
        Kind::Quantities(limits, _) => {
            json!({ "type": "array", "items": quantity(limits), "maxItems": MOST_DISKS })
        }
        Kind::Count(range, _) => {
            json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() })
        }
        Kind::Placements(_) => json!({
            "type": "array",
            "maxItems": MOST_PLACEMENTS,
            "items": {
                "type": "object",
                "properties": {
                    "from": {
                        "description": "The path on the host; a relative one starts at the directory of vm-test.toml.",
                        "type": "string",
                        "pattern": "^[^~]",
                    },
                    "to": {
                        "description": "The absolute path in the guest.",
                        "type": "string",
                        "pattern": "^/",
                    },
                },
                "required": ["from", "to"],
                "additionalProperties": false,
            },
        }),
        Kind::Flag(_) => json!({ "type": "boolean" }),
    }
}

/// Returns the schema of a text of this form, in the dialect of regular expressions that all
/// validators share.
fn of_form(form: Form) -> Value {
    let pattern = match form {
        Form::Device => return json!({ "enum": DEVICES }),
        // Only the store knows whether there is one; the parser takes any text.
        Form::Name => return json!({ "type": "string" }),
        Form::Kernel => "^([a-z0-9][a-z0-9+.-]*|[^\\u0000]*/[^\\u0000]*)$",
        Form::Module => "^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$",
        Form::Forward => "^((127(\\.[0-9]{1,3}){3}:)?[0-9]{1,5}:)?[0-9]{1,5}$",
        Form::Variable => "^[A-Za-z_][A-Za-z0-9_]*$",
        Form::Pattern => "^[^/\\\\][^\\\\]*$",
        Form::Path => "^(/|~$|~/)",
    };
    json!({ "type": "string", "pattern": pattern })
}

fn quantity(limits: &Limits) -> Value {
    let is_size = limits.scale.noun == SIZE.noun;
    let pattern = if is_size {
        "^\\s*[0-9]+\\s*[KkMmGgTt]([Ii]?[Bb])?\\s*$"
    } else {
        "^(\\s*[0-9]+\\s*([Mm][Ss]|[Ss]|[Mm]|[Hh]))+\\s*$"
    };
    let [least, most] = limits.ends();
    json!({
        "type": "string",
        "pattern": pattern,
        "examples": [least, most],
    })
}

#[cfg(test)]
mod tests;
