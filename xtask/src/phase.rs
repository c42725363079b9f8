//! The phases of `cargo xtask test`: what each one runs, who has to be root for it, and in which order. It decides
//! nothing about results; `test` runs the commands and counts.

use std::path::Path;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::runner::Runner;
use crate::worktree::{SUITES_PACKAGE, test_targets_of_suites};

/// The test targets of the suites' package that need no guest, and so belong to the phase `unit`.
const WITHOUT_GUESTS: &[&str] = &["tidy", "ui"];

/// Suites that start no test binary of their own, or run fixtures under both runners themselves, and take long: one
/// runner is enough for them.
const UNDER_ONE_RUNNER: &[&str] = &[
    "attributes",
    "coverage",
    "images",
    "imports",
    "keeping",
    "kills",
    "kvm",
    "machines",
    "missing",
    "outcomes",
    "published",
    "returns",
    "runner",
    "store",
    "system",
    "times",
];

/// What `cargo test` leaves out of the suites that it runs, too: their tests on VMs, for which one
/// runner is enough.
const ON_VMS: &str = "vm::";

/// Suites whose tests on VMs run as root only. What they attack is reached through QEMU and its
/// keeper, which are the same programs for everybody. Whoever escaped from an ordinary user's QEMU
/// would be that user, which is nothing that these suites look at.
const ON_VMS_OF_ROOT: &[&str] = &["containment", "hostile"];

/// Suites in which it makes a difference whose guests they are: what the short form runs as an
/// ordinary user. On what a VM does inside, which is most of the rest, the account has no
/// influence; module `vm` of `returns` stands for it.
const OF_THE_ACCOUNT: &[&str] = &[
    "census",
    "cli",
    "containment",
    "crowd",
    "hostile",
    "kills",
    "listing",
    "missing",
    "outcomes",
    "published",
    "returns",
    "runner",
];

/// What the short form leaves out, in nextest's words: on VMs, and as an ordinary user, what runs
/// its fixture under nextest need not run it under `cargo test`, too. Root's containers stand for
/// that. Whose VMs are killed makes no difference to what is left of them. Modules `in_full` say by
/// their name that only the full form runs them, and modules `as_root_in_full` that only root does.
const LEFT_OUT_ON_VMS: &str = "test(/^vm::.*_under_cargo_test$/) | test(/in_full::/)";
const LEFT_OUT_FOR_THE_ACCOUNT: &str = "test(/_under_cargo_test$/) | (binary(kills) & test(/^machines::/)) \
     | (binary(outcomes) & test(/^vm::/)) | test(/in_full::/)";

/// What the full form leaves out as an ordinary user, besides [`ON_VMS_OF_ROOT`].
const OF_ROOT_IN_FULL: &str = "test(/(^|::)as_root_in_full::/)";

/// Suites that use most of the program and end within minutes.
const MEASURED: &[&str] = &[
    "attributes",
    "cli",
    "outcomes",
    "returns",
    "store",
    "system",
];

/// What selects the demo crate.
const DEMO: &[&str] = &["-p", "firewall"];

/// One part of `cargo xtask test`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Phase {
    /// The crates' own tests, the project's rules, and the macro's errors: no guests.
    Unit,
    /// The demo crate under `cargo test`.
    DemoCargo,
    /// The demo crate under nextest.
    DemoNextest,
    /// The end-to-end suites as root, under nextest, and those that run no fixtures themselves under `cargo test`, too.
    SuitesRoot,
    /// The demo crate and the same suites as an ordinary user, but for those of root alone.
    SuitesUser,
    /// The suites that `cargo xtask coverage` measures.
    #[value(skip)]
    SuitesCoverage,
}

