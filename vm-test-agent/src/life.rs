//! The life of the agent: takes its stream, says hello, and runs one job after another.

use super::work::{self, Guest};
use super::{
    boot, channels, container, kind, lease, limits, machine, memory, rehearsal, rest, run, stream,
    tools,
};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use vm_test_protocol::agent::FromAgent;
use vm_test_protocol::machine::READ_DISK;
use vm_test_protocol::tool::TOOL;
use vm_test_protocol::{ALIVE, BODY_SOCKET, ENV_AHEAD, PROTOCOL};
use vm_test_sys::{inherited, loopback, session};

/// The variable with the descriptor of the stream to the host.
const ENV_STREAM: &str = "VM_TEST_STREAM";

/// The variable with the boot timeout, in milliseconds, of a guest with its own init.
const ENV_BOOT_TIMEOUT: &str = "VM_TEST_BOOT_TIMEOUT";

/// The variable with the memory limit that the agent must watch, in bytes.
const ENV_MEMORY_LIMIT: &str = "VM_TEST_MEMORY_LIMIT";

/// Runs the agent.
pub fn main() -> ExitCode {
    match std::env::args_os().nth(1) {
        Some(word) if word == READ_DISK => return machine::read_disk(),
        Some(word) if word == rehearsal::ROLE => return rehearsal::play(),
        Some(word) if word == TOOL => return tools::play(),
        _ => {}
    }
    // The daemon may have been started by a shell's background job, or under nohup.
    session::default_signals();
    let boot = number(ENV_BOOT_TIMEOUT).map(Duration::from_millis);
    let done = if kind::is_vm() {
        in_machine(boot)
    } else {
        match number(ENV_STREAM).and_then(|number| inherited::take(number).ok()) {
            Some(stream) => in_container(stream, boot),
            None => Err(io::Error::other(
                "it is started inside a guest by vm-test only",
            )),
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vm-test-agent: {error}");
            ExitCode::FAILURE
        }
    }
}

fn number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    std::env::var(variable).ok()?.parse().ok()
}

fn in_machine(boot: Option<Duration>) -> io::Result<()> {
    let begun = machine::begin(boot)?;
    let mut host = stream::Host::new(begun.stream)?;
    serve(&mut host, listener()?, begun.degraded)
}

fn in_container(stream: OwnedFd, boot: Option<Duration>) -> io::Result<()> {
    if boot.is_some() && std::process::id() == 1 {
        return Err(boot::become_init(&stream));
    }
    inherited::set_inheritable(&stream, false)?;
    limits::limit_processes();
    container::prepare();
    // Succeeds if the network namespace is the guest's own; otherwise there is nothing to bring up.
    let _ = loopback::up();
    // The keeper sees the pipe close, however the agent ends.
    let _alive = boot
        .map(|_| File::options().write(true).open(ALIVE))
        .transpose()?;
    let up = boot.map_or(Ok(None), boot::await_up);
    let listener = listener()?;
    let stream = match std::env::var_os(ENV_AHEAD) {
        Some(_) => lease::await_stream(stream)?,
        None => stream,
    };
    let mut host = stream::Host::new(stream)?;
    let degraded = match up {
        Ok(degraded) => degraded,
        Err(reason) => {
            host.send(&FromAgent::NotUp(reason))?;
            host.finish()?;
            // The host reads the console.
            host.wait_for_end();
            return Ok(());
        }
    };
    serve(&mut host, listener, degraded)
}

/// Returns the socket on which bodies report.
fn listener() -> io::Result<UnixListener> {
    let listener = UnixListener::bind(BODY_SOCKET)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Says hello, takes jobs, and runs them.
fn serve(
    host: &mut stream::Host,
    listener: UnixListener,
    degraded: Option<String>,
) -> io::Result<()> {
    let kernel = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    host.send(&FromAgent::Hello {
        protocol: PROTOCOL,
        kernel,
        degraded,
    })?;
    let guest = Arc::new(Guest {
        listener,
        memory: memory::Limit::new(number(ENV_MEMORY_LIMIT)),
    });
    // After the last message the host closes the stream, or sends another job, to inspect what a
    // job has left.
    let mut left = Vec::new();
    while let Some(next) = rest::next(host, &guest.listener, &guest.memory, &mut left)? {
        match next {
            rest::Next::Job(job) => {
                run::run(host, &guest.listener, *job, &guest.memory, &mut left)?;
            }
            rest::Next::Multiplex => {
                let work = {
                    let guest = Arc::clone(&guest);
                    move |channel, stream| work::run(&guest, channel, stream)
                };
                channels::serve(host, &guest, &mut left, work)?;
            }
        }
    }
    Ok(())
}
