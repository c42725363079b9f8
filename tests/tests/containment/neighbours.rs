//! Two guests at once: what one holds, the other does not find. The first reports when it holds
//! everything, and lives until the second has looked.

use super::endings::{assert_endings, fixture, limit};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::Passed;

/// What the first guest prints before the names of its namespaces.
const HOLDING: &str = "holding ";

/// The run of the guest that holds something. Dropping this ends it.
struct Holder {
    run: Child,
    namespaces: String,
}

impl Holder {
    fn new(fixture: &Fixture, host: &Host) -> Self {
        let mut command: Command = fixture.cargo(host, &["test", "--test", "hostile"]);
        let mut run = command
            .args(["--", "--exact", "--ignored", "--nocapture"])
            .arg("neighbours::holding_what_another_looks_for")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .expect("cargo starts");
        let mut lines = BufReader::new(run.stdout.take().expect("a pipe")).lines();
        let said = lines.find_map(|line| {
            let line = line.expect("text");
            // libtest's first words about the test may be on the same line.
            let (_, namespaces) = line.split_once(HOLDING)?;
            namespaces.contains("net:").then(|| namespaces.to_owned())
        });
        Self {
            run,
            namespaces: said.expect("it says that it holds what the other looks for"),
        }
    }

    fn is_there(&mut self) -> bool {
        self.run
            .try_wait()
            .expect("a child of this process")
            .is_none()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let group = rustix::process::Pid::from_child(&self.run);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        let _ = self.run.wait();
    }
}

pub(crate) fn what_one_guest_holds_another_at_the_same_time_does_not_find(place: Place) {
    let (fixture, host) = fixture(place);
    let mut holder = Holder::new(&fixture, &host);
    let name = "neighbours::looking_for_what_another_holds";
    let group = Group {
        targets: &["hostile"],
        filters: &["--exact", "--ignored", name],
        environment: &[("CONTAINMENT_HELD", &holder.namespaces)],
        limit: limit(place),
    };
    let outcome = group.run(&fixture, &host, Runner::CargoTest);
    assert!(
        holder.is_there(),
        "the first ended before the second had looked"
    );
    assert_endings(&outcome, &[(name, Passed)]);
}
