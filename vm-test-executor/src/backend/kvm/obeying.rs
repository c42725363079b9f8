//! A node's VM and its orders: paused, resumed, shut down, saved, restored with all of its lab.

use super::disks;
use super::guest::{self, Virtual, cannot};
use super::identity;
use super::order::{MachineAnswer, MachineOrder};
use super::running::Running;
use super::trouble::Trouble;
use std::io;
use std::os::fd::AsRawFd;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_protocol::machine::ToMachine;
use vm_test_sys::handover;

impl<'a> Running<'a> {
    /// Restores a VM from a state of its own, and runs it when all nodes of its lab are restored.
    pub(super) fn resume(machine: &'a Virtual) -> Result<i32, Trouble> {
        let mut running = Self::start(machine, machine.hardware.clone())?;
        let state = running.qemu.state.as_ref().map_or(-1, AsRawFd::as_raw_fd);
        let restored = running
            .monitor()
            .and_then(|monitor| monitor.read_state(state));
        if let Err(error) = restored {
            return Err(running.not_restored(&error));
        }
        running.tell(&MachineAnswer::Restored);
        let failed = |what: &str, error: &io::Error| guest::failed(machine, what, error);
        match running.hear_order() {
            Ok(Some(MachineOrder::Go)) => {}
            Ok(other) => return Err(cannot(machine, &format!("run: told {other:?}")).into()),
            Err(error) => return Err(failed("run", &error).into()),
        }
        let seed = identity::seed().map_err(|error| failed("give it random numbers", &error))?;
        let time = identity::now();
        // It reads this first. If the agent is gone, that shows as the end of the stream.
        let _ = frame::write(&running.control, &ToMachine::Restored { time, seed });
        let runs = running.monitor().and_then(|monitor| monitor.resume());
        runs.map_err(|error| failed("run", &error))?;
        running.tell(&MachineAnswer::Up);
        Err(running.end())
    }

    /// Takes an order and carries it out; returns whether more may come.
    pub(super) fn obey(&mut self) -> bool {
        let Ok(Some(order)) = self.hear_order() else {
            return false;
        };
        let done = match order {
            MachineOrder::Pause => self.with_monitor("pause", |monitor| monitor.pause()),
            MachineOrder::Resume => self
                .with_monitor("resume", |monitor| monitor.resume())
                .inspect(|()| self.send(&ToMachine::Clock(identity::now()))),
            MachineOrder::ShutDown => {
                self.send(&ToMachine::PowerOff);
                Ok(())
            }
            MachineOrder::Save => self.save_state(),
            MachineOrder::Go => Err(cannot(self.machine, "run: it runs already")),
        };
        self.tell(&done.map_or_else(MachineAnswer::Failed, |()| MachineAnswer::Done));
        true
    }

    fn save_state(&mut self) -> Result<(), Failure> {
        let failed = |error: io::Error| self.refused("save", &error);
        let orders = self.machine.orders.as_ref();
        let orders = orders.ok_or_else(|| failed(io::ErrorKind::NotConnected.into()))?;
        let state = handover::receive(orders).map_err(failed)?;
        let layer = handover::receive(orders).map_err(failed)?;
        disks::fill(&layer).map_err(failed)?;
        let number = self.layers;
        self.with_monitor("save", |monitor| monitor.add_layer(number, &layer))?;
        self.layers += 1;
        self.tell(&MachineAnswer::Layered);
        self.with_monitor("save", |monitor| monitor.write_state(&state))
    }

    fn with_monitor(
        &mut self,
        what: &str,
        work: impl FnOnce(&mut super::monitor::Monitor) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let done = self.monitor().and_then(work);
        done.map_err(|error| self.refused(what, &error))
    }

    fn refused(&self, what: &str, error: &io::Error) -> Failure {
        let (instance, guest) = (&self.machine.instance, &self.machine.guest);
        Failure::new(format!(
            "cannot {what} instance {instance} of guest `{guest}`: {error}"
        ))
    }

    fn hear_order(&self) -> io::Result<Option<MachineOrder>> {
        let orders = self.machine.orders.as_ref();
        frame::read(orders.ok_or(io::ErrorKind::NotConnected)?)
    }

    /// Tells the daemon, if this is a node.
    pub(super) fn tell(&self, answer: &MachineAnswer) {
        if let Some(orders) = &self.machine.orders {
            // If the daemon is gone, this keeper ends, too.
            let _ = frame::write(orders, answer);
        }
    }

    /// Tells the agent. If it is gone, that shows as the VM's end.
    fn send(&self, message: &ToMachine) {
        let _ = frame::write(&self.control, message);
    }
}
