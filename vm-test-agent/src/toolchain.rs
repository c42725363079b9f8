//! What a job is told about the host's cargo and compiler: only what also exists in this guest, and
//! where it is. An image may have its own.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A job's variables.
type Environment = [(Vec<u8>, Vec<u8>)];

/// Variables that name a file or directory of the host's toolchain.
const PLACES: [&[u8]; 3] = [b"CARGO", b"CARGO_HOME", b"RUSTUP_HOME"];

/// Variables that are meaningless without rustup's directory.
const OF_RUSTUP: [&[u8]; 1] = [b"RUSTUP_TOOLCHAIN"];

/// The directory of programs in cargo's home.
const PROGRAMS: &str = "bin";

/// Returns the variables without those of a toolchain that does not exist here.
pub(super) fn told(environment: &Environment) -> impl Iterator<Item = &(Vec<u8>, Vec<u8>)> {
    let has_rustup = place(environment, b"RUSTUP_HOME").is_none_or(|dir| dir.is_dir());
    environment.iter().filter(move |(name, value)| {
        let name = name.as_slice();
        if OF_RUSTUP.contains(&name) {
            return has_rustup;
        }
        !PLACES.contains(&name) || Path::new(OsStr::from_bytes(value)).exists()
    })
}

/// Returns where programs are searched: the directories of cargo and the compiler on the host,
/// followed by the `usual` directories.
///
/// `None` if there is nothing to add, or the job sets `PATH` itself.
pub(super) fn search_path(environment: &Environment, usual: &str) -> Option<OsString> {
    if place(environment, b"PATH").is_some() {
        return None;
    }
    let usual: Vec<PathBuf> = std::env::split_paths(usual).collect();
    // With rustup, the programs beside its cargo select the toolchain; otherwise there is one
    // cargo, with its compiler beside it.
    let of_home = place(environment, b"CARGO_HOME").map(|home| home.join(PROGRAMS));
    let of_cargo = place(environment, b"CARGO").and_then(|cargo| Some(cargo.parent()?.to_owned()));
    let first = of_home
        .into_iter()
        .chain(of_cargo)
        .find(|dir| dir.join("rustc").is_file() && !usual.contains(dir))?;
    std::env::join_paths([first].into_iter().chain(usual)).ok()
}

fn place(environment: &Environment, wanted: &[u8]) -> Option<PathBuf> {
    let (_, value) = environment.iter().find(|(name, _)| name == wanted)?;
    Some(PathBuf::from(OsStr::from_bytes(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn environment(pairs: &[(&str, PathBuf)]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let bytes = |path: &PathBuf| path.as_os_str().as_bytes().to_vec();
        pairs
            .iter()
            .map(|(name, path)| (name.as_bytes().to_vec(), bytes(path)))
            .collect()
    }

    #[test]
    fn a_toolchain_is_told_of_and_found_where_it_is_there_and_not_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for program in ["home/bin/rustc", "chain/bin/rustc", "chain/bin/cargo"] {
            let program = root.join(program);
            fs::create_dir_all(program.parent().unwrap()).unwrap();
            fs::write(program, "").unwrap();
        }
        let with = |home: &str, cargo: &str| {
            environment(&[
                ("CARGO_HOME", root.join(home)),
                ("CARGO", root.join(cargo)),
                ("RUSTUP_HOME", root.join(home)),
                ("RUSTUP_TOOLCHAIN", "stable".into()),
                ("OTHER", "x".into()),
            ])
        };
        let names = |environment: &Environment| -> Vec<String> {
            let names = told(environment).map(|(name, _)| String::from_utf8_lossy(name).into());
            names.collect()
        };
        let path = |environment: &Environment| search_path(environment, "/usr/bin:/bin");
        let found = |dir: &str| Some(format!("{}:/usr/bin:/bin", root.join(dir).display()).into());

        let here = with("home", "chain/bin/cargo");
        assert_eq!(names(&here).len(), 5);
        assert_eq!(path(&here), found("home/bin"));
        let plain = with("none", "chain/bin/cargo");
        assert_eq!(names(&plain), ["CARGO", "OTHER"]);
        assert_eq!(path(&plain), found("chain/bin"));
        let elsewhere = with("none", "none/cargo");
        assert_eq!(names(&elsewhere), ["OTHER"]);
        assert_eq!(path(&elsewhere), None);
        let mut own = here;
        own.push((b"PATH".to_vec(), b"/own".to_vec()));
        assert_eq!(path(&own), None);
    }
}
