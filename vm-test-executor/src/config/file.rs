//! `vm-test.toml` at the root of a workspace: which guests there are. Reads one file; knows nothing
//! of sites.

use super::document;
use super::guest::{Guest, HOST};
use super::kernel::OtherKernel;
use super::table::{self, Entry, Mistake};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::de::DeTable;
use vm_test_protocol::failure::Failure;
use vm_test_settings::guest::{Key, Setting};
use vm_test_settings::word;

/// The name of the file.
pub const FILE: &str = "vm-test.toml";

/// The table with the guests.
const GUESTS: &str = "guest";

/// The guests of a workspace.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Where relative paths start.
    directory: PathBuf,
    file: Option<PathBuf>,
    /// A mistake in one of them does not affect the others.
    guests: BTreeMap<String, Result<Vec<Entry>, Mistake>>,
}

impl Workspace {
    /// Reads the nearest file in `directory` or above it; without one, only the built-in guests are
    /// known.
    ///
    /// # Errors
    /// If the file cannot be read or is wrong outside the guests' tables.
    pub fn find(directory: &Path) -> Result<Self, Failure> {
        let found = directory
            .ancestors()
            .map(|dir| dir.join(FILE))
            .find(|file| file.symlink_metadata().is_ok());
        match found {
            Some(file) => Self::read(file),
            None => Ok(Self {
                directory: directory.to_path_buf(),
                ..Self::default()
            }),
        }
    }

    fn read(file: PathBuf) -> Result<Self, Failure> {
        let text = document::read(&file, "it only declares guests")?;
        let guests = guests(&text).map_err(|failure| {
            failure.reworded(|cause| format!("cannot read {}: {cause}", file.display()))
        })?;
        Ok(Self {
            guests,
            directory: file.parent().unwrap_or(Path::new("/")).to_path_buf(),
            file: Some(file),
        })
    }

    /// Returns the names of the guests that the file declares.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.guests.keys().map(String::as_str)
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Decides a guest: its defaults, then the file, then `settings`.
    ///
    /// # Errors
    /// If there is no such guest, or a setting is wrong.
    pub fn guest(&self, name: &str, settings: &[Setting]) -> Result<Guest, Failure> {
        let mut guest = Guest::new(name)?;
        match (self.guests.get(name), &self.file) {
            (Some(table), Some(file)) => {
                let entries = table.as_ref();
                for entry in entries.map_err(|mistake| mistake.failure(name, file))? {
                    guest.set(&entry.setting).map_err(|failure| {
                        let (file, line) = (file.display(), entry.line);
                        failure.reworded(|words| format!("{words} (in {file}, line {line})"))
                    })?;
                }
            }
            _ if name == HOST => {}
            _ => return Err(self.unknown(name)),
        }
        for setting in settings {
            guest.set(setting)?;
        }
        if let Some(OtherKernel::File(path)) = &mut guest.kernel {
            *path = self.directory.join(&path);
        }
        Ok(guest)
    }

    fn unknown(&self, name: &str) -> Failure {
        let mut names: Vec<_> = self.guests.keys().map(String::as_str).collect();
        if !names.contains(&HOST) {
            names.push(HOST);
        }
        let place = self.file.as_ref().map_or_else(
            || format!("there is no {FILE} here or above"),
            |file| format!("{} does not declare it", file.display()),
        );
        let known = names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>();
        let failure = Failure::new(format!("cannot find guest `{name}`: {place}"));
        let suggestion = word::suggestion(name, names.iter().copied());
        match suggestion {
            Some(suggestion) => failure.hint(format!("did you mean `{suggestion}`?")),
            None => failure.hint(format!(
                "the guests are {}; declare another as [guest.{name}] in {FILE} at the workspace's root",
                known.join(", ")
            )),
        }
    }
}

/// Returns the guests that a text declares.
fn guests(text: &str) -> Result<BTreeMap<String, Result<Vec<Entry>, Mistake>>, Failure> {
    let document =
        DeTable::parse(text).map_err(|error| Failure::new(error.to_string().trim_end()))?;
    let mut guests = BTreeMap::new();
    for (name, value) in document.get_ref() {
        let line = table::line(text, name.span());
        let (name, tables) = (name.get_ref(), value.get_ref().as_table());
        let Some(tables) = tables.filter(|_| name == GUESTS) else {
            return Err(stray(name, line, "top"));
        };
        for (guest, value) in tables {
            let line = table::line(text, guest.span());
            let guest = guest.get_ref();
            let Some(table) = value.get_ref().as_table() else {
                return Err(stray(guest, line, GUESTS));
            };
            Guest::new(guest)
                .map_err(|failure| failure.reworded(|words| format!("line {line}: {words}")))?;
            guests.insert(guest.to_string(), table::read(text, table));
        }
    }
    Ok(guests)
}

