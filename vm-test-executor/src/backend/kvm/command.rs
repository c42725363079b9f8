//! QEMU's command line. Translates; starts nothing.

use super::hardware::{
    Accelerator, BASE, Hardware, INITRAMFS, NO_FILES, PAYLOAD_DISKS, Start, TEMPLATE,
};
use crate::backend::room::ROOM;
use std::os::fd::RawFd;
use std::path::Path;
use vm_test_protocol::daemon::DiskFormat;
use vm_test_protocol::machine::{CONTROL_PORT, ENV_MACHINE, FOREIGN_DISK, ROOT_DISK, STREAM_PORT};

/// The descriptors that QEMU inherits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wires {
    pub(super) monitor: RawFd,
    pub(super) control: RawFd,
    pub(super) console: RawFd,
    /// A template's stream leads nowhere.
    pub(super) stream: Option<RawFd>,
    /// The disk from elsewhere.
    pub(super) foreign: Option<RawFd>,
}

/// How much memory the translated code of a machine may take, in MiB.
const TRANSLATED: u32 = 64;

/// The arguments of QEMU for this machine. `disk` is the root's, `blank` the further ones.
pub(super) fn arguments(
    hardware: &Hardware,
    disk: &Path,
    blank: &[std::path::PathBuf],
    wires: Wires,
) -> Vec<String> {
    let mut args = Arguments::default();
    args.flag("-nodefaults");
    args.flag("-no-user-config");
    args.flag("-no-reboot");
    args.option("-display", "none");
    args.option(
        "-sandbox",
        match hardware.start {
            // Saving has another program write to the file.
            Start::Save => "on,obsolete=deny,elevateprivileges=deny",
            _ => "on,obsolete=deny,elevateprivileges=deny,spawn=deny",
        },
    );
    args.option(
        "-machine",
        "q35,memory-backend=ram,hpet=off,vmport=off,smbus=off,sata=off,usb=off,graphics=off",
    );
    args.option(
        "-accel",
        match hardware.accelerator {
            Accelerator::Kvm => "kvm".to_owned(),
            Accelerator::Tcg => format!("tcg,tb-size={TRANSLATED}"),
        },
    );
    if hardware.accelerator == Accelerator::Kvm {
        args.option("-cpu", "host");
    }
    args.option("-smp", hardware.cpus.to_string());
    args.option("-m", format!("{}B", hardware.memory));
    let size = hardware.memory;
    let room = ROOM;
    args.option(
        "-object",
        match hardware.start {
            Start::Boot => format!("memory-backend-ram,id=ram,size={size}"),
            Start::Save => format!(
                "memory-backend-file,id=ram,size={size},mem-path={room}/{TEMPLATE}/ram,share=on"
            ),
            Start::Restore | Start::Ahead => format!(
                "memory-backend-file,id=ram,size={size},mem-path={room}/{TEMPLATE}/ram,share=off"
            ),
        },
    );
    args.option("-kernel", format!("{room}/{BASE}/vmlinuz"));
    // A machine that goes on has them in its memory. The kernel's file has QEMU make the same devices.
    if !hardware.start.is_restored() {
        args.option("-initrd", format!("{room}/{INITRAMFS}/initramfs.cpio"));
        args.option("-append", kernel_line(hardware));
    }
    args.socket("monitor", wires.monitor);
    args.option("-mon", "chardev=monitor,mode=control");
    args.socket("console", wires.console);
    args.option("-serial", "chardev:console");
    args.socket("control", wires.control);
    match wires.stream {
        Some(stream) => args.socket("stream", stream),
        None => args.option("-chardev", "null,id=stream"),
    }
    args.option("-device", "virtio-serial-pci,id=ports,max_ports=4");
    for (name, chardev) in [(CONTROL_PORT, "control"), (STREAM_PORT, "stream")] {
        args.option(
            "-device",
            // Of what has an id the monitor says when the guest closes it.
            format!("virtserialport,bus=ports.0,chardev={chardev},name={name},id={chardev}-port"),
        );
    }
    args.option("-device", "virtio-rng-pci");
    args.disk(ROOT_DISK, &disk.to_string_lossy(), "qcow2", false);
    for number in 0..PAYLOAD_DISKS {
        let path = match hardware.payload.get(number) {
            Some(path) => format!("{room}/{}", path.display()),
            None => format!("{room}/{NO_FILES}"),
        };
        args.disk(&payload_serial(number), &path, "raw", true);
    }
    for (number, path) in blank.iter().enumerate() {
        args.disk(
            &format!("disk{number}"),
            &path.to_string_lossy(),
            "raw",
            false,
        );
    }
    if let (Some(format), Some(fd)) = (hardware.foreign, wires.foreign) {
        args.foreign(format, fd);
    }
    if hardware.network {
        args.option("-netdev", "user,id=outside");
        args.option("-device", "virtio-net-pci,netdev=outside,romfile=");
    }
    if hardware.start.is_restored() {
        args.option("-incoming", "defer");
    }
    args.0
}

