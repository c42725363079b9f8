//! The process that keepers of the daemon's instances are copies of. It was executed once, so that no
//! keeper has to be: a keeper begins as a copy of it in namespaces of its own, and is the daemon's
//! child. Knows no instance; what its copies know of each other is the program.

use super::control::CONTROL;
use super::life;
use super::start::Isolation;
use super::zygote_messages::{Answer, Counts, LONGEST, MAPPED, Order, decode, encode};
use crate::backend::STREAM;
use crate::host::refusal;
use rustix::io::fcntl_dupfd_cloexec;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};
use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitCode, Stdio};
use vm_test_protocol::failure::Failure;
use vm_test_sys::fork::{self, New, Parent};
use vm_test_sys::namespaces::{Step, Waiting, early};
use vm_test_sys::{handover, identity, inherited};

/// The argument that makes the program the zygote.
pub const ZYGOTE: &str = "__zygote";

/// Its connection to the daemon gets a number from here on, so that the numbers of a keeper's
/// descriptors are free.
const ABOVE: i32 = 10;

/// The zygote, as the daemon has it. It ends when this is dropped.
#[derive(Debug)]
pub struct Zygote {
    socket: Option<OwnedFd>,
    process: Child,
}

impl Zygote {
    /// Starts it. Its copies become children of this process, and are killed when the calling
    /// *thread* ends.
    ///
    /// With counts, it is in a user namespace whose ids `map` maps, and its copies have all of them.
    /// Otherwise it is who this process is, and the ids of each copy are to be mapped.
    ///
    /// # Errors
    /// If the kernel or `map` refuses.
    pub fn start(
        counts: Counts,
        map: impl FnOnce(Pid) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let zygote = Self::spawn(counts).map_err(|error| refusal::of_namespaces(&error))?;
        if counts.is_some() {
            zygote
                .receive(|_| Ok(()))
                .map_err(|error| refusal::of_namespaces(&error))?;
            map(Pid::from_child(&zygote.process))?;
            zygote
                .send(MAPPED, &[])
                .map_err(|error| refusal::of_namespaces(&error))?;
        }
        Ok(zygote)
    }

    fn spawn(counts: Counts) -> io::Result<Self> {
        let kind = SocketType::SEQPACKET;
        let (here, there) = socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)?;
        // Not by its path, where there may be a newer program by now.
        let mut command = Command::new("/proc/self/exe");
        command.arg0("vm-test").arg(ZYGOTE);
        if let Some((users, groups)) = counts {
            command.args([users.to_string(), groups.to_string()]);
        }
        command
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .stdin(there)
            .stdout(Stdio::null());
        Ok(Self {
            socket: Some(here),
            process: command.spawn()?,
        })
    }

    /// Has a keeper made, which waits for its id maps.
    ///
    /// # Errors
    /// `BrokenPipe` if the zygote has ended, otherwise what the kernel refuses.
    pub fn copy(
        &self,
        control: BorrowedFd<'_>,
        stream: BorrowedFd<'_>,
        isolation: Isolation,
    ) -> io::Result<Waiting> {
        let (wait, go) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
        let order = Order {
            user: isolation.user,
            network: isolation.network,
            keep_groups: isolation.keep_groups,
        };
        self.send(&encode(&order)?, &[control, stream, wait.as_fd()])?;
        self.receive(|(pid, pidfd)| {
            let pid = Pid::from_raw(pid).ok_or(io::ErrorKind::InvalidData)?;
            let pidfd = pidfd.ok_or(io::ErrorKind::InvalidData)?;
            Ok(Waiting::handed_over(pid, pidfd, go))
        })
    }

    fn socket(&self) -> io::Result<&OwnedFd> {
        Ok(self.socket.as_ref().ok_or(io::ErrorKind::BrokenPipe)?)
    }

    fn send(&self, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        handover::send_message(self.socket()?, bytes, fds)
    }

    /// Receives an answer, and makes something of its number and its descriptor.
    fn receive<T>(
        &self,
        make: impl FnOnce((i32, Option<OwnedFd>)) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut bytes = [0; LONGEST];
        let (count, mut fds) = match handover::receive_message(self.socket()?, &mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            answered => answered?,
        };
        let pidfd = fds.pop();
        match decode::<Answer>(&bytes[..count])? {
            Ok(number) => make((number, pidfd)),
            Err(number) => {
                // A keeper that was made and could not be used is this process's child.
                if let Some(pidfd) = pidfd {
                    let _ = waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED);
                }
                Err(io::Error::from_raw_os_error(number))
            }
        }
    }
}

