//! QEMU's command line. Translates; starts nothing.

use super::disks::Disks;
use super::hardware::{Accelerator, BASE, Hardware, INITRAMFS, Start, TEMPLATE};
use crate::backend::room::ROOM;
use std::os::fd::RawFd;
use vm_test_protocol::machine::{CONTROL_PORT, ENV_JOURNAL, ENV_MACHINE, STREAM_PORT};

/// The descriptors that QEMU inherits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wires {
    pub(super) monitor: RawFd,
    pub(super) control: RawFd,
    pub(super) console: RawFd,
    /// Not set for a template, whose stream is not connected.
    pub(super) stream: Option<RawFd>,
    /// A second monitor, if something may be done to the frames of its card to the outside.
    pub(super) second_monitor: Option<RawFd>,
    /// The imported disk.
    pub(super) foreign: Option<RawFd>,
}

/// QEMU's name for what carries frames to the outside.
pub(super) const OUTSIDE: &str = "outside";

/// The number of the hub that joins network cards without a tap.
const HUB: u32 = 0;

/// How much memory QEMU's translated code may take, in MiB.
const TRANSLATED: u32 = 64;

/// What one instance has of its own.
#[derive(Debug)]
pub(super) struct Own<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// The files of its disks.
    pub(super) disks: &'a Disks,
    pub(super) wires: Wires,
    /// The other ends of its network cards for a lab; none for a template.
    pub(super) ports: &'a [RawFd],
    /// The rate of the time stamp counter that it sees, in kHz, if that is known and it boots.
    pub(super) counter: Option<u64>,
}

