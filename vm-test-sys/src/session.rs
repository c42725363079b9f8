//! What processes get from those that start them: a session of their own, a controlling terminal,
//! signals as the kernel has them, no descriptors but the standard streams.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Makes the command start in a new session without a controlling terminal.
pub fn own_session(command: &mut Command) -> &mut Command {
    let enter = || {
        rustix::process::setsid()?;
        Ok(())
    };
    // SAFETY: between fork and exec only one system call is made; nothing is allocated, no lock is
    // taken.
    unsafe { command.pre_exec(enter) }
}

/// Detaches the command from a tracer that follows this process and everything that it starts.
///
/// Such a tracer would live as long as the command, and would keep set-user-id programs from
/// gaining their rights. The command becomes the child of a process that exits at once.
pub fn unfollowed(command: &mut Command) -> &mut Command {
    let leave = || {
        // SAFETY: all-zero bytes are valid `clone_args`.
        let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
        arguments.flags = u64::try_from(libc::CLONE_UNTRACED).unwrap_or_default();
        // SAFETY: without CLONE_VM this is a fork, of a process with one thread that is about to
        // execute.
        let child = unsafe {
            libc::syscall(
                libc::SYS_clone3,
                std::ptr::from_ref(&arguments),
                size_of::<libc::clone_args>(),
            )
        };
        match child {
            0 => Ok(()),
            // SAFETY: ends the process without anything that it has in common with its child.
            1.. => unsafe { libc::_exit(0) },
            _ => Err(io::Error::last_os_error()),
        }
    };
    // SAFETY: between fork and exec only system calls are made; nothing is allocated, no lock is
    // taken.
    unsafe { command.pre_exec(leave) }
}

/// Makes the command inherit only its standard streams.
pub fn standard_streams_only(command: &mut Command) -> &mut Command {
    let close = || {
        // Not closed at once: the child reports through one of them why it cannot be executed.
        // SAFETY: marks descriptors of the child's own table to be closed when it executes; none is
        // closed here.
        let marked =
            unsafe { libc::close_range(3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC as i32) };
        match marked {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    };
    // SAFETY: between fork and exec only one system call is made; nothing is allocated, no lock is
    // taken.
    unsafe { command.pre_exec(close) }
}

/// Makes the command start in a new session with this terminal as its controlling terminal.
pub fn own_terminal(command: &mut Command, terminal: OwnedFd) -> &mut Command {
    let enter = move || -> io::Result<()> {
        rustix::process::setsid()?;
        rustix::process::ioctl_tiocsctty(&terminal)?;
        Ok(())
    };
    // SAFETY: between fork and exec only system calls are made; nothing is allocated, no lock is
    // taken.
    unsafe { command.pre_exec(enter) }
}

/// Stops ignoring the signals that this process was started with ignored, so that its children do
/// not ignore them either.
///
/// The standard library ignores SIGPIPE in this process, but not in what it starts.
pub fn default_signals() {
    for number in (1..=libc::SIGRTMAX()).filter(|&number| number != libc::SIGPIPE) {
        // SAFETY: all-zero bytes are a valid `sigaction`, which the kernel fills; no handler is
        // set, and none replaced.
        unsafe {
            let mut now: libc::sigaction = std::mem::zeroed();
            let known = libc::sigaction(number, std::ptr::null(), &raw mut now) == 0;
            if known && now.sa_sigaction == libc::SIG_IGN {
                libc::signal(number, libc::SIG_DFL);
            }
        }
    }
    for number in OF_THE_C_LIBRARY {
        default_signal_of_the_c_library(number);
    }
}

/// Signals that the C library reserves, and that `posix_spawn` of a threaded program makes its
/// children ignore.
const OF_THE_C_LIBRARY: [libc::c_int; 2] = [32, 33];

/// The kernel's own `sigaction`: handler, flags, restorer, mask.
type KernelAction = [u64; 4];

/// Uses the system call, because the C library refuses these signals.
fn default_signal_of_the_c_library(number: libc::c_int) {
    let request = |new: *const KernelAction, old: *mut KernelAction| {
        // SAFETY: both are null or lead to what the kernel takes for its `sigaction`; no handler is
        // set.
        unsafe { libc::syscall(libc::SYS_rt_sigaction, number, new, old, size_of::<u64>()) }
    };
    let mut now = KernelAction::default();
    if request(std::ptr::null(), &raw mut now) == 0 && now[0] == libc::SIG_IGN as u64 {
        request(&KernelAction::default(), std::ptr::null_mut());
    }
}
