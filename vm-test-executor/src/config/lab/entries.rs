//! Keys of a YAML file and their values, and the messages for those that are wrong. Knows no key.

use super::yaml::{Entry, Value};
use crate::config::mistake::Mistake;
use crate::config::value::unknown;
use vm_test_settings::form::Refusal;

pub(super) fn at(line: usize, cause: &str, hint: &str) -> Mistake {
    Mistake::new(line, Refusal::new(cause, hint))
}

pub(super) fn find<'a>(entries: &'a [Entry], key: &str) -> Option<&'a Entry> {
    entries.iter().find(|entry| entry.key == key)
}

pub(super) fn table<'a>(value: &'a Value, key: &str) -> Result<&'a [Entry], Mistake> {
    let refusal = || Refusal::new("the value is not a table", "indent its keys below it");
    value
        .table()
        .ok_or_else(|| Mistake::of_key(value.line, key, refusal()))
}

pub(super) fn list<'a>(value: &'a Value, key: &str) -> Result<&'a [Value], Mistake> {
    let refusal = || Refusal::new("the value is not a list", "begin each item with `- `");
    value
        .list()
        .ok_or_else(|| Mistake::of_key(value.line, key, refusal()))
}

pub(super) fn text_of<'a>(entries: &'a [Entry], key: &str) -> Result<Option<&'a str>, Mistake> {
    let Some(entry) = find(entries, key) else {
        return Ok(None);
    };
    let refusal = || Refusal::new("the value is not a text", format!("write `{key}: …`"));
    let text = entry.value.text();
    text.map(Some)
        .ok_or_else(|| Mistake::of_key(entry.line, key, refusal()))
}

pub(super) fn check_keys(entries: &[Entry], keys: &[&str]) -> Result<(), Mistake> {
    match entries.iter().find(|entry| !keys.contains(&&*entry.key)) {
        None => Ok(()),
        Some(Entry { line, key, .. }) => Err(Mistake::of_key(*line, key, unknown(key, keys))),
    }
}
