//! The table of one guest in `vm-test.toml`: its settings, or the line of a mistake and the hint.
//! Knows no other table.

use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};
use vm_test_protocol::failure::Failure;
use vm_test_settings::form::{Form, Refusal};
use vm_test_settings::guest::{Key, Kind, Setting, Text, names};
use vm_test_settings::limits::Limits;
use vm_test_settings::quantity::Remedy;
use vm_test_settings::word::suggestion;

/// A setting, and the number of its line.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) setting: Setting,
}

/// A mistake in a table.
#[derive(Debug)]
pub(super) struct Mistake {
    line: usize,
    key: String,
    cause: String,
    hint: String,
}

impl Mistake {
    /// Returns the failure to decide the guest.
    pub(super) fn failure(&self, guest: &str, file: &Path) -> Failure {
        Failure::new(format!(
            "cannot use guest `{guest}`: cannot set `{}`: {} (in {}, line {})",
            self.key,
            self.cause,
            file.display(),
            self.line
        ))
        .hint(&self.hint)
    }
}

/// Returns the line number of a position in a text.
pub(super) fn line(text: &str, span: Range<usize>) -> usize {
    let before = text.as_bytes().get(..span.start).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Reads the settings of a table of this text.
pub(super) fn read(text: &str, table: &DeTable<'_>) -> Result<Vec<Entry>, Mistake> {
    table
        .iter()
        .map(|(name, value)| {
            let mistake = |span, refusal: Refusal| Mistake {
                line: line(text, span),
                key: name.get_ref().to_string(),
                cause: refusal.cause,
                hint: refusal.hint,
            };
            let key = Key::find(name.get_ref());
            let key = key.ok_or_else(|| mistake(name.span(), unknown(name.get_ref())))?;
            let setting =
                set(key, value.get_ref()).map_err(|refusal| mistake(value.span(), refusal))?;
            let line = line(text, name.span());
            Ok(Entry { line, setting })
        })
        .collect()
}

fn unknown(name: &str) -> Refusal {
    let hint = match Key::suggestion(name) {
        Some(key) => format!("did you mean `{key}`?"),
        None => format!("the keys are {}", names().collect::<Vec<_>>().join(", ")),
    };
    Refusal::new("there is no such key", hint)
}

/// Checks a word of a list of variable names. Words of other lists are checked with the guest.
fn check(form: Form, word: &str) -> Result<(), Refusal> {
    if form != Form::Variable {
        return Ok(());
    }
    form.check(word).map_err(|refusal| {
        if word.contains('=') {
            refusal
        } else {
            Refusal {
                cause: format!("`{}` is not the name of a variable", word.escape_debug()),
                ..refusal
            }
        }
    })
}

/// Returns the setting for a key and its value.
fn set(key: &Key, value: &DeValue<'_>) -> Result<Setting, Refusal> {
    let text = |value: &DeValue<'_>| {
        let text = value.as_str().ok_or_else(|| type_error(key, value));
        text.map(str::to_owned)
    };
    let array = || value.as_array().ok_or_else(|| type_error(key, value));
    Ok(match &key.kind {
        Kind::Choice(choices, make) => make(choose(key, choices, text(value)?)?.into()),
        Kind::Word(_, make) => make(text(value)?.into()),
        Kind::Quantity(limits, make) => make(quantity(key, limits, value)?),
        Kind::Quantities(limits, make) => {
            let each = array()?
                .iter()
                .map(|value| quantity(key, limits, value.get_ref()));
            make(each.collect::<Result<_, _>>()?)
        }
        Kind::Count(_, make) => {
            let number = value.as_integer();
            let number = number.and_then(|number| number.as_str().parse().ok());
            make(number.ok_or_else(|| type_error(key, value))?)
        }
        Kind::Words(form, make) => {
            let each = array()?.iter().map(|value| {
                let word = text(value.get_ref())?;
                check(*form, &word)?;
                Ok(Text::from(word))
            });
            make(each.collect::<Result<_, Refusal>>()?)
        }
        Kind::Flag(make) => make(value.as_bool().ok_or_else(|| type_error(key, value))?),
    })
}

fn quantity(key: &Key, limits: &Limits, value: &DeValue<'_>) -> Result<u64, Refusal> {
    let text = value.as_str().ok_or_else(|| type_error(key, value))?;
    let scale = limits.scale;
    scale.read(text).map_err(|wrong| {
        let hint = match wrong.remedy {
            Remedy::Write(better) if limits.accept(&better) => {
                write(key, &within_list(key, &better))
            }
            Remedy::Write(_) | Remedy::Rule => scale.rule(),
            Remedy::Less => format!("write a smaller {}", scale.noun),
        };
        Refusal::new(wrong.cause, hint)
    })
}

fn choose(key: &Key, choices: &[&str], word: String) -> Result<String, Refusal> {
    if choices.contains(&word.as_str()) {
        return Ok(word);
    }
    let hint = match suggestion(&word, choices.iter().copied()) {
        Some(choice) => write(key, &format!("{choice:?}")),
        None => {
            let choices: Vec<_> = choices.iter().map(|word| format!("`{word:?}`")).collect();
            format!("the value is {}", choices.join(" or "))
        }
    };
    let cause = format!("there is no `{}`", word.escape_debug());
    Err(Refusal::new(cause, hint))
}

/// Refuses a value of another kind, with a hint that is accepted: what the value stands for, if that
/// is clear and allowed, or else an example.
fn type_error(key: &Key, value: &DeValue<'_>) -> Refusal {
    let better = match (&key.kind, value) {
        (Kind::Quantity(limits, _), DeValue::Integer(number)) => {
            let text = limits.scale.correct(number.as_str());
            let text = text.filter(|text| limits.accept(text));
            text.map(|text| format!("{text:?}"))
        }
        (Kind::Quantities(limits, _), DeValue::String(text)) => {
            limits.accept(text).then(|| format!("[{text:?}]"))
        }
        (Kind::Words(form, _), DeValue::String(text)) => {
            let is_one = form.check(text).is_ok();
            is_one.then(|| format!("[{text:?}]"))
        }
        (Kind::Count(range, _), DeValue::String(text)) => {
            let number = text.parse().ok().filter(|number| range.contains(number));
            number.map(|number: u32| number.to_string())
        }
        (Kind::Flag(_), DeValue::String(text)) => {
            text.parse().ok().map(|flag: bool| flag.to_string())
        }
        _ => None,
    };
    let better = better.as_deref().unwrap_or(key.example);
    Refusal::new(key.kind.type_error(), write(key, better))
}

/// Quotes a text, in a list if the key takes one.
fn within_list(key: &Key, text: &str) -> String {
    match key.kind {
        Kind::Quantities(..) => format!("[{text:?}]"),
        _ => format!("{text:?}"),
    }
}

/// Returns an assignment to write, for hints.
fn write(key: &Key, value: &str) -> String {
    format!("write `{} = {value}`", key.name)
}

#[cfg(test)]
mod tests;
