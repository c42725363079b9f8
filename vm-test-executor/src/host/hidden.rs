//! Which files of this host are credentials of its users, so that guests see them only if they are
//! exposed. Knows paths; hides nothing.

use super::aliases::aliases;
use super::credentials::IN_HOME;
use rustix::process::getuid;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use vm_test_runtime::client::BY_VARIABLE;

/// The directories in a home that a variable may relocate.
const MOVED: [(&str, &str); 3] = [
    ("XDG_CONFIG_HOME", ".config"),
    ("XDG_DATA_HOME", ".local/share"),
    ("XDG_STATE_HOME", ".local/state"),
];

/// How many entries of a hidden directory are searched for links that lead out of it.
const MOST_ENTRIES: usize = 1_000;

/// Files there belong to the system, whoever links to them.
const SYSTEM: [&str; 9] = [
    "/bin", "/dev", "/gnu", "/lib", "/lib64", "/nix", "/proc", "/sys", "/usr",
];

/// The lowest id of a person's account.
const FIRST_PERSON: u32 = 1_000;

/// Returns what is hidden from a guest, as absolute paths without symbolic links in their
/// directories.
///
/// `variables` is the environment of the user who starts the guest, `exposed` what the guest may
/// see anyway, and `shared` the directories that it needs for its work, without symbolic links in
/// their paths. Where one of these is inside something hidden, only what is beside it is hidden.
#[must_use]
pub fn hidden(
    variables: &[(String, String)],
    exposed: &[String],
    shared: &[PathBuf],
) -> Vec<PathBuf> {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let homes = homes(&passwd, getuid().as_raw(), variables);
    let mut found = in_homes(&homes, variables, exposed, shared);
    // An alias must not hide what the guest needs or may see.
    let is_wanted = |path: &PathBuf| {
        shared.iter().any(|shared| shared.starts_with(path))
            || exposed.iter().any(|seen| path.starts_with(seen))
    };
    let others = aliases(&found);
    found.extend(others.into_iter().filter(|path| !is_wanted(path)));
    found
}

fn in_homes(
    homes: &[PathBuf],
    variables: &[(String, String)],
    exposed: &[String],
    shared: &[PathBuf],
) -> Vec<PathBuf> {
    let mut search = Search {
        homes,
        seen: exposed
            .iter()
            .flat_map(|path| at_home(path, homes))
            .flat_map(|path| [real(&path), path.canonicalize().ok()])
            .flatten()
            .collect(),
        shared,
        found: BTreeSet::new(),
    };
    for path in candidates(homes, variables) {
        if let Some(path) = real(&path) {
            search.visit(&path);
        }
    }
    let found = search.found;
    let is_inner = |path: &PathBuf| path.ancestors().skip(1).any(|dir| found.contains(dir));
    found
        .iter()
        .filter(|path| !is_inner(path))
        .cloned()
        .collect()
}

/// Returns the homes that a guest of this user could see: for root, those of all people.
fn homes(passwd: &str, user: u32, variables: &[(String, String)]) -> Vec<PathBuf> {
    let of_accounts = passwd.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let id: u32 = fields.nth(2)?.parse().ok()?;
        let home = fields.nth(2)?;
        let counts = id == user || id == 0 || id >= FIRST_PERSON;
        (counts && home.starts_with('/')).then(|| PathBuf::from(home))
    });
    let named = variables.iter().filter(|(name, _)| name == "HOME");
    let mut homes: Vec<_> = of_accounts
        .chain(named.map(|(_, home)| home.into()))
        .filter_map(|home| home.canonicalize().ok())
        // Accounts without a home have one of these.
        .filter(|home| home.parent().is_some() && !home.starts_with("/proc"))
        .collect();
    homes.sort();
    homes.dedup();
    homes
}

/// Returns the paths in a home that may exist. Every test waits for this, and to list the home once
/// costs less than to look for each of them.
fn in_home(home: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(home).and_then(|entries| {
        let names = entries.map(|entry| Ok(entry?.file_name()));
        names.collect::<io::Result<BTreeSet<_>>>()
    });
    let may_exist = |path: &&&str| {
        let first = Path::new(path).iter().next().unwrap_or_default();
        listed.as_ref().map_or(true, |names| names.contains(first))
    };
    let paths = IN_HOME.iter().filter(may_exist);
    paths.map(|path| home.join(path)).collect()
}