impl Drop for Zygote {
    fn drop(&mut self) {
        // It ends with its connection.
        self.socket = None;
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs the zygote in a process that was started for it.
pub fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vm-test: the process that keepers are copies of ends: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes keepers until the daemon closes the connection.
fn serve() -> io::Result<()> {
    let socket = fcntl_dupfd_cloexec(io::stdin(), ABOVE)?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    drop(null);
    name(c"vm-test-zygote");
    let counts = counts();
    if counts.is_some() && !take_ids(&socket)? {
        return Ok(());
    }
    loop {
        let mut bytes = [0; LONGEST];
        let (count, fds) = match handover::receive_message(&socket, &mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            // Too many open files: the daemon is told, and may try again.
            Err(error) if error.raw_os_error() == Some(libc::EMFILE) => {
                answer(&socket, Err(error), None)?;
                continue;
            }
            received => received?,
        };
        let order: Order = decode(&bytes[..count])?;
        let new = New {
            user: order.user,
            world: true,
            network: order.network,
            ..New::default()
        };
        match fork::fork(new, Parent::Shared) {
            Ok(None) => {
                drop(socket);
                std::process::exit(live(order, fds));
            }
            Ok(Some(child)) => {
                let mapped = match counts.filter(|_| order.user) {
                    Some(counts) => pass_on(child.pid, counts),
                    None => Ok(()),
                };
                if mapped.is_err() {
                    let _ = pidfd_send_signal(&child.pidfd, Signal::KILL);
                }
                let number = child.pid.as_raw_nonzero().get();
                answer(&socket, mapped.map(|()| number), Some(child.pidfd))?;
            }
            Err(error) => answer(&socket, Err(error), None)?,
        }
    }
}

/// Returns how many ids it is to have.
fn counts() -> Counts {
    let mut numbers = std::env::args().skip(2).map(|word| word.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

/// Enters a user namespace, and becomes its root when the daemon has mapped the ids. Returns whether
/// it has.
fn take_ids(socket: &OwnedFd) -> io::Result<bool> {
    let entered = identity::enter_user_namespace();
    let is_there = entered.is_ok();
    answer(socket, entered.map(|()| 0), None)?;
    let mut bytes = [0; LONGEST];
    match handover::receive_message(socket, &mut bytes) {
        Ok((count, _)) if bytes[..count] == *MAPPED && is_there => {}
        _ => return Ok(false),
    }
    // Its user's groups may be what allows the use of a device.
    identity::become_root(true)?;
    Ok(true)
}

/// Gives a copy all ids of this namespace.
fn pass_on(copy: Pid, (users, groups): (u32, u32)) -> io::Result<()> {
    for (file, count) in [("uid_map", users), ("gid_map", groups)] {
        // Root and the others are mapped apart here, so they cannot be passed on in one line.
        let lines = format!("0 0 1\n1 1 {}\n", count - 1);
        std::fs::write(format!("/proc/{copy}/{file}"), lines)?;
    }
    Ok(())
}

fn answer(socket: &OwnedFd, made: io::Result<i32>, pidfd: Option<OwnedFd>) -> io::Result<()> {
    let made: Answer = made.map_err(|error| error.raw_os_error().unwrap_or_default());
    let fds: Vec<_> = pidfd.iter().map(AsFd::as_fd).collect();
    handover::send_message(socket, &encode(&made)?, &fds)
}

/// The life of a keeper, from its beginning as a copy; returns its exit code.
fn live(order: Order, fds: Vec<OwnedFd>) -> i32 {
    identity::end_with_parent();
    name(c"vm-test-keeper");
    let Ok([control, stream, wait]) = <[OwnedFd; 3]>::try_from(fds) else {
        return failed(Step::Descriptors, &io::ErrorKind::NotFound.into());
    };
    let mut byte = [0];
    if !matches!(rustix::io::read(&wait, &mut byte), Ok(1)) {
        // The daemon has closed the pipe and knows why.
        return 1;
    }
    drop(wait);
    if order.user
        && let Err(error) = identity::become_root(order.keep_groups)
    {
        return failed(Step::Identity, &error);
    }
    let placed = inherited::place(control, CONTROL).and_then(|()| inherited::place(stream, STREAM));
    match placed {
        Ok(()) => life::hold(),
        Err(error) => failed(Step::Descriptors, &error),
    }
}

/// Names this process for those who list processes: its command line is that of the zygote.
fn name(name: &CStr) {
    let _ = rustix::thread::set_name(name);
}

fn failed(step: Step, error: &io::Error) -> i32 {
    early(step, error.raw_os_error().unwrap_or_default())
}
