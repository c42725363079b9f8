//! What `cargo xtask test` leaves to its form `--full`: which tests root does not run, and which
//! are the only ones that it runs as an ordinary user. CONTRIBUTING.md says the same, and names the
//! tests that stand in for them; a test compares the two.

/// Tests of a suite whose names begin alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) suite: &'static str,
    /// The beginning of their names; empty for the whole suite.
    tests: &'static str,
}

const fn part(suite: &'static str, tests: &'static str) -> Part {
    Part { suite, tests }
}

/// What root runs only in the full form.
///
/// These tests took long on two processors, and another test of the short form shows most of what
/// they show.
pub(crate) const LEFT_OUT: &[Part] = &[
    part("attributes", "cargo::a_member_of_a_workspace_"),
    part("attributes", "cargo::programs_and_temporary_files_"),
    part(
        "attributes",
        "matrix::a_test_runs_on_each_guest_of_a_list_under_nextest",
    ),
    part("attributes", "vm::here::"),
    part("attributes", "vm::orders::"),
    part("cases", "compiler::"),
    part("cases", "vm::cargo::"),
    part("cases", "vm::harness::"),
    part("cases", "vm::snapshots::"),
    part("cases", "vm::world::"),
    part("containment", "vm::verdicts::"),
    part("coverage", "a_time_limit_loses_nothing_"),
    part("coverage", "killed_processes_count_"),
    part("coverage", "lines_count_as_often_on_a_machine_"),
    part("coverage", "nodes::lines_count_on_a_vm_"),
    part("coverage", "nodes::lines_count_on_whichever_node_"),
    part("coverage", "without_a_tool_"),
    part("crowd", "two_hundred_tests_under_cargo_test_"),
    part("exchanges", "memcached::a_thousand_mixed_calls_"),
    part("exchanges", "redis::pipelines_and_transactions_"),
    part("exchanges", "transparency::python_binary_memcacheds_"),
    part("hostile", "vm::limits::"),
    part("imports", "opened::a_root_is_put_together_"),
    part("imports", "opened::disks_without_a_root_"),
    part("imports", "opened::what_comes_out_of_a_disk_"),
    part("keeping", "stay::an_attached_instance_stays_"),
    part("keeping", "timeouts::a_test_that_nextest_ends_"),
    part("kills", "labs::labs_with_vms_"),
    part("kills", "machines::"),
    part("kvm", "accelerators::an_accident_while_"),
    part("kvm", "copies::"),
    part("kvm", "damage::a_template_is_not_to_blame_"),
    part("kvm", "damage::a_template_that_is_cut_"),
    part("kvm", "damage::a_template_whose_state_is_garbage_"),
    part("kvm", "damage::an_init_that_does_not_come_up_"),
    part("kvm", "kernel::an_agent_that_is_killed_"),
    part("kvm", "kernel::vlans_lost_packets_and_mapped_disks_"),
    part("kvm", "patience::"),
    part("kvm", "spares::a_machine_with_a_network_"),
    part("labs", "orders::a_user_changes_the_power_of_vms_"),
    part("outcomes", "builds::"),
    part("outcomes", "vm::bodies::"),
    part("outcomes", "vm::deaths::"),
    part("outcomes", "vm::generated::"),
    part("outcomes", "vm::hostile::"),
    part("outcomes", "vm::ignored::"),
    part("outcomes", "vm::kills::"),
    part("outcomes", "vm::volume::output_without_end_"),
    part("peers", ""),
    part("published", "attribute::"),
    part("published", "caps_on_a_vm"),
    part("published", "node::"),
    part("setups", "example::vm::"),
    part("system", "a_boot_that_fails_"),
    part("times", "bodies::"),
];

/// Everything that the short form runs as an ordinary user: tests for which the account decides
/// what the host allows, or who owns processes and files.
pub(crate) const OF_THE_ACCOUNT: &[Part] = &[
    part("census", ""),
    part("cli", "credentials::"),
    part("cli", "doctor::"),
    part("cli", "umask::"),
    part("containment", "container::raid::"),
    part("hostile", "container::agents::only_the_body_itself_"),
    part("hostile", "container::attacks::"),
    part("hostile", "container::limits::what_fills_memory_"),
    part("hostile", "library::"),
    part("hostile", "privileged::"),
    part("kills", "a_killed_"),
    part("labs", "a_test_drives_the_nodes_"),
    part("labs", "containers_and_vms_"),
    part("labs", "kept::"),
    part("missing", ""),
    part("returns", "container::"),
    part("returns", "forged::"),
    part("returns", "vm::rows::artifacts_come_back_"),
];

