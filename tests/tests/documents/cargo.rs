//! Command lines of cargo: the packages, targets and options that they name must exist. Runs none
//! of them.

use crate::packages::Package;
use std::path::Path;

/// The path of the clone of this repository in the documents, relative to a user's crate.
const CLONE: &str = "../vm-test";

/// What a command line of cargo names, apart from the command itself.
#[derive(Debug, Default)]
struct Named<'a> {
    names: Vec<&'a str>,
    package: Option<&'a str>,
    path: Option<&'a str>,
    test: Option<&'a str>,
}

impl<'a> Named<'a> {
    /// Reads the words up to `--`.
    ///
    /// `flags` and `options` are those that the documents use with the command.
    fn read(words: &'a [String], flags: &[&str], options: &[&str]) -> Result<Self, String> {
        let mut named = Self::default();
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next().filter(|word| *word != "--") {
            if options.contains(&word) {
                let value = Some(words.next().ok_or_else(|| format!("{word} has no value"))?);
                match word {
                    "-p" | "--package" => named.package = value,
                    "--path" => named.path = value,
                    _ => named.test = value,
                }
            } else if !word.starts_with('-') {
                named.names.push(word);
            } else if !flags.contains(&word) {
                return Err(format!("no test knows the option {word}"));
            }
        }
        Ok(named)
    }
}

/// Checks a command line; `words` begins after `cargo`.
pub(crate) fn check(words: &[String], packages: &[Package]) -> Result<(), String> {
    let (command, words) = words.split_first().ok_or("cargo has no command")?;
    match &**command {
        // xtask's own tests check its command lines.
        "xtask" => Ok(()),
        "llvm-cov" => Ok(()),
        "add" => check_added(&Named::read(words, &["--dev"], &["--path"])?, packages),
        "install" => check_installed(&Named::read(words, &["--locked"], &["--path"])?, packages),
        "nextest" if words.first().is_some_and(|word| word == "run") => {
            check_built(&words[1..], packages)
        }
        "build" | "test" => check_built(words, packages),
        other => Err(format!("no test knows `cargo {other}`")),
    }
}

/// Checks that an added package is a library of this workspace, and that its path is right.
///
/// The path leads there from a crate beside the clone.
fn check_added(named: &Named, packages: &[Package]) -> Result<(), String> {
    let package = one_package(named, CLONE, packages)?;
    if package.has("lib", None) {
        return Ok(());
    }
    Err(format!("{} has no library", package.name))
}

/// Returns the one package that is named by its name, by its path, or by both.
///
/// The path is relative to where the root of the workspace is `root`.
fn one_package<'a>(
    named: &Named,
    root: &str,
    packages: &'a [Package],
) -> Result<&'a Package, String> {
    let is_it = |package: &&Package| {
        let is_name = named.names.iter().all(|name| package.name == *name);
        let is_path = named
            .path
            .is_none_or(|path| Path::new(path) == Path::new(root).join(&package.directory));
        is_name && is_path
    };
    let mut found = packages.iter().filter(is_it);
    match (found.next(), found.next()) {
        (Some(package), None) => Ok(package),
        _ => Err(format!("{named:?} is not one package")),
    }
}

/// Checks that an installed package has programs.
fn check_installed(named: &Named, packages: &[Package]) -> Result<(), String> {
    let package = one_package(named, "", packages)?;
    if package.has("bin", None) {
        return Ok(());
    }
    Err(format!("{} has no program", package.name))
}

/// Checks that what is built or tested exists; without a package, it is the user's own crate.
fn check_built(words: &[String], packages: &[Package]) -> Result<(), String> {
    let named = Named::read(words, &["--lib"], &["-p", "--package", "--test"])?;
    let Some(package) = named.package else {
        return Ok(());
    };
    let package = find(package, packages)?;
    match named.test {
        Some(test) if !package.has("test", Some(test)) => {
            Err(format!("{} has no test target {test}", package.name))
        }
        _ => Ok(()),
    }
}

fn find<'a>(name: &str, packages: &'a [Package]) -> Result<&'a Package, String> {
    packages
        .iter()
        .find(|package| package.name == name)
        .ok_or_else(|| format!("there is no package {name}"))
}
