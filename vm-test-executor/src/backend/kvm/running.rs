//! A VM that runs: started, booted, saved as a template, or restored from one. Knows the order of
//! its words, and what each failure is blamed on.

use super::complaint::kind_of;
use super::console::Console;
use super::disks;
use super::guest::{self, Virtual, cannot};
use super::hardware::{Hardware, Start, TEMPLATE};
use super::identity;
use super::monitor::Monitor;
use super::order::MachineAnswer;
use super::qemu::Qemu;
use super::trouble::{Blame, Trouble, blame_for, with_cure};
use crate::backend::last_line;
use crate::backend::room::ROOM;
use crate::backend::unrun::Unrun;
use crate::image::LENGTHS;
use rustix::process::{Signal, pidfd_send_signal};
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use vm_test_protocol::PROTOCOL;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_protocol::machine::{FromMachine, Identity, ToMachine};

/// How long a machine that goes on from a template may take to its agent's first word; those that
/// do take a tenth of a second.
const RESTORING: Duration = Duration::from_secs(20);

/// A VM that runs.
pub(super) struct Running<'a> {
    pub(super) machine: &'a Virtual,
    pub(super) hardware: Hardware,
    patience: Duration,
    pub(super) qemu: Qemu,
    pub(super) control: UnixStream,
    /// How many layers the root disk of a node has.
    pub(super) layers: usize,
    pub(super) console: Console,
    monitor: Option<UnixStream>,
    pub(super) greeted: Option<Monitor>,
}

/// Runs the VM, or makes a template of it; returns when QEMU has ended.
pub fn run(machine: &Virtual) -> Result<i32, Unrun> {
    let hardware = || machine.hardware.clone();
    let done = match machine.hardware.start {
        Start::Save => Running::start(machine, hardware()).and_then(Running::save),
        Start::Configure => Running::restored(machine).and_then(Running::configure),
        Start::Boot => Running::start(machine, hardware()).and_then(Running::boot),
        // A spare is only an optimisation: if it cannot be restored, drop it and do not blame the
        // template.
        Start::Ahead => Running::restore(machine).and_then(|(running, refusal)| match refusal {
            None => running.wait_for_lease(),
            Some(refusal) => Err(refusal.into()),
        }),
        Start::Resume => Running::resume(machine),
        Start::Restore => match Running::restore(machine) {
            Ok((running, None)) => running.begin(None),
            // The template works. What the VM's agent refuses now it would refuse after a boot,
            // too.
            Ok((_, Some(refusal))) => Err(refusal.into()),
            Err(trouble) => {
                if trouble.blame == Blame::Machine {
                    // Without this file, the next lease finds that the template does not work, and
                    // makes a new one.
                    let _ = fs::remove_file(Path::new(ROOM).join(TEMPLATE).join(LENGTHS));
                }
                // It may have written to its disk.
                if let Some(layer) = machine.disks.first() {
                    let _ = disks::empty(layer);
                }
                let hardware = without_template(&machine.hardware, &trouble.failure);
                Running::start(machine, hardware).and_then(Running::boot)
            }
        },
    };
    done.map_err(|trouble| Unrun {
        is_unbooted: machine.hardware.start == Start::Save && trouble.blame != Blame::Host,
        failure: with_cure(trouble.failure),
    })
}

/// Returns the same VM, to be booted.
fn without_template(hardware: &Hardware, cause: &Failure) -> Hardware {
    let cause = &cause.message;
    Hardware {
        start: Start::Boot,
        identity: Identity {
            note: Some(format!(
                "was booted, because it could not be restored from its template: {cause}"
            )),
            ..hardware.identity.clone()
        },
        ..hardware.clone()
    }
}

impl<'a> Running<'a> {
    pub(super) fn start(machine: &'a Virtual, hardware: Hardware) -> Result<Self, Trouble> {
        let failed = |error: io::Error| guest::failed(machine, "start QEMU", &error);
        let (monitor, monitor_wire) = UnixStream::pair().map_err(failed)?;
        let (control, control_wire) = UnixStream::pair().map_err(failed)?;
        let (source, console_wire) = UnixStream::pair().map_err(failed)?;
        let file = machine.console.try_clone().map_err(failed)?;
        let wires = [&monitor_wire, &control_wire, &console_wire];
        let qemu = Qemu::start(machine, &hardware, wires)?;
        let process = qemu.process().map_err(failed)?;
        let console = Console::pump(source, file.into(), move || {
            let _ = pidfd_send_signal(process, Signal::KILL);
        });
        let console = console.map_err(failed)?;
        let patience = match hardware.start {
            Start::Restore | Start::Configure => hardware.patience.min(RESTORING),
            _ => hardware.patience,
        };
        control.set_read_timeout(Some(patience)).map_err(failed)?;
        Ok(Self {
            machine,
            layers: hardware.layers,
            hardware,
            patience,
            qemu,
            control,
            console,
            monitor: Some(monitor),
            greeted: None,
        })
    }

    fn boot(mut self) -> Result<i32, Trouble> {
        self.await_boot()?;
        match self.go()? {
            Some(refusal) => Err(refusal.into()),
            None => self.begin(None),
        }
    }

    /// Makes the agent open its stream, and waits for the VM's end.
    fn begin(mut self, time: Option<Duration>) -> Result<i32, Trouble> {
        // If the agent is gone, that shows as the VM's end.
        let _ = frame::write(&self.control, &ToMachine::Begin { time });
        self.tell(&MachineAnswer::Up);
        Err(self.end())
    }

