//! The table of one guest in `vm-test.toml`: its settings, or the line of a mistake and the hint. Knows no other table.

use super::keys::{KEYS, Key, Kind};
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use vm_test_protocol::daemon::OwnedSetting;
use vm_test_protocol::failure::Failure;
use vm_test_settings::quantity::{Cure, Scale};
use vm_test_settings::word::meant;

/// A setting, and the line that it stands in.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) line: usize,
    pub(super) setting: OwnedSetting,
}

/// What is wrong in a table.
#[derive(Debug)]
pub(super) struct Mistake {
    line: usize,
    key: String,
    cause: String,
    hint: String,
}

impl Mistake {
    /// The failure to have the guest.
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

/// The line of a place in a text.
pub(super) fn line(text: &str, span: Range<usize>) -> usize {
    let before = text.as_bytes().get(..span.start).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The settings of a table of this text.
pub(super) fn read(text: &str, table: &DeTable<'_>) -> Result<Vec<Entry>, Mistake> {
    table
        .iter()
        .map(|(name, value)| {
            let mistake = |span, (cause, hint)| Mistake {
                line: line(text, span),
                key: name.get_ref().to_string(),
                cause,
                hint,
            };
            let key = KEYS.iter().find(|key| key.name == name.get_ref());
            let key = key.ok_or_else(|| mistake(name.span(), unknown(name.get_ref())))?;
            let setting = key
                .set(value)
                .map_err(|refusal| mistake(value.span(), refusal))?;
            let line = line(text, name.span());
            Ok(Entry { line, setting })
        })
        .collect()
}

/// Why a value is not accepted, and what to write instead.
type Refusal = (String, String);

fn unknown(name: &str) -> Refusal {
    let keys = || KEYS.iter().map(|key| key.name);
    let hint = match meant(name, keys()) {
        Some(key) => format!("did you mean `{key}`?"),
        None => format!("the keys are {}", keys().collect::<Vec<_>>().join(", ")),
    };
    ("there is no such key".to_owned(), hint)
}

/// Checks a word of a list, where that is one of names of variables.
fn check_name(key: &str, word: &str) -> Result<(), Refusal> {
    if key != "env" {
        return Ok(());
    }
    if let Some((name, _)) = word.split_once('=') {
        return Err((
            format!("`{}` gives a variable a value", word.escape_debug()),
            format!("name the variable only, as in `{name:?}`: its value is taken from the host"),
        ));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if word.is_empty()
        || !word.chars().all(is_plain)
        || word.starts_with(|c: char| c.is_ascii_digit())
    {
        return Err((
            format!("`{}` is not the name of a variable", word.escape_debug()),
            "a variable's name has ASCII letters, digits and `_`, and does not start with a digit"
                .to_owned(),
        ));
    }
    Ok(())
}

impl Key {
    fn set(&self, value: &Spanned<DeValue<'_>>) -> Result<OwnedSetting, Refusal> {
        let value = value.get_ref();
        let text = || {
            value
                .as_str()
                .ok_or_else(|| self.unlike(value))
                .map(str::to_owned)
        };
        let quantity = |scale: &Scale, value: &DeValue<'_>| {
            let text = value.as_str().ok_or_else(|| self.unlike(value))?;
            scale.read(text).map_err(|wrong| {
                let hint = match wrong.cure {
                    Cure::Write(better) => self.write(&self.within_list(&better)),
                    Cure::Rule => scale.rule(),
                    Cure::Less => format!("write a smaller {}", scale.noun),
                };
                (wrong.cause, hint)
            })
        };
        let array = || value.as_array().ok_or_else(|| self.unlike(value));
        Ok(match &self.kind {
            Kind::Choice(choices, set) => set(self.choose(choices, text()?)?),
            Kind::Word(_, set) => set(text()?),
            Kind::Quantity(scale, set) => set(quantity(scale, value)?),
            Kind::Quantities(scale, set) => {
                let each = array()?
                    .iter()
                    .map(|value| quantity(scale, value.get_ref()));
                set(each.collect::<Result<_, _>>()?)
            }
            Kind::Count(set) => {
                let number = value
                    .as_integer()
                    .and_then(|number| number.as_str().parse().ok());
                set(number.ok_or_else(|| self.unlike(value))?)
            }
            Kind::Words(_, set) => {
                let each = array()?.iter().map(|value| {
                    let word = value.get_ref().as_str();
                    let word = word.ok_or_else(|| self.unlike(value.get_ref()))?;
                    check_name(self.name, word)?;
                    Ok(word.to_owned())
                });
                set(each.collect::<Result<_, Refusal>>()?)
            }
            Kind::Flag(set) => set(value.as_bool().ok_or_else(|| self.unlike(value))?),
        })
    }

    fn choose(&self, choices: &[&str], word: String) -> Result<String, Refusal> {
        if choices.contains(&word.as_str()) {
            return Ok(word);
        }
        let hint = match meant(&word, choices.iter().copied()) {
            Some(choice) => self.write(&format!("{choice:?}")),
            None => {
                let choices: Vec<_> = choices.iter().map(|word| format!("`{word:?}`")).collect();
                format!("the value is {}", choices.join(" or "))
            }
        };
        Err((format!("there is no `{}`", word.escape_debug()), hint))
    }

    /// Refuses a value of another kind; where it is clear which one it stands for, the hint is that.
    fn unlike(&self, value: &DeValue<'_>) -> Refusal {
        let cause = match &self.kind {
            Kind::Choice(..) => "the value is not a word in quotes".to_owned(),
            Kind::Word(what, _) => format!("the value is not a {what} in quotes"),
            Kind::Quantity(scale, _) => format!("the value is not a {} in quotes", scale.noun),
            Kind::Quantities(scale, _) => {
                format!("the value is not a list of {}s in quotes", scale.noun)
            }
            Kind::Count(_) => "the value is not a whole number from 1 to 256".to_owned(),
            Kind::Words(what, _) => format!("the value is not a list of {what} in quotes"),
            Kind::Flag(_) => "the value is neither `true` nor `false`".to_owned(),
        };
        let better = match (&self.kind, value) {
            (Kind::Quantity(scale, _), DeValue::Integer(number)) => scale
                .correct(number.as_str())
                .map(|text| format!("{text:?}")),
            (Kind::Quantities(scale, _), DeValue::String(text)) => {
                scale.read(text).is_ok().then(|| format!("[{text:?}]"))
            }
            (Kind::Words(..), DeValue::String(text)) => Some(format!("[{text:?}]")),
            (Kind::Count(_), DeValue::String(text)) => {
                text.parse().ok().map(|number: u32| number.to_string())
            }
            (Kind::Flag(_), DeValue::String(text)) => {
                text.parse().ok().map(|flag: bool| flag.to_string())
            }
            _ => None,
        };
        (cause, self.write(better.as_deref().unwrap_or(self.example)))
    }

    /// A text in quotes, and in a list where that is what the key takes.
    fn within_list(&self, text: &str) -> String {
        match self.kind {
            Kind::Quantities(..) => format!("[{text:?}]"),
            _ => format!("{text:?}"),
        }
    }

    /// What to write, for hints.
    fn write(&self, value: &str) -> String {
        format!("write `{} = {value}`", self.name)
    }
}

#[cfg(test)]
mod tests;
