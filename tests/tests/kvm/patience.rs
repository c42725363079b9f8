//! What must not end a VM: the duration of its test, and events that QEMU reports meanwhile.

use std::fs;
use std::process::{Child, Stdio};
use vm_test_tests::campaign::length;
use vm_test_tests::fixture::text_of;
use vm_test_tests::host::Host;

/// Returns a time longer than every limit of this project for a running VM.
///
/// The short form exceeds only the limit for a VM without its agent.
fn seconds() -> u32 {
    length(65, 8)
}

/// Guests with each feature that has devices, files or processes, and commands that run for
/// seconds.
const GUESTS: &str = r#"
[guest.plain]
backend = "kvm"
image = "debian-12"
accelerator = "tcg"

[guest.all]
backend = "kvm"
image = "debian-12"
accelerator = "tcg"
network = "user"
disks = ["16M"]
devices = ["/dev/net/tun", "/dev/fuse", "loop"]

[guest.system]
backend = "kvm"
image = "debian-12-systemd"
accelerator = "tcg"
network = "user"
boot_timeout = "120s"
"#;

#[test]
fn a_machine_lives_as_long_as_its_test_whatever_qemu_says_in_its_first_second() {
    let guests: &[(&str, &str)] = match length(1, 0) {
        // One VM with everything, and one with nothing.
        0 => &[
            ("all", "hwclock --systohc && sleep SECONDS && echo end"),
            ("plain", "hwclock --systohc && sleep SECONDS && echo end"),
        ],
        _ => &[
            // The monitor reports events of the clock, of the network card's filter, and none.
            ("all", "hwclock --systohc && sleep SECONDS && echo end"),
            (
                "all",
                "ip link set eth0 promisc on && sleep SECONDS && echo end",
            ),
            ("plain", "hwclock --systohc && sleep SECONDS && echo end"),
            ("plain", "sleep SECONDS && echo end"),
            ("system", "hwclock --systohc && sleep SECONDS && echo end"),
        ],
    };
    let images: &[&str] = match length(1, 0) {
        0 => &["debian-12"],
        _ => &["debian-12", "debian-12-systemd"],
    };
    let host = Host::new().with_shared_store();
    let dir = tempfile::tempdir().unwrap();
    host.build_images(dir.path(), images);
    fs::write(dir.path().join("vm-test.toml"), GUESTS).unwrap();
    let run = |(guest, script): &(&str, &str)| -> Child {
        let script = script.replace("SECONDS", &seconds().to_string());
        let mut command = host.vm_test();
        let args = ["run", guest, "--directory", "/", "--timeout", "30m", "--"];
        command.args(args).args(["sh", "-c", &script]);
        command.current_dir(dir.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let running: Vec<_> = guests.iter().map(run).collect();
    for (child, (guest, script)) in running.into_iter().zip(guests) {
        let output = child.wait_with_output().unwrap();
        let text = text_of(&output);
        assert!(output.status.success(), "{guest}: {script}: {text}");
        assert!(text.contains("end\n"), "{guest}: {script}: {text}");
    }
}
