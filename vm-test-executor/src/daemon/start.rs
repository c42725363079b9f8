//! The daemon's life cycle: detaching from the process that started it, lock, socket, main loop,
//! orderly end.

use super::files::Files;
use super::gate::Gate;
use super::instance::{Orders, loops, spawner};
use super::lease::{Admission, Budget, Claims, FailedSetUps, Host, Labs, Registry, Spares};
use super::listener::{self, Desk};
use super::prepare::Tools;
use super::prepare::stores::{self};
use super::{environment, log, sweep};
use crate::host::idmaps::IdMaps;
use signal_hook::iterator::Signals;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::harvest::ENV_PROFILE;
use vm_test_runtime::client::{Executor, RuntimeDir};
use vm_test_runtime::variables;
use vm_test_sys::session;

/// Printed to standard output when the daemon listens.
const READY: &[u8] = b"ready\n";

/// How long the main loop sleeps when there is nothing to start.
const TICK: Duration = Duration::from_millis(250);

/// How long a daemon without leases stays, by default.
const IDLE: Duration = Duration::from_secs(15);

/// Variables that the daemon keeps from the process that started it.
const KEPT: [&str; 5] = [
    "HOME",
    "USER",
    "PATH",
    "XDG_RUNTIME_DIR",
    // Where it writes its coverage profile, if it was built for coverage.
    ENV_PROFILE,
];

fn cannot(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("cannot {what}: {error}"))
}

/// Returns the failure with a hint for the error.
fn refused(what: &str, tried: Tried, error: &io::Error) -> Failure {
    cannot(what, error).because(tried, error)
}

fn program() -> Result<Executor, Failure> {
    let path =
        std::env::current_exe().map_err(|error| cannot("find the program itself", &error))?;
    Executor::at(&path).ok_or_else(|| cannot("find the program itself", &path.display()))
}

/// Starts a daemon that is detached from this process, and returns when it listens.
///
/// # Errors
/// If it cannot be started; as the daemon reports.
pub fn start_detached() -> Result<(), Failure> {
    let executor = program()?;
    own_umask();
    let mut log = log::open(&executor.identity)?;
    let before = log.metadata().map_or(0, |meta| meta.len());
    let mut command = Command::new(&executor.path);
    command
        .args(["daemon", "--serve"])
        .current_dir("/")
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| {
            let name = name.to_string_lossy();
            KEPT.contains(&name.as_ref()) || name.starts_with("VM_TEST_")
        }))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(
            log.try_clone()
                .map_err(|error| refused("start the daemon", Tried::Descriptor, &error))?,
        );
    session::own_session(&mut command);
    // The daemon must not hold a shell's lock or the end of a pipe for as long as it lives.
    session::standard_streams_only(&mut command);
    if is_traced() {
        session::unfollowed(&mut command);
    }
    let mut child = command
        .spawn()
        .map_err(|error| refused("start the daemon", Tried::Process, &error))?;
    let mut said = Vec::new();
    if let Some(mut stdout) = child.stdout.take() {
        let _ = stdout.read_to_end(&mut said);
    }
    if said == READY {
        return Ok(());
    }
    let _ = child.wait();
    // Older lines are about earlier daemons.
    let mut words = Vec::new();
    let _ = log
        .seek(SeekFrom::Start(before))
        .and_then(|_| log.read_to_end(&mut words));
    let words = String::from_utf8_lossy(&words);
    Err(Failure::last_in(&words).unwrap_or_else(|| {
        let last = words.trim_end().lines().last();
        cannot("start the daemon", &last.unwrap_or("it did not say why"))
    }))
}

/// Returns whether a debugger or tracer follows this process, and perhaps all that it starts.
fn is_traced() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let tracer = status
        .lines()
        .find_map(|line| line.strip_prefix("TracerPid:"));
    tracer.is_some_and(|id| id.trim() != "0")
}

