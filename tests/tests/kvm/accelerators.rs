//! `/dev/kvm` where it works, where it does not, and where it does not exist: each host can show
//! only one of these, and says which. A memory size that no other VM has gives each test a VM that
//! has never booted.

use super::impostor::Impostor;
use super::{files_of_machine, prepared};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use vm_test_tests::fixture::text_of;
use vm_test_tests::host::Host;

/// The state of /dev/kvm on this host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kvm {
    Works,
    BootsNothing,
    None,
}

/// How long a kernel may take until it ends, in seconds. A kernel without a root ends within one.
const FIRST_WORDS: &str = "10";

/// Printed when a template is made.
const MADE: &str = "this VM boots for the first time";

/// The beginning of the only line.
const REFUSED: &str = "image `debian-12` does not boot with /dev/kvm here: ";

/// Determines it by booting a kernel, without code of this project.
fn kvm(host: &Host) -> Kvm {
    let device = File::options().read(true).write(true).open("/dev/kvm");
    let found = match device {
        Err(_) => Kvm::None,
        Ok(_) if boots(host) => Kvm::Works,
        Ok(_) => Kvm::BootsNothing,
    };
    eprintln!("/dev/kvm of this host: {found:?}");
    found
}

fn boots(host: &Host) -> bool {
    let files = files_of_machine(host, "debian-12");
    let mut qemu = Command::new("timeout");
    qemu.args(["--signal=KILL", FIRST_WORDS, "qemu-system-x86_64"])
        .args(["-nodefaults", "-no-reboot", "-display", "none", "-m", "256"])
        .args(["-accel", "kvm", "-cpu", "host", "-serial", "stdio"])
        .args(["-kernel", files["vmlinuz"].as_str().unwrap()])
        .args(["-append", "console=ttyS0 panic=-1"])
        .stdin(Stdio::null());
    text_of(&qemu.output().unwrap()).contains("Linux version")
}

/// Makes a directory with a guest of this accelerator whose VM has never booted.
fn workspace(target: &Path, accelerator: &str) -> tempfile::TempDir {
    let own = tempfile::tempdir_in(target).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    // Another test's VM of the same size would have told the result already.
    let mebibytes = 400 + now.subsec_micros() % 1_200;
    let guests = format!(
        "[guest.own]\nbackend = \"kvm\"\nimage = \"debian-12\"\naccelerator = \"{accelerator}\"\nmemory = \"{mebibytes}M\"\n"
    );
    fs::write(own.path().join("vm-test.toml"), guests).unwrap();
    own
}

/// Runs a command that reports the accelerator in a new instance; returns whether it ran, and all
/// output.
fn run(host: &Host, directory: &Path, qemu: Option<&Path>) -> (bool, String) {
    let mut command = host.vm_test();
    command
        .args(["run", "own", "--", "grep", "-m1", "model name"])
        .arg("/proc/cpuinfo")
        .current_dir(directory);
    if let Some(qemu) = qemu {
        command.env("VM_TEST_QEMU", qemu);
    }
    let output = command.output().unwrap();
    (output.status.success(), text_of(&output))
}

/// Returns whether QEMU emulated.
fn is_translated(text: &str) -> bool {
    let model = text.lines().find(|line| line.starts_with("model name"));
    model.is_some_and(|line| line.contains("QEMU"))
}

#[test]
fn where_dev_kvm_boots_nothing_one_line_says_so_and_from_then_on_qemu_translates() {
    let (host, fixture) = prepared(&["debian-12"]);
    let kvm = kvm(&host);
    let own = workspace(fixture.target(), "auto");
    let (success, text) = run(&host, own.path(), None);
    assert!(success, "{text}");
    assert_eq!(is_translated(&text), kvm != Kvm::Works, "{text}");
    let lines: Vec<_> = text.lines().filter(|line| line.contains(REFUSED)).collect();
    match (kvm, &lines[..]) {
        (Kvm::BootsNothing, [line]) => assert!(
            line.contains("QEMU emulates the processor instead, which is slower")
                && line.contains("`vm-test gc --images` makes vm-test try it again"),
            "{line}"
        ),
        (_, lines) => assert!(kvm != Kvm::BootsNothing && lines.is_empty(), "{text}"),
    }
    // The next lease knows the result.
    let (success, text) = run(&host, own.path(), None);
    assert!(success, "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert_eq!(is_translated(&text), kvm != Kvm::Works, "{text}");
}

#[test]
fn a_guest_that_insists_on_dev_kvm_fails_by_name_with_the_cure_where_it_boots_nothing() {
    let (host, fixture) = prepared(&["debian-12"]);
    let kvm = kvm(&host);
    let own = workspace(fixture.target(), "kvm");
    for is_first in [true, false] {
        let began = Instant::now();
        let (success, text) = run(&host, own.path(), None);
        eprintln!("after {:?}: {text}", began.elapsed());
        assert_eq!(success, kvm == Kvm::Works, "{text}");
        let (words, cure) = match kvm {
            Kvm::Works => {
                assert!(!is_translated(&text), "{text}");
                continue;
            }
            Kvm::None => ("/dev/kvm: ", "hint: add yourself to the group of /dev/kvm"),
            Kvm::BootsNothing => (
                REFUSED,
                "\nhint: use accelerator = \"auto\", which lets QEMU emulate the processor instead; once /dev/kvm works, `vm-test gc --images` makes vm-test try it again\n",
            ),
        };
        let begin = "error: cannot start guest `own`: accelerator = \"kvm\": ";
        assert!(text.contains(&format!("{begin}{words}")), "{text}");
        assert!(text.contains(cure), "{text}");
        let tries = kvm == Kvm::BootsNothing && is_first;
        assert_eq!(text.contains(MADE), tries, "{text}");
    }
}

#[test]
fn an_accident_while_dev_kvm_is_tried_fails_its_test_and_proves_nothing() {
    let (host, fixture) = prepared(&["debian-12"]);
    let kvm = kvm(&host);
    // The daemon gets its QEMU from the process that starts it.
    host.stop();
    let own = workspace(fixture.target(), "auto");
    let qemu = Impostor::new(own.path(), "-accel kvm", 1, "kill -KILL $$");
    let (success, text) = run(&host, own.path(), Some(&qemu.path));
    if kvm == Kvm::None {
        assert!(success && is_translated(&text), "{text}");
        return;
    }
    assert!(!success, "{text}");
    assert!(text.contains("QEMU was killed by signal 9"), "{text}");
    assert!(!text.contains(REFUSED), "{text}");
    // It is tried again.
    let (success, text) = run(&host, own.path(), Some(&qemu.path));
    assert!(success && text.contains(MADE), "{text}");
    assert_eq!(text.contains(REFUSED), kvm == Kvm::BootsNothing, "{text}");
    assert_eq!(is_translated(&text), kvm == Kvm::BootsNothing, "{text}");
}
