//! What `vm-test.toml` declares: guests, and what they start from. Reads only the names of tables;
//! refuses what belongs to none.

use super::guest::{Guest, HOST};
use super::guests::{DEFAULTS, Guests};
use super::mistake::line;
use toml::de::DeTable;
use vm_test_protocol::failure::Failure;
use vm_test_settings::guest::Key;
use vm_test_settings::word;

/// The table with the guests.
const GUESTS: &str = "guest";

/// What somebody writes who does not remember the name of the table with the defaults.
const LIKE_DEFAULTS: [&str; 2] = ["default", "defaults"];

/// What a file declares.
#[derive(Debug, Default)]
pub(super) struct Declarations {
    pub(super) guests: Guests,
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
}

/// Refuses a key that is in no table of a guest; `table` is the one that it is in.
fn stray(name: &str, at: usize, table: Option<&str>) -> Failure {
    let near = if LIKE_DEFAULTS.contains(&name) {
        Some(DEFAULTS)
    } else {
        word::suggestion(name, [GUESTS, DEFAULTS])
    };
    let place = table.map_or_else(
        || "outside of the tables of guests".to_owned(),
        |table| format!("in [{table}]"),
    );
    let is_setting = Key::find(name).is_some();
    let name = name.escape_debug();
    let hint = match near {
        _ if is_setting => format!(
            "settings stand below the name of their guest, as in [guest.{HOST}], or in [{DEFAULTS}] for all guests"
        ),
        Some(GUESTS) => "a guest is declared as in [guest.worker-1]".to_owned(),
        Some(_) => format!("settings that all guests start from stand in [{DEFAULTS}]"),
        None => {
            format!("it declares guests and nothing else: [guest.{name}] declares guest `{name}`")
        }
    };
    Failure::new(format!("line {at}: there is no `{name}` {place}")).hint(hint)
}
