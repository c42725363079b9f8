//! Checks that take a whole guest: they lease instances of guest `host` and run something in them.

use super::super::relay::unexpected;
use super::check::{Check, Verdict};
use crate::config::HOST;
use std::time::{Duration, Instant};
use vm_test_protocol::agent::{End, FromAgent, Job, ToAgent};
use vm_test_protocol::daemon::LeaseRequest;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::{Follower, Lease};
use vm_test_settings::guest::Setting;

const NO_GUESTS: &str = "every test on a guest fails";

/// How long a trivial program may take in a guest.
const PATIENCE: Duration = Duration::from_secs(30);

/// Checks whether a guest's root is an overlay over the host's files, as the guest reports it.
pub(super) fn overlay() -> Check {
    let name = "overlay";
    let tried = run(&["/bin/cat", "/proc/self/mounts"], Vec::new()).and_then(|ran| {
        let mounts = String::from_utf8_lossy(&ran.output).into_owned();
        let overlays = mounts
            .lines()
            .filter(|line| line.split(' ').nth(2) == Some("overlay"))
            .count();
        match overlays {
            0 => Err(Failure::new("a guest started, but without an overlay")),
            count => Ok(count),
        }
    });
    match tried {
        Ok(count) => Check::pass(
            name,
            format!("the kernel mounts them in a guest's user namespace, {count} for guest `host`"),
        ),
        Err(failure) => Check::fail(name, failure)
            .consequence("the files of a guest cannot be put together")
            .hint("use Linux 5.12 or newer with overlayfs, and look at the checks above"),
    }
}

pub(super) fn tun() -> Check {
    device("/dev/net/tun", "/dev/net/tun")
}

pub(super) fn fuse() -> Check {
    device("/dev/fuse", "/dev/fuse")
}

pub(super) fn loop_devices() -> Check {
    device("loop", "/dev/loop0")
}

/// Checks whether a guest that asks for a device can open it.
fn device(name: &'static str, path: &str) -> Check {
    let settings = vec![Setting::Devices(vec![name.to_owned().into()].into())];
    let open = format!("exec 3<{path}");
    let tried = run(&["/bin/sh", "-c", &open], settings).and_then(|ran| match ran.end {
        End::Exited(0) => Ok(()),
        end => Err(Failure::new(format!(
            "the guest cannot open {path}: {end:?}"
        ))),
    });
    let Err(failure) = tried else {
        return Check::pass(name, "a guest that asks for it can open it");
    };
    Check {
        status: Verdict::Warn,
        ..Check::fail(name, failure)
    }
    .consequence(format!("guests with devices = [{name:?}] do not start"))
    .hint("on the host, as root: load its module, and let this user read and write it")
}

/// Checks whether a container that asks for it gets a way out.
pub(super) fn outside() -> Check {
    let name = "network";
    let settings = vec![Setting::Network("user".into())];
    let tried = run(&["/bin/cat", "/proc/net/route"], settings).and_then(|ran| {
        let routes = String::from_utf8_lossy(&ran.output).into_owned();
        // The destination of a route to everywhere.
        let everywhere = |line: &str| line.split_whitespace().nth(1) == Some("00000000");
        if routes.lines().any(everywhere) {
            return Ok(());
        }
        Err(Failure::new("a guest started, but without a route"))
    });
    match tried {
        Ok(()) => Check::pass(
            name,
            "a container that asks for it has a route to the outside",
        ),
        Err(failure) => Check {
            status: Verdict::Warn,
            ..Check::fail(name, failure)
        }
        .consequence("containers with network = \"user\" do not start; VMs with it can")
        .hint("install the package passt, and let this user read and write /dev/net/tun"),
    }
}

/// Checks whether everything works together, and how long it takes.
pub(super) fn guest() -> Check {
    let name = "guest";
    match run(&["/bin/true"], Vec::new()) {
        Ok(ran) if ran.end == End::Exited(0) => Check::pass(
            name,
            format!(
                "instance {} ran /bin/true {} ms after it was asked for",
                ran.instance,
                ran.took.as_millis()
            ),
        ),
        Ok(ran) => Check::fail(
            name,
            Failure::new(format!("/bin/true in a guest ended with {:?}", ran.end)),
        )
        .consequence(NO_GUESTS)
        .hint("vm-test shell lets you look around in one"),
        Err(failure) => Check::fail(name, failure)
            .consequence(NO_GUESTS)
            .hint("the checks above name what is missing"),
    }
}

/// How a program in a guest ended.
struct Ran {
    instance: String,
    end: End,
    output: Vec<u8>,
    took: Duration,
}

fn run(command: &[&str], settings: Vec<Setting>) -> Result<Ran, Failure> {
    let began = Instant::now();
    let request = LeaseRequest {
        settings,
        // Not of this directory: a broken vm-test.toml there says nothing about the host.
        ..LeaseRequest::new(
            HOST,
            "vm-test doctor",
            vm_test_runtime::client::store()?.to_string_lossy(),
        )
    };
    let mut lease = Lease::obtain(&request, |_| {})?;
    let cannot = |error: std::io::Error| {
        Failure::new(format!("cannot talk to the agent of a guest: {error}"))
    };
    let job = Job::program(command[0], command[1..].iter().copied());
    lease
        .agent
        .send(&ToAgent::Job(Box::new(job)))
        .map_err(cannot)?;
    let mut output = Output::default();
    let followed = lease.follow(Some(PATIENCE), &mut output);
    let ended = followed.ended.map_err(|lost| lease.cause_of(lost))?;
    Ok(Ran {
        instance: lease.granted.instance.clone(),
        end: ended.end,
        output: output.0,
        took: began.elapsed(),
    })
}

/// What a program has written to standard output.
#[derive(Default)]
struct Output(Vec<u8>);

impl Follower for Output {
    fn take(&mut self, message: FromAgent) -> Result<(), Failure> {
        match message {
            FromAgent::Stdout(bytes) => self.0.extend(bytes),
            FromAgent::Stderr(_) => {}
            other => return Err(unexpected(&other)),
        }
        Ok(())
    }
}
