//! The power of a node, as the body of a test changes it.

use super::exchange::ask;
use super::handle::Node;
use super::order::{LabError, order, unexpected};
use vm_test_protocol::lab::{Answer, Question};
use vm_test_protocol::order::{Order, PowerChange};

/// A node whose processors stand still. Dropping it lets them run on.
#[derive(Debug)]
#[must_use = "the node runs on when this is dropped"]
pub struct Paused {
    node: Node,
}

impl Node {
    /// Returns whether it is on.
    ///
    /// # Panics
    /// If the host cannot say.
    #[must_use]
    #[track_caller]
    pub fn is_on(&self) -> bool {
        let node = self.name();
        let question = Question::IsOn {
            node: node.to_owned(),
        };
        let failure = match ask(question) {
            Answer::IsOn(is_on) => return is_on,
            Answer::Refused(failure) => failure,
            _ => unexpected(),
        };
        panic!(
            "{}",
            LabError::new(format!("look at node `{node}`"), &failure)
        )
    }

    /// Switches it on, with the disk that it had, and waits until it can be used.
    ///
    /// A node that is on for the first time starts as all nodes do.
    ///
    /// # Panics
    /// If it is on, or does not start.
    #[track_caller]
    pub fn boot(&self) {
        done(self.try_boot());
    }

    /// Switches it on, as [`Node::boot`] does.
    ///
    /// # Errors
    /// If it is on, or does not start.
    pub fn try_boot(&self) -> Result<(), LabError> {
        self.change("switch on", PowerChange::Boot)
    }

    /// Has its system shut down, and waits until it is off. Its disk has all that was written.
    ///
    /// What runs there is ended.
    ///
    /// # Panics
    /// If it is off, a container, or does not shut down within two minutes.
    #[track_caller]
    pub fn shutdown(&self) {
        done(self.try_shutdown());
    }

    /// Shuts it down, as [`Node::shutdown`] does.
    ///
    /// # Errors
    /// If it is off, a container, or does not shut down within two minutes.
    pub fn try_shutdown(&self) -> Result<(), LabError> {
        self.change("shut down", PowerChange::Shutdown)
    }

    /// Cuts its power: its disk has what was synchronised, and nothing is certain about the rest.
    ///
    /// # Panics
    /// If it is off or a container.
    #[track_caller]
    pub fn power_off(&self) {
        done(self.try_power_off());
    }

    /// Cuts its power, as [`Node::power_off`] does.
    ///
    /// # Errors
    /// If it is off or a container.
    pub fn try_power_off(&self) -> Result<(), LabError> {
        self.change("switch off", PowerChange::Off)
    }

    /// Shuts it down and switches it on again: another boot id, the same disk.
    ///
    /// # Panics
    /// If it is off or a container, or does not shut down or start.
    #[track_caller]
    pub fn reboot(&self) {
        done(self.try_reboot());
    }

    /// Reboots it, as [`Node::reboot`] does.
    ///
    /// # Errors
    /// If it is off or a container, or does not shut down or start.
    pub fn try_reboot(&self) -> Result<(), LabError> {
        self.change("reboot", PowerChange::Reboot)
    }

    /// Stops its processors. They run on when the guard is dropped, and its clock is set then.
    ///
    /// # Panics
    /// If it is off, a container, or paused already.
    #[track_caller]
    pub fn pause(&self) -> Paused {
        match self.try_pause() {
            Ok(paused) => paused,
            Err(error) => panic!("{error}"),
        }
    }

    /// Stops its processors, as [`Node::pause`] does.
    ///
    /// # Errors
    /// If it is off, a container, or paused already.
    pub fn try_pause(&self) -> Result<Paused, LabError> {
        self.change("pause", PowerChange::Pause)?;
        Ok(Paused { node: *self })
    }

    /// Ends it at once, with its disk: it is off, and the next boot starts it anew.
    ///
    /// # Panics
    /// If it does not end.
    #[track_caller]
    pub fn kill(&self) {
        done(self.try_kill());
    }

    /// Ends it with its disk, as [`Node::kill`] does.
    ///
    /// # Errors
    /// If it does not end.
    pub fn try_kill(&self) -> Result<(), LabError> {
        self.change("end", PowerChange::Kill)
    }

    fn change(&self, what: &str, change: PowerChange) -> Result<(), LabError> {
        let node = self.name().to_owned();
        let what = format!("{what} node `{node}`");
        order(&what, Order::Power { node, change }).map(drop)
    }
}

impl Paused {
    /// Lets the processors run on.
    ///
    /// # Panics
    /// If the node is no longer paused.
    #[track_caller]
    pub fn resume(self) {
        done(self.try_resume());
    }

    /// Lets the processors run on, as [`Paused::resume`] does.
    ///
    /// # Errors
    /// If the node is no longer paused: it was switched off meanwhile.
    pub fn try_resume(self) -> Result<(), LabError> {
        let paused = std::mem::ManuallyDrop::new(self);
        paused.node.change("resume", PowerChange::Resume)
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        // It may have been switched off meanwhile.
        let _ = self.node.change("resume", PowerChange::Resume);
    }
}

#[track_caller]
fn done(changed: Result<(), LabError>) {
    if let Err(error) = changed {
        panic!("{error}");
    }
}
