//! How a VM becomes a template: after its boot, or once more as a configured node of a lab.

use super::guest::{self, cannot};
use super::hardware::{STATE, TEMPLATE};
use super::running::Running;
use super::trouble::Trouble;
use crate::backend::room::ROOM;
use vm_test_protocol::frame;
use vm_test_protocol::machine::{FromMachine, ToMachine};

impl Running<'_> {
    /// Waits until the VM has booted, and saves it as a template.
    pub(super) fn save(mut self) -> Result<i32, Trouble> {
        self.await_boot()?;
        self.save_now()
    }

    /// Has the agent configure the VM, and saves it.
    pub(super) fn configure(mut self) -> Result<i32, Trouble> {
        let identity = Box::new(self.hardware.identity.clone());
        // If the agent is gone, that shows as the end of the stream.
        let _ = frame::write(&self.control, &ToMachine::Configure(identity));
        let cause = match self.hear()? {
            FromMachine::Configured => return self.save_now(),
            FromMachine::CannotBecome(reason) => reason,
            other => format!("its agent says {other:?}"),
        };
        Err(cannot(self.machine, &format!("configure it: {cause}")).into())
    }

    fn save_now(mut self) -> Result<i32, Trouble> {
        let path = format!("{}/{TEMPLATE}/{STATE}", ROOM);
        let saved = self.monitor().and_then(|monitor| {
            monitor.save(&path)?;
            monitor.quit();
            Ok(())
        });
        saved.map_err(|error| guest::failed(self.machine, "save it as a template", &error))?;
        self.qemu.wait();
        Ok(0)
    }
}
