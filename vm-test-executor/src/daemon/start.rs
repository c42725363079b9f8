//! The daemon's life: independence from whoever started it, lock, socket, main loop, orderly end.

use super::admission::{Admission, Budget};
use super::emulator::Emulators;
use super::files::Files;
use super::lease::Host;
use super::libraries::Libraries;
use super::listener::{self, Desk};
use super::registry::Registry;
use super::spares::Spares;
use super::stores::{self, Stores};
use super::{IDLE_SECONDS, environment, loops, spawner, sweep};
use crate::host::idmaps::IdMaps;
use crate::sys::session;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use vm_test::client::{Executor, RuntimeDir};
use vm_test::protocol::errno::Tried;
use vm_test::protocol::failure::Failure;
use vm_test::protocol::harvest::ENV_PROFILE;
use vm_test::variables;

/// The word on standard output that says the daemon listens.
const READY: &[u8] = b"ready\n";

/// How long the main loop sleeps when there is nothing to start.
const TICK: Duration = Duration::from_millis(250);

/// How long a daemon that another process is starting may take to listen.
const OTHERS_START: Duration = Duration::from_secs(10);

/// Variables that the daemon keeps from whoever started it.
const KEPT: [&str; 5] = [
    "HOME",
    "USER",
    "PATH",
    "XDG_RUNTIME_DIR",
    // Where it writes what it has executed, if it was built to be measured.
    ENV_PROFILE,
];

fn cannot(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("cannot {what}: {error}"))
}

/// The same with what helps against the error.
fn refused(what: &str, tried: Tried, error: &io::Error) -> Failure {
    cannot(what, error).because(tried, error)
}

fn program() -> Result<Executor, Failure> {
    let path =
        std::env::current_exe().map_err(|error| cannot("find the program itself", &error))?;
    Executor::at(&path).ok_or_else(|| cannot("find the program itself", &path.display()))
}

/// Starts a daemon that has nothing in common with this process, and returns when it listens.
///
/// # Errors
/// If it cannot be started; with its own words.
pub fn start_detached() -> Result<(), Failure> {
    let executor = program()?;
    let dir = RuntimeDir::open()?;
    let log_path = dir.path().join(format!("{}.log", executor.identity));
    let log = File::options()
        .create(true)
        .append(true)
        .open(&log_path)
        .map_err(|error| {
            refused(
                &format!("write {}", log_path.display()),
                Tried::File,
                &error,
            )
        })?;
    let before = log.metadata().map_or(0, |meta| meta.len());
    let before = usize::try_from(before).unwrap_or(0);
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
        .stderr(log);
    session::own_session(&mut command);
    // A lock that somebody holds in a shell, or a pipe that somebody reads to its end, must not be held as long as it lives.
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
    let words = fs::read(&log_path).unwrap_or_default();
    // Older words are of daemons that had other troubles.
    let words = words.get(before..).unwrap_or_default();
    let words = String::from_utf8_lossy(words);
    Err(Failure::last_in(&words).unwrap_or_else(|| {
        let last = words.trim_end().lines().last();
        cannot("start the daemon", &last.unwrap_or("it did not say why"))
    }))
}

/// Whether a debugger or tracer follows this process, perhaps with all that it starts.
fn is_traced() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let tracer = status
        .lines()
        .find_map(|line| line.strip_prefix("TracerPid:"));
    tracer.is_some_and(|id| id.trim() != "0")
}

