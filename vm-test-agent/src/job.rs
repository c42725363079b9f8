//! Starting a job's process: environment, streams or terminal, and the checks before.

use super::{kind, libraries, loader, toolchain};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use vm_test_protocol::agent::{End, Job, Obstacle, TerminalSize};
use vm_test_protocol::machine::ENV_MACHINE;
use vm_test_protocol::{AGENT_PATH, ENV_CALL, ENV_JOB, ENV_TEST};
use vm_test_sys::session;

/// The environment of every process in a guest, unless the job sets it.
///
/// Without `PATH`, a shell would find programs in `/usr/sbin`, but `std::process::Command` would
/// not.
const ENVIRONMENT: [(&str, &str); 7] = [
    (
        "PATH",
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ),
    ("HOME", "/root"),
    ("USER", "root"),
    ("LOGNAME", "root"),
    ("SHELL", "/bin/sh"),
    ("TERM", "dumb"),
    ("LANG", "C.UTF-8"),
];

/// Where the guest's loader looks first.
const LIBRARY_PATH: &str = "LD_LIBRARY_PATH";

/// A started job and the agent's ends of its streams.
pub(super) struct Started {
    pub(super) child: Child,
    /// The job's standard input; `None` if it has none.
    pub(super) input: Option<OwnedFd>,
    /// Standard output, or the terminal.
    pub(super) output: OwnedFd,
    /// Standard error; a terminal has no separate one.
    pub(super) error: Option<OwnedFd>,
    /// The terminal, to be resized.
    pub(super) terminal: Option<OwnedFd>,
}

/// Starts the job with these additional variables; on failure returns why.
pub(super) fn start(job: &Job, variables: &[(&str, String)]) -> Result<Started, End> {
    if let Some(test) = &job.test {
        check_binary(&job.program, test.length_bytes, test.modified).map_err(|reason| {
            End::NotStarted {
                reason,
                obstacle: Obstacle::Other,
            }
        })?;
    }
    let mut directory = Path::new(&job.directory);
    if job.directory_is_optional && !directory.is_dir() {
        directory = Path::new("/");
    }
    let mut words = vec![OsString::from(&job.program)];
    words.extend(job.args.iter().map(|arg| OsStr::from_bytes(arg).to_owned()));
    if let Some(number) = job.of_host {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        words = loader::words(words, number).map_err(|reason| End::NotStarted {
            reason,
            obstacle: Obstacle::Other,
        })?;
    } else if job.program == AGENT_PATH {
        words = loader::words_of_agent(words.into_iter().skip(1));
    }
    loader::wrap_binaries(&job.environment);
    let mut words = words.into_iter();
    let mut command = Command::new(words.next().unwrap_or_default());
    command
        .args(words)
        .current_dir(directory)
        .env_clear()
        .envs(ENVIRONMENT);
    if kind::is_vm() {
        // A tool must know whose kernel it changes.
        command.envs((job.program == AGENT_PATH).then_some((ENV_MACHINE, "1")));
    } else {
        command.env("container", "lxc");
    }
    if let Some(path) = toolchain::search_path(&job.environment, ENVIRONMENT[0].1) {
        command.env("PATH", path);
    }
    let mut search = libraries::lacking().map(PathBuf::into_os_string);
    let told = toolchain::told(&job.environment);
    for (name, value) in told {
        let name = OsString::from_vec(name.clone());
        let mut value = OsString::from_vec(value.clone());
        if name == LIBRARY_PATH {
            value = existing(&value, search.take());
        }
        command.env(name, value);
    }
    if let Some(search) = search {
        command.env(LIBRARY_PATH, search);
    }
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    if let Some(test) = &job.test {
        command.env(ENV_JOB, format!("{:032x}", job.nonce));
        command.env(ENV_TEST, &test.name);
        if test.call.is_some() {
            command.env(ENV_CALL, "1");
        }
    }
    let started = match job.terminal {
        Some(size) => on_terminal(command, size),
        None => on_pipes(command, job.test.is_some()),
    };
    started.map_err(|error| explain(&job.program, directory, &error))
}

/// Keeps only directories that the guest has, so that no others are searched, and appends another
/// one.
fn existing(value: &OsStr, more: Option<OsString>) -> OsString {
    let dirs = std::env::split_paths(value).filter(|dir| dir.is_dir());
    std::env::join_paths(dirs.chain(more.map(PathBuf::from))).unwrap_or_default()
}

