//! Which environment variables a guest sees: a list of those that are passed on, and those that
//! tell it which guest it is; all others stay on the host. Also what nextest's variables tell about
//! this process.

use crate::here::Backend;
use crate::variables::{BACKEND, GUEST_NAME, INSTANCE};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use vm_test_protocol::daemon::{GuestKind, Leased};

/// Names of forwarded variables, grouped by subject for people. A name that ends with `*` is a
/// prefix.
pub const FORWARDED: &[(&str, &[&str])] = &[
    (
        "what cargo and nextest tell a test",
        &[
            "CARGO",
            "CARGO_BIN_EXE_*",
            "CARGO_HOME",
            "CARGO_LLVM_COV",
            "CARGO_MANIFEST_*",
            "CARGO_PKG_*",
            "CARGO_TARGET_TMPDIR",
            "CARGO_WORKSPACE_DIR",
            "LD_LIBRARY_PATH",
            "NEXTEST",
            "NEXTEST_*",
            "OUT_DIR",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
        ],
    ),
    (
        "how tests that build code build it",
        &[
            "CARGO_BUILD_BUILD_DIR",
            "CARGO_BUILD_TARGET",
            "CARGO_BUILD_TARGET_DIR",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_INCREMENTAL",
            "CARGO_NET_OFFLINE",
            "CARGO_PROFILE_*",
            "CARGO_TARGET_DIR",
            "RUSTDOCFLAGS",
            "RUSTFLAGS",
        ],
    ),
    (
        "what test libraries read",
        &[
            "ARBTEST_*",
            "INSTA_*",
            "LOOM_*",
            "MACROTEST",
            "PROPTEST_*",
            "QUICKCHECK_*",
            "RSTEST_TIMEOUT",
            "RUST_MIN_STACK",
            "RUST_TEST_*",
            "SNAPSHOTS",
            "TRYBUILD",
            "UPDATE_EXPECT",
            "UPDATE_GOLDENFILES",
        ],
    ),
    (
        "who runs the tests",
        &[
            "APPVEYOR",
            "BUILDKITE",
            "CI",
            "CIRCLECI",
            "GITHUB_ACTIONS",
            "GITLAB_CI",
            "JENKINS_URL",
            "TEAMCITY_VERSION",
            "TF_BUILD",
            "TRAVIS",
        ],
    ),
    (
        "what is shown, and how",
        &[
            "CARGO_TERM_COLOR",
            "CLICOLOR",
            "CLICOLOR_FORCE",
            "COLORTERM",
            "FORCE_COLOR",
            "LC_*",
            "NO_COLOR",
            "RUST_BACKTRACE",
            "RUST_LIB_BACKTRACE",
            "RUST_LOG",
            "RUST_LOG_STYLE",
            "TERM",
            "TZ",
        ],
    ),
];

/// Where insta finds the root of the workspace. Otherwise insta asks cargo, which a guest may lack.
const INSTA_ROOT: &str = "INSTA_WORKSPACE_ROOT";

/// What insta does with new snapshots.
const INSTA_UPDATE: &str = "INSTA_UPDATE";

/// nextest's variable for how it runs tests, and its only value so far.
const ENV_MODE: &str = "NEXTEST_EXECUTION_MODE";
const ONE_TEST: &str = "process-per-test";

/// The argument of libtest with which nextest names the test.
const ONE_BY_NAME: &str = "--exact";

/// Returns whether nextest has started this process for a single test, so that signals to it are
/// meant for that test.
///
/// What such a test starts inherits the variable, but not the argument that names a test.
#[must_use]
pub fn is_for_one_test() -> bool {
    let mut args = std::env::args_os();
    std::env::var_os(ENV_MODE).is_some_and(|mode| mode == ONE_TEST)
        && args.any(|arg| arg == ONE_BY_NAME)
}

/// Returns the variables for the guest: the usual ones, and those that the configuration names.
///
/// `exports` tells whether files come back. A test belongs to a workspace, given by its root.
#[must_use]
pub fn forwarded(
    named: &[String],
    exports: bool,
    workspace: Option<&Path>,
) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut variables: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| {
            let text = name.to_str()?;
            let wanted = is_forwarded(text) || named.iter().any(|given| given == text);
            wanted.then(|| (name.into_vec(), value.into_vec()))
        })
        .collect();
    variables.extend(toolchain());
    let is_unset = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
    if let Some(root) = workspace.filter(|_| is_unset(INSTA_ROOT)) {
        let root = root.as_os_str().to_owned().into_vec();
        variables.push((INSTA_ROOT.into(), root));
    }
    // If nothing comes back, insta need not write new snapshots, whose names it would print.
    if !exports && is_unset(INSTA_UPDATE) {
        variables.push((INSTA_UPDATE.into(), b"no".to_vec()));
    }
    variables
}

/// Returns the variables that tell a job which guest it is in.
///
/// They come after all others, whose values they replace.
#[must_use]
pub fn identity(guest: &str, granted: &Leased) -> [(Vec<u8>, Vec<u8>); 3] {
    let backend = match granted.kind {
        GuestKind::Container => Backend::Lxc,
        GuestKind::Vm => Backend::Kvm,
    };
    [
        (GUEST_NAME, guest),
        (INSTANCE, granted.instance.as_str()),
        (BACKEND, backend.name()),
    ]
    .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
}

/// Returns whether every guest gets the variable with this name.
///
/// This is asked of every variable in every test, by code that is rarely optimised: so it compares
/// first letters first.
fn is_forwarded(name: &str) -> bool {
    let name = name.as_bytes();
    if name.is_empty() {
        return false;
    }
    for (_, names) in FORWARDED {
        for known in *names {
            let known = known.as_bytes();
            if name[0] != known[0] {
                continue;
            }
            let is_known = match known {
                [begin @ .., b'*'] => name.starts_with(begin),
                whole => name == whole,
            };
            if is_known {
                return true;
            }
        }
    }
    false
}

/// Returns where cargo and rustup keep their files: the guest has another home directory, and a
/// test may start cargo.
fn toolchain() -> Vec<(Vec<u8>, Vec<u8>)> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")]
        .into_iter()
        .filter_map(|(name, dir)| {
            let path = std::env::var_os(name).map(PathBuf::from);
            let path = path.or_else(|| Some(home.as_ref()?.join(dir)))?;
            path.is_dir().then(|| {
                let value = path.into_os_string().into_vec();
                (name.as_bytes().to_vec(), value)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tests_ask_for_is_forwarded_and_secrets_are_not() {
        for (name, forwarded) in [
            ("INSTA_FORCE_PASS", true),
            ("PROPTEST_CASES", true),
            ("UPDATE_EXPECT", true),
            ("CI", true),
            ("NO_COLOR", true),
            ("CARGO_BIN_EXE_tool", true),
            ("CARGO_TARGET_TMPDIR", true),
            ("CARGO_REGISTRY_TOKEN", false),
            ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", false),
            ("CI_JOB_TOKEN", false),
            ("GITHUB_TOKEN", false),
            ("PATH", false),
        ] {
            assert_eq!(is_forwarded(name), forwarded, "{name}");
        }
    }
}
