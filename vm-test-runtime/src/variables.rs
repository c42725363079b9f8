//! The variables that users set: the one list of them, and how they are read. Interprets only the
//! values that tests and the program `vm-test` have in common.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;
use vm_test_settings::word;

/// The prefix of all names.
const PREFIX: &str = "VM_TEST_";

/// The program `vm-test`.
pub const BIN: &str = "VM_TEST_BIN";
/// Whether instances of failed tests are kept, for all tests of a run.
pub const KEEP: &str = "VM_TEST_KEEP";
/// The size to which an imported archive may unpack.
pub const IMAGE_LIMIT: &str = "VM_TEST_IMAGE_LIMIT";
/// Registries that are reached without encryption.
pub const PLAIN_HTTP: &str = "VM_TEST_PLAIN_HTTP";
/// The directory of images.
pub const STORE: &str = "VM_TEST_STORE";
/// The directory of sockets and locks.
pub const RUNTIME_DIR: &str = "VM_TEST_RUNTIME_DIR";
/// The directory in which all daemons of a user share their budgets.
pub const CLAIMS_DIR: &str = "VM_TEST_CLAIMS_DIR";
/// What to do with tests whose guest is not available.
pub const MISSING: &str = "VM_TEST_MISSING";
/// Who is told of failed tests in a form of its own.
pub const ANNOTATE: &str = "VM_TEST_ANNOTATE";
/// The guest that tests of guest `host` run on.
pub const GUEST: &str = "VM_TEST_GUEST";
/// How long the daemon stays without a lease.
pub const IDLE_SECONDS: &str = "VM_TEST_IDLE_SECONDS";
/// How long a VM prepared for the next test waits.
pub const SPARE_SECONDS: &str = "VM_TEST_SPARE_SECONDS";
/// The memory of all instances together.
pub const MEMORY_BUDGET: &str = "VM_TEST_MEMORY_BUDGET";
/// The processor shares of all instances together.
pub const CPU_BUDGET: &str = "VM_TEST_CPU_BUDGET";
/// The program QEMU.
pub const QEMU: &str = "VM_TEST_QEMU";

/// All variables, in the order of the documentation.
pub const ALL: [&str; 15] = [
    BIN,
    KEEP,
    IMAGE_LIMIT,
    PLAIN_HTTP,
    STORE,
    RUNTIME_DIR,
    CLAIMS_DIR,
    MISSING,
    ANNOTATE,
    GUEST,
    IDLE_SECONDS,
    SPARE_SECONDS,
    MEMORY_BUDGET,
    CPU_BUDGET,
    QEMU,
];

/// The name of the guest, in the guest.
pub const GUEST_NAME: &str = "VM_TEST_GUEST_NAME";
/// The name of this instance of it.
pub const INSTANCE: &str = "VM_TEST_GUEST_INSTANCE";
/// What runs it: the setting `backend`.
pub const BACKEND: &str = "VM_TEST_GUEST_BACKEND";

/// Variables that vm-test sets itself, in a guest.
pub const OWN: [&str; 15] = [
    vm_test_protocol::ENV_JOB,
    vm_test_protocol::ENV_TEST,
    vm_test_protocol::ENV_LAB,
    vm_test_protocol::ENV_CALL,
    vm_test_protocol::ENV_CHANNEL,
    vm_test_protocol::harvest::ENV_ARTIFACTS,
    GUEST_NAME,
    INSTANCE,
    BACKEND,
    "VM_TEST_STREAM",
    vm_test_protocol::ENV_AHEAD,
    "VM_TEST_MACHINE",
    vm_test_protocol::machine::ENV_JOURNAL,
    "VM_TEST_BOOT_TIMEOUT",
    "VM_TEST_MEMORY_LIMIT",
];

/// How names continue after the prefix that this project's own suites read.
pub const OF_SUITES: [&str; 4] = ["SUITES_", "KILL_", "SEED", "FULL"];

