//! The first test of the documentation, which shows the same text. Independent of this crate.

use std::fs;
use std::process::Command;
use vm_test::on_vm;

#[on_vm]
#[test]
fn a_file_system_is_mounted() {
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "none", "/mnt"]);
    assert!(mount.status().unwrap().success());

    fs::write("/mnt/file", "hello").unwrap();

    let mounts = fs::read_to_string("/proc/mounts").unwrap();
    assert!(mounts.contains("none /mnt tmpfs"));
}
