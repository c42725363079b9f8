//! The bodies of requests, read as Go reads JSON: names in any case, `null` as if it were not there,
//! unknown names and what follows the document ignored. It knows no call.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::reply::ApiError;

/// Reads the first JSON document of a body.
pub(super) fn document(body: &[u8]) -> Result<Value, ApiError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    Value::deserialize(&mut reader).map_err(|error| {
        let is_blank = body.iter().all(u8::is_ascii_whitespace);
        match (is_blank, error.is_eof()) {
            (true, _) => ApiError::bad_body("EOF"),
            (false, true) => ApiError::bad_body("unexpected EOF"),
            (false, false) => ApiError::bad_body(&error.to_string()),
        }
    })
}

/// The fields of a JSON object.
pub(super) struct Fields<'a> {
    map: Option<&'a Map<String, Value>>,
    /// Where the object is in the document: empty, or `attributes.`.
    place: &'static str,
}

impl<'a> Fields<'a> {
    /// Takes a document that must be an object.
    pub(super) fn of(document: &'a Value) -> Result<Self, ApiError> {
        Self::at(document, "", "the document")
    }

    fn at(value: &'a Value, place: &'static str, name: &str) -> Result<Self, ApiError> {
        let map = match value {
            Value::Object(map) => Some(map),
            Value::Null => None,
            other => return Err(wrong(name, "an object", other)),
        };
        Ok(Self { map, place })
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<String>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(other) => Err(self.wrong(name, "a string", other)),
        }
    }

    pub(super) fn truth(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(other) => Err(self.wrong(name, "true or false", other)),
        }
    }

    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let number = value.as_i64();
        let number = number.ok_or_else(|| self.wrong(name, "an integer", value))?;
        Ok(Some(number))
    }

    pub(super) fn fraction(&self, name: &str) -> Result<Option<f32>, ApiError> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let number = value.as_f64();
        let number = number.ok_or_else(|| self.wrong(name, "a number", value))?;
        Ok(Some(number as f32))
    }

    /// Returns the fields of the object `attributes`.
    pub(super) fn attributes(&self) -> Result<Self, ApiError> {
        let value = self.get("attributes").unwrap_or(&Value::Null);
        Self::at(value, "attributes.", "attributes")
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        let map = self.map?;
        let found = map.get(name).or_else(|| {
            let mut all = map.iter();
            let found = all.find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value)
        });
        found.filter(|value| !value.is_null())
    }

    fn wrong(&self, name: &str, expected: &str, found: &Value) -> ApiError {
        wrong(&format!("{}{name}", self.place), expected, found)
    }
}

pub(super) fn wrong(name: &str, expected: &str, found: &Value) -> ApiError {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    ApiError::bad_body(&format!("{name} must be {expected}, not {found}"))
}