/// Returns QEMU's arguments for this VM.
pub(super) fn arguments(hardware: &Hardware, own: &Own<'_>) -> Vec<String> {
    let wires = own.wires;
    let mut args = Arguments::default();
    // Tells users of `ps` and `top` which VM is which. No instance's name contains a comma.
    args.option("-name", format!("guest={}", own.name));
    args.flag("-nodefaults");
    args.flag("-no-user-config");
    args.flag("-no-reboot");
    args.option("-display", "none");
    args.option(
        "-sandbox",
        if hardware.start.is_saved() {
            // For saving, another program writes to the file.
            "on,obsolete=deny,elevateprivileges=deny"
        } else {
            "on,obsolete=deny,elevateprivileges=deny,spawn=deny"
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
    args.option("-object", memory(hardware));
    args.option("-kernel", format!("{ROOM}/{BASE}/vmlinuz"));
    // A restored VM has them in its memory. The kernel file makes QEMU create the same devices.
    if !hardware.start.is_restored() {
        args.option("-initrd", format!("{ROOM}/{INITRAMFS}/initramfs.cpio"));
        args.option("-append", kernel_line(hardware, own.counter));
    }
    args.socket("monitor", wires.monitor);
    args.option("-mon", "chardev=monitor,mode=control");
    if let Some(monitor) = wires.second_monitor {
        args.socket("second-monitor", monitor);
        args.option("-mon", "chardev=second-monitor,mode=control");
    }
    args.socket("console", wires.console);
    args.option("-serial", "chardev:console");
    args.socket("control", wires.control);
    match wires.stream {
        Some(stream) => args.socket("stream", stream),
        None => args.option("-chardev", "null,id=stream"),
    }
    args.ports();
    args.option("-device", "virtio-rng-pci");
    args.disks(hardware, own.disks);
    if let (Some(format), Some(fd)) = (hardware.foreign, wires.foreign) {
        args.foreign(format, fd);
    }
    if hardware.network {
        let forwards = hardware.forwards.iter();
        let forwards = forwards.map(|(at, port)| format!(",hostfwd=tcp:{at}-:{port}"));
        let forwards: String = forwards.collect();
        args.option("-netdev", format!("user,id={OUTSIDE}{forwards}"));
        let card = format!("virtio-net-pci,netdev={OUTSIDE},romfile=");
        args.option("-device", card);
    }
    for number in 0..hardware.ports {
        args.card(number, own.ports.get(number).copied());
    }
    if hardware.start.is_restored() {
        args.option("-incoming", "defer");
    }
    args.0
}

/// Returns the object that is the VM's memory.
fn memory(hardware: &Hardware) -> String {
    let size = hardware.memory;
    let of_template =
        format!("memory-backend-file,id=ram,size={size},mem-path={ROOM}/{TEMPLATE}/ram");
    match hardware.start {
        Start::Boot | Start::Resume => format!("memory-backend-ram,id=ram,size={size}"),
        Start::Save | Start::Configure => format!("{of_template},share=on"),
        Start::Restore | Start::Ahead => format!("{of_template},share=off"),
    }
}

/// Returns the kernel's command line.
///
/// Words that the kernel does not know become the environment of the first program.
fn kernel_line(hardware: &Hardware, counter: Option<u64>) -> String {
    let mut words = vec![
        "console=ttyS0".to_owned(),
        "quiet".to_owned(),
        // QEMU then exits at once when the kernel panics.
        "panic=-1".to_owned(),
        "oops=panic".to_owned(),
        "net.ifnames=0".to_owned(),
        // A restored template continues at the time when it was saved; there is no reference to
        // check the TSC against.
        "tsc=reliable".to_owned(),
        "no_timer_check".to_owned(),
        "mitigations=off".to_owned(),
        format!("{ENV_MACHINE}=1"),
    ];
    if hardware.accelerator == Accelerator::Tcg {
        // Code at another address is translated again: starting a program would take five times as
        // long.
        words.push("norandmaps".to_owned());
    }
    if let Some(rate) = counter {
        // The kernel would compare the counter with a timer that QEMU emulates. Where other
        // processes interrupt QEMU meanwhile, the result can be less than half of the true rate,
        // and then the VM's clock runs more than twice as fast for as long as it lives.
        words.push(format!("tsc_early_khz={rate}"));
    }
    if hardware.journal {
        words.push(format!("{ENV_JOURNAL}=1"));
    }
    if let Some(timeout) = hardware.boot_timeout {
        words.push(format!("VM_TEST_BOOT_TIMEOUT={}", timeout.as_millis()));
    }
    words.join(" ")
}

/// A list of arguments that is being made.
#[derive(Default)]
pub(super) struct Arguments(Vec<String>);

impl Arguments {
    fn flag(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    pub(super) fn option(&mut self, name: &str, value: impl Into<String>) {
        self.0.extend([name.to_owned(), value.into()]);
    }

    fn socket(&mut self, id: &str, fd: RawFd) {
        self.option("-chardev", format!("socket,id={id},fd={fd}"));
    }

    /// Adds a network card, which leads to a tap of its lab or, without one, to the VM's other cards.
    ///
    /// A card that was saved without the headers of a tap can be restored to a tap without them.
    fn card(&mut self, number: usize, tap: Option<RawFd>) {
        let id = format!("port{number}");
        let backend = match tap {
            Some(fd) => format!("tap,id={id},fd={fd}"),
            None => format!("hubport,id={id},hubid={HUB}"),
        };
        self.option("-netdev", backend);
        self.option("-device", format!("virtio-net-pci,netdev={id},romfile="));
    }

    /// Adds the ports that the agent talks through.
    fn ports(&mut self) {
        self.option("-device", "virtio-serial-pci,id=ports,max_ports=4");
        for (name, chardev) in [(CONTROL_PORT, "control"), (STREAM_PORT, "stream")] {
            // For a device with an id the monitor reports when the guest closes it.
            let port = format!(
                "virtserialport,bus=ports.0,chardev={chardev},name={name},id={chardev}-port"
            );
            self.option("-device", port);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::disks::DiskFile;
    use super::*;
    use std::path::PathBuf;
    use std::time::Duration;
    use vm_test_protocol::machine::Identity;

    fn hardware(accelerator: Accelerator) -> Hardware {
        Hardware {
            start: Start::Boot,
            program: PathBuf::from("qemu"),
            accelerator,
            memory: 1 << 29,
            cpus: 1,
            boot_timeout: None,
            patience: Duration::from_secs(1),
            disks: Vec::new(),
            foreign: None,
            network: false,
            ports: 0,
            journal: false,
            layers: 0,
            payload: Vec::new(),
            payload_disks: 2,
            forwards: Vec::new(),
            identity: Identity::default(),
        }
    }

    #[test]
    fn a_kernel_is_told_the_rate_of_its_counter_if_that_is_known() {
        let line = |counter| kernel_line(&hardware(Accelerator::Tcg), counter);
        let words = |line: String| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(words(line(Some(2_596_150))).contains(&"tsc_early_khz=2596150".to_owned()));
        assert!(!line(None).contains("tsc_early_khz"));
    }

    #[test]
    fn a_vm_is_named_after_its_instance() {
        let arguments = arguments(&hardware(Accelerator::Tcg), &own(&Disks::default()));
        let at = arguments.iter().position(|word| word == "-name").unwrap();
        assert_eq!(arguments[at + 1], "guest=a-1b2c-3");
    }

    #[test]
    fn the_root_of_a_node_is_its_layers_and_only_the_uppermost_is_written_to() {
        let disks = Disks {
            root: vec![DiskFile::Kept(7), DiskFile::Kept(8)],
            blank: vec![DiskFile::Kept(9)],
        };
        let hardware = Hardware {
            journal: true,
            ..hardware(Accelerator::Tcg)
        };
        let line = arguments(&hardware, &own(&disks)).join(" ");
        for words in [
            "-add-fd fd=7,set=7 ",
            "-add-fd fd=9,set=9 ",
            r#""filename":"/dev/fdset/8","locking":"off","node-name":"layer1-file""#,
            r#""file":"layer0-file","node-name":"layer0","read-only":true}"#,
            r#"{"backing":"layer0","#,
            r#""file":"layer1-file","node-name":"layer1","read-only":false}"#,
            "drive=layer1,serial=root,",
            "filename=/dev/fdset/9,node-name=disk0-file,locking=off,",
            "VM_TEST_JOURNAL=1",
        ] {
            assert!(line.contains(words), "{words}: {line}");
        }
    }

    fn own(disks: &Disks) -> Own<'_> {
        Own {
            name: "a-1b2c-3",
            disks,
            wires: Wires {
                monitor: 3,
                control: 4,
                console: 5,
                stream: None,
                second_monitor: None,
                foreign: None,
            },
            ports: &[],
            counter: None,
        }
    }
}
