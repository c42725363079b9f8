//! Stores on separate disks: one that is too small, and one with btrfs. Only root can mount them;
//! for an ordinary user the tests show that the command says so.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use vm_test_tests::account::is_root;
use vm_test_tests::fixture::text_of;
use vm_test_tests::workshop::{Workshop, archive};

/// The size of the small disk.
const MIB: u64 = 300;

/// A mounted file system; dropping this unmounts it.
pub(crate) struct Mounted(pub(crate) PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

pub(crate) fn mount(options: &[&str], source: &Path, target: PathBuf) -> Mounted {
    fs::create_dir_all(&target).unwrap();
    let mut mount = Command::new("mount");
    let output = mount
        .args(options)
        .arg(source)
        .arg(&target)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text_of(&output));
    Mounted(target)
}

/// Makes an ext4 file system on a loop device.
pub(crate) fn small_disk(directory: &Path) -> Mounted {
    let file = directory.join("disk");
    make(&file, &["/sbin/mkfs.ext4", "-q", "-m", "0"]);
    mount(&["-o", "loop"], &file, directory.join("small"))
}

/// Makes a file system in a new file, with this command.
pub(crate) fn make(file: &Path, mkfs: &[&str]) {
    fs::File::create(file).unwrap().set_len(MIB << 20).unwrap();
    let mut command = Command::new(mkfs[0]);
    let output = command.args(&mkfs[1..]).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", text_of(&output));
}

#[test]
fn a_disk_that_fills_up_is_named_with_what_is_missing_and_nothing_is_half() {
    let mut workshop = Workshop::new();
    if !is_root() {
        return refused(&workshop);
    }
    let disk = small_disk(workshop.directory());
    let store = disk.0.join("store");
    workshop.move_store(store.clone());
    workshop.recipe("base", "");
    workshop.run(&["image", "build", "base"]);
    let old = workshop.layers("base").unwrap();
    // With an archive, a file, and a command in a guest.
    let large = workshop.directory().join("large");
    fs::create_dir_all(large.join("etc")).unwrap();
    fs::write(large.join("etc/large"), vec![1; 290 << 20]).unwrap();
    archive(&large, &workshop.file("large.tar"));
    // It is packed and unpacked there.
    fs::write(workshop.file("large"), vec![1; 150 << 20]).unwrap();
    for (recipe, words) in [
        ("base = \"tar:large.tar\"\n", "MiB more in "),
        (
            "base = \"tar:root.tar\"\n[[files]]\nfrom = \"large\"\nto = \"/large\"\n",
            "MiB more in ",
        ),
        (
            "base = \"tar:root.tar\"\n[[run]]\ncommand = \"dd if=/dev/zero of=/x bs=1M count=400\"\n",
            "it needs more than the ",
        ),
    ] {
        fs::write(workshop.file("base.toml"), recipe).unwrap();
        let error = workshop.fail(&["image", "build", "base"]);
        assert!(error.contains("store full: "), "{error}");
        assert!(error.contains(words), "{error}");
        assert!(error.contains("hint: `vm-test image rm`"), "{error}");
        assert_eq!(workshop.layers("base").unwrap(), old);
        workshop.run(&["image", "verify", "base"]);
        let rubbish = fs::read_dir(store.join("building")).unwrap().count();
        assert_eq!(rubbish, 0, "{recipe}");
    }
    // What a command wrote the last time is known.
    let step = "[[files]]\nfrom = \"note\"\nto = \"/note\"\n\
        [[run]]\ncommand = \"dd if=/dev/zero of=/x bs=1M count=120\"\n";
    workshop.recipe("base", step);
    fs::write(workshop.file("note"), "1").unwrap();
    workshop.run(&["image", "build", "base"]);
    let filler = disk.0.join("filler");
    fs::write(&filler, vec![1; 120 << 20]).unwrap();
    fs::write(workshop.file("note"), "2").unwrap();
    let error = workshop.fail(&["image", "build", "base"]);
    let missing = error
        .split_once("count=120: store full: it needs about ")
        .and_then(|(_, rest)| rest.split_once(" MiB more in "))
        .and_then(|(missing, _)| missing.parse::<u64>().ok());
    assert!(
        missing.is_some_and(|missing| (1..120).contains(&missing)),
        "{error}"
    );
    fs::remove_file(filler).unwrap();
    workshop.run(&["image", "build", "base"]);
    assert_eq!(workshop.cleared(), BTreeSet::new());
    workshop.host.stop();
}

#[test]
fn a_store_of_btrfs_holds_images_and_guests_are_rolled_back_on_it() {
    let mut workshop = Workshop::new();
    if !is_root() {
        return refused(&workshop);
    }
    let store = workshop.directory().join("btrfs");
    workshop.move_store(store.clone());
    let text = workshop.run(&["store", "create", "--btrfs", "--size", "512M"]);
    let mounted = Mounted(store.clone());
    assert!(text.contains("made a store of at most 512 MiB"), "{text}");
    workshop.recipe(
        "tiny",
        "[[run]]\ncommand = \"mkdir /data && rm /etc/origin\"\n",
    );
    workshop.run(&["image", "build", "tiny"]);
    let guest = |script: &str| {
        workshop.run(&[
            "run", "host", "--image", "tiny", "--", "/bin/sh", "-c", script,
        ])
    };
    let before = guest("ls /bin /etc /data");
    guest("echo x > /etc/x && rm -r /data && touch /data && rm -r /bin");
    assert_eq!(guest("ls /bin /etc /data"), before);
    workshop.run(&["image", "verify", "tiny"]);
    let again = workshop.fail(&["store", "create", "--btrfs", "--size", "512M"]);
    assert!(again.contains("already exists"), "{again}");
    assert_eq!(workshop.cleared(), BTreeSet::new());
    workshop.host.stop();
    drop(mounted);
}

/// Asserts that an ordinary user is told who can make such a store.
pub(crate) fn refused(workshop: &Workshop) {
    let error = workshop.fail(&["store", "create", "--btrfs", "--size", "512M"]);
    assert!(
        error.contains("only root may mount a file system"),
        "{error}"
    );
    assert!(
        error.contains("hint: run it as root, with --owner USER"),
        "{error}"
    );
}
