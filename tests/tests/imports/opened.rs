//! Disks that a VM opens: good ones, from which guests start, and bad ones whose faults are visible
//! only in their file systems. The VM's image is in the store that the suites share, so each image
//! here has a unique name.

use super::archive::Archive;
use super::bench::Bench;
use super::disks::{put, qcow2};
use super::place::{Place, compressed};
use super::rootfs::SHOW;
use super::tables::{ANYWHERE, USR, VAR, partitioned, typed};
use std::fs;
use std::path::Path;
use std::process::Command;
use vm_test_tests::fixture::text_of;

const MIB: usize = 1 << 20;

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
    // As boxes are that can be downloaded.
    bench.write("listed.box", &compressed("gzip", &listed.finish()));
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
    let [usr, var] = ["usr", "var"].map(|name| {
        let own = bench.path(&format!("apart-{name}"));
        fs::create_dir_all(root.join(name)).unwrap();
        fs::rename(root.join(name), &own).unwrap();
        fs::create_dir(root.join(name)).unwrap();
        fs::write(
            own.join("marker"),
            format!("{name} has its own partition\n"),
        )
        .unwrap();
        own
    });
    let with_table = |table: &str| {
        fs::write(root.join("etc/fstab"), table).unwrap();
        [&root, &usr, &var].map(|directory| bench.ext4(directory))
    };
    let usrs_line = "/dev/sda1 / ext4 defaults 0 1\n/dev/sda2 /usr ext4 ro 0 2\n";
    let table = format!("{usrs_line}/dev/sda3 /var ext4 defaults 0 2\n");
    bench.write("apart.raw", &partitioned(&with_table(&table)));
    // Without a table, the partitions' types say the same.
    let [own, usrs, vars] = with_table("# nothing\n");
    bench.write(
        "typed.raw",
        &typed(&[(ANYWHERE, own), (USR, usrs), (VAR, vars)]),
    );
    for (image, source) in [("disk-apart", "apart.raw"), ("disk-typed", "typed.raw")] {
        bench.succeed(&["image", "import", image, source]);
        let config = format!("[guest.g]\nimage = \"{image}\"\n");
        fs::write(bench.path("vm-test.toml"), config).unwrap();
        let show = "for i in usr var; do read -r line < /$i/marker; echo $line; done";
        let args = ["run", "g", "--directory", "/", "--", "sh", "-c", show];
        assert_eq!(
            bench.succeed(&args),
            "usr has its own partition\nvar has its own partition\n",
            "{image}"
        );
        bench.succeed(&["image", "rm", image]);
    }
    for (name, table, words) in [
        (
            "short",
            "UUID=no-such /usr ext4 ro 0 2\n",
            "its /usr is on UUID=no-such, which is not on this disk",
        ),
        (
            "silent",
            "# nothing\n",
            "its /usr is empty, and its /etc/fstab does not say what belongs there",
        ),
        (
            "half",
            usrs_line,
            "its /var is empty, and its /etc/fstab does not say what belongs there",
        ),
    ] {
        bench.write(&format!("{name}.raw"), &partitioned(&with_table(table)));
        let words = format!(
            "{{}}/{name}.raw: {words}\nhint: its root, and what its /etc/fstab mounts there, has to be on "
        );
        bench.refuse(&format!("{name}.raw"), "20G", &words);
    }
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
