//! Which of this process's variables a guest sees: a list of what is let through, and all else stays on the host. And what
//! nextest's say of this process.

use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// Names that are forwarded.
const NAMES: &[&str] = &[
    "CARGO",
    "CARGO_LLVM_COV",
    "CARGO_TARGET_TMPDIR",
    "CLICOLOR_FORCE",
    "COLORTERM",
    "FORCE_COLOR",
    "LD_LIBRARY_PATH",
    "NEXTEST",
    "NO_COLOR",
    "OUT_DIR",
    "RUSTUP_TOOLCHAIN",
    "RUST_BACKTRACE",
    "RUST_LIB_BACKTRACE",
    "RUST_LOG",
    "RUST_LOG_STYLE",
    "RUST_MIN_STACK",
    "TERM",
    "TZ",
];

/// Beginnings of names that are forwarded.
const PREFIXES: &[&str] = &[
    "CARGO_BIN_EXE_",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "LC_",
    "NEXTEST_",
];

/// What nextest says of how it runs tests, and the one answer so far.
const ENV_MODE: &str = "NEXTEST_EXECUTION_MODE";
const ONE_TEST: &str = "process-per-test";

/// The argument of libtest's with which nextest names that test.
const ONE_BY_NAME: &str = "--exact";

/// Whether nextest has started this process, for one test only, so that signals to it are meant for that test. What such a
/// test starts inherits the variable, but not the argument by which a test is named.
#[must_use]
pub fn is_for_one_test() -> bool {
    let mut args = std::env::args_os();
    std::env::var_os(ENV_MODE).is_some_and(|mode| mode == ONE_TEST)
        && args.any(|arg| arg == ONE_BY_NAME)
}

/// The variables that go to the guest: the usual ones, and those that the configuration names. Files come back or not.
#[must_use]
pub fn forwarded(named: &[String], exports: bool) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut variables: Vec<_> = std::env::vars_os()
        .filter_map(|(name, value)| {
            let text = name.to_str()?;
            let wanted = NAMES.contains(&text)
                || PREFIXES.iter().any(|prefix| text.starts_with(prefix))
                || named.iter().any(|given| given == text);
            wanted.then(|| (name.into_vec(), value.into_vec()))
        })
        .collect();
    variables.extend(toolchain());
    // Where nothing comes back insta need not write new snapshots, whose names it would print.
    if !exports && !named.iter().any(|name| name == "INSTA_UPDATE") {
        variables.push((b"INSTA_UPDATE".to_vec(), b"no".to_vec()));
    }
    variables
}

/// Where cargo and rustup keep their things: in a guest the home directory is another, and a test may start cargo.
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
