//! Parts of a VM that are damaged or missing: they are reported, and done without where possible.

use super::impostor::Impostor;
use super::own_image::OwnImage;
use super::{LIMIT, prepared};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use vm_test_tests::fixture::text_of;
use vm_test_tests::host::Host;
use vm_test_tests::process::await_that;

/// Printed when a template is made.
const MADE: &str = "this VM boots for the first time";

/// Printed when the VM is booted without it.
const BOOTED: &str = "vm-test: warning: guest `machine` was booted, because it could not be restored from its template: ";

/// Runs a program in a new instance; returns whether it succeeded, and all output.
fn run(host: &Host, directory: &Path, memory: &str) -> (bool, String) {
    let output = host
        .vm_test()
        .args(["run", "machine", "--memory", memory])
        .args(["--", "uname", "-n"])
        .current_dir(directory)
        .output()
        .unwrap();
    (output.status.success(), text_of(&output))
}

/// Returns the template of a VM with this much memory, which no other test uses.
fn template_of(host: &Host, directory: &Path, mebibytes: u64) -> PathBuf {
    let (success, text) = run(host, directory, &format!("{mebibytes}M"));
    assert!(success, "{text}");
    let entries = fs::read_dir(host.store().join("machines")).unwrap();
    let mut found: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let ram = fs::metadata(path.join("ram"));
            ram.is_ok_and(|meta| meta.len() == mebibytes << 20)
        })
        .collect();
    // Earlier runs of the suite may have left others.
    found.sort_by_key(|path| fs::metadata(path).and_then(|meta| meta.modified()).unwrap());
    found.pop().expect("a template of that memory")
}

#[test]
fn a_template_whose_state_is_garbage_is_done_without_and_made_anew() {
    let (host, fixture) = prepared(&["debian-12"]);
    let directory = fixture.directory();
    let template = template_of(&host, directory, 301);
    let state = File::options().write(true).open(template.join("state"));
    state.unwrap().write_all_at(&[0xff; 4096], 512).unwrap();
    let (success, text) = run(&host, directory, "301M");
    assert!(success, "{text}");
    assert!(text.contains("machine\n"), "{text}");
    assert!(text.contains(BOOTED), "{text}");
    // The next one has a new template, and the one after that is restored from it.
    let (success, text) = run(&host, directory, "301M");
    assert!(success && text.contains(MADE), "{text}");
    let (success, text) = run(&host, directory, "301M");
    assert!(success && text == "machine\n", "{text}");
}

#[test]
fn a_template_is_not_to_blame_for_what_somebody_else_has_killed() {
    let (host, fixture) = prepared(&["debian-12"]);
    // The daemon gets its QEMU from the process that starts it.
    host.stop();
    let own = tempfile::tempdir_in(fixture.target()).unwrap();
    let guests =
        "[guest.machine]\nbackend = \"kvm\"\nimage = \"debian-12\"\naccelerator = \"tcg\"\n";
    fs::write(own.path().join("vm-test.toml"), guests).unwrap();
    let qemu = Impostor::new(own.path(), "-incoming", 2, "kill -KILL $$");
    let run = || {
        let mut command = host.vm_test();
        command
            .args(["run", "machine", "--memory", "305M", "--directory", "/"])
            .args(["--", "uname", "-n"])
            .current_dir(own.path())
            .env("VM_TEST_QEMU", &qemu.path);
        let output = command.output().unwrap();
        let text = text_of(&output);
        assert!(output.status.success(), "{text}");
        text
    };
    assert!(run().contains(MADE));
    let text = run();
    assert!(text.contains(BOOTED) && !text.contains(MADE), "{text}");
    assert_eq!(run(), "machine\n");
}

