//! The files that `vm-test init` writes. Words only.

/// `vm-test.toml`: everything in it is a comment, so that guest `host` is all there is.
pub(super) const CONFIGURATION: &str = r##"# The guests and labs of this workspace. Without this file there is one guest, `host`: a container
# over your own root file system. Everything below is an example: remove the `# ` before what you
# want. `vm-test guests` shows what each guest gets, `vm-test config check` what is wrong here, and
# `vm-test config schema` prints a JSON schema for editors.

# What all declared guests start from:
# [guest-defaults]
# timeout = "2m"                 # of a test; default 60s
# env     = ["DATABASE_URL"]     # variables that tests see, besides cargo's and nextest's

# A container from an image, for #[on_vm("deb12")]; `vm-test image build debian-12` makes the image:
# [guest.deb12]
# image  = "debian-12"           # a recipe that comes with vm-test; your own: images/NAME.toml
# memory = "1G"                  # default 512M

# The same on a VM, with a kernel of its own:
# [guest.deb12-vm]
# extends = "deb12"
# backend = "kvm"
# cpus    = 2                    # default 1
# disks   = ["64M"]              # blank ones: /dev/vdb and so on

# A lab: several guests on networks of their own, for #[on_vm(lab = "office", node = "gw")]:
# [lab.office.networks]
# lan = {}
# [lab.office.nodes]
# gw = { guest = "host", networks = ["lan"] }
# pc = { guest = "host", networks = ["lan"] }
"##;

/// The first test.
pub(super) const TEST: &str = r#"//! Tests that change the machine they run on: each in a fresh guest, and all of it is rolled back.

use std::fs;
use std::process::Command;
use vm_test::on_vm;

/// Runs as root in a container over your own root file system.
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
"#;

#[cfg(test)]
mod tests {
    use super::CONFIGURATION;
    use crate::config::{FILE, Workspace};
    use std::fs;

    fn read(text: &str) -> Workspace {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(FILE), text).unwrap();
        Workspace::find(directory.path()).unwrap()
    }

    #[test]
    fn the_configuration_declares_nothing_until_somebody_wants_it() {
        let workspace = read(CONFIGURATION);
        assert_eq!(workspace.names().count() + workspace.labs().count(), 0);
        assert_eq!(workspace.guest("host", &[]).unwrap().name, "host");
    }

    #[test]
    fn its_examples_are_right() {
        let is_words = |line: &str| line.ends_with(':');
        let is_code =
            |line: &str| !is_words(line) && (line.starts_with('[') || line.contains(" = "));
        let lines = CONFIGURATION.lines().map(|line| {
            let code = line.strip_prefix("# ").unwrap_or(line);
            if is_code(code) { code } else { line }
        });
        let workspace = read(&lines.collect::<Vec<_>>().join("\n"));
        assert_eq!(workspace.mistakes(), []);
        assert_eq!(workspace.names().collect::<Vec<_>>(), ["deb12", "deb12-vm"]);
        assert_eq!(workspace.labs().collect::<Vec<_>>(), ["office"]);
        let vm = workspace.guest("deb12-vm", &[]).unwrap();
        assert_eq!((vm.memory, vm.cpus, vm.timeout), (1 << 30, 2, 120_000));
    }
}
