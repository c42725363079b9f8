//! A package that vm-test needs from the host: its name, what it is for, and the sign that it is
//! installed. Knows none of them.

use crate::machine::{Machine, Sign};

/// What a package is needed for. Each command of xtask has its purposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To run any test in a guest.
    Run,
    /// To run the tests of the demo crate.
    Demo,
    /// To run the tests of vm-test itself.
    Test,
    /// To run the tests that the short form leaves out.
    Campaign,
    /// To measure what a guest costs.
    Bench,
    /// To measure what a lab costs.
    Labs,
    /// To measure what a proxy costs.
    Proxies,
    /// To fuzz parsers.
    Fuzz,
}

/// Where a package comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A package of Debian and Ubuntu.
    Debian,
    /// A crate with a binary.
    Crate,
    /// A component of the Rust toolchain.
    Component,
}

/// One thing that vm-test needs and may find missing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) source: Source,
    /// Completes the sentence "it …".
    pub(crate) why: &'static str,
    pub(crate) sign: Sign,
    pub(crate) purpose: Purpose,
}

/// Returns a package of Debian and Ubuntu.
pub(crate) const fn debian(
    name: &'static str,
    purpose: Purpose,
    sign: Sign,
    why: &'static str,
) -> Package {
    from(Source::Debian, name, purpose, sign, why)
}

/// Returns a crate with a binary.
pub(crate) const fn program(
    name: &'static str,
    purpose: Purpose,
    sign: Sign,
    why: &'static str,
) -> Package {
    from(Source::Crate, name, purpose, sign, why)
}

const fn from(
    source: Source,
    name: &'static str,
    purpose: Purpose,
    sign: Sign,
    why: &'static str,
) -> Package {
    Package {
        name,
        source,
        why,
        sign,
        purpose,
    }
}

/// Returns the packages of a table for `purposes` whose sign is not on `machine`, in the order of
/// the table.
pub(crate) fn missing(
    table: &'static [Package],
    purposes: &[Purpose],
    machine: &Machine,
) -> Vec<&'static Package> {
    let wanted = table.iter().filter(|it| purposes.contains(&it.purpose));
    wanted.filter(|it| !machine.has(it.sign)).collect()
}