#[test]
fn a_qemu_that_gets_no_memory_is_told_with_the_cure() {
    let (host, fixture) = prepared(&["debian-12"]);
    // The daemon gets its QEMU from the process that starts it.
    host.stop();
    let own = tempfile::tempdir_in(fixture.target()).unwrap();
    let guests =
        "[guest.machine]\nbackend = \"kvm\"\nimage = \"debian-12\"\naccelerator = \"tcg\"\n";
    fs::write(own.path().join("vm-test.toml"), guests).unwrap();
    let words = "cannot set up guest memory 'ram': Cannot allocate memory";
    let deed = format!("echo \"{words}\" >&2; exit 1");
    // The start that makes the template.
    let qemu = Impostor::new(own.path(), "share=on", 1, &deed);
    let output = host
        .vm_test()
        .args(["run", "machine", "--memory", "306M", "--directory", "/"])
        .args(["--", "uname", "-n"])
        .current_dir(own.path())
        .env("VM_TEST_QEMU", &qemu.path)
        .output()
        .unwrap();
    let text = text_of(&output);
    assert!(!output.status.success(), "{text}");
    assert!(text.contains(words), "{text}");
    let cure = "\nhint: run fewer tests at a time, or lower VM_TEST_MEMORY_BUDGET (MiB) before the daemon starts\n";
    assert!(text.contains(cure), "{text}");
}

