//! The phases of `cargo xtask test`: what each one runs, who has to be root for it, and in which
//! order. It decides nothing about results; `test` runs the commands and counts.

use std::path::Path;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::runner::Runner;
use crate::short_form;
use crate::worktree::{SUITES_PACKAGE, test_targets_of_suites};

/// The crates with a library, whose documents have tests, too.
const LIBRARIES: &[&str] = &[
    "vm-test-call",
    "vm-test-settings",
    "vm-test-protocol",
    "vm-test-macros",
    "vm-test-runtime",
    "vm-test",
    "vm-test-sys",
    "vm-test-agent",
    "vm-test-executor",
    "vm-test-faults",
];

/// The crates with nothing but a program.
const PROGRAMS: &[&str] = &["xtask"];

/// The suites that need no guest, and therefore belong to the phase `unit`.
const WITHOUT_GUESTS: &[&str] = &["documents", "tidy", "ui"];

/// Suites that start no test binary of their own, or run fixtures under both runners themselves,
/// and take long: one runner is enough for them.
const UNDER_ONE_RUNNER: &[&str] = &[
    "attributes",
    "cases",
    "coverage",
    "exchanges",
    "gateway",
    "guests",
    "images",
    "imports",
    "keeping",
    "kills",
    "kvm",
    "labs",
    "machines",
    "missing",
    "outcomes",
    "peers",
    "proxies",
    "published",
    "returns",
    "runner",
    "setups",
    "sick",
    "store",
    "system",
    "times",
];

/// What `cargo test` leaves out of the suites that it runs again: their tests on VMs, for which one
/// runner is enough.
const ON_VMS: &str = "vm::";

/// Suites whose tests on VMs run only as root.
///
/// What they attack is reached through QEMU and its keeper, which are the same programs for every
/// user. An attacker who escaped from an ordinary user's QEMU would be that user, which these
/// suites do not examine.
const ON_VMS_OF_ROOT: &[&str] = &["containment", "hostile"];

/// What the short form leaves out besides [`short_form::LEFT_OUT`], in nextest's filter language.
///
/// On VMs, what runs its fixture under nextest need not run it under `cargo test`, too. Only the
/// full form runs modules `in_full`, and only root runs modules `as_root_in_full`.
const LEFT_OUT_BY_NAME: &str = "test(/^vm::.*_under_cargo_test$/) | test(/in_full::/)";

/// What the full form leaves out as an ordinary user, besides [`ON_VMS_OF_ROOT`].
const OF_ROOT_IN_FULL: &str = "test(/(^|::)as_root_in_full::/)";

/// Suites that execute most of the program and end within minutes.
const MEASURED: &[&str] = &[
    "attributes",
    "cli",
    "outcomes",
    "returns",
    "store",
    "system",
];

/// Selects the demo crate.
const DEMO: &[&str] = &["-p", "firewall"];

/// A part of `cargo xtask test`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Phase {
    /// The crates' own tests, the project's rules, and the macro's errors: no guests.
    Unit,
    /// The demo crate under `cargo test`.
    DemoCargo,
    /// The demo crate under nextest.
    DemoNextest,
    /// The end-to-end suites as root; in full, some under `cargo test`, too.
    SuitesRoot,
    /// The demo crate and some suites as an ordinary user; in full, everything that does not need
    /// root.
    SuitesUser,
    /// The suites that `cargo xtask coverage` measures.
    #[value(skip)]
    SuitesCoverage,
}

/// The account that a phase's tests must run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// The account that runs xtask.
    Any,
    Root,
    /// Any account except root.
    Ordinary,
}

impl Phase {
    pub(crate) fn name(self) -> String {
        self.to_possible_value()
            .map_or("suites-coverage".to_owned(), |value| {
                value.get_name().to_owned()
            })
    }

    pub(crate) fn description(self) -> String {
        let value = self.to_possible_value();
        value
            .and_then(|value| value.get_help().map(ToString::to_string))
            .unwrap_or_else(|| "The suites that use most of the program.".to_owned())
    }

    pub(crate) fn account(self) -> Account {
        match self {
            Self::Unit | Self::DemoCargo | Self::DemoNextest | Self::SuitesCoverage => Account::Any,
            Self::SuitesRoot => Account::Root,
            Self::SuitesUser => Account::Ordinary,
        }
    }