/// Checks that the file at the path is the binary that asked for the lease.
fn check_binary(
    program: &str,
    length_bytes: u64,
    modified: std::time::Duration,
) -> Result<(), String> {
    let meta = fs::metadata(program).map_err(|error| format!("{program}: {error}"))?;
    let nanos = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
    let nanos = u128::try_from(nanos).unwrap_or(0);
    let modified = modified.as_nanos();
    // Payload disks keep only whole seconds.
    let whole = |nanos: u128| nanos / 1_000_000_000;
    let same = nanos == modified || (meta.mtime_nsec() == 0 && whole(nanos) == whole(modified));
    if meta.len() != length_bytes || !same {
        return Err(format!(
            "{program} has changed since this test process started: it was rebuilt meanwhile; run the tests again"
        ));
    }
    Ok(())
}

fn on_pipes(mut command: Command, test: bool) -> io::Result<Started> {
    let (output, to_output) = open_pipe()?;
    let (error, to_error) = open_pipe()?;
    command.stdout(to_output).stderr(to_error).process_group(0);
    let input = if test {
        command.stdin(Stdio::null());
        None
    } else {
        let (from_input, input) = open_pipe()?;
        command.stdin(from_input);
        Some(input)
    };
    let child = command.spawn()?;
    // The command holds the job's ends of the pipes; after dropping it, the end of the job shows as
    // the end of its output.
    drop(command);
    Ok(Started {
        input,
        output,
        error: Some(error),
        terminal: None,
        child,
    })
}

/// Returns the ends of a pipe, to read from and to write to.
///
/// A process of the job that has given up root can open it by its name, as `/dev/stderr`. Container
/// engines allow that, too, and servers that change their user rely on it.
fn open_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    rustix::fs::fchmod(&write, rustix::fs::Mode::from_raw_mode(0o666))?;
    Ok((read, write))
}

fn on_terminal(mut command: Command, size: TerminalSize) -> io::Result<Started> {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let path = Path::new(std::ffi::OsStr::from_bytes(name.as_bytes()));
    // Without this flag the terminal would become the agent's, and could then not become the job's.
    let terminal = fs::File::options()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOCTTY)
        .open(path)?;
    resize(&master, size)?;
    command
        .stdin(terminal.try_clone()?)
        .stdout(terminal.try_clone()?)
        .stderr(terminal.try_clone()?);
    session::own_terminal(&mut command, terminal.into());
    let child = command.spawn()?;
    // The command holds the job's end of the terminal; after dropping it, the end of the job shows
    // as the end of the output.
    drop(command);
    Ok(Started {
        child,
        input: Some(master.try_clone()?),
        output: master.try_clone()?,
        error: None,
        terminal: Some(master),
    })
}

/// Sets the size of a terminal.
pub(super) fn resize(terminal: &OwnedFd, size: TerminalSize) -> io::Result<()> {
    let size = rustix::termios::Winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    rustix::termios::tcsetwinsize(terminal, size)?;
    Ok(())
}

/// Explains an error: "No such file" may be about the program, its working directory, or its
/// loader.
fn explain(program: &str, directory: &Path, error: &io::Error) -> End {
    let (reason, obstacle) = if !directory.is_dir() {
        let directory = directory.display();
        (
            format!("the working directory {directory} is not in the guest"),
            Obstacle::Other,
        )
    } else {
        // A name without a slash was looked up in `PATH`, so its file is not known here.
        let file = directory.join(program);
        let is_there = program.contains('/') && file.exists();
        match error.kind() {
            ErrorKind::NotFound if is_there => (
                format!("{program}: its loader or interpreter is not in the guest"),
                Obstacle::NotExecutable,
            ),
            ErrorKind::NotFound | ErrorKind::NotADirectory => {
                (format!("{program}: {error}"), Obstacle::NotFound)
            }
            ErrorKind::PermissionDenied
            | ErrorKind::IsADirectory
            | ErrorKind::ExecutableFileBusy => {
                (format!("{program}: {error}"), Obstacle::NotExecutable)
            }
            _ if error.raw_os_error() == Some(libc::ENOEXEC) => (
                format!("{program}: it is not a program for this machine"),
                Obstacle::NotExecutable,
            ),
            _ => (
                format!("{program}: {error}"),
                error
                    .raw_os_error()
                    .map_or(Obstacle::Other, Obstacle::Kernel),
            ),
        }
    };
    End::NotStarted { reason, obstacle }
}
