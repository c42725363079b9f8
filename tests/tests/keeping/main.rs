//! Failures that can be inspected: what is kept, how to attach and leave, what is shown, and that
//! nothing stays longer than it should. Each for every backend in [`BACKENDS`].

mod attach;
mod debug;
mod endings;
mod logs;
mod stay;
mod timeouts;

use std::time::Duration;
use vm_test_tests::fixture::{Fixture, Run, Runner};
use vm_test_tests::host::Host;
use vm_test_tests::process::{Running, await_that, instances};

/// The modules of the fixture, one for each backend.
const BACKENDS: [&str; 2] = ["lxc", "kvm"];

/// How long something immediate may take on a busy host.
const PATIENCE: Duration = Duration::from_secs(20);

/// Returns the built fixture, and a new host for a test, with the image of the VMs.
fn fixture() -> (Fixture, Host) {
    let fixture = Fixture::new("keeping");
    let host = Host::new().with_shared_store();
    fixture.build(&host);
    host.build_images(fixture.directory(), &["debian-12"]);
    (fixture, host)
}

/// An instance that was kept when its test failed.
struct Kept {
    fixture: Fixture,
    host: Host,
    id: String,
    run: Run,
}

impl Kept {
    /// Makes a test of the fixture fail, and finds its instance in the failure.
    #[track_caller]
    fn by(test: &str) -> Self {
        let (fixture, host) = fixture();
        let run = fixture.run(&host, Runner::Nextest, test);
        assert!(!run.success, "{}", run.text);
        let id = kept_id(&run.text).unwrap_or_else(|| panic!("nothing is kept: {}", run.text));
        Self {
            fixture,
            host,
            id,
            run,
        }
    }
}

/// Returns the instance in the only command that a failure names.
fn kept_id(text: &str) -> Option<String> {
    let (_, command) = text.split_once("; to open a shell in it: ")?;
    let words: Vec<_> = command.lines().next()?.split(' ').collect();
    match words.as_slice() {
        [program, "attach", id] if program.ends_with("vm-test") => Some((*id).to_owned()),
        _ => None,
    }
}

/// Returns the names of the kept instances, as `vm-test ps` lists them.
fn kept(host: &Host) -> Vec<String> {
    let instances = instances(host);
    let kept = instances.iter().filter(|it| !it["kept"].is_null());
    kept.map(|it| it["instance"].as_str().expect("a name").to_owned())
        .collect()
}

/// Starts a command in a new instance; returns the instance's name.
fn in_use(host: &Host) -> (Running, String) {
    let args = ["run", "host", "--", "sleep", "60"];
    let running = Running::start(host.vm_test().args(args));
    let mut name = None;
    await_that("its instance is alive", PATIENCE, || {
        let instances = instances(host);
        let busy = instances.iter().find(|it| it["kept"].is_null());
        name = busy.and_then(|it| Some(it["instance"].as_str()?.to_owned()));
        name.is_some()
    });
    (running, name.expect("it was found"))
}
