//! The guests that `vm-test.toml` declares, and whose settings each of them starts from. Applies no
//! setting.

use super::guest::HOST;
use super::mistake::{FILE, Mistake};
use super::table::{self, Entry};
use super::value::{self, optional};
use std::collections::BTreeMap;
use std::path::Path;
use toml::de::DeTable;
use vm_test_protocol::failure::Failure;
use vm_test_settings::form::Refusal;
use vm_test_settings::word;

/// The table with the settings that declared guests start from.
///
/// `[defaults]` would not say of what, and in `[guest]` every name is that of a guest.
pub(super) const DEFAULTS: &str = "guest-defaults";

/// The key with the name of another guest, whose settings a guest starts from.
pub(super) const BASE: &str = "extends";

/// The declared guests. A mistake in one table affects only the guests that take settings from it.
#[derive(Debug, Default)]
pub(super) struct Guests {
    defaults: Option<Result<Vec<Entry>, Mistake>>,
    declared: BTreeMap<String, Result<Declared, Mistake>>,
}

/// The settings of one table.
#[derive(Debug)]
pub(super) struct Table<'a> {
    /// The guest whose table it is, or `None` for the defaults.
    pub(super) guest: Option<&'a str>,
    pub(super) settings: &'a [Entry],
}

/// A declared guest.
#[derive(Debug)]
struct Declared {
    base: Option<Base>,
    settings: Vec<Entry>,
}

/// The guest that another one extends.
#[derive(Debug)]
struct Base {
    name: String,
    /// The number of the line that says so.
    line: usize,
}

impl Guests {
    /// Adds the table with the defaults.
    pub(super) fn start_from(&mut self, text: &str, table: &DeTable<'_>) {
        self.defaults = Some(defaults(text, table));
    }

    /// Adds the table of a guest.
    pub(super) fn declare(&mut self, name: &str, text: &str, table: &DeTable<'_>) {
        self.declared.insert(name.to_owned(), declared(text, table));
    }

    /// Returns the names of the declared guests.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.declared.keys().map(String::as_str)
    }

    /// Returns whether there is a guest of this name, declared or built in.
    pub(super) fn has(&self, name: &str) -> bool {
        name == HOST || self.declared.contains_key(name)
    }

    /// Returns the tables with the settings of a guest in the order in which they apply: the
    /// defaults, those of the guests that it extends, and its own.
    ///
    /// The built-in guest has none unless it is declared, so a guest that extends it has no
    /// defaults, either.
    pub(super) fn tables(&self, name: &str, file: &Path) -> Result<Vec<Table<'_>>, Failure> {
        let fail = |mistake: &Mistake| mistake.failure(&format!("guest `{name}`"), file);
        let mut chain: Vec<(&str, &Declared)> = Vec::new();
        let mut next: &str = name;
        let has_defaults = loop {
            let Some((next_name, table)) = self.declared.get_key_value(next) else {
                break false;
            };
            let declared = table.as_ref().map_err(fail)?;
            chain.push((next_name, declared));
            let Some(base) = &declared.base else {
                break true;
            };
            if !self.has(&base.name) {
                let unknown = self.unknown(&base.name);
                return Err(fail(&Mistake::of_key(base.line, BASE, unknown)));
            }
            if let Some(at) = chain.iter().position(|(name, _)| *name == base.name) {
                return Err(fail(&cycle(&chain[at..], base)));
            }
            next = &base.name;
        };
        let defaults: Option<&[Entry]> = match &self.defaults {
            Some(table) if has_defaults => Some(table.as_ref().map_err(fail)?),
            _ => None,
        };
        let defaults = defaults.map(|settings| Table {
            guest: None,
            settings,
        });
        let chain = chain.into_iter().rev().map(|(name, declared)| Table {
            guest: Some(name),
            settings: &declared.settings,
        });
        Ok(defaults.into_iter().chain(chain).collect())
    }

    /// Returns the name of the guest that a declared one extends.
    pub(super) fn base(&self, name: &str) -> Option<&str> {
        let declared = self.declared.get(name)?.as_ref().ok()?;
        declared.base.as_ref().map(|base| base.name.as_str())
    }

    /// Refuses wrong defaults, even if no guest starts from them.
    pub(super) fn check_defaults(&self, file: &Path) -> Result<(), Failure> {
        match &self.defaults {
            Some(Err(mistake)) => Err(mistake.failure(&format!("[{DEFAULTS}]"), file)),
            _ => Ok(()),
        }
    }

    /// Refuses the name of a guest that there is not.
    pub(super) fn unknown(&self, name: &str) -> Refusal {
        let built_in = (!self.declared.contains_key(HOST)).then_some(HOST);
        let known: Vec<&str> = self.names().chain(built_in).collect();
        let name = name.escape_debug();
        let hint = match word::suggestion(&name.to_string(), known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                format!(
                    "the guests are {}; declare another as [guest.{name}] in {FILE} at the workspace's root",
                    known.join(", ")
                )
            }
        };
        Refusal::new(format!("there is no guest `{name}`"), hint)
    }
}

fn defaults(text: &str, table: &DeTable<'_>) -> Result<Vec<Entry>, Mistake> {
    optional(text, table, BASE, |_| -> Result<(), Refusal> {
        Err(Refusal::new(
            "there is no such key",
            "it is a key of guests: all of them start from this table already",
        ))
    })?;
    table::read(text, table, &[])
}

fn declared(text: &str, table: &DeTable<'_>) -> Result<Declared, Mistake> {
    let base = optional(text, table, BASE, |found| {
        value::text(BASE, "name", "worker-1", found)
    })?;
    Ok(Declared {
        base: base.map(|(line, name)| Base { name, line }),
        settings: table::read(text, table, &[BASE])?,
    })
}

/// Refuses guests each of which extends the next one, and the last one the first.
fn cycle(chain: &[(&str, &Declared)], base: &Base) -> Mistake {
    let names = chain.iter().map(|(name, _)| *name);
    let names: Vec<String> = names
        .chain([base.name.as_str()])
        .map(|name| format!("`{name}`"))
        .collect();
    let cause = format!("the guests form a cycle: {}", names.join(" → "));
    let refusal = Refusal::new(cause, format!("remove `{BASE}` from one of them"));
    Mistake::of_key(base.line, BASE, refusal)
}

#[cfg(test)]
mod tests;
