//! Warms up a VM that waits for its lease: runs a job like a test's, but with the agent's own
//! program, so that the kernel has read and QEMU has translated what the next test needs. Runs
//! nothing of the user's.

use super::stream::Host;
use super::{loader, memory, run};
use rustix::fs::{Advice, fadvise};
use std::fs::{self, File};
use std::io;
use std::num::NonZeroU64;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::ExitCode;
use std::time::Duration;
use vm_test_protocol::AGENT_PATH;
use vm_test_protocol::agent::Job;

/// The argument that makes the agent's program the warm-up job.
pub(super) const ROLE: &str = "__rehearse";

/// The socket of the warm-up; another one than that of tests.
const SOCKET: &str = "/run/vm-test/rehearsal";

/// How many bytes of a program are read ahead: code precedes debug information.
const HEAD: NonZeroU64 = NonZeroU64::new(8 << 20).unwrap();

/// Its time limit.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs a warm-up for these programs of the host. Failures are left to the test.
pub(super) fn rehearse<'a>(programs: impl Iterator<Item = &'a str>) {
    for program in programs {
        if let Ok(file) = File::open(program) {
            let _ = fadvise(&file, 0, Some(HEAD), Advice::WillNeed);
        }
        let _ = loader::words(vec![program.into()], 0);
    }
    let _ = act();
    let _ = fs::remove_file(SOCKET);
}

fn act() -> io::Result<()> {
    let listener = UnixListener::bind(SOCKET)?;
    listener.set_nonblocking(true)?;
    let (stage, _audience) = UnixStream::pair()?;
    let mut host = Host::new(stage.into())?;
    let job = Job {
        directory_is_optional: true,
        timeout: Some(LIMIT),
        ..Job::program(AGENT_PATH, [ROLE])
    };
    run::run(
        &mut host,
        &listener,
        job,
        &memory::Limit::new(None),
        &mut Vec::new(),
    )
}

/// Runs as the warm-up job: does what a test does before and after its body.
pub(super) fn play() -> ExitCode {
    let test = std::thread::spawn(|| {
        let _ = UnixStream::connect(SOCKET);
        println!("rehearsed");
    });
    let _ = test.join();
    ExitCode::SUCCESS
}
