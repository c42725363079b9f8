//! What JSON schemas of TOML files have in common: their dialect, tables, names. Knows no key.

use serde_json::{Map, Value, json};

/// The dialect, which editors of TOML know.
pub const DIALECT: &str = "http://json-schema.org/draft-07/schema#";

/// The pattern of names of guests and labs.
pub const NAME: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$";

/// Returns the schema of a table with these keys and no others.
#[must_use]
pub fn table(properties: Map<String, Value>) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}
