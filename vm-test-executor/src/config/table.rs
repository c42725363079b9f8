//! The settings in a table of `vm-test.toml`, or the line of a mistake and the hint. Knows no other
//! key.

use super::mistake::{Mistake, line};
use super::placements;
use super::value::{choose, number, unknown, write};
use toml::de::{DeTable, DeValue};
use vm_test_settings::form::{Form, Refusal};
use vm_test_settings::guest::{Key, Kind, Setting, Text, names};
use vm_test_settings::limits::Limits;
use vm_test_settings::quantity::Remedy;

/// A setting, and the number of its line.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) setting: Setting,
}

/// Reads the settings of a table of this text. The caller reads the `other` keys.
pub(super) fn read(
    text: &str,
    table: &DeTable<'_>,
    other: &[&'static str],
) -> Result<Vec<Entry>, Mistake> {
    let mut entries = Vec::new();
    for (key, value) in table {
        let name: &str = key.get_ref();
        if other.contains(&name) {
            continue;
        }
        let mistake = |span, refusal| Mistake::of_key(line(text, span), name, refusal);
        let Some(known) = Key::find(name) else {
            if name == SET_UP {
                return Err(mistake(key.span(), of_set_up()));
            }
            let known: Vec<_> = names().chain(other.iter().copied()).collect();
            return Err(mistake(key.span(), unknown(name, &known)));
        };
        entries.push(Entry {
            line: line(text, key.span()),
            setting: set(known, value.get_ref())
                .map_err(|refusal| mistake(value.span(), refusal))?,
        });
    }
    Ok(entries)
}

/// The key of a set-up, which sites have and the file has not.
const SET_UP: &str = "setup";

/// Refuses a set-up in the file: only the compiler finds a function by its path.
fn of_set_up() -> Refusal {
    Refusal::new(
        "a set-up is a function of the tests, and named where they are",
        "write `#[on_vm(\"NAME\", setup = crate::install)]` at each test that starts from it",
    )
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
        Kind::Choice(choices, make) => {
            let word = text(value)?;
            choose(key.name, choices, &word)?;
            make(word.into())
        }
        Kind::Word(_, make) => make(text(value)?.into()),
        Kind::Quantity(limits, make) => make(quantity(key, limits, value)?),
        Kind::Quantities(limits, make) => {
            let each = array()?
                .iter()
                .map(|value| quantity(key, limits, value.get_ref()));
            make(each.collect::<Result<_, _>>()?)
        }
        Kind::Count(_, make) => make(number(value).ok_or_else(|| type_error(key, value))?),
        Kind::Words(form, make) => {
            let each = array()?.iter().map(|value| {
                let word = text(value.get_ref())?;
                check(*form, &word)?;
                Ok(Text::from(word))
            });
            make(each.collect::<Result<_, Refusal>>()?)
        }
        Kind::Placements(make) => {
            let each = array()?.iter();
            let each = each.map(|value| placements::read(key, value.get_ref()));
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
                write(key.name, &within_list(key, &better))
            }
            Remedy::Write(_) | Remedy::Rule => scale.rule(),
            Remedy::Less => format!("write a smaller {}", scale.noun),
        };
        Refusal::new(wrong.cause, hint)
    })
}

/// Refuses a value of another kind, with a hint that is accepted: what the value stands for, if that
/// is clear and allowed, or else an example.
fn type_error(key: &Key, value: &DeValue<'_>) -> Refusal {
    let better = match (&key.kind, value) {
        (Kind::Quantity(limits, _), DeValue::Integer(number)) if number.radix() == 10 => {
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
    let better = better.as_deref().unwrap_or(key.example_in_file());
    Refusal::new(key.kind.type_error(), write(key.name, better))
}

/// Quotes a text, in a list if the key takes one.
fn within_list(key: &Key, text: &str) -> String {
    match key.kind {
        Kind::Quantities(..) => format!("[{text:?}]"),
        _ => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests;