/// Serves until it is idle, asked to stop, or stopped by a signal. Call it in a process of its own.
///
/// # Errors
/// If it cannot listen.
pub fn serve() -> Result<(), Failure> {
    let executor = program()?;
    own_umask();
    let agent = agent(&executor)?;
    environment::check()?;
    let Some(mut files) = Files::take(&executor.identity)? else {
        return say_ready();
    };
    let listener = files.bind()?;
    log::restore(&executor.identity);
    let dir = RuntimeDir::open()?;
    sweep::sweep(&dir, Some(&executor.identity));
    let journal = files.socket.with_extension("journal");
    loops::sweep(&journal);
    stores::sweep(&journal);
    raise_file_limit();
    let maps = IdMaps::of_this_user();
    let (spawner, orders) = spawner(maps.clone());
    let (stop, stopping) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
        .map_err(|error| refused("make a pipe", Tried::Descriptor, &error.into()))?;
    let run = run_id();
    let claims = Claims::of_this_user(&run)?;
    let desk = Arc::new(Desk {
        host: Host {
            gate: Gate::default(),
            admission: Admission::among(Budget::of_host(), claims),
            registry: Registry::default(),
            labs: Labs::default(),
            failed_set_ups: FailedSetUps::default(),
            spares: Spares::of_environment(),
            spare_labs: Spares::of_environment(),
            tools: Tools::new(maps, agent, journal.clone(), spawner, run, stop),
        },
        began: Instant::now(),
    });
    let way_in = listener
        .try_clone()
        .map_err(|error| refused("listen", Tried::Descriptor, &error))?;
    heed_signals(&desk)?;
    let accepting = Arc::clone(&desk);
    std::thread::Builder::new()
        .spawn(move || listener::listen(&accepting, &listener))
        .map_err(|error| refused("start a thread", Tried::Process, &error))?;
    say_ready()?;
    orders.make_ready();
    serve_until_closed(&desk.host, &orders, &files);
    files.remove_socket();
    // A client that connected at the last moment and was not served turns to the next daemon.
    let _ = rustix::net::shutdown(&way_in, rustix::net::Shutdown::Both);
    drop(way_in);
    // Every lease notices this and destroys its instance.
    drop(stopping);
    let limit = Instant::now() + Duration::from_secs(10);
    while desk.host.gate.is_busy() && Instant::now() < limit {
        orders.serve_one(Duration::from_millis(5));
    }
    desk.host.end_spares();
    if files.is_lock_in_place() {
        stores::sweep(&journal);
        sweep::sweep(&dir, None);
    }
    desk.host.admission.leave();
    files.remove();
    Ok(())
}

/// Starts instances as they are ordered, until no more connections are accepted: the daemon was
/// stopped, or has been idle long enough.
fn serve_until_closed(host: &Host, orders: &Orders, files: &Files) {
    let gate = &host.gate;
    let mut idle_since = Instant::now();
    let idle = idle_time();
    while !gate.is_closed() {
        let idles = !orders.serve_one(TICK) && !gate.is_busy();
        host.expire_spares();
        if !idles {
            idle_since = Instant::now();
        }
        let is_found = files.are_in_place();
        if !is_found {
            // No client can reach this daemon any more, and another one must be able to take its
            // place.
            files.remove();
        }
        if idles && (!is_found || idle_since.elapsed() >= idle) {
            gate.close_if_idle();
        }
    }
}

/// Sets the usual umask, whatever the caller's: guests inherit it from here.
///
/// Private files are made with an explicit mode.
fn own_umask() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
}

/// Makes the daemon stop when a signal asks for it.
fn heed_signals(desk: &Arc<Desk>) -> Result<(), Failure> {
    let mut signals = Signals::new([libc::SIGTERM, libc::SIGINT, libc::SIGHUP])
        .map_err(|error| refused("handle signals", Tried::Descriptor, &error))?;
    let desk = Arc::clone(desk);
    let heed = move || signals.forever().for_each(|_| desk.leave());
    std::thread::Builder::new()
        .spawn(heed)
        .map_err(|error| refused("start a thread", Tried::Process, &error))?;
    Ok(())
}

/// Tells the process that started the daemon, and closes the pipe.
fn say_ready() -> Result<(), Failure> {
    // Nothing may fail after this message: nobody would learn why.
    let null = File::options()
        .write(true)
        .open("/dev/null")
        .map_err(|error| refused("open /dev/null", Tried::File, &error))?;
    let mut stdout = io::stdout();
    // If the process that started the daemon is gone, the next client still finds it.
    let _ = stdout.write_all(READY).and_then(|()| stdout.flush());
    rustix::stdio::dup2_stdout(&null).map_err(|error| cannot("close standard output", &error))
}

/// Returns the path of the agent, which is installed beside the program.
fn agent(executor: &Executor) -> Result<PathBuf, Failure> {
    let path = executor.path.with_file_name("vm-test-agent");
    if path.is_file() {
        return Ok(path);
    }
    Err(Failure::new(format!(
        "cannot find the agent: {} is not there",
        path.display()
    ))
    .hint("cargo install vm-test-executor installs both programs"))
}

/// Returns an id that differs between living daemons, and hardly ever repeats.
fn run_id() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanos = now.map_or(0, |now| now.subsec_micros());
    format!(
        "{:04x}",
        (std::process::id() ^ nanos.rotate_left(3)) & 0xffff
    )
}

fn idle_time() -> Duration {
    environment::time(variables::IDLE_SECONDS).unwrap_or(IDLE)
}

/// Each lease needs a few descriptors; the usual soft limit of 1024 would allow only a few hundred
/// leases.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}
