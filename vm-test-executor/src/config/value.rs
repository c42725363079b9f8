//! Keys and values of `vm-test.toml` that are not settings of a guest, and the messages for mistakes
//! in any key or value. Knows no key.

use super::mistake::{Mistake, line};
use toml::de::{DeTable, DeValue};
use vm_test_settings::form::Refusal;
use vm_test_settings::word::suggestion;

/// Checks that a table has no other keys than these.
pub(super) fn check_keys(text: &str, table: &DeTable<'_>, keys: &[&str]) -> Result<(), Mistake> {
    for key in table.keys() {
        let name: &str = key.get_ref();
        if !keys.contains(&name) {
            return Err(Mistake::of_key(
                line(text, key.span()),
                name,
                unknown(name, keys),
            ));
        }
    }
    Ok(())
}

/// Returns the line and the value of a key, if the table has it.
pub(super) fn optional<T>(
    text: &str,
    table: &DeTable<'_>,
    key: &str,
    read: impl FnOnce(&DeValue<'_>) -> Result<T, Refusal>,
) -> Result<Option<(usize, T)>, Mistake> {
    let Some((name, found)) = table.get_key_value(key) else {
        return Ok(None);
    };
    let line = line(text, name.span());
    match read(found.get_ref()) {
        Ok(value) => Ok(Some((line, value))),
        Err(refusal) => Err(Mistake::of_key(line, key, refusal)),
    }
}

/// Returns a text; `noun` says what it is, and `example` is one.
pub(super) fn text(
    key: &str,
    noun: &str,
    example: &str,
    found: &DeValue<'_>,
) -> Result<String, Refusal> {
    let text = found.as_str().ok_or_else(|| {
        Refusal::new(
            format!("the value is not a {noun} in quotes"),
            write(key, &format!("{example:?}")),
        )
    });
    text.map(str::to_owned)
}

/// Returns a whole number, in any notation of TOML.
pub(super) fn number(found: &DeValue<'_>) -> Option<u32> {
    let number = found.as_integer()?;
    u32::from_str_radix(number.as_str(), number.radix()).ok()
}

/// Refuses a key that is not one of these.
pub(super) fn unknown(key: &str, keys: &[&str]) -> Refusal {
    let hint = match suggestion(key, keys.iter().copied()) {
        Some(key) => format!("did you mean `{key}`?"),
        None => format!("the keys are {}", keys.join(", ")),
    };
    Refusal::new("there is no such key", hint)
}

/// Checks that a word is one of those that a key takes.
pub(super) fn choose(key: &str, choices: &[&str], word: &str) -> Result<(), Refusal> {
    if choices.contains(&word) {
        return Ok(());
    }
    let hint = match suggestion(word, choices.iter().copied()) {
        Some(choice) => write(key, &format!("{choice:?}")),
        None => {
            let choices: Vec<_> = choices.iter().map(|word| format!("`{word:?}`")).collect();
            format!("the value is {}", choices.join(" or "))
        }
    };
    let cause = format!("there is no `{}`", word.escape_debug());
    Err(Refusal::new(cause, hint))
}

/// Returns an assignment to write, for hints.
pub(super) fn write(key: &str, value: &str) -> String {
    format!("write `{key} = {value}`")
}
