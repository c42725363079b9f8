//! Which of the host's libraries a program needs in this guest, because the guest lacks them or has
//! an older one. Knows where a guest's loader looks; starts nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use vm_test_protocol::LIBRARIES;
use vm_test_sys::elf::{self, Needs, Version};

/// Where libraries are, apart from what the loader's configuration adds.
const PLACES: [&str; 8] = [
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
];

/// The loader's configuration.
const CONFIGURATION: &str = "/etc/ld.so.conf";

/// How deep its includes may be nested.
const DEEPEST: usize = 8;

/// The directory through which the guest's loader finds missing libraries, and only those.
const LACKING: &str = "/run/vm-test/lacking";

/// The prefix of the C library's versions.
const GLIBC: &str = "GLIBC_";

/// Prefixes of versions that need not be looked up in a library: the C library's, which are
/// compared as numbers, and those of the compiler's library that are older than any guest.
const EVERYWHERE: [&str; 3] = [GLIBC, "GCC_3.", "GCC_4."];

/// What a program needs of the libraries that were brought from the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lack {
    names: BTreeSet<String>,
    /// The newest version of the C library that one of them names.
    pub(super) glibc: Option<Version>,
    /// Whether a part of the C library is among them; the C library is used as a whole or not at
    /// all.
    pub(super) c_library: bool,
}

/// Returns what a program with these needs lacks here.
pub(super) fn lacked_by(needs: &Needs) -> Lack {
    let brought = Path::new(LIBRARIES);
    let lack = lacked(needs, &PLACES.map(PathBuf::from), brought);
    if lack == Lack::default() {
        lack
    } else {
        // The configuration may name more directories, and is read only in this case.
        lacked(needs, &directories(), brought)
    }
}

fn lacked(needs: &Needs, guest: &[PathBuf], brought: &Path) -> Lack {
    let mut lack = Lack::default();
    let mut queue = Vec::from_iter(needs.libraries.clone());
    while let Some((name, versions)) = queue.pop() {
        let is_path = name.contains('/');
        if is_path || lack.names.contains(&name) || has(guest, &name, &versions) {
            continue;
        }
        let path = brought.join(&name);
        // If it is in neither place, the loader reports it.
        let Ok(needs) = elf::needs(&path) else {
            continue;
        };
        let offered = elf::definitions(&path).unwrap_or_default();
        lack.c_library |= offered.iter().any(|version| version.starts_with(GLIBC));
        lack.glibc = lack.glibc.max(needs.glibc);
        lack.names.insert(name);
        queue.extend(needs.libraries);
    }
    lack
}

/// Returns whether the guest has a library that offers these versions.
///
/// Versions of the C library are compared as numbers elsewhere.
fn has(guest: &[PathBuf], name: &str, versions: &[String]) -> bool {
    // Most Rust programs need no other versions, and reading them would cost a VM more time than
    // all other checks.
    let is_everywhere = |version: &String| EVERYWHERE.iter().any(|it| version.starts_with(it));
    if !versions.is_empty()
        && versions.iter().all(is_everywhere)
        && guest.iter().any(|directory| directory.join(name).is_file())
    {
        return true;
    }
    let mut files = guest.iter().map(|directory| directory.join(name));
    // The loader skips libraries for another kind of processor, too.
    let Some(file) = files.find(|file| elf::needs(file).is_ok()) else {
        return false;
    };
    let mut wanted = versions
        .iter()
        .filter(|version| !version.starts_with(GLIBC));
    let offered = elf::definitions(&file).unwrap_or_default();
    // A library without versions is taken to satisfy every version.
    offered.is_empty() || wanted.all(|version| offered.contains(version))
}

/// Makes the missing libraries available to the guest's own loader.
pub(super) fn provide(lack: &Lack) -> io::Result<()> {
    if lack.names.is_empty() {
        return Ok(());
    }
    fs::create_dir_all(LACKING)?;
    for name in &lack.names {
        match symlink(
            Path::new(LIBRARIES).join(name),
            Path::new(LACKING).join(name),
        ) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => made?,
        }
    }
    Ok(())
}

/// Returns the directory with the missing libraries, if there are any.
pub(super) fn lacking() -> Option<PathBuf> {
    Some(PathBuf::from(LACKING)).filter(|path| path.is_dir())
}

