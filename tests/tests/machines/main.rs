//! What VMs boot from: made from images once, as root and as an ordinary user, and good enough for
//! a kernel to reach its first process and its root.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use vm_test_tests::fixture::text_of;
use vm_test_tests::host::Host;
use vm_test_tests::patience;
use vm_test_tests::workshop::Workshop;

/// A VM boots in seconds under emulation if the host is idle.
const LIMIT: Duration = Duration::from_secs(120);

fn vm_test(host: &Host, args: &[&str]) -> Vec<u8> {
    let output = host.vm_test().args(args).output().unwrap();
    assert!(
        output.status.success(),
        "vm-test {args:?}: {}",
        text_of(&output)
    );
    output.stdout
}

/// Makes the first process of a VM, which needs only the kernel.
fn init(directory: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machines/init.c");
    let program = directory.join("init");
    let mut gcc = Command::new("gcc");
    gcc.args(["-static", "-O1", "-o"])
        .arg(&program)
        .arg(&source);
    assert!(gcc.status().unwrap().success());
    program
}

/// Boots a VM; returns what it prints until it powers off.
fn boot(report: &Value, kernel: &str) -> String {
    let path = |name: &str| report[name].as_str().unwrap().to_owned();
    let mut qemu = Command::new("qemu-system-x86_64");
    qemu.args(["-nodefaults", "-no-user-config", "-display", "none"])
        .args(["-no-reboot", "-machine", "q35", "-accel", "tcg"])
        .args(["-m", "256", "-serial", "stdio"])
        .args(["-append", "console=ttyS0 quiet panic=-1"])
        .args(["-kernel", &path(kernel), "-initrd", &path("initramfs")])
        .arg("-drive")
        .arg(format!(
            "file={},format=raw,readonly=on,if=virtio",
            path("root")
        ));
    let finished = patience::start(&mut qemu).finish(LIMIT);
    let text = finished.stdout.text() + &finished.stderr.text();
    assert_eq!(finished.code, Some(0), "{text}");
    text
}

#[test]
fn the_kernel_of_debian_12_reaches_its_first_process_and_its_root() {
    let host = Host::new().with_shared_store();
    let directory = tempfile::tempdir().unwrap();
    let init = init(directory.path());
    vm_test(&host, &["image", "build", "debian-12"]);
    let init = init.to_str().unwrap();
    let arguments = ["image", "machine", "debian-12", "--json", "--init", init];
    let report: Value = serde_json::from_slice(&vm_test(&host, &arguments)).unwrap();
    let release = report["kernel"].as_str().unwrap();
    let modules = report["modules"].as_array().unwrap().len();
    assert!(modules >= 7, "{report}");
    for kernel in ["vmlinuz", "vmlinux"] {
        let text = boot(&report, kernel);
        let expected = format!("kernel {release} debian 12.");
        assert!(text.contains(&expected), "{text}");
        let expected = format!("loaded {modules} indexes 1 shadow 0:42 640");
        assert!(text.contains(&expected), "{text}");
    }
    // QEMU may run as another user than the owner of the store.
    for name in ["root", "vmlinuz", "vmlinux", "initramfs"] {
        let meta = fs::metadata(report[name].as_str().unwrap()).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o444, "{name}");
        assert_eq!(meta.uid(), rustix::process::geteuid().as_raw(), "{name}");
    }
    let list = String::from_utf8(vm_test(&host, &["image", "list"])).unwrap();
    assert!(list.contains(&format!("kernel {release}")), "{list}");
    let again: Value = serde_json::from_slice(&vm_test(&host, &arguments)).unwrap();
    assert_eq!(again, report);
}

/// Makes the smallest file that names its release as a compressed kernel does.
fn kernel(file: &Path) {
    let mut bytes = vec![0; 2048];
    bytes[0x1f1] = 1;
    bytes[0x202..0x206].copy_from_slice(b"HdrS");
    bytes[0x20e..0x210].copy_from_slice(&0x200u16.to_le_bytes());
    bytes[0x400..0x408].copy_from_slice(b"9.8.7-t ");
    fs::write(file, bytes).unwrap();
}

