//! The process of QEMU: its start, its end. Does not use the monitor.

use super::command::{self, Own, Wires};
use super::disks::Disks;
use super::guest::{self, Virtual};
use super::hardware::{Accelerator, Hardware, NO_FILES, PAYLOAD_SIZE, STATE, Start, TEMPLATE};
use crate::backend::room::{ROOM, STREAM};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use vm_test_protocol::failure::Failure;
use vm_test_sys::{inherited, ticks};

/// The emulator.
pub const BINARY: &str = "qemu-system-x86_64";

/// QEMU's process.
pub(super) struct Qemu {
    child: Child,
    /// The state that a VM is restored from.
    pub(super) state: Option<OwnedFd>,
}

/// How it ended.
pub(super) struct Ended {
    pub(super) success: bool,
    pub(super) words: String,
    /// The signal that killed it.
    pub(super) signal: Option<i32>,
}

impl Qemu {
    pub(super) fn start(
        machine: &Virtual,
        hardware: &Hardware,
        [monitor, control, console]: [&UnixStream; 3],
    ) -> Result<Self, Failure> {
        let failed = |what: &str, error: io::Error| guest::failed(machine, what, &error);
        let disks = Disks::make(hardware, &machine.disks)
            .map_err(|error| failed("make its disks", error))?;
        if hardware.payload.len() < hardware.payload_disks {
            File::create(Path::new(ROOM).join(NO_FILES))
                .and_then(|file| file.set_len(PAYLOAD_SIZE))
                .map_err(|error| failed("make a disk without files", error))?;
        }
        let state = match (hardware.start, &machine.state) {
            (Start::Boot | Start::Save, _) => Ok(None),
            (Start::Resume, state) => state.as_ref().map(OwnedFd::try_clone).transpose(),
            (Start::Restore | Start::Ahead | Start::Configure, _) => {
                let path = Path::new(ROOM).join(TEMPLATE).join(STATE);
                File::open(path).map(|file| Some(file.into()))
            }
        };
        let state = state.map_err(|error| failed("open its state", error))?;
        let stream = (!hardware.start.is_saved()).then_some(STREAM);
        let wires = Wires {
            monitor: monitor.as_raw_fd(),
            control: control.as_raw_fd(),
            console: console.as_raw_fd(),
            stream,
            second_monitor: machine.second_monitor.as_ref().map(AsRawFd::as_raw_fd),
            foreign: machine.foreign.as_ref().map(AsRawFd::as_raw_fd),
        };
        let inherit = || -> io::Result<()> {
            for socket in [monitor, control, console] {
                inherited::set_inheritable(socket, true)?;
            }
            if let Some(state) = &state {
                inherited::set_inheritable(state, true)?;
            }
            let others = machine.ports.iter().chain(&machine.disks);
            let others = others.chain(&machine.second_monitor);
            for descriptor in machine.foreign.iter().chain(others) {
                inherited::set_inheritable(descriptor, true)?;
            }
            Ok(())
        };
        inherit().map_err(|error| failed("start QEMU", error))?;
        // With KVM, the kernel is told the rate by other means.
        let needs_rate = hardware.accelerator == Accelerator::Tcg && !hardware.start.is_restored();
        let ports: Vec<_> = machine.ports.iter().map(AsRawFd::as_raw_fd).collect();
        let own = Own {
            name: &machine.instance,
            disks: &disks,
            wires,
            ports: &ports,
            counter: needs_rate.then(ticks::per_millisecond).flatten(),
        };
        let child = Command::new(&hardware.program)
            .args(command::arguments(hardware, &own))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| {
                let program = hardware.program.display();
                failed(&format!("start {program}"), error)
            })?;
        Ok(Self { child, state })
    }

    /// Waits for its end.
    pub(super) fn wait(&mut self) -> Ended {
        match self.child.wait() {
            Ok(status) => Ended {
                success: status.success(),
                words: match (status.code(), status.signal()) {
                    (Some(code), _) => format!("exited with code {code}"),
                    (_, Some(signal)) => format!("was killed by signal {signal}"),
                    _ => "ended".to_owned(),
                },
                signal: status.signal(),
            },
            Err(error) => Ended {
                success: false,
                words: format!("cannot be waited for: {error}"),
                signal: None,
            },
        }
    }

    /// Returns a process descriptor, which never refers to another process.
    pub(super) fn process(&self) -> io::Result<OwnedFd> {
        let process = pidfd_open(Pid::from_child(&self.child), PidfdFlags::empty());
        process.map_err(io::Error::from)
    }

    /// Kills it.
    pub(super) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        self.kill();
    }
}