#[test]
fn a_template_that_is_cut_or_gone_in_part_is_named_and_made_anew() {
    let (host, fixture) = prepared(&["debian-12"]);
    let directory = fixture.directory();
    for (file, damage) in [("ram", "cut"), ("disk.qcow2", "gone"), ("state", "cut")] {
        let path = template_of(&host, directory, 302).join(file);
        if damage == "cut" {
            let length = path.metadata().unwrap().len();
            File::options()
                .write(true)
                .open(&path)
                .and_then(|file| file.set_len(length / 2))
                .unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        let (success, text) = run(&host, directory, "302M");
        assert!(success, "{file} {damage}: {text}");
        let words = format!(
            "its template is damaged and is being rebuilt: {}",
            path.display()
        );
        assert!(text.contains(&words), "{file} {damage}: {text}");
    }
}

#[test]
fn what_a_killed_daemon_was_making_is_gone_after_the_next_ones_first_machine() {
    let (host, fixture) = prepared(&["debian-12"]);
    let (success, text) = run(&host, fixture.directory(), "303M");
    assert!(success, "{text}");
    host.stop();
    let building = host.store().join("building");
    let left = ["template-left", "payload-left"].map(|name| building.join(name));
    let leave = || {
        for directory in &left {
            // Others who use the store may remove it before there is a file in it.
            await_that("something is left", LIMIT, || {
                fs::create_dir_all(directory).is_ok()
                    && fs::write(directory.join("ram"), "half").is_ok()
            });
        }
    };
    leave();
    let (success, text) = run(&host, fixture.directory(), "303M");
    // Making a template removes them, too.
    assert!(success && !text.contains(MADE), "{text}");
    assert!(!left.iter().any(|directory| directory.exists()), "{text}");
    // As does the command that sweeps.
    leave();
    let output = host.vm_test().arg("gc").output().unwrap();
    let text = text_of(&output);
    assert!(output.status.success(), "{text}");
    assert!(!left.iter().any(|directory| directory.exists()), "{text}");
}

#[test]
fn an_init_that_does_not_come_up_is_told_with_what_it_waits_for() {
    let (host, fixture) = prepared(&["debian-12-systemd", "kvm-endless"]);
    let output = host
        .vm_test()
        .args(["run", "endless", "--", "true"])
        .current_dir(fixture.directory())
        .output()
        .unwrap();
    let text = text_of(&output);
    assert_eq!(output.status.code(), Some(125), "{text}");
    assert!(
        text.contains(": cannot boot it: it was not up within 40s: it is starting, and waits for: endless.service; failed units: "),
        "{text}"
    );
}

#[test]
fn an_image_whose_disk_is_gone_is_named_with_the_cure() {
    let (host, fixture) = prepared(&["debian-12"]);
    // Others start VMs from the shared image meanwhile.
    let mut image = OwnImage::new(&host, fixture.target(), "debian-12");
    let disk = image.disk();
    let template = template_of(&host, image.workspace(), 307);
    image.takes_away(&template);
    let away = disk.with_extension("away");
    fs::rename(&disk, &away).unwrap();
    let (success, text) = run(&host, image.workspace(), "307M");
    fs::rename(&away, &disk).unwrap();
    assert!(!success, "{text}");
    let parent = disk.parent().unwrap().display();
    let expected = format!(
        "error: cannot start guest `machine`: {} is gone\nhint: remove {parent}; it will be made again\n",
        disk.display()
    );
    assert_eq!(text, expected);
}

#[test]
fn a_machine_that_the_host_has_no_memory_for_is_refused() {
    let (host, fixture) = prepared(&["debian-12"]);
    let own = tempfile::tempdir_in(fixture.target()).unwrap();
    let guests = "[guest.machine]\nbackend = \"kvm\"\nimage = \"debian-12\"\ndisks = [\"900G\"]\n";
    fs::write(own.path().join("vm-test.toml"), guests).unwrap();
    let (success, text) = run(&host, own.path(), "256M");
    assert!(!success, "{text}");
    assert!(
        text.contains("error: cannot give a guest 922112 MiB of memory and disks: this host has "),
        "{text}"
    );
    let (success, text) = run(&host, fixture.directory(), "900G");
    assert!(!success, "{text}");
    assert!(
        text.contains("error: cannot give a guest 921856 MiB of memory: this host has "),
        "{text}"
    );
}

#[test]
fn a_host_without_qemu_says_what_to_install() {
    let (host, fixture) = prepared(&["debian-12"]);
    let install = "hint: install it: apt-get install qemu-system-x86 qemu-utils";
    for (program, cause, cure) in [
        (
            "missing",
            "which VM_TEST_QEMU names, is not there",
            "hint: set VM_TEST_QEMU to the program, or unset it",
        ),
        (
            "old",
            "it is version 2.1, and 6.0 is the oldest that keeps templates",
            "hint: install a newer one, or name it in VM_TEST_QEMU when the daemon starts",
        ),
        ("odd", "it does not tell its version", install),
    ] {
        let own = tempfile::tempdir_in(fixture.target()).unwrap();
        let qemu = own.path().join("qemu");
        match program {
            "old" => script(&qemu, "echo QEMU emulator version 2.1.0"),
            "odd" => script(&qemu, "echo hello"),
            _ => {}
        }
        let other = Host::new().with_shared_store();
        let output = other
            .vm_test()
            .args(["run", "machine", "--", "true"])
            .current_dir(fixture.directory())
            .env("VM_TEST_QEMU", &qemu)
            .output()
            .unwrap();
        let text = text_of(&output);
        assert!(!output.status.success(), "{program}: {text}");
        assert!(text.contains(cause), "{program}: {text}");
        assert!(text.contains(cure), "{program}: {text}");
    }
    drop(host);
}

fn script(path: &Path, line: &str) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, format!("#!/bin/sh\n{line}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn what_boots_once_boots_when_the_workspace_is_prepared() {
    let (host, fixture) = prepared(&["debian-12"]);
    let own = tempfile::tempdir_in(fixture.target()).unwrap();
    let guests = "[guest.own]\nbackend = \"kvm\"\nimage = \"debian-12\"\nmemory = \"304M\"\n";
    fs::write(own.path().join("vm-test.toml"), guests).unwrap();
    let vm_test = |args: &[&str]| {
        let mut command = host.vm_test();
        let output = command.args(args).current_dir(own.path()).output().unwrap();
        assert!(output.status.success(), "{}", text_of(&output));
        text_of(&output)
    };
    let text = vm_test(&["prepare"]);
    assert!(text.ends_with("vm-test.toml, 1 VM has booted\n"), "{text}");
    assert_eq!(vm_test(&["run", "own", "--", "uname", "-n"]), "own\n");
}
