//! Checks values by the keywords of JSON schemas that this project writes. Panics at any other
//! keyword, so that nothing in a schema goes unchecked; reads no file.

use regex::Regex;
use serde_json::{Map, Value};

/// Keywords that allow everything.
const WORDS: [&str; 5] = ["$schema", "title", "description", "default", "examples"];

/// Returns what is wrong with a value, with its place, or nothing if the schema accepts it.
///
/// # Panics
/// If the schema has a keyword that is not known here.
#[must_use]
pub fn refusals(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "", &mut found);
    found
}

fn check(schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    let keywords = schema.as_object().expect("a schema is an object");
    for (keyword, wanted) in keywords {
        let is_so = match (keyword.as_str(), value) {
            (word, _) if WORDS.contains(&word) => true,
            ("type", _) => is_of_type(value, wanted.as_str().expect("one type")),
            ("enum", _) => list(wanted).contains(value),
            ("anyOf", _) => accepting(wanted, value) > 0,
            ("oneOf", _) => accepting(wanted, value) == 1,
            ("pattern", Value::String(text)) => {
                let pattern = Regex::new(wanted.as_str().expect("a pattern")).expect("is one");
                pattern.is_match(text)
            }
            ("minimum", Value::Number(number)) => number.as_i64() >= wanted.as_i64(),
            ("maximum", Value::Number(number)) => number.as_i64() <= wanted.as_i64(),
            ("minItems", Value::Array(items)) => items.len() >= size(wanted),
            ("maxItems", Value::Array(items)) => items.len() <= size(wanted),
            ("uniqueItems", Value::Array(items)) => {
                let mut items = items.iter().enumerate();
                let all = list(value);
                items.all(|(at, item)| all.iter().position(|it| it == item) == Some(at))
            }
            ("items", Value::Array(items)) => {
                for (at, item) in items.iter().enumerate() {
                    check(wanted, item, &format!("{place}/{at}"), found);
                }
                true
            }
            ("minProperties", Value::Object(map)) => map.len() >= size(wanted),
            ("maxProperties", Value::Object(map)) => map.len() <= size(wanted),
            ("required", Value::Object(map)) => {
                let mut keys = list(wanted).iter().filter_map(Value::as_str);
                keys.all(|key| map.contains_key(key))
            }
            ("propertyNames", Value::Object(map)) => {
                for key in map.keys() {
                    let key = Value::String(key.clone());
                    check(wanted, &key, place, found);
                }
                true
            }
            ("properties", Value::Object(map)) => {
                for (key, value) in map {
                    if let Some(schema) = wanted.get(key) {
                        check(schema, value, &format!("{place}/{key}"), found);
                    }
                }
                true
            }
            ("additionalProperties", Value::Object(map)) => {
                others(keywords, wanted, map, place, found)
            }
            (
                "pattern"
                | "minimum"
                | "maximum"
                | "minItems"
                | "maxItems"
                | "uniqueItems"
                | "items"
                | "minProperties"
                | "maxProperties"
                | "required"
                | "propertyNames"
                | "properties"
                | "additionalProperties",
                _,
            ) => true,
            (unknown, _) => panic!("no check knows the keyword {unknown}"),
        };
        if !is_so {
            found.push(format!("{place}: {value} and {keyword} {wanted}"));
        }
    }
}

/// Checks what `properties` does not name; returns whether there may be any.
fn others(
    keywords: &Map<String, Value>,
    wanted: &Value,
    map: &Map<String, Value>,
    place: &str,
    found: &mut Vec<String>,
) -> bool {
    let is_named = |key: &String| {
        let named = keywords.get("properties");
        named.is_some_and(|named| named.get(key).is_some())
    };
    let mut others = map.iter().filter(|(key, _)| !is_named(key));
    if *wanted == Value::Bool(false) {
        return others.next().is_none();
    }
    for (key, value) in others {
        check(wanted, value, &format!("{place}/{key}"), found);
    }
    true
}

fn accepting(schemas: &Value, value: &Value) -> usize {
    let schemas = list(schemas).iter();
    schemas.filter(|it| refusals(it, value).is_empty()).count()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn size(value: &Value) -> usize {
    let size = value.as_u64().expect("a size");
    usize::try_from(size).expect("a size")
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        _ => panic!("no check knows the type {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::refusals;
    use serde_json::json;

    #[test]
    fn each_keyword_refuses_what_it_forbids() {
        for (schema, good, bad) in [
            (json!({ "type": "integer" }), json!(1), json!("1")),
            (json!({ "type": "boolean" }), json!(true), json!(1)),
            (json!({ "enum": ["a"] }), json!("a"), json!("b")),
            (json!({ "pattern": "^a$" }), json!("a"), json!("b")),
            (json!({ "minimum": 2 }), json!(2), json!(1)),
            (json!({ "maximum": 2 }), json!(2), json!(3)),
            (json!({ "minItems": 1 }), json!([1]), json!([])),
            (json!({ "maxItems": 1 }), json!([1]), json!([1, 2])),
            (json!({ "uniqueItems": true }), json!([1, 2]), json!([1, 1])),
            (
                json!({ "items": { "type": "string" } }),
                json!(["a"]),
                json!([1]),
            ),
            (json!({ "minProperties": 1 }), json!({ "a": 1 }), json!({})),
            (json!({ "maxProperties": 0 }), json!({}), json!({ "a": 1 })),
            (json!({ "required": ["a"] }), json!({ "a": 1 }), json!({})),
            (
                json!({ "propertyNames": { "pattern": "^a$" } }),
                json!({ "a": 1 }),
                json!({ "b": 1 }),
            ),
            (
                json!({ "properties": { "a": { "enum": [1] } } }),
                json!({ "a": 1, "b": 2 }),
                json!({ "a": 2 }),
            ),
            (
                json!({ "properties": { "a": {} }, "additionalProperties": false }),
                json!({ "a": 1 }),
                json!({ "b": 1 }),
            ),
            (
                json!({ "additionalProperties": { "type": "string" } }),
                json!({ "a": "x" }),
                json!({ "a": 1 }),
            ),
            (
                json!({ "oneOf": [{ "required": ["a"] }, { "required": ["b"] }] }),
                json!({ "a": 1 }),
                json!({ "a": 1, "b": 1 }),
            ),
            (
                json!({ "anyOf": [{ "type": "string" }, { "type": "object" }] }),
                json!("a"),
                json!(1),
            ),
        ] {
            assert!(refusals(&schema, &good).is_empty(), "{schema} {good}");
            assert_eq!(refusals(&schema, &bad).len(), 1, "{schema} {bad}");
        }
    }

    #[test]
    #[should_panic(expected = "no check knows the keyword format")]
    fn an_unknown_keyword_is_not_passed_over() {
        let _ = refusals(&json!({ "format": "uri" }), &json!("a"));
    }
}