/// The account that a phase's tests have to run as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Account {
    /// Whoever runs xtask.
    Any,
    Root,
    /// Anyone but root.
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

    /// The runs of this phase in the workspace at `root`, in full or in the short form.
    pub(crate) fn runners(self, root: &Path, is_full: bool) -> Result<Vec<Runner>> {
        Ok(match self {
            Self::Unit => {
                let crates = [
                    "vm-test-settings",
                    "vm-test-protocol",
                    "vm-test-macros",
                    "vm-test-runtime",
                    "vm-test",
                    "vm-test-executor",
                    "xtask",
                ];
                let crates: Vec<&str> = crates.iter().flat_map(|name| ["-p", name]).collect();
                let mut rules = vec!["-p", SUITES_PACKAGE, "--lib"];
                rules.extend(WITHOUT_GUESTS.iter().flat_map(|name| ["--test", name]));
                vec![Runner::libtest(&crates), Runner::libtest(&rules)]
            }
            Self::DemoCargo => vec![Runner::libtest(DEMO)],
            Self::DemoNextest => vec![Runner::nextest(DEMO)],
            Self::SuitesCoverage => {
                let suites = MEASURED.iter().flat_map(|name| ["--test", name]);
                let selection: Vec<&str> =
                    ["-p", SUITES_PACKAGE].into_iter().chain(suites).collect();
                vec![Runner::nextest(&selection)]
            }
            Self::SuitesRoot | Self::SuitesUser => {
                let targets = test_targets_of_suites(root)?;
                let suites = targets
                    .iter()
                    .filter(|name| !WITHOUT_GUESTS.contains(&name.as_str()))
                    .filter(|name| {
                        is_full
                            || self != Self::SuitesUser
                            || OF_THE_ACCOUNT.contains(&name.as_str())
                    });
                let mut selection = vec!["-p", SUITES_PACKAGE];
                selection.extend(suites.flat_map(|name| ["--test", name.as_str()]));
                if selection.len() == 2 {
                    bail!("cannot find a suite: {SUITES_PACKAGE} has no test target with guests");
                }
                let twice: Vec<&str> = selection
                    .chunks(2)
                    .filter(|pair| !UNDER_ONE_RUNNER.contains(&pair[1]))
                    .flatten()
                    .copied()
                    .collect();
                let of_user = self == Self::SuitesUser;
                let suites = Runner::nextest(&selection);
                let suites = match left_out(is_full, of_user) {
                    Some(left_out) => suites.choosing(&format!("not ({left_out})")),
                    None => suites,
                };
                let again = (is_full || !of_user).then(|| Runner::libtest(&twice).skipping(ON_VMS));
                // Whoever is root has seen the demo in the phases of its own.
                let demo = of_user.then(|| Runner::nextest(DEMO));
                demo.into_iter().chain([suites]).chain(again).collect()
            }
        })
    }
}

/// The tests that a form leaves out, in nextest's words.
fn left_out(is_full: bool, of_user: bool) -> Option<String> {
    if !of_user {
        return (!is_full).then(|| LEFT_OUT_ON_VMS.to_owned());
    }
    let of_root = ON_VMS_OF_ROOT.iter().map(|name| format!("binary({name})"));
    let of_root = of_root.collect::<Vec<_>>().join(" | ");
    let form = match is_full {
        true => OF_ROOT_IN_FULL,
        false => LEFT_OUT_FOR_THE_ACCOUNT,
    };
    Some(format!("({of_root}) & test(/^vm::/) | {form}"))
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
    fn the_contributors_guide_names_the_suites_that_are_left_out() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let guide = std::fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
        let suites = |begin: &str| {
            let row = guide
                .lines()
                .filter_map(|line| line.strip_prefix("| ordinary user | ")?.split_once(" | "))
                .find(|(_, rest)| rest.starts_with(begin));
            let (names, _) = row.unwrap_or_else(|| panic!("no row says {begin:?}"));
            let names = names
                .split(", ")
                .map(|name| name.trim_matches('`').to_owned());
            names.collect::<Vec<_>>()
        };
        let targets = test_targets_of_suites(root).unwrap();
        let with_guests = |without: &[&str]| {
            let without = [without, WITHOUT_GUESTS].concat();
            let rest = targets
                .iter()
                .filter(|name| !without.contains(&name.as_str()));
            rest.cloned().collect::<Vec<_>>()
        };
        assert_eq!(suites("left out: the account"), with_guests(OF_THE_ACCOUNT));
        assert_eq!(suites("run under nextest"), with_guests(UNDER_ONE_RUNNER));
        assert_eq!(suites("tests on VMs"), ON_VMS_OF_ROOT);
    }

    #[test]
    fn the_targets_that_are_named_here_exist() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let targets = test_targets_of_suites(root).unwrap();
        for name in [
            WITHOUT_GUESTS,
            MEASURED,
            UNDER_ONE_RUNNER,
            ON_VMS_OF_ROOT,
            OF_THE_ACCOUNT,
        ]
        .concat()
        {
            assert!(
                targets.iter().any(|target| *target == name),
                "{name} is not among {targets:?}"
            );
        }
    }
}