    /// Waits for the lease of a VM that was started ahead, and gives it its stream.
    fn wait_for_lease(mut self) -> Result<i32, Trouble> {
        let lost = |error: io::Error| cannot(self.machine, &format!("wait for a lease: {error}"));
        let stream = self.machine.lease.stream(self.control.as_fd());
        let Some(stream) = stream.map_err(lost)? else {
            return Err(self.end());
        };
        let attached = self
            .monitor()
            .and_then(|monitor| monitor.lead_to("stream", &stream));
        // From here on only QEMU has it: the end of QEMU must be seen as the end of the stream.
        drop(stream);
        attached.map_err(|error| guest::failed(self.machine, "give it its stream", &error))?;
        let granted = self.machine.lease.await_grant();
        granted.map_err(|error| cannot(self.machine, &format!("wait for a lease: {error}")))?;
        self.begin(Some(identity::now()))
    }

    /// Restores a VM; returns it with the reason, if any, why it cannot become its instance.
    ///
    /// If an error is blamed on the VM, its template is damaged.
    fn restore(machine: &'a Virtual) -> Result<(Self, Option<Failure>), Trouble> {
        let mut running = Self::restored(machine)?;
        let refusal = running.go()?;
        Ok((running, refusal))
    }

    /// Restores a VM, whose agent then waits for a word.
    fn restored(machine: &'a Virtual) -> Result<Self, Trouble> {
        let mut running = Self::start(machine, machine.hardware.clone())?;
        let state = running.qemu.state.as_ref().map_or(-1, AsRawFd::as_raw_fd);
        let restored = running.monitor().and_then(|monitor| monitor.restore(state));
        if let Err(error) = restored {
            return Err(running.not_restored(&error));
        }
        Ok(running)
    }

    /// Returns why it cannot be restored.
    pub(super) fn not_restored(&mut self, error: &io::Error) -> Trouble {
        use io::ErrorKind::{BrokenPipe, ConnectionReset, Other, UnexpectedEof};
        let blame = match error.kind() {
            // QEMU's own error message.
            Other => Blame::Machine,
            UnexpectedEof | BrokenPipe | ConnectionReset => {
                let ended = self.qemu.wait();
                blame_for(&ended, last_line(&self.machine.errors).as_deref())
            }
            _ => Blame::Host,
        };
        let complaint = last_line(&self.machine.errors);
        let complaint = complaint.map_or_else(String::new, |line| format!(": {line}"));
        let words = format!("{error}{complaint}");
        let failure = cannot(
            self.machine,
            &format!("be restored from its saved state: {words}"),
        );
        Trouble::new(failure.of(kind_of(&words)), blame)
    }

    /// Waits until the agent reports that the VM has booted.
    pub(super) fn await_boot(&mut self) -> Result<(), Trouble> {
        match self.hear()? {
            FromMachine::Booted { protocol: PROTOCOL } => Ok(()),
            FromMachine::Booted { protocol } => {
                let cause =
                    format!("use it: its agent speaks protocol {protocol}, and this is {PROTOCOL}");
                Err(cannot(self.machine, &cause).into())
            }
            FromMachine::NotUp(reason) => {
                Err(cannot(self.machine, &format!("boot it: {reason}")).into())
            }
            other => {
                let cause = format!("boot it: its agent says {other:?}");
                Err(cannot(self.machine, &cause).into())
            }
        }
    }

    /// Gives the VM its identity; returns the agent's reason if it cannot take it.
    fn go(&mut self) -> Result<Option<Failure>, Trouble> {
        let mut identity = identity::complete(&self.hardware.identity)
            .map_err(|error| guest::failed(self.machine, "give it random numbers", &error))?;
        identity.is_spare = self.hardware.start == Start::Ahead;
        // If the agent is gone, that shows as the end of the stream.
        let _ = frame::write(&self.control, &ToMachine::Go(Box::new(identity)));
        match self.hear()? {
            FromMachine::Became => {}
            FromMachine::CannotBecome(reason) => {
                return Ok(Some(Failure::new(format!(
                    "cannot start instance {} of guest `{}`: {reason}",
                    self.machine.instance, self.machine.guest
                ))));
            }
            other => {
                let cause = format!("begin: its agent says {other:?}");
                return Err(cannot(self.machine, &cause).into());
            }
        }
        // On failure only the reason for the VM's end is unknown.
        let _ = self.monitor();
        Ok(None)
    }

    /// Returns QEMU's monitor, connecting to it the first time.
    pub(super) fn monitor(&mut self) -> io::Result<&mut Monitor> {
        if let Some(socket) = self.monitor.take() {
            self.greeted = Some(Monitor::open(socket)?);
        }
        self.greeted
            .as_mut()
            .ok_or(io::ErrorKind::NotConnected.into())
    }

    /// Receives the agent's next message.
    pub(super) fn hear(&mut self) -> Result<FromMachine, Trouble> {
        match frame::read(&self.control) {
            Ok(Some(word)) => Ok(word),
            Err(error) if is_timeout(&error) => {
                self.qemu.kill();
                let cause = format!("get an answer from its agent within {:?}", self.patience);
                Err(Trouble::new(cannot(self.machine, &cause), Blame::Silence))
            }
            Ok(None) => Err(self.end()),
            Err(error) => {
                Err(cannot(self.machine, &format!("understand its agent: {error}")).into())
            }
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}
