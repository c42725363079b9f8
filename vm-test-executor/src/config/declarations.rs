//! What `vm-test.toml` declares: guests, what they start from, and labs. Reads only the names of
//! tables; refuses what belongs to none.

use super::groups::{GROUPS, Groups};
use super::guest::{Guest, HOST};
use super::guests::{DEFAULTS, Guests};
use super::lab::Declared;
use super::mistake::{Mistake, line};
use std::collections::BTreeMap;
use toml::de::DeTable;
use vm_test_protocol::failure::Failure;
use vm_test_settings::form::Form;
use vm_test_settings::guest::Key;
use vm_test_settings::word;

/// The table with the guests.
const GUESTS: &str = "guest";

/// The table with the labs.
const LABS: &str = "lab";

/// What somebody writes who does not remember the name of the table with the defaults.
const LIKE_DEFAULTS: [&str; 2] = ["default", "defaults"];

/// What a file declares.
#[derive(Debug, Default)]
pub(super) struct Declarations {
    pub(super) guests: Guests,
    pub(super) groups: Groups,
    /// A mistake in one of them does not affect the others.
    pub(super) labs: BTreeMap<String, Result<Declared, Mistake>>,
}

impl Declarations {
    /// Reads the text of a file.
    pub(super) fn read(text: &str) -> Result<Self, Failure> {
        let document =
            DeTable::parse(text).map_err(|error| Failure::new(error.to_string().trim_end()))?;
        let mut declarations = Self::default();
        for (name, value) in document.get_ref() {
            let at = line(text, name.span());
            let name: &str = name.get_ref();
            match (name, value.get_ref().as_table()) {
                (GUESTS, Some(tables)) => declarations.declare_guests(text, tables)?,
                (DEFAULTS, Some(table)) => declarations.guests.start_from(text, table),
                (GROUPS, Some(table)) => declarations.groups = Groups::read(text, table),
                (LABS, Some(tables)) => declarations.declare_labs(text, tables)?,
                _ => return Err(stray(name, at, None)),
            }
        }
        Ok(declarations)
    }

    fn declare_guests(&mut self, text: &str, tables: &DeTable<'_>) -> Result<(), Failure> {
        for (name, value) in tables {
            let at = line(text, name.span());
            let name: &str = name.get_ref();
            let Some(table) = value.get_ref().as_table() else {
                return Err(stray(name, at, Some(GUESTS)));
            };
            Guest::new(name)
                .map_err(|failure| failure.reworded(|words| format!("line {at}: {words}")))?;
            self.guests.declare(name, text, table);
        }
        Ok(())
    }

    fn declare_labs(&mut self, text: &str, tables: &DeTable<'_>) -> Result<(), Failure> {
        for (name, value) in tables {
            let at = line(text, name.span());
            let name: &str = name.get_ref();
            let Some(table) = value.get_ref().as_table() else {
                return Err(stray(name, at, Some(LABS)));
            };
            Form::Name.check(name).map_err(|refusal| {
                let cause = refusal.cause;
                Failure::new(format!(
                    "line {at}: cannot use {name:?} as the name of a lab: {cause}"
                ))
                .hint(refusal.hint)
            })?;
            let declared = Declared::read(name, at, text, table);
            self.labs.insert(name.to_owned(), declared);
        }
        Ok(())
    }
}

/// Refuses a key that is in no table of a guest or lab; `table` is the one that it is in.
fn stray(name: &str, at: usize, table: Option<&str>) -> Failure {
    let near = match table {
        Some(LABS) => Some(LABS),
        _ if LIKE_DEFAULTS.contains(&name) => Some(DEFAULTS),
        _ => word::suggestion(name, [GUESTS, DEFAULTS, GROUPS, LABS]),
    };
    let place = table.map_or_else(
        || "outside of the tables of guests and labs".to_owned(),
        |table| format!("in [{table}]"),
    );
    let is_setting = Key::find(name).is_some();
    let name = name.escape_debug();
    let hint = match near {
        _ if is_setting => format!(
            "settings stand below the name of their guest, as in [guest.{HOST}], or in [{DEFAULTS}] for all guests"
        ),
        Some(GUESTS) => "a guest is declared as in [guest.worker-1]".to_owned(),
        Some(LABS) => "a lab is declared as in [lab.office.nodes]".to_owned(),
        Some(GROUPS) => {
            format!("groups stand in [{GROUPS}], as in debians = [\"deb12\", \"deb13\"]")
        }
        Some(_) => format!("settings that all guests start from stand in [{DEFAULTS}]"),
        None => format!(
            "it declares guests and labs and nothing else: [guest.{name}] declares guest `{name}`"
        ),
    };
    Failure::new(format!("line {at}: there is no `{name}` {place}")).hint(hint)
}
