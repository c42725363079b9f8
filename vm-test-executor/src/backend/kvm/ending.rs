//! The end of a VM: waits for it, ends QEMU if the guest keeps running without its agent, and tells
//! why it ended.

use super::complaint::kind_of;
use super::monitor::Monitor;
use super::qemu::Ended;
use super::running::Running;
use super::trouble::{Blame, Trouble, blame_for};
use crate::backend::last_line;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::os::fd::OwnedFd;
use std::time::Instant;
use vm_test_protocol::failure::Failure;

impl Running<'_> {
    /// Waits for the VM's end, and returns why it ended.
    pub(super) fn end(&mut self) -> Trouble {
        let subject = format!(
            "instance {} of guest `{}` died: ",
            self.machine.instance, self.machine.guest
        );
        let died = |words: &str| Failure::new(format!("{subject}{words}"));
        let process = self.qemu.process();
        if let (Ok(process), Some(monitor)) = (process, &mut self.greeted)
            && is_abandoned(&process, monitor)
        {
            self.qemu.kill();
            // If the kernel has ended, that is why the agent has.
            let words = self.console.last_words();
            let words =
                words.unwrap_or_else(|| "a process in the guest killed its agent".to_owned());
            return Trouble::new(died(&words), Blame::Machine);
        }
        let ended = self.qemu.wait();
        if let Some(words) = self.console.last_words() {
            return Trouble::new(died(&words), Blame::Machine);
        }
        let complaint = last_line(&self.machine.errors);
        let blame = blame_for(&ended, complaint.as_deref());
        let kind = kind_of(complaint.as_deref().unwrap_or_default());
        let told = self.greeted.as_mut().and_then(Monitor::cause);
        let words = match (told, ended, complaint) {
            (Some(cause), Ended { success: true, .. }, _) => format!("the VM {cause}"),
            (_, Ended { words, .. }, Some(complaint)) => format!("QEMU {words}: {complaint}"),
            (_, Ended { words, .. }, None) => format!("QEMU {words}"),
        };
        Trouble::new(died(&words).of(kind), blame)
    }
}

/// Waits until QEMU ends, or until the guest has been without its agent for too long; returns
/// whether the latter is the case.
fn is_abandoned(process: &OwnedFd, monitor: &mut Monitor) -> bool {
    let mut is_heard = true;
    loop {
        let deadline = monitor.deadline().filter(|_| is_heard);
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            // Only its present state counts.
            is_heard = monitor.look_for_agent().is_ok();
            if is_heard && monitor.deadline() == deadline {
                return true;
            }
            continue;
        }
        let limit = left.and_then(|left| Timespec::try_from(left).ok());
        let mut fds = vec![PollFd::new(process, PollFlags::IN)];
        if is_heard {
            fds.push(PollFd::new(monitor.socket(), PollFlags::IN));
        }
        match poll(&mut fds, limit.as_ref()) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return false,
        }
        let happened = |index: usize| fds.get(index).is_some_and(|fd| !fd.revents().is_empty());
        let [ended, told] = [0, 1].map(happened);
        if ended {
            return false;
        }
        if told {
            is_heard = monitor.listen();
        }
    }
}