    /// Returns the runs of this phase in the workspace at `root`, in full or in the short form.
    pub(crate) fn runners(self, root: &Path, is_full: bool) -> Result<Vec<Runner>> {
        Ok(match self {
            Self::Unit => {
                let packages = |names: &[&'static str]| -> Vec<&'static str> {
                    names.iter().flat_map(|name| ["-p", name]).collect()
                };
                let mut rules = vec!["-p", SUITES_PACKAGE, "--lib"];
                rules.extend(WITHOUT_GUESTS.iter().flat_map(|name| ["--test", name]));
                // A test that hangs is ended by nextest, and by `cargo test` never.
                vec![
                    Runner::nextest(&packages(&[LIBRARIES, PROGRAMS].concat())),
                    Runner::nextest(&rules),
                    Runner::documents(&packages(LIBRARIES)),
                ]
            }
            Self::DemoCargo => vec![Runner::libtest(DEMO)],
            Self::DemoNextest => vec![Runner::nextest(DEMO)],
            Self::SuitesCoverage => {
                let suites = MEASURED.iter().flat_map(|name| ["--test", name]);
                let selection: Vec<&str> =
                    ["-p", SUITES_PACKAGE].into_iter().chain(suites).collect();
                // Tests on VMs execute the same lines again, and take minutes.
                vec![Runner::nextest(&selection).choosing("not test(/^vm::/)")]
            }
            Self::SuitesRoot | Self::SuitesUser => self.suites(root, is_full)?,
        })
    }

    /// Returns the runs of a phase of suites.
    fn suites(self, root: &Path, is_full: bool) -> Result<Vec<Runner>> {
        let of_user = self == Self::SuitesUser;
        let mut targets = test_targets_of_suites(root)?;
        targets.retain(|name| !WITHOUT_GUESTS.contains(&name.as_str()));
        if of_user && !is_full {
            let chosen = short_form::suites(short_form::OF_THE_ACCOUNT);
            targets.retain(|name| chosen.contains(&name.as_str()));
        }
        if targets.is_empty() {
            bail!("cannot find a suite: {SUITES_PACKAGE} has no test target with guests");
        }
        let select = |names: &[String]| {
            let mut selection = vec!["-p".to_owned(), SUITES_PACKAGE.to_owned()];
            let names = names.iter().cloned();
            selection.extend(names.flat_map(|name| ["--test".to_owned(), name]));
            selection
        };
        let suites = Runner::nextest(&select(&targets));
        let suites = match (is_full, of_user) {
            (true, false) => suites,
            (true, true) => suites.choosing(&format!("not ({})", of_root())),
            (false, false) => {
                let left_out = short_form::expression(short_form::LEFT_OUT);
                suites.choosing(&format!("not ({left_out} | {LEFT_OUT_BY_NAME})"))
            }
            (false, true) => {
                let chosen = short_form::expression(short_form::OF_THE_ACCOUNT);
                suites.choosing(&format!("({chosen}) & not {OF_ROOT_IN_FULL}"))
            }
        };
        targets.retain(|name| !UNDER_ONE_RUNNER.contains(&name.as_str()));
        let again = is_full.then(|| Runner::libtest(&select(&targets)).skipping(ON_VMS));
        // As root, the demo has phases of its own.
        let demo = of_user.then(|| Runner::nextest(DEMO));
        Ok(demo.into_iter().chain([suites]).chain(again).collect())
    }
}

/// Returns the tests that the full form leaves out as an ordinary user, in nextest's filter
/// language.
fn of_root() -> String {
    let suites = ON_VMS_OF_ROOT.iter().map(|name| format!("binary({name})"));
    let suites = suites.collect::<Vec<_>>().join(" | ");
    format!("({suites}) & test(/^vm::/) | {OF_ROOT_IN_FULL}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form_leaves_tests_out_and_the_full_form_does_so_only_as_an_ordinary_user() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let expression = |phase: Phase, is_full| {
            let runners = phase.runners(root, is_full).unwrap();
            let words: Vec<_> = runners.iter().flat_map(|runner| runner.run(&[])).collect();
            let position = words.iter().position(|word| word == "-E")?;
            words.get(position + 1).cloned()
        };
        for phase in [Phase::SuitesRoot, Phase::SuitesUser] {
            assert!(expression(phase, false).is_some(), "{phase:?}");
        }
        assert_eq!(expression(Phase::SuitesRoot, true), None);
        assert_eq!(
            expression(Phase::SuitesUser, true).as_deref(),
            Some(
                "not ((binary(containment) | binary(hostile)) & test(/^vm::/) | test(/(^|::)as_root_in_full::/))"
            )
        );
    }

    #[test]
    fn every_crate_but_the_suites_and_the_examples_is_in_the_phase_unit() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
        let (_, members) = manifest.split_once("\nmembers = [").unwrap();
        let (members, _) = members.split_once(']').unwrap();
        let members = members.split('"').skip(1).step_by(2);
        let crates = members.filter(|path| *path != "tests" && !path.starts_with("examples/"));
        let told: Vec<_> = Phase::Unit.runners(root, false).unwrap()[0].run(&[]);
        let missing: Vec<_> = crates
            .filter(|name| !told.iter().any(|word| word == name))
            .collect();
        assert_eq!(missing, [""; 0], "{told:?}");
        assert!(
            told.iter().any(|word| word == "vm-test-executor"),
            "{told:?}"
        );
    }

    #[test]
    fn every_phase_has_a_name_and_a_description() {
        for phase in Phase::value_variants() {
            assert!(
                !phase.name().is_empty() && !phase.description().is_empty(),
                "{phase:?}"
            );
        }
        assert_eq!(Phase::DemoNextest.name(), "demo-nextest");
    }

    #[test]
    fn the_contributors_guide_names_the_suites_of_which_the_forms_run_less() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let guide = std::fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
        let suites = |begin: &str| {
            let row = guide.lines().find_map(|line| line.strip_prefix(begin));
            let row = row.unwrap_or_else(|| panic!("no row begins with {begin:?}"));
            let names = row.split(" | ").next().unwrap_or_default().split(", ");
            let names = names.map(|name| name.trim_matches('`').to_owned());
            names.collect::<Vec<_>>()
        };
        let mut twice = test_targets_of_suites(root).unwrap();
        twice.retain(|name| {
            ![WITHOUT_GUESTS, UNDER_ONE_RUNNER]
                .concat()
                .contains(&&**name)
        });
        assert_eq!(suites("| both, under `cargo test` | "), twice);
        assert_eq!(suites("| ordinary user, on VMs | "), ON_VMS_OF_ROOT);
    }

    #[test]
    fn the_targets_that_are_named_here_exist() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let targets = test_targets_of_suites(root).unwrap();
        for name in [WITHOUT_GUESTS, MEASURED, UNDER_ONE_RUNNER, ON_VMS_OF_ROOT].concat() {
            assert!(
                targets.iter().any(|target| *target == name),
                "{name} is not among {targets:?}"
            );
        }
    }
}
