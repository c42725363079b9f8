//! Disks that a VM opens: good ones, from which guests start, and bad ones whose faults are visible
//! only in their file systems. The VM's image is in the store that the suites share, so each image
//! here has a unique name.

use super::archive::Archive;
use super::disks::{put, qcow2};
use super::place::{Place, finish};
use super::rootfs::SHOW;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;
use vm_test_tests::fixture::text_of;
use vm_test_tests::host::Host;

const MIB: usize = 1 << 20;

/// A directory for disks, and a host with the shared store.
struct Bench {
    directory: TempDir,
    host: Host,
}

impl Bench {
    fn new() -> Self {
        let bench = Self {
            directory: TempDir::with_prefix("vmd-").unwrap(),
            host: Host::new().with_shared_store(),
        };
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(bench.directory.path(), open).unwrap();
        bench.succeed(&["image", "build", "debian-12"]);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn vm_test(&self, args: &[&str]) -> Command {
        let mut command = self.host.vm_test();
        command.args(args).stdin(Stdio::null());
        command.current_dir(self.directory.path());
        command
    }

    fn succeed(&self, args: &[&str]) -> String {
        finish(self.vm_test(args).output().unwrap(), args)
    }

    /// Makes a root file system in a directory: a shell, and a file that identifies it.
    fn root(&self, marker: &str) -> PathBuf {
        let root = self.path(marker);
        for directory in ["bin", "boot", "dev", "etc", "proc", "usr/lib"] {
            fs::create_dir_all(root.join(directory)).unwrap();
        }
        let libraries = Command::new("ldd").arg("/bin/sh").output().unwrap();
        let libraries = text_of(&libraries);
        let libraries = libraries
            .split_whitespace()
            .filter(|it| it.starts_with('/'));
        for file in libraries.chain(["/bin/sh"]) {
            let to = root.join(&file[1..]);
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(file, to).unwrap();
        }
        fs::write(root.join("etc/marker"), format!("{marker}\n")).unwrap();
        fs::write(root.join("usr/lib/os-release"), "ID=test\n").unwrap();
        // As on real systems; where it is mounted, the link leads nowhere.
        symlink("/usr/lib/os-release", root.join("etc/os-release")).unwrap();
        root
    }

    /// Returns an ext4 file system with this directory's contents.
    fn ext4(&self, directory: &Path) -> Vec<u8> {
        let file = directory.with_extension("ext4");
        // mke2fs is in a directory that an ordinary user's PATH may lack.
        let places = ["/usr/sbin", "/sbin"].map(|dir| Path::new(dir).join("mke2fs"));
        let tool = places.into_iter().find(|path| path.is_file());
        let mut tool = Command::new(tool.expect("mke2fs is installed"));
        tool.args(["-q", "-t", "ext4", "-d"]).arg(directory);
        let output = tool.arg(&file).arg("32M").output().unwrap();
        assert!(output.status.success(), "{}", text_of(&output));
        fs::read(file).unwrap()
    }

    fn write(&self, name: &str, content: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Imports a disk that is refused only in the VM, or because of what comes out of it.
    fn refuse(&self, source: &str, limit: &str, words: &str) {
        let mut command = self.vm_test(&["image", "import", "refused-disk", source]);
        let output = command.env("VM_TEST_IMAGE_LIMIT", limit).output().unwrap();
        let text = text_of(&output);
        assert!(!output.status.success(), "{text}");
        let here = self.directory.path().to_str().unwrap();
        let words = words
            .replace("{}", here)
            .replace("HERE", std::env::consts::ARCH);
        assert!(
            text.contains(&format!("error: cannot import {words}")),
            "{text}"
        );
        let images = self.succeed(&["image", "list", "--json"]);
        assert!(!images.contains("refused-disk"), "{images}");
    }
}

/// Returns a disk with these file systems on partitions.
fn partitioned(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut disk = vec![0; MIB];
    for (number, part) in parts.iter().enumerate() {
        let entry = 446 + 16 * number;
        disk[entry + 4] = 0x83;
        for (at, sectors) in [(8, disk.len() / 512), (12, part.len() / 512)] {
            let sectors = u32::try_from(sectors).unwrap().to_le_bytes();
            disk[entry + at..entry + at + 4].copy_from_slice(&sectors);
        }
        disk.extend_from_slice(part);
    }
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    disk
}

fn converted(raw: &str, to: &Path) -> Vec<u8> {
    let mut tool = Command::new("qemu-img");
    tool.args(["convert", "-f", "raw", "-O", "qcow2", raw])
        .arg(to);
    assert!(tool.status().unwrap().success());
    fs::read(to).unwrap()
}

#[test]
fn a_guest_starts_from_a_disk_and_from_a_box() {
    let bench = Bench::new();
    let root = bench.root("disk-root");
    let kernels = bench.path("kernels");
    fs::create_dir(&kernels).unwrap();
    for release in ["9.10.1-t", "9.9.12-t", "9.11.0-without-modules"] {
        fs::write(kernels.join(format!("vmlinuz-{release}")), "kernel").unwrap();
        let modules = root.join("lib/modules").join(release);
        if !release.ends_with("without-modules") {
            fs::create_dir_all(&modules).unwrap();
            fs::write(modules.join("modules.dep"), "").unwrap();
        }
    }
    let whole = bench.ext4(&root);
    let disk = partitioned(&[bench.ext4(&kernels), whole.clone()]);
    let raw = bench.write("parts.img", &disk);
    let qcow2 = converted(&raw, &bench.path("parts.qcow2"));
    // Otherwise this would be the disk that is in the store by then.
    let other = [&qcow2[..], &[0; 1 << 16]].concat();
    let metadata = br#"{"provider":"libvirt","format":"qcow2","virtual_size":1}"#;
    let boxed = Archive::default()
        .file("./metadata.json", metadata)
        .file("./Vagrantfile", b"abort")
        .file("./box.img", &other);
    bench.write("parts.box", &boxed.finish());
    let metadata = br#"{"provider":"libvirt","disks":[{"path":"box_0.img","format":"qcow2"}]}"#;
    let listed = Archive::default()
        .file("./metadata.json", metadata)
        .file("./box_0.img", &[&qcow2[..], &[0; 1 << 17]].concat());
    bench.write("listed.box", &listed.finish());
    bench.write("whole.raw", &whole);
    for (image, source, kernel) in [
        ("disk-whole", "whole.raw", None),
        ("disk-qcow2", "parts.qcow2", Some("9.10.1-t")),
        ("disk-box", "parts.box", Some("9.10.1-t")),
        ("disk-listed", "listed.box", Some("9.10.1-t")),
    ] {
        let output = bench
            .vm_test(&["image", "import", image, source])
            .output()
            .unwrap();
        let words = text_of(&output);
        assert!(output.status.success(), "{words}");
        assert!(
            words.contains("a VM of image `debian-12` opens "),
            "{words}"
        );
        let config = format!("[guest.g]\nimage = \"{image}\"\n");
        fs::write(bench.path("vm-test.toml"), config).unwrap();
        let args = ["run", "g", "--directory", "/", "--"];
        let args: Vec<&str> = args.into_iter().chain(SHOW).collect();
        assert_eq!(bench.succeed(&args), "disk-root\n", "{image}");
        let record = bench.succeed(&["image", "inspect", image, "--json"]);
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        assert_eq!(record["kernel"]["release"].as_str(), kernel, "{record}");
        bench.succeed(&["image", "rm", image]);
    }
    // No VM has written to it.
    assert_eq!(fs::read(bench.path("whole.raw")).unwrap(), whole);
}

#[test]
fn disks_without_a_root_or_with_several_are_refused() {
    let bench = Bench::new();
    let root = bench.ext4(&bench.root("root"));
    let nothing = "no file system on it has /etc/os-release";
    bench.write("empty.qcow2", &qcow2(|_| {}));
    let words = format!(
        "{{}}/empty.qcow2: {nothing} (the whole disk: no known file system)\nhint: its root, and what its /etc/fstab mounts there, has to be on "
    );
    bench.refuse("empty.qcow2", "20G", &words);
    let mut lvm = vec![0; MIB];
    lvm[512..520].copy_from_slice(b"LABELONE");
    let mut luks = vec![0; MIB];
    luks[..6].copy_from_slice(b"LUKS\xba\xbe");
    let mut cut = root.clone();
    cut.truncate(4 * MIB);
    bench.write("parts.raw", &partitioned(&[lvm, luks, cut]));
    let words = format!(
        "{{}}/parts.raw: {nothing} (partition 1: LVM, partition 2: LUKS, partition 3: no known file system)"
    );
    bench.refuse("parts.raw", "20G", &words);

    bench.write("two.raw", &partitioned(&[root.clone(), root]));
    let words =
        "{}/two.raw: more than one file system on it has /etc/os-release: partition 1, partition 2";
    bench.refuse("two.raw", "20G", words);
}

#[test]
fn a_root_is_put_together_by_its_own_table_or_what_is_missing_is_named() {
    let bench = Bench::new();
    let root = bench.root("apart");
    let usr = bench.path("apart-usr");
    fs::rename(root.join("usr"), &usr).unwrap();
    fs::create_dir(root.join("usr")).unwrap();
    fs::write(usr.join("marker"), "from its own partition\n").unwrap();
    let parts = |table: &str| {
        fs::write(root.join("etc/fstab"), table).unwrap();
        partitioned(&[bench.ext4(&root), bench.ext4(&usr)])
    };
    let table = "/dev/sda1 / ext4 defaults 0 1\n/dev/sda2 /usr ext4 ro 0 2\n";
    bench.write("apart.raw", &parts(table));
    bench.succeed(&["image", "import", "disk-apart", "apart.raw"]);
    let config = "[guest.g]\nimage = \"disk-apart\"\n";
    fs::write(bench.path("vm-test.toml"), config).unwrap();
    let show = "read -r line < /usr/marker; echo $line";
    let args = ["run", "g", "--directory", "/", "--", "sh", "-c", show];
    assert_eq!(bench.succeed(&args), "from its own partition\n");
    bench.succeed(&["image", "rm", "disk-apart"]);
    bench.write("short.raw", &parts("UUID=no-such /usr ext4 ro 0 2\n"));
    let words = "{}/short.raw: its /usr is on UUID=no-such, which is not on this disk";
    bench.refuse("short.raw", "20G", words);
    bench.write("silent.raw", &parts("# nothing\n"));
    let words =
        "{}/silent.raw: its /usr is empty, and its /etc/fstab does not say what belongs there";
    bench.refuse("silent.raw", "20G", words);
}

#[test]
fn what_comes_out_of_a_disk_is_checked_like_any_archive() {
    let bench = Bench::new();
    let foreign = bench.root("foreign");
    let mut program = b"\x7fELF\x02\x01".to_vec();
    program.resize(18, 0);
    program.extend(243u16.to_le_bytes());
    fs::remove_file(foreign.join("bin/sh")).unwrap();
    fs::write(foreign.join("bin/sh"), program).unwrap();
    bench.write("foreign.raw", &bench.ext4(&foreign));
    let words = "{}/foreign.raw: its /bin/sh is a program for riscv, and this host is HERE";
    bench.refuse("foreign.raw", "20G", words);
    // Again: nothing of it was kept.
    bench.refuse("foreign.raw", "20G", words);

    let large = bench.root("large");
    let hole = fs::File::create(large.join("hole")).unwrap();
    hole.set_len(200 << 20).unwrap();
    bench.write("large.raw", &bench.ext4(&large));
    let words = "{}/large.raw: it unpacks to more than the limit of 64 MiB";
    bench.refuse("large.raw", "64M", words);
}

#[test]
fn a_disk_is_checked_before_any_machine_starts() {
    let place = Place::new();
    place.write("d.qcow2", qcow2(|disk| put(disk, 72, 4)));
    let output = place
        .vm_test(&["image", "import", "foreign", "d.qcow2"])
        .output();
    let words = text_of(&output.unwrap());
    assert!(words.starts_with("error: cannot import "), "{words}");
    place.assert_empty();
}