/// Returns all paths that may exist.
fn candidates(homes: &[PathBuf], variables: &[(String, String)]) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = homes.iter().flat_map(|home| in_home(home)).collect();
    for (name, value) in variables {
        let values = value.split(':').filter(|value| !value.is_empty());
        for (_, inner) in BY_VARIABLE.iter().filter(|(known, _)| known == name) {
            for value in values.clone().map(PathBuf::from) {
                match inner {
                    [] => paths.push(value),
                    inner => paths.extend(inner.iter().map(|name| value.join(name))),
                }
            }
        }
        for (_, usual) in MOVED.iter().filter(|(known, _)| known == name) {
            let moved = IN_HOME
                .iter()
                .filter_map(|path| Path::new(path).strip_prefix(usual).ok());
            paths.extend(moved.map(|path| Path::new(value).join(path)));
        }
    }
    paths
}

/// Returns the paths that a setting names: one in every home, if it starts at a home.
fn at_home(path: &str, homes: &[PathBuf]) -> Vec<PathBuf> {
    match path.strip_prefix('~') {
        Some(rest) => homes
            .iter()
            .map(|home| home.join(rest.trim_start_matches('/')))
            .collect(),
        None => vec![path.into()],
    }
}

/// Returns the path without links in its directories, if it exists. The last component may be a
/// link.
fn real(path: &Path) -> Option<PathBuf> {
    // Most do not exist, and every test waits for this.
    fs::symlink_metadata(path).ok()?;
    let parent = path.parent()?.canonicalize().ok()?;
    let path = parent.join(path.file_name()?);
    fs::symlink_metadata(&path).is_ok().then_some(path)
}

struct Search<'a> {
    homes: &'a [PathBuf],
    /// What the guest may see, with everything below it.
    seen: Vec<PathBuf>,
    /// What the guest needs for its work.
    shared: &'a [PathBuf],
    found: BTreeSet<PathBuf>,
}

impl Search<'_> {
    fn visit(&mut self, path: &Path) {
        let is_seen = self.seen.iter().any(|seen| path.starts_with(seen))
            || self.shared.iter().any(|shared| shared == path);
        if is_seen || self.found.contains(path) {
            return;
        }
        if self
            .seen
            .iter()
            .chain(self.shared)
            .any(|inner| inner.starts_with(path))
        {
            for entry in entries(path) {
                self.visit(&entry);
            }
            return;
        }
        self.found.insert(path.to_path_buf());
        self.follow(path);
        // Links to keys that are kept elsewhere.
        for entry in entries(path).take(MOST_ENTRIES) {
            self.follow(&entry);
        }
    }

    /// Hides what a link leads to, if that belongs to the same user and is nothing else.
    fn follow(&mut self, link: &Path) {
        let Some(meta) = fs::symlink_metadata(link)
            .ok()
            .filter(fs::Metadata::is_symlink)
        else {
            return;
        };
        let Ok(target) = link.canonicalize() else {
            return;
        };
        let is_same_users = fs::metadata(&target).is_ok_and(|target| target.uid() == meta.uid());
        let holds_a_home = self.homes.iter().any(|home| home.starts_with(&target));
        let is_the_systems = SYSTEM.iter().any(|dir| target.starts_with(dir));
        // A workspace is visible as a whole, unless it is a home.
        let is_work = self.shared.iter().any(|shared| {
            target.starts_with(shared) && !self.homes.iter().any(|home| home.starts_with(shared))
        });
        if is_same_users && !is_the_systems && !is_work && !holds_a_home {
            self.visit(&target);
        }
    }
}

fn entries(path: &Path) -> impl Iterator<Item = PathBuf> {
    let is_directory = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
    let entries = is_directory.then(|| fs::read_dir(path).ok()).flatten();
    entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
}

#[cfg(test)]
#[path = "hidden/tests.rs"]
mod tests;
