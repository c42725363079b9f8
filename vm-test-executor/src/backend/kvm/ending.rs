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
use std::os::unix::net::UnixStream;
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
        if self.is_abandoned() {
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

    /// Waits until QEMU ends, or until the guest has been without its agent for too long; returns
    /// whether the latter is the case. Carries out orders meanwhile.
    fn is_abandoned(&mut self) -> bool {
        let Ok(process) = self.qemu.process() else {
            return false;
        };
        let machine = self.machine;
        let mut orders = machine.orders.as_ref();
        loop {
            let Some(monitor) = &mut self.greeted else {
                return false;
            };
            match wake(&process, monitor, orders) {
                Wake::Ended => return false,
                Wake::Abandoned => return true,
                Wake::Ordered if self.obey() => {}
                Wake::Ordered => orders = None,
            }
        }
    }
}

/// What ends a wait.
enum Wake {
    /// QEMU has ended.
    Ended,
    /// The guest has been without its agent for too long.
    Abandoned,
    /// An order has come, or none can come any more.
    Ordered,
}

/// Waits for one of them.
fn wake(process: &OwnedFd, monitor: &mut Monitor, orders: Option<&UnixStream>) -> Wake {
    let mut is_heard = true;
    loop {
        let deadline = monitor.deadline().filter(|_| is_heard);
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            // Only its present state counts.
            is_heard = monitor.look_for_agent().is_ok();
            if is_heard && monitor.deadline() == deadline {
                return Wake::Abandoned;
            }
            continue;
        }
        let limit = left.and_then(|left| Timespec::try_from(left).ok());
        let mut fds = vec![PollFd::new(process, PollFlags::IN)];
        let monitored = is_heard.then(|| PollFd::new(monitor.socket(), PollFlags::IN));
        let at_monitor = monitored.map(|fd| push(&mut fds, fd));
        let at_orders = orders.map(|orders| push(&mut fds, PollFd::new(orders, PollFlags::IN)));
        match poll(&mut fds, limit.as_ref()) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return Wake::Ended,
        }
        let happened = |at: Option<usize>| {
            at.and_then(|index| fds.get(index))
                .is_some_and(|fd| !fd.revents().is_empty())
        };
        let [ended, told, ordered] = [Some(0), at_monitor, at_orders].map(happened);
        drop(fds);
        if ended {
            return Wake::Ended;
        }
        if told {
            is_heard = monitor.listen();
        }
        if ordered {
            return Wake::Ordered;
        }
    }
}

/// Adds an element; returns its index.
fn push<T>(all: &mut Vec<T>, one: T) -> usize {
    all.push(one);
    all.len() - 1
}
