//! Users in a recipe: checked, and created by the image's own `useradd`.
//!
//! That program follows its system's conventions.

use super::entry::RunEntry;
use serde::Deserialize;
use std::path::{Component, Path, PathBuf};
use vm_test_protocol::failure::Failure;

/// The longest name that the tools of all distributions accept.
pub(super) const LONGEST_NAME: usize = 32;

/// A guest's ids are below this.
pub(super) const MOST_IDS: u32 = 65_536;

/// A user to create, with a group of the same name and a home directory.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserEntry {
    /// The name.
    pub(super) name: String,
    /// The id; by default the next free one.
    pub(super) id: Option<u32>,
    /// Supplementary groups, which are created if they do not exist.
    #[serde(default)]
    pub(super) groups: Vec<String>,
    /// The shell.
    pub(super) shell: Option<PathBuf>,
}

/// Returns the step that creates a user.
pub(super) fn step(user: &UserEntry) -> Result<RunEntry, Failure> {
    for name in [&user.name].into_iter().chain(&user.groups) {
        check_name(name)?;
    }
    if let Some(id) = user.id.filter(|id| *id >= MOST_IDS) {
        return Err(
            Failure::new(format!("user {:?} has the id {id}", user.name))
                .hint(format!("a guest has ids below {MOST_IDS}")),
        );
    }
    let shell = user.shell.as_deref().unwrap_or(Path::new("/bin/sh"));
    if !is_plain(shell) {
        return Err(Failure::new(format!(
            "user {:?} has the shell {shell:?}, which is not a plain absolute path",
            user.name
        ))
        .hint("as in shell = \"/bin/bash\""));
    }
    let mut command = String::new();
    for group in &user.groups {
        command += &format!("groupadd --force {group} && ");
    }
    command += "useradd --create-home --user-group";
    if let Some(id) = user.id {
        command += &format!(" --uid {id}");
    }
    if !user.groups.is_empty() {
        command += &format!(" --groups {}", user.groups.join(","));
    }
    command += &format!(" --shell {} {}", shell.display(), user.name);
    Ok(RunEntry {
        command,
        network: false,
    })
}

fn check_name(name: &str) -> Result<(), Failure> {
    let is_valid = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.len() <= LONGEST_NAME
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c));
    if is_valid {
        Ok(())
    } else {
        Err(Failure::new(format!("{name:?} is not the name of a user or a group"))
            .hint(format!(
                "use 1 to {LONGEST_NAME} lower-case letters, digits, `_`, `-`, beginning with a letter or `_`"
            )))
    }
}

/// Returns whether it is an absolute path that a shell reads as one word.
fn is_plain(path: &Path) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    path.is_absolute()
        && path.to_str().is_some_and(|text| text.chars().all(plain))
        && path
            .components()
            .skip(1)
            .all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserEntry {
        UserEntry {
            name: name.to_owned(),
            id: None,
            groups: Vec::new(),
            shell: None,
        }
    }

    #[test]
    fn a_user_is_made_by_the_images_own_tools() {
        let plain = step(&user("tester")).unwrap().command;
        assert_eq!(
            plain,
            "useradd --create-home --user-group --shell /bin/sh tester"
        );
        let full = UserEntry {
            id: Some(1500),
            groups: vec!["adm".to_owned(), "kvm".to_owned()],
            shell: Some("/bin/bash".into()),
            ..user("ann")
        };
        assert_eq!(
            step(&full).unwrap().command,
            "groupadd --force adm && groupadd --force kvm && \
             useradd --create-home --user-group --uid 1500 --groups adm,kvm --shell /bin/bash ann"
        );
    }

    #[test]
    fn nothing_of_a_user_is_read_as_a_command() {
        for name in ["", "a b", "-x", "Root", "a;b", "$(x)", &"a".repeat(33)] {
            assert!(step(&user(name)).is_err(), "{name}");
            let in_group = UserEntry {
                groups: vec![name.to_owned()],
                ..user("ann")
            };
            assert!(step(&in_group).is_err(), "{name}");
        }
        for shell in ["sh", "/bin/sh; x", "/bin/../x"] {
            let user = UserEntry {
                shell: Some(shell.into()),
                ..user("ann")
            };
            assert!(step(&user).is_err(), "{shell}");
        }
        let too_high = UserEntry {
            id: Some(70_000),
            ..user("ann")
        };
        assert!(step(&too_high).is_err());
    }
}