/// Returns the value of a variable. An empty one counts as not set, as scripts and CI services
/// leave them.
#[must_use]
pub fn get(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Returns the directory that a variable names.
///
/// # Errors
/// If it is not an absolute path: tests, commands and the daemon work in different directories.
pub fn directory(name: &str) -> Result<Option<PathBuf>, Failure> {
    get(name).map(|value| absolute(name, value)).transpose()
}

fn absolute(name: &str, value: OsString) -> Result<PathBuf, Failure> {
    let path = PathBuf::from(value);
    if path.is_absolute() {
        return Ok(path);
    }
    let meant = std::env::current_dir().unwrap_or_default().join(&path);
    Err(Failure::new(format!(
        "cannot use {name}: {path:?} is not an absolute path"
    ))
    .hint(format!(
        "begin it with /, as in {name}={}",
        plain(&meant).display()
    )))
}

/// Returns the path without redundant components.
fn plain(path: &Path) -> PathBuf {
    path.components().collect()
}

/// Returns whether instances of failed tests are kept, according to the variable.
///
/// # Errors
/// If the value is neither of the two words.
pub fn keep() -> Result<Option<String>, Failure> {
    one_of(KEEP, get(KEEP), &["never", "on-failure"])
}

/// Returns whether tests whose guests are missing are skipped, according to the variable.
///
/// # Errors
/// If the value is neither of the two words.
pub fn skips_missing() -> Result<bool, Failure> {
    let value = one_of(MISSING, get(MISSING), &["fail", "skip"])?;
    Ok(value.as_deref() == Some("skip"))
}

/// Returns one of some words, of which the first is the default.
///
/// # Errors
/// If it is none of them.
pub fn one_of(
    name: &str,
    value: Option<OsString>,
    words: &[&'static str],
) -> Result<Option<String>, Failure> {
    let Some(value) = value else {
        return Ok(None);
    };
    if let Some(word) = words.iter().find(|word| value == **word) {
        return Ok(Some((*word).to_owned()));
    }
    let (default, others) = words.split_first().unwrap_or((&"", &[]));
    let hint = match word::suggestion(&value.to_string_lossy(), words.iter().copied()) {
        Some(word) => format!("did you mean {name}={word}?"),
        None => {
            let others = others.iter().map(|other| format!("{name}={other}, or "));
            let others: String = others.collect();
            format!("set {others}{name}={default}, which is the default")
        }
    };
    let cause = format!("{value:?} is not one of its values");
    Err(Failure::new(format!("cannot use {name}: {cause}")).hint(hint))
}

/// Returns warnings about variables in this process's environment whose names look misspelled.
#[must_use]
pub fn warnings() -> Vec<String> {
    let set = std::env::vars_os().filter(|(_, value)| !value.is_empty());
    about(set.filter_map(|(name, _)| name.into_string().ok()))
}

fn about(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut unknown: Vec<_> = names.filter(|name| is_unknown(name)).collect();
    unknown.sort();
    unknown
        .iter()
        .map(|name| {
            let cure = match suggestion(name) {
                Some(word) => format!("did you mean {word}?"),
                None => "`vm-test --help` lists all variables".to_owned(),
            };
            format!("warning: {name} is not a variable of vm-test and changes nothing: {cure}")
        })
        .collect()
}

fn is_unknown(name: &str) -> bool {
    name.starts_with(PREFIX)
        && !ALL.contains(&name)
        && !OWN.contains(&name)
        && !OF_SUITES
            .iter()
            .any(|prefix| name[PREFIX.len()..].starts_with(prefix))
}

/// Returns the variable whose name is most similar, ignoring the common prefix.
fn suggestion(name: &str) -> Option<&'static str> {
    let own = |name| str::strip_prefix(name, PREFIX);
    let known = word::suggestion(own(name)?, ALL.iter().filter_map(|name| own(name)))?;
    ALL.into_iter().find(|name| own(name) == Some(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_variable_is_named_with_the_one_that_was_meant() {
        for name in ALL {
            let mut swapped = name.as_bytes().to_vec();
            let last = swapped.len() - 1;
            swapped.swap(last, last - 1);
            for wrong in [
                name[..name.len() - 1].to_owned(),
                format!("{name}S"),
                String::from_utf8(swapped).unwrap(),
                format!("{PREFIX}{}", name[PREFIX.len()..].to_ascii_lowercase()),
            ] {
                if ALL.contains(&wrong.as_str()) {
                    continue;
                }
                let said = about([wrong.clone()].into_iter());
                let expected = format!(
                    "warning: {wrong} is not a variable of vm-test and changes nothing: did you mean {name}?"
                );
                assert_eq!(said, [expected]);
            }
        }
    }

    #[test]
    fn nothing_is_said_of_what_vm_test_and_its_suites_set_themselves() {
        let of_suites = ["SUITES_STORE", "KILL_ROUNDS", "FULL"];
        let names = ALL.into_iter().chain(OWN).chain(["VM_TESTING", "PATH"]);
        let names = names.map(str::to_owned);
        let names = names.chain(of_suites.map(|name| format!("{PREFIX}{name}")));
        assert_eq!(about(names), Vec::<String>::new());
        let short = about([format!("{PREFIX}FOO")].into_iter());
        assert!(!short[0].contains("did you mean"), "{short:?}");
        let far = about([format!("{PREFIX}FLAVOUR_OF_ICE")].into_iter());
        assert!(
            far[0].ends_with("`vm-test --help` lists all variables"),
            "{far:?}"
        );
    }

    #[test]
    fn a_word_is_one_of_those_known_or_names_its_variable() {
        let keep = |value: &str| one_of(KEEP, Some(value.into()), &["never", "on-failure"]);
        assert_eq!(keep("on-failure"), Ok(Some("on-failure".to_owned())));
        assert_eq!(one_of(KEEP, None, &["a", "b"]), Ok(None));
        for (value, hint) in [
            ("on_failure", "did you mean VM_TEST_KEEP=on-failure?"),
            ("Never", "did you mean VM_TEST_KEEP=never?"),
            (
                "yes",
                "set VM_TEST_KEEP=on-failure, or VM_TEST_KEEP=never, which is the default",
            ),
        ] {
            let failure = keep(value).unwrap_err();
            let cause = format!("cannot use VM_TEST_KEEP: {value:?} is not one of its values");
            assert_eq!(failure, Failure::new(cause).hint(hint));
        }
    }

    #[test]
    fn a_relative_directory_is_refused_with_the_absolute_one() {
        let failure = absolute(STORE, "./images".into()).unwrap_err();
        assert_eq!(
            failure.message,
            "cannot use VM_TEST_STORE: \"./images\" is not an absolute path"
        );
        let here = std::env::current_dir().unwrap().join("images");
        let hint = format!("begin it with /, as in VM_TEST_STORE={}", here.display());
        assert_eq!(failure.hint, Some(hint));
        assert_eq!(absolute(STORE, "/a".into()), Ok("/a".into()));
    }
}