/// The serial number of a disk with the host's files.
#[must_use]
pub fn payload_serial(number: usize) -> String {
    format!("files{number}")
}

/// The kernel's command line. What the kernel does not know is in the environment of the first program.
fn kernel_line(hardware: &Hardware) -> String {
    let mut words = vec![
        "console=ttyS0".to_owned(),
        "quiet".to_owned(),
        // The end of a machine whose kernel panics is seen at once.
        "panic=-1".to_owned(),
        "oops=panic".to_owned(),
        "net.ifnames=0".to_owned(),
        // Time goes on where it was when a template is woken; there is nothing to measure it against.
        "tsc=reliable".to_owned(),
        "no_timer_check".to_owned(),
        "mitigations=off".to_owned(),
        format!("{ENV_MACHINE}=1"),
    ];
    if hardware.accelerator == Accelerator::Tcg {
        // What is at another address is translated anew: every start of a program would take five times as long.
        words.push("norandmaps".to_owned());
    }
    if let Some(timeout) = hardware.boot_timeout {
        words.push(format!("VM_TEST_BOOT_TIMEOUT={timeout}"));
    }
    words.join(" ")
}

/// Arguments that grow.
#[derive(Default)]
struct Arguments(Vec<String>);

impl Arguments {
    fn flag(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    fn option(&mut self, name: &str, value: impl Into<String>) {
        self.0.extend([name.to_owned(), value.into()]);
    }

    fn socket(&mut self, id: &str, fd: RawFd) {
        self.option("-chardev", format!("socket,id={id},fd={fd}"));
    }

    /// A disk that somebody else has made. Its file is the descriptor, its format what the user says, and whatever other
    /// file it names is not opened.
    fn foreign(&mut self, format: DiskFormat, fd: RawFd) {
        let name = FOREIGN_DISK;
        self.option("-add-fd", format!("fd={fd},set=1"));
        self.option(
            "-blockdev",
            format!("driver=file,filename=/dev/fdset/1,node-name={name}-file,read-only=on"),
        );
        let (driver, backing) = match format {
            DiskFormat::Raw => ("raw", ""),
            DiskFormat::Qcow2 => ("qcow2", r#","backing":null"#),
        };
        self.option(
            "-blockdev",
            format!(
                r#"{{"driver":"{driver}","file":"{name}-file","node-name":"{name}","read-only":true{backing}}}"#
            ),
        );
        self.option(
            "-device",
            format!("virtio-blk-pci,drive={name},serial={name}"),
        );
    }

    /// A disk; its path is below the room, where no name has a comma.
    fn disk(&mut self, serial: &str, path: &str, format: &str, read_only: bool) {
        let only = if read_only { ",read-only=on" } else { "" };
        let file = format!("driver=file,filename={path},node-name={serial}-file{only}");
        // Nothing outlives the machine, so nothing has to reach the disk below.
        self.option("-blockdev", format!("{file},cache.no-flush=on"));
        self.option(
            "-blockdev",
            format!(
                "driver={format},file={serial}-file,node-name={serial}{only},cache.no-flush=on"
            ),
        );
        // A machine that has used up its room is told so; by itself QEMU would stop it until somebody makes room.
        self.option(
            "-device",
            format!("virtio-blk-pci,drive={serial},serial={serial},werror=report"),
        );
    }
}
