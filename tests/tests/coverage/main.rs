//! Coverage of what runs in guests, in the reports of an unmodified cargo-llvm-cov: lines count as
//! often as when the same test runs locally, in parents, children and panics, and no death of any
//! kind breaks a report. In containers and on VMs alike.

mod deaths;
mod lines;
mod nodes;
mod plain;
mod report;

use lines::{COUNTED, LINES, ON_A_GUEST};
use report::{Measurement, Report, Tool};
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;

/// Returns what a run without a guest counts.
fn locally(host: &Host) -> Report {
    let (report, text) = Measurement::new(host, Tool::Test, &LINES, &[]).run();
    // 14 and 7 iterations in the parent, 5 and 10 in the child, 4 in the panic.
    let functions = ["in_parent", "in_child", "before_a_panic", "never"];
    let counts = functions.map(|it| report.count_in("src/lib.rs", it));
    assert_eq!(counts, [21, 15, 4, 0], "{text}");
    report
}

#[test]
fn lines_count_as_often_in_a_container_as_locally_whatever_dies_beside_them() {
    let host = Place::Container.host();
    let local = locally(&host);
    for tool in [Tool::Test, Tool::Nextest] {
        deaths::break_no_report(&host, Place::Container, tool, &local);
    }
}

#[test]
fn lines_count_as_often_on_a_machine_as_locally_whatever_dies_beside_them() {
    let host = Place::Vm.host();
    let local = locally(&host);
    deaths::break_no_report(&host, Place::Vm, Tool::Test, &local);
    let options = [LINES, ON_A_GUEST].concat();
    let (on_guests, text) = Measurement::new(&host, Tool::Nextest, &options, &[]).run();
    assert_eq!(on_guests.of(&COUNTED), local.of(&COUNTED), "{text}");
}

#[test]
fn without_a_tool_and_without_a_word_of_it_lines_count_as_often_as_locally() {
    for place in [Place::Container, Place::Vm] {
        let host = place.host();
        let local = locally(&host);
        let counted = plain::measure(&host);
        assert_eq!(counted.of(&COUNTED), local.of(&COUNTED), "{place:?}");
    }
}

/// For such a process, the kernel knows only the loader as its program.
#[test]
fn a_time_limit_loses_nothing_where_the_c_library_came_along() {
    let host = Host::new().with_shared_store().with_guest("bullseye");
    let recipes = Fixture::new("guests");
    host.build_images(recipes.directory(), &["debian-11"]);
    let passed_on = ["--ignored", "--exact", "hangs"];
    let measurement = Measurement::new(&host, Tool::Test, &["--test", "deaths"], &passed_on);
    let (report, text) = measurement.run();
    let counts = ["in_parent", "in_child"].map(|it| report.count_in(deaths::SOURCE, it));
    assert_eq!(counts, [deaths::HANGS, deaths::CHILD_OF_HANGS], "{text}");
}

#[test]
fn killed_processes_count_in_continuous_mode() {
    let host = Host::new();
    let passed_on = ["--ignored", "--exact", "is_killed", "aborts"];
    let mut measurement = Measurement::new(&host, Tool::Test, &["--test", "deaths"], &passed_on);
    measurement
        .command
        .env("RUSTFLAGS", "-C llvm-args=-runtime-counter-relocation")
        .env("LLVM_PROFILE_FILE_NAME", "continuous-%p%c.profraw");
    let (report, text) = measurement.run();
    let count = report.count_in(deaths::SOURCE, "in_parent");
    assert_eq!(count, deaths::IS_KILLED + deaths::ABORTS, "{text}");
}
