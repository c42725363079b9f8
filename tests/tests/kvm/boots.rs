//! Which kernels boot, and what is reported about a VM that does not.

use std::fs;
use std::path::Path;
use std::process::Output;
use vm_test_tests::fixture::text_of;
use vm_test_tests::host::Host;

/// The built-in recipes use this Debian. Its kernels have nearly everything as modules; the
/// recipes' own kernel, for clouds, has less of it.
const DEBIAN: &str = "debian-12";

/// An image of a newer Debian, whose modules are compressed.
const NEWER: &str = "base = \"debian:trixie\"\nkernel = \"linux-image-cloud-amd64\"\n";

fn host() -> (Host, tempfile::TempDir) {
    (
        Host::new().with_shared_store(),
        tempfile::tempdir().unwrap(),
    )
}

fn vm_test(host: &Host, directory: &Path, args: &[&str]) -> Output {
    let mut command = host.vm_test();
    command.args(args).current_dir(directory).output().unwrap()
}

/// Does the same, and expects success.
fn done(host: &Host, directory: &Path, args: &[&str]) -> String {
    let output = vm_test(host, directory, args);
    let text = text_of(&output);
    assert!(output.status.success(), "vm-test {args:?}: {text}");
    text
}

/// Boots this kernel package of the image's Debian, whose modules must exist and match.
fn boots(host: &Host, dir: &Path, image: &str, package: &str) {
    let guest = format!(
        "[guest.k]\nbackend = \"kvm\"\nimage = \"{image}\"\nkernel = \"{package}\"\naccelerator = \"tcg\"\n"
    );
    fs::write(dir.join("vm-test.toml"), guest).unwrap();
    host.build_images(dir, &[image, &format!("{image}+{package}")]);
    let script = "uname --kernel-release; modprobe dummy; echo dummy: $?";
    let run = ["run", "k", "--directory", "/", "--", "sh", "-c", script];
    let text = done(host, dir, &run);
    assert!(text.contains("dummy: 0\n"), "{image} {package}: {text}");
    let kind = package
        .trim_start_matches("linux-image")
        .trim_end_matches("amd64");
    let release = text
        .lines()
        .find(|line| line.ends_with(&format!("{kind}amd64")));
    assert!(release.is_some(), "{image} {package}: {text}");
}

#[test]
fn the_kernel_package_that_most_debians_have_boots() {
    let (host, dir) = host();
    boots(&host, dir.path(), DEBIAN, "linux-image-amd64");
}

/// Tests that need an image for each kernel. A kernel boots in the same way for root and for an
/// ordinary user.
mod as_root_in_full {
    use super::{DEBIAN, NEWER, boots, host};
    use std::fs;

    #[test]
    fn every_kernel_package_of_two_debians_boots() {
        let (host, dir) = host();
        fs::create_dir(dir.path().join("images")).unwrap();
        fs::write(dir.path().join("images/newer.toml"), NEWER).unwrap();
        for (image, package) in [
            (DEBIAN, "linux-image-rt-amd64"),
            (DEBIAN, "linux-image-cloud-amd64"),
            ("newer", "linux-image-amd64"),
            ("newer", "linux-image-cloud-amd64"),
            ("newer", "linux-image-rt-amd64"),
        ] {
            boots(&host, dir.path(), image, package);
        }
    }
}

#[test]
fn a_machine_that_dies_at_boot_tells_why_and_its_console_is_kept() {
    let (host, dir) = host();
    host.build_images(dir.path(), &[DEBIAN]);
    let json = |args: &[&str]| -> serde_json::Value {
        let output = vm_test(&host, dir.path(), args);
        assert!(output.status.success(), "{}", text_of(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let machine = json(&["image", "machine", DEBIAN, "--json"]);
    let image = json(&["image", "inspect", DEBIAN, "--json"]);
    let release = image["kernel"]["release"].as_str().unwrap();
    // A kernel whose drivers are not drivers.
    let boot = dir.path().join("kernel/boot");
    let modules = dir.path().join("kernel/lib/modules").join(release);
    fs::create_dir_all(&boot).unwrap();
    fs::create_dir_all(&modules).unwrap();
    fs::copy(machine["vmlinux"].as_str().unwrap(), boot.join("vmlinuz")).unwrap();
    let names = ["virtio_blk", "virtio_console", "overlay"];
    let index: String = names.iter().map(|name| format!("{name}.ko:\n")).collect();
    fs::write(modules.join("modules.dep"), index).unwrap();
    fs::write(modules.join("modules.builtin"), "kernel/fs/ext4/ext4.ko\n").unwrap();
    for name in names {
        fs::write(modules.join(format!("{name}.ko")), "this is no driver").unwrap();
    }
    let guest = format!(
        "[guest.dies]\nbackend = \"kvm\"\nimage = \"{DEBIAN}\"\nkernel = \"kernel/boot/vmlinuz\"\naccelerator = \"tcg\"\n"
    );
    fs::write(dir.path().join("vm-test.toml"), guest).unwrap();
    let output = vm_test(&host, dir.path(), &["run", "dies", "--", "true"]);
    let text = text_of(&output);
    assert!(!output.status.success(), "{text}");
    let cause = "cannot load driver virtio_blk: ";
    assert!(
        text.contains(&format!(" died: its agent failed: {cause}")),
        "{text}"
    );
    assert!(
        text.contains(&format!("  | vm-test-agent: {cause}")),
        "{text}"
    );
    assert!(
        text.contains("Kernel panic - not syncing: Attempted to kill init!"),
        "{text}"
    );
    assert!(!text.contains("Call Trace:"), "{text}");
    let instance = text
        .split("hint: `vm-test logs ")
        .nth(1)
        .unwrap_or_else(|| panic!("{text}"));
    let instance = instance.split('`').next().unwrap();
    for daemon in ["the one that booted it", "none"] {
        let log = done(&host, dir.path(), &["logs", instance]);
        assert!(
            log.starts_with(&format!(
                "--- why it ended\ninstance {instance} of guest `dies` died: "
            )),
            "{daemon}: {log}"
        );
        assert!(
            log.contains(cause) && log.contains("Call Trace:"),
            "{daemon}: {log}"
        );
        host.stop();
    }
}
