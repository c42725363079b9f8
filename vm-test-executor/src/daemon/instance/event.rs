//! What ends an instance: waits for it and names it. Destroys nothing.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::Pid;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use vm_test_sys::process::Process;

/// How long a guest may outlive its agent.
const GUESTS_END: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};

/// How often to check whether a keeper waits for a guest that has ended.
const LOOK: Timespec = Timespec {
    tv_sec: 1,
    tv_nsec: 0,
};

/// Consecutive observations required: a normal exit also takes a moment to be noticed.
const LOOKS: u32 = 2;

/// Why the wait for an instance ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The holder of the lease is gone or has given it up.
    Released,
    /// The keeper has ended.
    Died,
    /// The agent has ended, but the guest runs on.
    Abandoned,
    /// The guest's first process has ended without the keeper noticing.
    ///
    /// liblxc waits for a message from a process that was killed before it could send it, and
    /// itself holds the other end open.
    Unnoticed,
    /// The daemon stops.
    Stopping,
}

/// Waits until something ends an instance.
///
/// `agent` is the pipe of an agent that is not the guest's first process.
pub(super) fn wait(
    (pid, keeper): (Pid, &OwnedFd),
    agent: Option<&OwnedFd>,
    holder: &UnixStream,
    stop: &OwnedFd,
) -> Event {
    let mut watched = agent;
    let mut looks = 0;
    loop {
        let mut fds = vec![
            PollFd::new(keeper, PollFlags::IN),
            PollFd::new(holder, PollFlags::RDHUP),
            PollFd::new(stop, PollFlags::IN),
        ];
        fds.extend(watched.map(|agent| PollFd::new(agent, PollFlags::empty())));
        // If the whole guest is ending, its end is a better explanation than that of its agent.
        let is_abandoned = agent.is_some() && watched.is_none();
        let limit = if is_abandoned { GUESTS_END } else { LOOK };
        match poll(&mut fds, Some(&limit)) {
            // Only the present state counts: something may have had the pipe open before the agent
            // did.
            Ok(0) if is_abandoned && agent.is_some_and(has_no_writer) => return Event::Abandoned,
            Ok(0) if is_abandoned => {
                watched = agent;
                continue;
            }
            Ok(0) => {
                looks = if has_only_dead(pid) { looks + 1 } else { 0 };
                if looks == LOOKS {
                    return Event::Unnoticed;
                }
                continue;
            }
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return Event::Died,
        }
        let happened = |index: usize| fds.get(index).is_some_and(|fd| !fd.revents().is_empty());
        let [keeper, holder, stop, abandoned] = [0, 1, 2, 3].map(happened);
        if abandoned {
            watched = None;
        }
        if holder {
            return Event::Released;
        }
        if keeper {
            return Event::Died;
        }
        if stop {
            return Event::Stopping;
        }
    }
}

/// Returns whether every writer of a pipe has closed it.
fn has_no_writer(pipe: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(pipe, PollFlags::empty())];
    poll(&mut fds, Some(&Timespec::default())).is_ok_and(|count| count > 0)
}

/// Returns whether a process has children, all of them dead.
fn has_only_dead(pid: Pid) -> bool {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = fs::read_to_string(path).unwrap_or_default();
    let mut children = children.split_whitespace().peekable();
    children.peek().is_some() && children.all(is_dead)
}

fn is_dead(pid: &str) -> bool {
    Process::of(pid).is_some_and(|process| process.is_dead())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    /// Runs a shell script until it prints a line.
    fn shell(script: &str) -> std::process::Child {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut stdout, &mut String::new()).unwrap();
        child
    }

    #[test]
    fn a_guest_is_abandoned_when_its_agent_is_gone_and_not_when_another_closes_the_pipe_before_it()
    {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("agent");
        use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let pipe = open(&path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty()).unwrap();
        let writer = || fs::File::options().write(true).open(&path).unwrap();
        let mut guest = shell("echo here; exec sleep 60");
        let pid = Pid::from_child(&guest);
        let keeper = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty());
        let keeper = keeper.unwrap();
        let (holder, _test) = UnixStream::pair().unwrap();
        let limit = Duration::try_from(GUESTS_END).unwrap();
        let waited = |during: &dyn Fn()| {
            let (stop, stopping) = super::super::scripted_keeper::stop();
            std::thread::scope(|scope| {
                let wait = || wait((pid, &keeper), Some(&pipe), &holder, &stop);
                let event = scope.spawn(wait);
                during();
                drop(stopping);
                event.join().unwrap()
            })
        };
        drop(writer());
        let agent = std::cell::RefCell::new(None);
        let event = waited(&|| {
            std::thread::sleep(limit / 4);
            agent.replace(Some(writer()));
            std::thread::sleep(limit * 3);
        });
        assert_eq!(event, Event::Stopping);
        let event = waited(&|| {
            agent.replace(None);
            std::thread::sleep(limit * 3);
        });
        assert_eq!(event, Event::Abandoned);
        guest.kill().unwrap();
        guest.wait().unwrap();
    }

    #[test]
    fn a_keeper_that_waits_for_nobody_is_told_from_one_with_a_guest() {
        for (script, expected) in [
            ("echo here; exec sleep 60", false),
            ("sleep 60 & echo here; exec sleep 60", false),
            // It outlives the shell, which would reap it.
            ("sleep 0.3 & echo here; exec sleep 60", true),
            ("sleep 0.3 & sleep 60 & echo here; exec sleep 60", false),
        ] {
            let mut process = shell(script);
            let limit = Instant::now() + Duration::from_secs(if expected { 20 } else { 1 });
            while !has_only_dead(Pid::from_child(&process)) && Instant::now() < limit {
                std::thread::sleep(Duration::from_millis(20));
            }
            let pid = Pid::from_child(&process);
            let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
            assert_eq!(has_only_dead(pid), expected, "{script}");
            for child in children.unwrap_or_default().split_whitespace() {
                let child = Pid::from_raw(child.parse().unwrap()).unwrap();
                let _ = rustix::process::kill_process(child, rustix::process::Signal::KILL);
            }
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}
