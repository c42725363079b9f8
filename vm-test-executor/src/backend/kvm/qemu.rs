//! The process of QEMU: its disks, its start, its end. Does not use the monitor.

use super::command::{self, Own, Wires};
use super::guest::{self, Virtual};
use super::hardware::{
    Accelerator, BASE, Hardware, NO_FILES, PAYLOAD_DISKS, PAYLOAD_SIZE, STATE, Start, TEMPLATE,
};
use crate::backend::room::{ROOM, STREAM};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use vm_test_protocol::failure::Failure;
use vm_test_sys::{inherited, ticks};

/// The emulator.
pub const BINARY: &str = "qemu-system-x86_64";

/// The program that makes disk images.
pub const IMAGE_TOOL: &str = "qemu-img";

/// The root disk in a template.
const DISK: &str = "disk.qcow2";

/// An empty disk over a template's own, to be copied.
const BLANK: &str = "blank.qcow2";

/// QEMU's process.
pub(super) struct Qemu {
    child: Child,
    /// The state that a VM is restored from.
    pub(super) state: Option<File>,
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
        let disk = root_disk(hardware.start).map_err(|error| failed("make its disk", error))?;
        if hardware.payload.len() < PAYLOAD_DISKS {
            File::create(room().join(NO_FILES))
                .and_then(|file| file.set_len(PAYLOAD_SIZE))
                .map_err(|error| failed("make a disk without files", error))?;
        }
        let blank =
            blank_disks(&hardware.disks).map_err(|error| failed("make a blank disk", error))?;
        let state = hardware
            .start
            .is_restored()
            .then(|| File::open(room().join(TEMPLATE).join(STATE)))
            .transpose()
            .map_err(|error| failed("open the template's state", error))?;
        let stream = (!hardware.start.is_saved()).then_some(STREAM);
        let wires = Wires {
            monitor: monitor.as_raw_fd(),
            control: control.as_raw_fd(),
            console: console.as_raw_fd(),
            stream,
            foreign: machine.foreign.as_ref().map(AsRawFd::as_raw_fd),
        };
        let inherit = || -> io::Result<()> {
            for socket in [monitor, control, console] {
                inherited::set_inheritable(socket, true)?;
            }
            if let Some(state) = &state {
                inherited::set_inheritable(state, true)?;
            }
            for descriptor in machine.foreign.iter().chain(&machine.ports) {
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
            root: &disk,
            blank: &blank,
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

fn room() -> &'static Path {
    Path::new(ROOM)
}

/// Returns the root disk, which is an overlay over the image's disk or the template's.
fn root_disk(start: Start) -> io::Result<PathBuf> {
    let base = room().join(BASE).join("root.img");
    let template = room().join(TEMPLATE);
    let own = room().join(DISK);
    match start {
        Start::Boot => {
            make_over(&base, "raw", &own)?;
            Ok(own)
        }
        Start::Save => {
            let disk = template.join(DISK);
            make_over(&base, "raw", &disk)?;
            make_over(&disk, "qcow2", &template.join(BLANK))?;
            Ok(disk)
        }
        // A copy of the template's own, which goes on as it was saved.
        Start::Configure => Ok(template.join(DISK)),
        Start::Restore | Start::Ahead => {
            fs::copy(template.join(BLANK), &own)?;
            Ok(own)
        }
    }
}

/// Makes an empty overlay over another disk.
fn make_over(below: &Path, format: &str, disk: &Path) -> io::Result<()> {
    let output = Command::new(IMAGE_TOOL)
        .args(["create", "-q", "-f", "qcow2", "-F", format, "-b"])
        .arg(below)
        .arg(disk)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("{IMAGE_TOOL}: {error}")))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(words.trim().to_owned()));
    }
    Ok(())
}

fn blank_disks(sizes: &[u64]) -> io::Result<Vec<PathBuf>> {
    let make = |(number, &size): (usize, &u64)| {
        let path = room().join(format!("disk{number}.img"));
        File::create(&path)?.set_len(size)?;
        Ok(path)
    };
    sizes.iter().enumerate().map(make).collect()
}
