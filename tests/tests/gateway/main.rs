//! The example of a gateway: its tests pass, and when any one rule of the gateway is deleted,
//! exactly the test of that rule fails.

mod mutant;

use mutant::{RULES, without};
use std::time::Duration;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::{Group, Outcome};
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending::{Failed, Passed};

/// The time limit for a run: much longer than it takes. It only ends hangs.
const LIMIT: Duration = Duration::from_secs(900);

/// Runs the tests of one of the two labs without a rule, if one is given.
fn run(host: &Host, target: &'static str, rule: Option<&str>) -> Outcome {
    // To cargo, all copies are one package: it would run the binary of another test's copy, which is
    // newer than files that were copied before it was built.
    let _alone = Fixture::new("labs").alone("gateway");
    let (_directory, example) = without(rule);
    if target != "plain" {
        host.build_images(example.directory(), &["debian-12"]);
    }
    let target = format!("--test={target}");
    let group = Group {
        targets: &[&target],
        filters: &[],
        environment: &[],
        limit: LIMIT,
    };
    group.run(&example, host, Runner::CargoTest)
}

/// Runs the tests with all rules, and without each of them.
fn each_test_is_about_its_rule(host: &Host, target: &'static str) {
    let outcome = run(host, target, None);
    let text = outcome.text();
    assert_eq!(outcome.tests.len(), RULES.len(), "{text}");
    let all = outcome.tests.values().all(|told| told.ending == Passed);
    assert!(all, "{text}");
    for (rule, its_test) in RULES {
        let outcome = run(host, target, Some(rule));
        let text = outcome.text();
        assert_eq!(outcome.tests.len(), RULES.len(), "{rule}: {text}");
        for (test, told) in &outcome.tests {
            let expected = if test == its_test { Failed } else { Passed };
            assert_eq!(told.ending, expected, "{rule}: {test}: {text}");
        }
    }
}

#[test]
fn on_containers_each_test_fails_without_its_rule_and_no_other_does() {
    each_test_is_about_its_rule(&Host::new(), "plain");
}

/// VMs, which take longer.
mod vm {
    use super::*;

    #[test]
    fn the_whole_gateway_works_between_vlans() {
        let outcome = run(&Host::new().with_shared_store(), "whole", None);
        let text = outcome.text();
        assert_eq!(outcome.tests.len(), 1, "{text}");
        let all = outcome.tests.values().all(|told| told.ending == Passed);
        assert!(all, "{text}");
    }

    mod in_full {
        use super::super::*;

        #[test]
        fn between_vlans_each_test_fails_without_its_rule_and_no_other_does() {
            each_test_is_about_its_rule(&Host::new().with_shared_store(), "vlans");
        }
    }
}
