//! Starts a program as the first process of new namespaces (`clone3`). Knows the order of system
//! calls, not their use.
//!
//! The child waits until its parent has written the id maps, becomes root in its user namespace,
//! asks the kernel to be killed with its parent, and executes. Between clone and exec it makes only
//! async-signal-safe calls, because the parent has threads.

use super::fork::{Child, clone};
use rustix::process::Pid;
use std::ffi::{CString, c_char};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// A program to start in new namespaces.
#[derive(Debug)]
pub struct Program<'fd> {
    /// The program file.
    pub path: CString,
    /// The arguments, beginning with the program's name.
    pub args: Vec<CString>,
    /// The whole environment, as `NAME=value`.
    pub environment: Vec<CString>,
    /// The descriptors 0, 1, 2, … of the program; all others are closed.
    pub descriptors: Vec<BorrowedFd<'fd>>,
    /// Whether it also gets a new user namespace.
    pub user_namespace: bool,
    /// Whether it also gets a new network namespace.
    pub network_namespace: bool,
    /// Whether it keeps its user's supplementary groups, which may give access to more files.
    pub keep_groups: bool,
}

/// A program that waits for its id maps. If this is dropped before [`Waiting::go`], the program
/// exits.
#[derive(Debug)]
pub struct Waiting {
    /// Its process id.
    pub pid: Pid,
    /// Its process descriptor.
    pub pidfd: OwnedFd,
    go: OwnedFd,
}

impl Waiting {
    /// Lets the program start, after its maps have been written.
    ///
    /// # Errors
    /// If it has died meanwhile.
    pub fn go(&self) -> io::Result<()> {
        rustix::io::write(&self.go, b"g")?;
        Ok(())
    }

    /// Returns the pipe that [`Waiting::go`] writes to, to be handed to another process.
    #[must_use]
    pub fn way_to_let_go(&self) -> &OwnedFd {
        &self.go
    }

    /// Returns a program that another process has started, by what that process has handed over.
    #[must_use]
    pub fn handed_over(pid: Pid, pidfd: OwnedFd, go: OwnedFd) -> Self {
        Self { pid, pidfd, go }
    }
}

/// Starts a program in new mount, pid, IPC and host name namespaces.
///
/// It is killed when the calling *thread* ends, so call this from a thread that lives as long as
/// the process.
///
/// # Errors
/// `EPERM` or `ENOSPC` if the host does not allow such namespaces.
pub fn start(program: &Program<'_>) -> io::Result<Waiting> {
    let (wait, go) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let mut flags =
        libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
    if program.user_namespace {
        flags |= libc::CLONE_NEWUSER;
    }
    if program.network_namespace {
        flags |= libc::CLONE_NEWNET;
    }
    let child = Prepared::new(program, &wait, &go);
    // SAFETY: the copy only runs `Prepared::run`, which keeps to the rules of a process with threads.
    match unsafe { clone(flags, libc::SIGCHLD) }? {
        None => child.run(),
        Some(Child { pid, pidfd }) => Ok(Waiting { pid, pidfd, go }),
    }
}

/// What a child was doing when it failed before it executed the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Becoming root in its user namespace.
    Identity,
    /// Taking its descriptors.
    Descriptors,
    /// Executing the program.
    Execution,
}

const STEPS: [Step; 3] = [Step::Identity, Step::Descriptors, Step::Execution];

/// Exit codes from here on encode the step at which a child failed, and the error.
const EARLY: i32 = 128;

/// How many codes each step has: error numbers that occur there are smaller.
const CODES: i32 = 42;

/// Returns the exit code of a child that failed at this step.
#[must_use]
pub const fn early(step: Step, error: i32) -> i32 {
    let error = if error < CODES { error } else { 0 };
    EARLY + step as i32 * CODES + error
}

/// Returns the step at which a child with this exit code failed, and the error; `None` if it
/// executed the program.
#[must_use]
pub fn early_end(code: i32) -> Option<(Step, io::Error)> {
    let code = code.checked_sub(EARLY).filter(|code| *code >= 0)?;
    let step = STEPS.get(usize::try_from(code / CODES).ok()?)?;
    Some((*step, io::Error::from_raw_os_error(code % CODES)))
}