/// Refuses a key that does not belong into a guest's table.
fn stray(name: &str, line: usize, place: &str) -> Failure {
    let hint = if Key::find(name).is_some() {
        format!("settings stand below the name of their guest, as in [guest.{HOST}]")
    } else if word::suggestion(name, [GUESTS]).is_some() {
        "a guest is declared as in [guest.worker-1]".to_owned()
    } else {
        format!("it declares guests and nothing else: [guest.{name}] declares guest `{name}`")
    };
    let place = match place {
        GUESTS => "in [guest]".to_owned(),
        _ => "outside of all tables of guests".to_owned(),
    };
    Failure::new(format!("line {line}: there is no `{name}` {place}")).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(text: &str) -> Result<Workspace, Failure> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), text).unwrap();
        Workspace::find(dir.path())
    }

    #[test]
    fn the_file_is_over_the_defaults_and_the_site_over_the_file() {
        let workspace = workspace("[guest.worker-1]\nmemory = \"1G\"\ntimeout = \"5m\"\n").unwrap();
        let guest = workspace
            .guest("worker-1", &[Setting::Timeout(1000)])
            .unwrap();
        assert_eq!(
            (guest.memory, guest.timeout, guest.cpus),
            (1 << 30, 1000, 1)
        );
    }

    #[test]
    fn mistakes_are_named_with_their_place_and_their_cure() {
        for (text, words, hint) in [
            (
                "[guest.a]\nmemroy = \"1G\"\n",
                "cannot use guest `a`: cannot set `memroy`: there is no such key (in ",
                "did you mean `memory`?",
            ),
            (
                "[guest.a]\nmemory = \"2T\"\n",
                "its memory of 2T is out of range (in ",
                "memory must be between 16M and 1T",
            ),
            (
                "[guest.a]\ntimeout = \"0s\"\n",
                "its timeout of 0 is out of range (in ",
                "timeout must be between 1ms and 24h",
            ),
            (
                "[guest.a]\ndevices = [\"/dev/sda\"]\n",
                "there is no device \"/dev/sda\" to give (in ",
                "the devices are ",
            ),
        ] {
            let workspace = workspace(text).unwrap();
            let error = workspace.guest("a", &[]).unwrap_err();
            assert!(error.message.contains(words), "{text} gave {error}");
            assert!(error.message.ends_with("vm-test.toml, line 2)"), "{error}");
            assert!(error.hint.unwrap().starts_with(hint), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_one_guest_is_nothing_to_the_others() {
        let text = "[guest.a]\nmemroy = \"1G\"\n[guest.b]\nmemory = \"1\"\n[guest.c]\ncpus = 2\n";
        let workspace = workspace(text).unwrap();
        assert_eq!(workspace.guest("c", &[]).unwrap().cpus, 2);
        assert!(workspace.guest(HOST, &[]).is_ok());
        for broken in ["a", "b"] {
            assert!(workspace.guest(broken, &[]).is_err());
        }
    }

    #[test]
    fn what_is_in_no_guests_table_is_refused_for_all_with_its_line() {
        for (text, words, hint) in [
            (
                "memory = \"1G\"\n",
                "line 1: there is no `memory` outside",
                "settings stand below",
            ),
            (
                "\n[guests.a]\n",
                "line 2: there is no `guests` outside",
                "a guest is declared as",
            ),
            (
                "[worker]\n",
                "line 1: there is no `worker` outside",
                "it declares guests",
            ),
            (
                "[guest]\nmemory = \"1G\"\n",
                "line 2: there is no `memory` in [guest]",
                "settings stand below",
            ),
            (
                "guest = 3\n",
                "line 1: there is no `guest` outside",
                "a guest is declared as",
            ),
            (
                "[guest.\"../x\"]\n",
                "cannot use \"../x\" as the name of a guest",
                "use 1 to 63",
            ),
            ("[guest.a\n", "TOML parse error at line 1, column 9", ""),
        ] {
            let error = workspace(text).unwrap_err();
            assert!(error.message.contains(words), "{text} gave {error}");
            let given = error.hint.unwrap_or_default();
            assert!(given.starts_with(hint), "{text} gave {given}");
        }
    }

    #[test]
    fn what_is_no_file_is_refused_and_not_passed_by() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(FILE)).unwrap();
        let error = Workspace::find(dir.path()).unwrap_err();
        assert!(error.message.ends_with("it is a directory"), "{error}");
        assert!(error.hint.is_some());
        std::fs::remove_dir(dir.path().join(FILE)).unwrap();
        std::os::unix::fs::symlink("/nowhere", dir.path().join(FILE)).unwrap();
        assert!(Workspace::find(dir.path()).is_err());
    }

    #[test]
    fn an_undeclared_guest_is_refused_with_the_names_there_are() {
        let error = workspace("[guest.a]\n")
            .unwrap()
            .guest("another", &[])
            .unwrap_err();
        assert!(
            error
                .hint
                .unwrap()
                .starts_with("the guests are `a`, `host`;")
        );
        assert!(workspace("").unwrap().guest(HOST, &[]).is_ok());
        let error = workspace("[guest.worker-1]\n")
            .unwrap()
            .guest("wroker-1", &[]);
        let hint = error.unwrap_err().hint;
        assert_eq!(hint.as_deref(), Some("did you mean `worker-1`?"));
    }
}
