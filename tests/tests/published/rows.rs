//! The crates, and the comparison of their tests' results in the three ways. The tests that fail on
//! a guest, for root in a shell as well, are listed where the comparison is called.

use super::crate_under_test::{CrateUnderTest, guests};
use std::collections::BTreeSet;
use vm_test_tests::host::Host;
use vm_test_tests::publication::Results;

/// A published crate.
pub(crate) struct Row {
    name: &'static str,
    version: &'static str,
    /// Additional arguments for cargo.
    arguments: &'static [&'static str],
    /// The minimum number of its tests that are not ignored.
    least: usize,
    /// Tests whose result the kernel decides anew each time. They run, but are not compared.
    undecided: &'static [&'static str],
}

/// A guest of the suite's `vm-test.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guest {
    /// A container over the host's root.
    Container,
    /// A container with the image of the last two.
    ImageContainer,
    /// A VM with the image that all suites share.
    Machine,
    /// A VM with a compiler, udev and a network, whose first process is the agent.
    Vm,
    /// The same, booted by systemd.
    Booted,
}

/// The tests that fail for root in a shell of the guest as well.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failing {
    /// Exactly those with these names.
    These(&'static [&'static str]),
    /// Some of those whose names contain one of these parts, depending on the host's kernel.
    Among(&'static [&'static str]),
}

/// All pass.
pub(crate) const NONE: Failing = Failing::These(&[]);

impl Guest {
    fn name(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::ImageContainer => "image-container",
            Self::Machine => "machine",
            Self::Vm => "vm",
            Self::Booted => "booted",
        }
    }

    fn image(self) -> Option<&'static str> {
        match self {
            Self::Container => None,
            Self::Machine => Some("debian-12"),
            Self::ImageContainer | Self::Vm | Self::Booted => Some("published"),
        }
    }

    /// Returns a host that can run this guest.
    fn host(self) -> Host {
        let host = Host::new().with_shared_store();
        if let Some(image) = self.image() {
            host.build_images(&guests(), &[image]);
        }
        host
    }
}

pub(crate) const CAPS: Row = row("caps", "0.5.6", &[], 20);
pub(crate) const DEVICEMAPPER: Row = row("devicemapper", "0.34.8", &[], 83);
pub(crate) const INOTIFY: Row = row("inotify", "0.11.5", &[], 20);
pub(crate) const IPTABLES: Row = row("iptables", "0.6.0", &[], 3);
pub(crate) const LANDLOCK: Row = row("landlock", "0.4.8", &[], 50);
pub(crate) const NIX: Row = Row {
    undecided: WITHOUT_A_TIMESTAMP,
    ..row("nix", "0.32.0", &["--all-features"], 400)
};
pub(crate) const PRIVDROP: Row = row("privdrop", "0.5.7", &[], 1);
pub(crate) const RTNETLINK: Row = row("rtnetlink", "0.24.0", &["--features", "test_as_root"], 8);

const fn row(
    name: &'static str,
    version: &'static str,
    arguments: &'static [&'static str],
    least: usize,
) -> Row {
    Row {
        name,
        version,
        arguments,
        least,
        undecided: &[],
    }
}

/// They ask for timestamps of packets and send one at once. The kernel switches timestamps on in
/// deferred work (`net_enable_timestamp`), so a packet that is faster than this has none.
const WITHOUT_A_TIMESTAMP: &[&str] = &[
    "sys::test_socket::test_recvmm2",
    "sys::test_socket::test_timestamping",
];

impl Row {
    /// Compares the three ways on a guest.
    #[track_caller]
    pub(crate) fn ends_alike_on(&self, guest: Guest, failing: Failing) {
        let host = guest.host();
        let tested = CrateUnderTest::new(&host, self.name, self.version, self.arguments);
        let (expected, text) = tested.in_a_shell(&host, guest.name());
        println!("for root in a shell: {}", summary(&expected));
        assert!(expected.len() >= self.least, "{}: {text}", expected.len());
        let expected = self.decided_of(expected);
        let failed: BTreeSet<_> = names_of_failed(&expected).collect();
        match failing {
            Failing::These(names) => {
                assert_eq!(failed, names.iter().copied().collect(), "{text}");
            }
            Failing::Among(parts) => {
                let is_known = |name: &&str| parts.iter().any(|part| name.contains(part));
                let unknown: Vec<_> = failed.iter().filter(|name| !is_known(name)).collect();
                assert!(unknown.is_empty(), "{unknown:?}: {text}");
            }
        }
        for (way, (results, text)) in [
            ("runner", tested.under_the_runner(&host, guest.name())),
            ("attribute", tested.with_the_attribute(&host, guest.name())),
        ] {
            println!("{way}: {}", summary(&results));
            let results = self.decided_of(results);
            let other: BTreeSet<_> = differences(&expected, &results).collect();
            assert!(other.is_empty(), "{way}: {other:?}\n{text}");
        }
    }

    /// Returns the results that are compared. The others must be there, too.
    fn decided_of(&self, mut results: Results) -> Results {
        for name in self.undecided {
            assert!(results.remove(*name).is_some(), "{name} did not run");
        }
        results
    }
}

fn names_of_failed(results: &Results) -> impl Iterator<Item = &str> {
    let failed = results.iter().filter(|(_, passed)| !**passed);
    failed.map(|(name, _)| name.as_str())
}

/// Returns the tests with different results, or with only one.
fn differences<'a>(one: &'a Results, other: &'a Results) -> impl Iterator<Item = &'a str> {
    let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let different = move |name: &&'a String| one.get(*name) != other.get(*name);
    names.into_iter().filter(different).map(String::as_str)
}

fn summary(results: &Results) -> String {
    let failed: Vec<_> = names_of_failed(results).collect();
    let passed = results.len() - failed.len();
    format!("{passed} passed, {} failed {failed:?}", failed.len())
}