/// Exits from a child that failed at a step.
///
/// # Safety
/// Call it only in the child of a process with threads, directly after the system call that failed.
unsafe fn end(step: Step) -> ! {
    // SAFETY: both are async-signal-safe, and the place of the error number is this thread's own.
    unsafe { libc::_exit(early(step, *libc::__errno_location())) }
}

/// Everything that the child needs, allocated before the clone.
struct Prepared {
    path: *const c_char,
    args: Vec<*const c_char>,
    environment: Vec<*const c_char>,
    descriptors: Vec<RawFd>,
    copies: Vec<RawFd>,
    wait: RawFd,
    go: RawFd,
    user_namespace: bool,
    keep_groups: bool,
}

impl Prepared {
    fn new(program: &Program<'_>, wait: &OwnedFd, go: &OwnedFd) -> Self {
        let pointers = |strings: &[CString]| {
            let mut list: Vec<_> = strings.iter().map(|string| string.as_ptr()).collect();
            list.push(std::ptr::null());
            list
        };
        Self {
            path: program.path.as_ptr(),
            args: pointers(&program.args),
            environment: pointers(&program.environment),
            descriptors: program.descriptors.iter().map(AsRawFd::as_raw_fd).collect(),
            copies: vec![-1; program.descriptors.len()],
            wait: wait.as_raw_fd(),
            go: go.as_raw_fd(),
            user_namespace: program.user_namespace,
            keep_groups: program.keep_groups,
        }
    }

    /// Runs in the child and never returns.
    ///
    /// The exit code tells at which step it failed.
    fn run(mut self) -> ! {
        // Copies are first placed above the numbers of the program's descriptors, so that none is
        // overwritten before it is in its place. No higher than necessary: the user's limit may be
        // low.
        let above = RawFd::try_from(self.descriptors.len()).unwrap_or(RawFd::MAX);
        // SAFETY: only async-signal-safe system calls on memory that was allocated before the
        // clone; nothing is dropped, because the process either becomes another program or exits.
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            libc::close(self.go);
            let mut byte = 0u8;
            if libc::read(self.wait, (&raw mut byte).cast(), 1) != 1 {
                // The parent has closed the pipe and knows why.
                libc::_exit(1);
            }
            if self.user_namespace {
                // It may be forbidden if the namespace maps a single id. These are the bare system
                // calls: those of the C library change the identity of every thread, and wait for a
                // lock that a thread of the parent may have held during the clone.
                if !self.keep_groups {
                    libc::syscall(libc::SYS_setgroups, 0, std::ptr::null::<libc::gid_t>());
                }
                if libc::syscall(libc::SYS_setresgid, 0, 0, 0) != 0
                    || libc::syscall(libc::SYS_setresuid, 0, 0, 0) != 0
                {
                    end(Step::Identity);
                }
                // A change of identity clears the signal.
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            }
            for (&fd, copy) in self.descriptors.iter().zip(&mut self.copies) {
                *copy = libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, above);
                if *copy < 0 {
                    end(Step::Descriptors);
                }
            }
            let mut number = 0;
            for &copy in &self.copies {
                if libc::dup2(copy, number) != number {
                    end(Step::Descriptors);
                }
                number += 1;
            }
            libc::close_range(
                number.cast_unsigned(),
                u32::MAX,
                libc::CLOSE_RANGE_CLOEXEC as i32,
            );
            libc::execve(self.path, self.args.as_ptr(), self.environment.as_ptr());
            end(Step::Execution)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_says_at_which_step_a_child_has_failed_and_why() {
        for step in STEPS {
            for error in 0..CODES {
                let code = early(step, error);
                assert!((EARLY..256).contains(&code), "{code}");
                let found = early_end(code).map(|(step, error)| (step, error.raw_os_error()));
                assert_eq!(found, Some((step, Some(error))));
            }
        }
        assert_eq!(early(Step::Execution, 4000), early(Step::Execution, 0));
        for code in [-1, 0, 1, 101, 127, 254, 255] {
            assert!(early_end(code).is_none(), "{code}");
        }
    }
}