/// Returns the guest's own C library.
pub(super) fn c_library() -> Option<PathBuf> {
    let files = PLACES.map(|place| Path::new(place).join("libc.so.6"));
    files.into_iter().find(|path| fs::metadata(path).is_ok())
}

/// Returns the directories in which the guest's loader looks.
fn directories() -> Vec<PathBuf> {
    let mut directories = configured(Path::new(CONFIGURATION), DEEPEST);
    directories.extend(PLACES.map(PathBuf::from));
    directories
}

/// Returns the directories that a configuration file of the loader names, and those of included
/// files.
fn configured(file: &Path, deepest: usize) -> Vec<PathBuf> {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut directories = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        match words.clone().next() {
            Some("include") if deepest > 0 => {
                let files = words.skip(1).flat_map(|pattern| files(file, pattern));
                directories.extend(files.flat_map(|file| configured(&file, deepest - 1)));
            }
            Some("include" | "hwcap") | None => {}
            Some(_) => directories.extend(words.by_ref().flat_map(|word| {
                let names = word.split([':', ',']);
                // `DIRECTORY=TYPE` is an old notation.
                names.map(|name| PathBuf::from(name.split('=').next().unwrap_or_default()))
            })),
        }
    }
    directories
}

/// Returns the files that an `include` refers to; one `*` in the last component matches anything.
fn files(from: &Path, pattern: &str) -> Vec<PathBuf> {
    let pattern = from.parent().unwrap_or(Path::new("/")).join(pattern);
    let (Some(directory), Some(name)) = (pattern.parent(), pattern.file_name()) else {
        return Vec::new();
    };
    let name = name.to_string_lossy();
    let Some((begin, end)) = name.split_once('*') else {
        return vec![pattern.clone()];
    };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut fitting: Vec<_> = names
        .filter(|name| name.starts_with(begin) && name.ends_with(end))
        .map(|name| directory.join(name))
        .collect();
    fitting.sort();
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn needing(name: &str, versions: &[&str]) -> Needs {
        let versions = versions.iter().map(|&version| version.to_owned()).collect();
        Needs {
            libraries: BTreeMap::from([(name.to_owned(), versions)]),
            ..Needs::default()
        }
    }

    #[test]
    fn a_library_is_lacked_where_the_guest_has_none_or_one_without_the_version() {
        let here = directories();
        let brought = here
            .iter()
            .find(|dir| dir.join("libgcc_s.so.1").is_file())
            .expect("every Rust program needs it");
        let empty = tempfile::tempdir().unwrap();
        let nothing = [empty.path().to_owned()];
        let gcc = |versions: &[&str]| needing("libgcc_s.so.1", versions);
        assert_eq!(lacked(&gcc(&["GCC_3.0"]), &here, brought), Lack::default());
        let lack = lacked(&gcc(&["GCC_99.0"]), &here, brought);
        assert_eq!(lack.names, BTreeSet::from(["libgcc_s.so.1".to_owned()]));
        assert!(
            !lack.c_library,
            "the guest's own C library is new enough for it"
        );
        // The libraries that it needs itself come with it.
        let lack = lacked(&gcc(&[]), &nothing, brought);
        assert!(
            lack.names.contains("libc.so.6") && lack.c_library,
            "{lack:?}"
        );
        let nowhere = lacked(&needing("libnowhere.so.1", &[]), &nothing, empty.path());
        assert_eq!(nowhere, Lack::default());
    }

    #[test]
    fn the_loaders_configuration_includes_files_by_pattern_in_order() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("d")).unwrap();
        for (name, text) in [
            ("conf", "include d/*.conf\n# /no\n/last /of=libc6\n"),
            ("d/b.conf", "/b1:/b2\n"),
            ("d/a.conf", "  /a # why\nhwcap 0 nosegneg\n"),
            ("d/c.other", "/no\n"),
            ("d/loop.conf", "include ../conf\n"),
        ] {
            fs::write(dir.path().join(name), text).unwrap();
        }
        let found = configured(&dir.path().join("conf"), 0);
        assert_eq!(found, ["/last", "/of"].map(PathBuf::from));
        let found = configured(&dir.path().join("conf"), 1);
        let all = ["/a", "/b1", "/b2", "/last", "/of"].map(PathBuf::from);
        assert_eq!(found, all);
        assert!(configured(&dir.path().join("conf"), DEEPEST).len() > all.len());
    }
}
