//! The agent: the first process of a guest, or beside it where that is the image's own init. Runs one job, brings its output and its verdict out, reaps, and goes.
//!
//! One thread, one `poll`. It trusts its host, and believes nothing that the job says without the job's nonce.

mod body;
mod boot;
mod ending;
mod events;
mod job;
mod loader;
mod memory;
mod orders;
mod output;
mod run;
mod stream;

use crate::sys::{inherited, loopback};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::ExitCode;
use std::time::Duration;
use vm_test::protocol::agent::{FromAgent, ToAgent};
use vm_test::protocol::{ALIVE, BODY_SOCKET, PROTOCOL};

/// The variable with the number of the descriptor of the stream to the host.
const ENV_STREAM: &str = "VM_TEST_STREAM";

/// The variable with the time limit, in milliseconds, of the boot of a guest with an init of its own.
const ENV_BOOT_TIMEOUT: &str = "VM_TEST_BOOT_TIMEOUT";

/// The variable with the memory limit that the agent has to watch, in bytes.
const ENV_MEMORY_LIMIT: &str = "VM_TEST_MEMORY_LIMIT";

/// How many processes each user of the guest may have, for every processor. All of them may want to run at once, and then
/// the agent waits for its turn like everybody on the host; it must not be seconds.
const PROCESSES_PER_CPU: u64 = 512;

/// Within these bounds: tests have hundreds of threads, and no host is so large that more than this is no mistake.
const PROCESSES: std::ops::RangeInclusive<u64> = 1024..=4096;

/// Runs the agent.
pub fn main() -> ExitCode {
    let number = std::env::var(ENV_STREAM)
        .ok()
        .and_then(|text| text.parse().ok());
    let Some(stream) = number.and_then(|number| inherited::take(number).ok()) else {
        eprintln!("vm-test-agent: it is started inside a guest by vm-test only");
        return ExitCode::FAILURE;
    };
    let boot = std::env::var(ENV_BOOT_TIMEOUT)
        .ok()
        .and_then(|text| text.parse().ok())
        .map(Duration::from_millis);
    if boot.is_some() && std::process::id() == 1 {
        let error = boot::become_init(&stream);
        eprintln!("vm-test-agent: {error}");
        return ExitCode::FAILURE;
    }
    match serve(stream, boot) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vm-test-agent: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Keeps a guest from taking all the processes that its host has room for, also where no control group does. Nobody but
/// the host's root could raise the limit again.
fn limit_processes() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let cpus = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let wanted = (cpus * PROCESSES_PER_CPU).clamp(*PROCESSES.start(), *PROCESSES.end());
    let given = getrlimit(Resource::Nproc).maximum.unwrap_or(u64::MAX);
    let most = Some(wanted.min(given));
    let _ = setrlimit(
        Resource::Nproc,
        Rlimit {
            current: most,
            maximum: most,
        },
    );
}

fn serve(stream: OwnedFd, boot: Option<Duration>) -> std::io::Result<()> {
    inherited::set_inheritable(&stream, false)?;
    limit_processes();
    let host = UnixStream::from(stream);
    // Where the network namespace is the guest's own this succeeds; where it is not, there is nothing to bring up.
    let _ = loopback::up();
    let listener = UnixListener::bind(BODY_SOCKET)?;
    listener.set_nonblocking(true)?;
    let kernel = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    let mut stream = stream::Host::new(host);
    // The keeper sees when it is closed, whatever closes it.
    let _alive = boot
        .map(|_| File::options().write(true).open(ALIVE))
        .transpose()?;
    let degraded = match boot.map_or(Ok(None), boot::await_up) {
        Ok(degraded) => degraded,
        Err(reason) => {
            stream.send(&FromAgent::NotUp(reason))?;
            stream.finish()?;
            // The host looks at the console.
            stream.wait_for_end();
            return Ok(());
        }
    };
    stream.send(&FromAgent::Hello {
        protocol: PROTOCOL,
        kernel,
        degraded,
    })?;
    let job = match stream.receive()? {
        Some(ToAgent::Job(job)) => job,
        // The lease ended before a job came.
        _ => return Ok(()),
    };
    let limit = std::env::var(ENV_MEMORY_LIMIT)
        .ok()
        .and_then(|text| text.parse().ok());
    run::run(&mut stream, &listener, job, limit)?;
    // The host reads the last message and closes; until then the guest stays, for a host that wants to look.
    stream.wait_for_end();
    Ok(())
}
