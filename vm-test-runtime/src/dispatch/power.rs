//! The power of a node that is not the test's own: its lease ends and is taken again. Runs nothing
//! there.

use super::node::{Node, lock};
use crate::client;
use std::sync::atomic::Ordering;
use vm_test_protocol::daemon::GuestKind;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::order::{Done, Order, PowerChange};

impl Node {
    /// Changes its power.
    ///
    /// # Errors
    /// If it is not possible now, or not with this kind of guest.
    pub(super) fn change(&self, lab: &client::Lab, change: PowerChange) -> Result<(), Failure> {
        let _changing = self.changing();
        if change != PowerChange::Boot && change != PowerChange::Kill {
            self.check(change)?;
        }
        let order = |change| self.order(lab, change);
        match change {
            PowerChange::Boot => {
                if self.is_on() {
                    return Err(Failure::new("it is on already"));
                }
                self.give_up("off");
                order(PowerChange::Off)?;
                self.begin()
            }
            PowerChange::Shutdown => self.shut_down(lab),
            PowerChange::Off => {
                self.give_up("switched off");
                order(PowerChange::Off)
            }
            PowerChange::Reboot => {
                self.shut_down(lab)?;
                self.begin()
            }
            PowerChange::Pause | PowerChange::Resume => {
                order(change)?;
                let is_paused = change == PowerChange::Pause;
                self.is_paused.store(is_paused, Ordering::SeqCst);
                Ok(())
            }
            PowerChange::Kill => {
                self.give_up("ended");
                order(PowerChange::Kill)
            }
        }
    }

    fn shut_down(&self, lab: &client::Lab) -> Result<(), Failure> {
        self.bring_files();
        *lock(&self.ends) = Some("shut down");
        let done = self.order(lab, PowerChange::Shutdown);
        match &done {
            Ok(()) => self.give_up("shut down"),
            Err(_) => *lock(&self.ends) = None,
        }
        done
    }

    fn order(&self, lab: &client::Lab, change: PowerChange) -> Result<(), Failure> {
        let node = self.name.clone();
        match lab.order(Order::Power { node, change })? {
            Done::Done => Ok(()),
            Done::Failed(failure) => Err(failure),
            other => Err(Failure::new(format!("the daemon answered {other:?}"))),
        }
    }

    /// Checks that it is on, and is a VM.
    fn check(&self, change: PowerChange) -> Result<(), Failure> {
        if self.kind() == Some(GuestKind::Container) {
            return Err(
                Failure::new(format!("it is a container, and {}", lacking(change))).hint(
                    "use a VM, with backend = \"kvm\"; kill() and boot() work with containers, too",
                ),
            );
        }
        if !self.is_on() {
            return Err(Failure::new("it is off").hint("boot() switches it on"));
        }
        Ok(())
    }
}

/// What of a change no container can have.
fn lacking(change: PowerChange) -> &'static str {
    match change {
        PowerChange::Pause | PowerChange::Resume => {
            "the host's kernel would answer for its processes while they stand still"
        }
        _ => "the host's kernel keeps what it has written, synchronised or not",
    }
}