#[test]
fn what_a_machine_boots_from_is_made_once_verified_and_goes_with_its_image() {
    let workshop = Workshop::new();
    kernel(&workshop.file("vmlinuz"));
    let recipe = "kernel = { vmlinuz = \"vmlinuz\" }\n";
    workshop.recipe("tiny", recipe);
    workshop.recipe("bare", "");
    for name in ["tiny", "bare"] {
        workshop.run(&["image", "build", name]);
    }
    let error = workshop.fail(&["image", "machine", "bare"]);
    assert!(
        error.contains("cannot make the VM files of image `bare`: it has no kernel"),
        "{error}"
    );
    let shown = workshop.run(&["image", "inspect", "tiny"]);
    assert!(shown.contains("kernel  9.8.7-t  vmlinuz"), "{shown}");
    let text = workshop.run(&["image", "machine", "tiny"]);
    assert!(text.contains("making the VM files"), "{text}");
    let text = workshop.run(&["image", "machine", "tiny"]);
    assert!(!text.contains("making the VM files"), "{text}");
    // Another name for the same content needs no files of its own.
    workshop.recipe("same", recipe);
    workshop.run(&["image", "build", "same"]);
    let text = workshop.run(&["image", "machine", "same"]);
    assert!(!text.contains("making the VM files"), "{text}");

    let root = workshop.json(&["image", "machine", "tiny", "--json"]);
    let root = root["root"].as_str().unwrap();
    workshop.run(&["image", "verify", "tiny"]);
    fs::set_permissions(root, fs::Permissions::from_mode(0o644)).unwrap();
    let mut bytes = fs::File::options().write(true).open(root).unwrap();
    std::io::Write::write_all(&mut bytes, b"x").unwrap();
    let error = workshop.fail(&["image", "verify", "tiny"]);
    assert!(error.contains("file root.img of machine-"), "{error}");

    workshop.run(&["image", "rm", "tiny"]);
    workshop.run(&["gc", "--images"]);
    assert!(Path::new(root).exists());
    workshop.run(&["image", "rm", "same"]);
    let collected = workshop.json(&["gc", "--images", "--json"]);
    assert_eq!(collected["images"]["machines"], 1, "{collected}");
    assert!(!Path::new(root).exists());
    assert_eq!(workshop.cleared(), BTreeSet::new());
}

#[test]
fn a_recipe_may_say_a_kernel_and_mistakes_are_named() {
    let workshop = Workshop::new();
    kernel(&workshop.file("vmlinuz"));
    fs::write(workshop.file("text"), "no kernel").unwrap();
    fs::create_dir(workshop.file("empty")).unwrap();
    for (kernel, words) in [
        (
            "\"linux-image-cloud-amd64\"",
            "its base is not a Debian or Ubuntu system",
        ),
        ("{ vmlinuz = \"gone\" }", "No such file"),
        ("{ vmlinuz = \"text\" }", "neither a bzImage nor an ELF"),
        (
            "{ vmlinuz = \"vmlinuz\", modules = \"empty\" }",
            "there is no modules.dep",
        ),
        ("{ vmlinux = \"vmlinuz\" }", "did you mean `vmlinuz`?"),
    ] {
        workshop.recipe("tiny", &format!("kernel = {kernel}\n"));
        let error = workshop.fail(&["image", "build", "tiny"]);
        assert!(error.contains(words), "{kernel}: {error}");
        assert!(
            error.contains("hint: ") || words == "No such file",
            "{error}"
        );
    }
    // A base's kernel is inherited, and can be removed.
    workshop.recipe("tiny", "kernel = { vmlinuz = \"vmlinuz\" }\n");
    workshop.run(&["image", "build", "tiny"]);
    for (steps, has_kernel) in [("", true), ("kernel = \"none\"\n", false)] {
        let recipe = format!("base = \"tiny\"\n{steps}");
        fs::write(workshop.file("above.toml"), recipe).unwrap();
        workshop.run(&["image", "build", "above"]);
        let record = workshop.json(&["image", "inspect", "above", "--json"]);
        assert_eq!(record["kernel"].is_object(), has_kernel, "{record}");
    }
    assert_eq!(workshop.cleared(), BTreeSet::new());
}