/// Serves until it is idle, asked to stop, or told to by a signal. Call it in a process of its own.
///
/// # Errors
/// If it cannot listen.
pub fn serve() -> Result<(), Failure> {
    let executor = program()?;
    let agent = agent(&executor)?;
    environment::check()?;
    let dir = RuntimeDir::open()?;
    let files = Files::new(&dir, &executor.identity);
    let Some(_lock) = files.lock()? else {
        return wait_for_other(&files.socket);
    };
    let _ = fs::remove_file(&files.socket);
    let listener = UnixListener::bind(&files.socket).map_err(|error| {
        let what = format!("listen at {}", files.socket.display());
        refused(&what, Tried::File, &error)
    })?;
    sweep::sweep(&dir, Some(&executor.identity));
    let journal = files.socket.with_extension("journal");
    loops::sweep(&journal);
    stores::sweep(&journal);
    raise_file_limit();
    let (spawner, orders) = spawner::spawner();
    let (stop, stopping) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
        .map_err(|error| refused("make a pipe", Tried::Descriptor, &error.into()))?;
    let desk = Arc::new(Desk {
        host: Host {
            admission: Admission::new(Budget::of_host()),
            registry: Registry::default(),
            spawner,
            maps: IdMaps::of_this_user(),
            agent,
            libraries: Libraries::default(),
            emulators: Emulators::default(),
            stores: Stores::new(journal.clone()),
            spares: Spares::of_environment(),
            journal: journal.clone(),
            run: run_id(),
            stop,
        },
        began: Instant::now(),
        active: AtomicUsize::new(0),
        stop_asked: AtomicBool::new(false),
    });
    let signaled = Arc::new(AtomicBool::new(false));
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&signaled))
            .map_err(|error| refused("handle signals", Tried::Descriptor, &error))?;
    }
    let accepting = Arc::clone(&desk);
    std::thread::Builder::new()
        .spawn(move || listener::listen(&accepting, &listener))
        .map_err(|error| refused("start a thread", Tried::Process, &error))?;
    say_ready()?;
    let mut idle_since = Instant::now();
    let idle = idle_time();
    let asked = || desk.stop_asked.load(Ordering::SeqCst) || signaled.load(Ordering::SeqCst);
    let busy = || desk.active.load(Ordering::SeqCst) > 0;
    loop {
        let idles = !orders.serve_one(TICK) && !busy();
        desk.host.spares.expire();
        if !idles {
            idle_since = Instant::now();
        }
        if asked() || (idles && idle_since.elapsed() >= idle) {
            break;
        }
    }
    files.remove();
    // Who found the socket in the last moment of idleness is served to the end; who was not yet heard starts a new daemon.
    while busy() && !asked() {
        orders.serve_one(TICK);
    }
    // Every lease sees this and destroys its instance.
    drop(stopping);
    let limit = Instant::now() + Duration::from_secs(10);
    while busy() && Instant::now() < limit {
        orders.serve_one(Duration::from_millis(5));
    }
    desk.host.spares.clear();
    stores::sweep(&journal);
    sweep::sweep(&dir, None);
    Ok(())
}

fn wait_for_other(socket: &Path) -> Result<(), Failure> {
    let limit = Instant::now() + OTHERS_START;
    while Instant::now() < limit {
        if UnixStream::connect(socket).is_ok() {
            return say_ready();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Err(cannot(
        "start",
        &format!(
            "another daemon holds the lock and does not listen at {}",
            socket.display()
        ),
    ))
}

/// Tells whoever started the daemon, and lets go of the pipe.
fn say_ready() -> Result<(), Failure> {
    let mut stdout = io::stdout();
    // Whoever started the daemon may be gone already, and the next client finds it all the same.
    let _ = stdout.write_all(READY).and_then(|()| stdout.flush());
    let null = File::options()
        .write(true)
        .open("/dev/null")
        .map_err(|error| refused("open /dev/null", Tried::File, &error))?;
    rustix::stdio::dup2_stdout(&null).map_err(|error| cannot("close standard output", &error))
}

/// The agent is installed beside the program.
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

/// Differs between daemons that are alive, and hardly ever repeats.
fn run_id() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let nanos = now.map_or(0, |now| now.subsec_micros());
    format!(
        "{:04x}",
        (std::process::id() ^ nanos.rotate_left(3)) & 0xffff
    )
}

fn idle_time() -> Duration {
    let seconds = environment::number(variables::IDLE_SECONDS);
    Duration::from_secs(seconds.map_or(IDLE_SECONDS, u64::from))
}

/// Every lease takes a few descriptors; the usual soft limit would end at some hundred.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}
