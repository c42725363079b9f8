//! The meaning of kernel errors when a guest is started, and the hints.
//!
//! Knows which operation was tried, not who requested it.

use super::end::Obstacle;
use super::failure::Failure;
use std::io;

// These numbers are the same on all architectures that can run guests.
const EPERM: i32 = 1;
const EAGAIN: i32 = 11;
const ENOMEM: i32 = 12;
const EACCES: i32 = 13;
const ENFILE: i32 = 23;
const EMFILE: i32 = 24;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;
const ENOSYS: i32 = 38;
const EDQUOT: i32 = 122;

/// The operation that the kernel was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// Creating, opening or writing a file or directory.
    File,
    /// Creating a socket, a pipe or a copy of a descriptor, or connecting.
    Descriptor,
    /// Starting a process or a thread.
    Process,
}

/// Returns the hint for an error, if there is one.
#[must_use]
pub fn cure(tried: Tried, error: &io::Error) -> Option<&'static str> {
    Some(match (error.raw_os_error()?, tried) {
        (EMFILE, _) => {
            "the limit of open files is too low: raise it, as in `ulimit -n 4096`, and run `vm-test stop`, because a daemon keeps the limits it was started with"
        }
        (ENFILE, _) => {
            "the host has reached its limit of open files: end what holds many of them, or raise the limit with sysctl fs.file-max"
        }
        (ENOMEM, _) => "the host is out of memory: end something, or run fewer tests at a time",
        (ENOSYS, _) => {
            "this kernel does not have the system call, or a sandbox (a seccomp filter of a container engine) hides it"
        }
        (EAGAIN, Tried::Process) => {
            "the limit of processes and threads is reached: raise it (`ulimit -u`; in a container --pids-limit, in a service TasksMax=) and run `vm-test stop`, because a daemon keeps the limits it was started with; or run fewer tests at a time"
        }
        (ENOSPC, Tried::File) => "the file system is full: make room there",
        (EDQUOT, Tried::File) => "this user's quota is used up there: make room, or raise it",
        (EROFS, Tried::File) => "the file system is mounted read-only",
        (EPERM | EACCES, Tried::File) => {
            "this user may not do that there: look at the owner and the permissions of the directory"
        }
        (EPERM | EACCES, Tried::Process) => {
            "this user may not execute the program: look at its permissions, and whether its file system is mounted noexec"
        }
        _ => return None,
    })
}

impl Failure {
    /// Adds the hint for the underlying error, unless there already is a hint.
    #[must_use]
    pub fn because(mut self, tried: Tried, error: &io::Error) -> Self {
        if self.hint.is_none() {
            self.hint = cure(tried, error).map(str::to_owned);
        }
        self
    }

    /// Adds the hint for what prevents a job from starting.
    #[must_use]
    pub fn because_of(self, obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::Kernel(number) => {
                self.because(Tried::Process, &io::Error::from_raw_os_error(number))
            }
            Obstacle::NotFound | Obstacle::NotExecutable | Obstacle::Other => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(tried: Tried, code: i32) -> String {
        let error = io::Error::from_raw_os_error(code);
        let failure = Failure::new(format!("cannot do it: {error}")).because(tried, &error);
        failure.hint.unwrap_or_default()
    }

    #[test]
    fn what_has_run_out_is_named_whatever_was_tried() {
        for tried in [Tried::File, Tried::Descriptor, Tried::Process] {
            for (code, begin) in [
                (EMFILE, "the limit of open files is too low: raise it"),
                (ENFILE, "the host has reached its limit of open files"),
                (ENOMEM, "the host is out of memory"),
                (ENOSYS, "this kernel does not have the system call"),
            ] {
                assert!(words(tried, code).starts_with(begin), "{tried:?} {code}");
            }
        }
    }

    #[test]
    fn the_same_error_means_another_thing_of_a_file_than_of_a_process() {
        for (tried, code, begin) in [
            (Tried::Process, EAGAIN, "the limit of processes and threads"),
            (Tried::File, ENOSPC, "the file system is full"),
            (Tried::File, EDQUOT, "this user's quota is used up"),
            (Tried::File, EROFS, "the file system is mounted read-only"),
            (Tried::File, EACCES, "this user may not do that there"),
            (Tried::File, EPERM, "this user may not do that there"),
            (Tried::Process, EACCES, "this user may not execute"),
            (Tried::Process, EPERM, "this user may not execute"),
            // There is no known hint for these.
            (Tried::File, EAGAIN, ""),
            (Tried::Descriptor, EAGAIN, ""),
            (Tried::Process, ENOSPC, ""),
            (Tried::Process, 22, ""),
        ] {
            let words = words(tried, code);
            assert!(words.starts_with(begin), "{tried:?} {code}: {words}");
            assert_eq!(words.is_empty(), begin.is_empty(), "{tried:?} {code}");
        }
    }

    #[test]
    fn a_cure_that_is_known_better_stays() {
        let error = io::Error::from_raw_os_error(EMFILE);
        let failure = Failure::new("a").hint("b").because(Tried::File, &error);
        assert_eq!(failure.hint.as_deref(), Some("b"));
    }

    #[test]
    fn nothing_here_blames_namespaces() {
        for tried in [Tried::File, Tried::Descriptor, Tried::Process] {
            for code in 1..=133 {
                let words = words(tried, code);
                assert!(!words.contains("namespace"), "{code}: {words}");
                assert!(!words.contains("--privileged"), "{code}: {words}");
                assert!(!words.contains("doctor"), "{code}: {words}");
            }
        }
    }
}