/// Returns the parts in nextest's filter language.
pub(crate) fn expression(parts: &[Part]) -> String {
    let words = parts.iter().map(|part| match part.tests {
        "" => format!("binary({})", part.suite),
        tests => format!("(binary({}) & test(/^{tests}/))", part.suite),
    });
    words.collect::<Vec<_>>().join(" | ")
}

/// Returns the suites of the parts, each once.
pub(crate) fn suites(parts: &[Part]) -> Vec<&'static str> {
    let mut suites: Vec<_> = parts.iter().map(|part| part.suite).collect();
    suites.dedup();
    suites
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::{Path, PathBuf};

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
    }

    #[test]
    fn parts_are_told_in_nextests_words() {
        let parts = [part("one", ""), part("two", "m::")];
        assert_eq!(
            expression(&parts),
            "binary(one) | (binary(two) & test(/^m::/))"
        );
        assert_eq!(suites(&[parts[1], parts[1], parts[0]]), ["two", "one"]);
    }

    /// Returns the cells of the rows below a heading that begin with a suite and parts of it.
    fn rows(guide: &str, heading: &str, begin: &str) -> Vec<String> {
        let (_, section) = guide.split_once(heading).expect("the section");
        let section = section.split("\n## ").next().unwrap_or_default();
        let cells = section.lines().filter_map(|line| {
            let cell = line.strip_prefix(begin)?.split(" | ").next()?;
            let is_suite = cell.starts_with('`') && !cell.contains('/');
            is_suite.then(|| cell.to_owned())
        });
        cells.collect()
    }

    /// Returns a suite and its parts, as the guide names them.
    fn cells(parts: &[Part]) -> Vec<String> {
        let of_suite = |suite| {
            let parts = parts.iter().filter(|part| part.suite == suite);
            let parts = parts.filter(|part| !part.tests.is_empty());
            let words: Vec<_> = parts.map(|part| format!("`{}`", part.tests)).collect();
            match words.as_slice() {
                [] => format!("`{suite}`"),
                words => format!("`{suite}`: {}", words.join(", ")),
            }
        };
        suites(parts).into_iter().map(of_suite).collect()
    }

    #[test]
    fn the_contributors_guide_names_what_is_left_out_and_what_the_ordinary_user_runs() {
        let guide = fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap();
        let heading = "## What the short form leaves out";
        assert_eq!(rows(&guide, heading, "| root | "), cells(LEFT_OUT));
        assert_eq!(
            rows(&guide, heading, "| ordinary user, only | "),
            cells(OF_THE_ACCOUNT)
        );
    }

    /// Returns the contents of all files of a suite.
    fn text_of(directory: PathBuf) -> String {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let texts = entries.map(|entry| {
            if entry.path().is_dir() {
                text_of(entry.path())
            } else {
                fs::read_to_string(entry.path()).unwrap_or_default()
            }
        });
        texts.collect()
    }

    #[test]
    fn every_part_is_of_tests_that_there_are() {
        for part in [LEFT_OUT, OF_THE_ACCOUNT].concat() {
            let text = text_of(root().join("tests/tests").join(part.suite));
            assert!(!text.is_empty(), "there is no suite {}", part.suite);
            for word in part.tests.split("::").filter(|word| !word.is_empty()) {
                let is_place = word == "container" || word == "vm";
                let mut signs = vec![
                    format!("mod {word};"),
                    format!("mod {word} {{"),
                    format!("fn {word}"),
                ];
                signs.extend(is_place.then(|| "tests_at!".to_owned()));
                let is_there = signs.iter().any(|sign| text.contains(sign));
                assert!(is_there, "{part:?} names {word}, which is not there");
            }
        }
    }

    #[test]
    fn parts_stand_in_order_and_none_twice() {
        for parts in [LEFT_OUT, OF_THE_ACCOUNT] {
            assert!(parts.is_sorted_by(|one, other| {
                (one.suite, one.tests) < (other.suite, other.tests)
            }));
        }
    }
}
