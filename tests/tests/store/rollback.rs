//! The same tests with the store on disks of several kinds, as root and as an ordinary user: the
//! next test does not find what one test did to its guest.

use super::disks::{make, mount, refused, small_disk};
use super::eventually;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;
use vm_test_tests::account::{Ordinary, is_root};
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;
use vm_test_tests::workshop::Workshop;

/// Names a directory on a disk that root has prepared for this user …
const DISK: &str = "VM_TEST_SUITES_DISK";

/// … and the binary with the tests, which this user cannot build.
const PAIR: &str = "VM_TEST_SUITES_PAIR";

/// The guests of the fixture, without their `rollback`.
const GUESTS: &str = include_str!("../../fixtures/rollback/vm-test.toml");

/// The disk that contains a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Disk {
    /// ext4 on a loop device, or for an ordinary user the file system of temporary files.
    Plain,
    /// As made by `vm-test store create --btrfs`.
    Btrfs,
    /// One on which an ordinary user may not destroy subvolumes.
    Restricted,
}

impl Disk {
    /// Makes the disk, with a directory on it that belongs to the user, or to root.
    fn make(self, place: &Path, owner: Option<&Ordinary>) -> (super::disks::Mounted, PathBuf) {
        let mounted = match self {
            Self::Plain => small_disk(place),
            Self::Btrfs => {
                let at = place.join("btrfs");
                let mut command = Host::new().vm_test();
                command.args(["store", "create", "--btrfs", "--size", "512M", "--at"]);
                command.arg(&at);
                command.args(owner.iter().flat_map(|user| ["--owner", &user.name]));
                let output = command.output().unwrap();
                assert!(output.status.success(), "{}", text_of(&output));
                super::disks::Mounted(at)
            }
            Self::Restricted => {
                let file = place.join("disk");
                make(&file, &["/sbin/mkfs.btrfs", "--quiet"]);
                mount(&["-o", "loop"], &file, place.join("restricted"))
            }
        };
        let store = mounted.0.join("store");
        fs::create_dir(&store).unwrap();
        if let Some(user) = owner {
            user.give(&store);
        }
        (mounted, store)
    }
}

/// The prefix of such directories.
const PLACE: &str = "vmt-disks-";

/// Makes a directory for disks that every user can enter, with a file in it.
fn place() -> TempDir {
    let place = tempfile::Builder::new()
        .prefix(PLACE)
        .tempdir_in("/tmp")
        .unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(place.path(), open).unwrap();
    fs::write(place.path().join("note"), "here\n").unwrap();
    place
}

/// Runs the body on a disk, and if root runs this also as an ordinary user.
///
/// An ordinary user alone cannot mount one, and shows what is reported about that instead.
pub(crate) fn on_disk(test: &str, disk: Disk, body: impl Fn(&Bench)) {
    if let (Some(store), Some(pair)) = (std::env::var_os(DISK), std::env::var_os(PAIR)) {
        return body(&Bench::new(disk, store.into(), pair.into()));
    }
    let place = place();
    if !is_root() {
        if disk != Disk::Plain {
            return refused(&Workshop::new());
        }
        let pair = Fixture::new("rollback").binary(&Host::new(), "pair");
        return body(&Bench::new(disk, place.path().join("store"), pair));
    }
    let pair = place.path().join("pair");
    fs::copy(Fixture::new("rollback").binary(&Host::new(), "pair"), &pair).unwrap();
    let user = Ordinary::find();
    for owner in [None, Some(&user)] {
        let place = self::place();
        let (_mounted, store) = disk.make(place.path(), owner);
        match owner {
            None => body(&Bench::new(disk, store, pair.clone())),
            Some(user) => user.run_again(test, &[(DISK, &store), (PAIR, &pair)]),
        }
    }
}

/// Returns recipe entries for the libraries that a program needs.
fn libraries(program: &Path) -> String {
    let output = Command::new("ldd").arg(program).output().unwrap();
    let paths = text_of(&output);
    let paths = paths
        .split_whitespace()
        .filter(|word| word.starts_with('/'));
    let entry = |path| format!("[[files]]\nfrom = \"{path}\"\nto = \"{path}\"\n");
    // The guest has the C library already, for its own programs.
    paths
        .filter(|path| path.contains("libgcc"))
        .map(entry)
        .collect()
}

/// A store on a disk with an image, and tests that run on that.
pub(crate) struct Bench {
    pub(crate) workshop: Workshop,
    disk: Disk,
    pair: PathBuf,
}

impl Bench {
    fn new(disk: Disk, store: PathBuf, pair: PathBuf) -> Self {
        let mut workshop = Workshop::new();
        workshop.move_store(store);
        // Stacked layers that add, change and remove.
        workshop.recipe(
            "small",
            &(libraries(&pair) + "[[run]]\ncommand = \"mkdir -p /data/d && echo old > /data/old && echo old > /data/d/old\"\n\
             [[run]]\ncommand = \"rm -r /data/old /data/d && mkdir /data/d && echo new > /data/new\"\n"),
        );
        workshop.run(&["image", "build", "small"]);
        let rollback = match disk {
            Disk::Plain => "",
            _ => "rollback = \"snapshot\"\n",
        };
        fs::write(
            workshop.workspace().join("vm-test.toml"),
            GUESTS.to_owned() + rollback,
        )
        .unwrap();
        Self {
            workshop,
            disk,
            pair,
        }
    }

    /// Returns the command that runs one of the tests.
    pub(crate) fn test(&self, name: &str) -> Command {
        let mut command = Command::new(&self.pair);
        self.workshop
            .host
            .adopt(&mut command)
            .args(["--exact", name, "--include-ignored", "--nocapture"])
            .current_dir(self.workshop.workspace())
            .env("CARGO_MANIFEST_DIR", self.workshop.workspace())
            .env("VM_TEST_STORE", self.workshop.store())
            .env(
                "EXPECTED_ROOT",
                match self.disk {
                    Disk::Plain => "overlay",
                    _ => "btrfs",
                },
            );
        command
    }

    fn passes(&self, name: &str) {
        let output: Output = self.test(name).output().unwrap();
        let text = text_of(&output);
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}"
        );
    }

    /// Returns what is left of instances in the store.
    pub(crate) fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.workshop.store().join("instances"));
        let entries = entries.into_iter().flatten().flatten();
        entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    }
}

fn break_and_look(bench: &Bench) {
    for _ in 0..3 {
        bench.passes("a_breaks_the_system");
        bench.passes("b_finds_a_pristine_system");
    }
    eventually("nothing of the instances is left", || {
        bench.left().is_empty()
    });
    // A snapshot shows the same as an overlay, down to the last attribute.
    bench.workshop.run(&["image", "verify", "small"]);
    // Each guest has its own name in its own /etc/hosts.
    let list =
        "ls -lnRA --ignore=hosts --time-style=+%s /bin /data /etc; cat /data/new /etc/origin";
    let listed = |how| {
        let command = ["run", "small", "--rollback", how, "--", "sh", "-c", list];
        bench.workshop.run(&command)
    };
    if bench.disk != Disk::Plain {
        assert_eq!(listed("snapshot"), listed("overlay"));
    }
    assert_eq!(bench.workshop.cleared(), std::collections::BTreeSet::new());
    bench.workshop.host.stop();
    assert_eq!(bench.left(), [""; 0]);
}

/// Shows that a store below which root could mount a disk works, with the disk mounted there.
fn work_above_a_mount(bench: &Bench) {
    let store = bench.workshop.store();
    let place = store.ancestors().find(|dir| {
        let name = dir.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with(PLACE)
    });
    let place = place.expect("the store is in one");
    let script = "cat note && echo changed > note && cat note";
    for image in ["host", "small"] {
        let mut command = bench.workshop.vm_test(&["run", "host", "--image", image]);
        let command = command.args(["--", "sh", "-c", script]).current_dir(place);
        let output = command.output().unwrap();
        assert_eq!(
            output.stdout,
            b"here\nchanged\n",
            "{image}: {}",
            text_of(&output)
        );
    }
    assert_eq!(fs::read_to_string(place.join("note")).unwrap(), "here\n");
}

#[test]
fn a_directory_with_a_mount_below_it_can_be_worked_in() {
    let test = "rollback::a_directory_with_a_mount_below_it_can_be_worked_in";
    on_disk(test, Disk::Plain, work_above_a_mount);
}

#[test]
fn a_broken_system_is_whole_again_on_a_plain_disk() {
    let test = "rollback::a_broken_system_is_whole_again_on_a_plain_disk";
    on_disk(test, Disk::Plain, break_and_look);
}

#[test]
fn a_broken_system_is_whole_again_on_btrfs() {
    let test = "rollback::a_broken_system_is_whole_again_on_btrfs";
    on_disk(test, Disk::Btrfs, break_and_look);
}

#[test]
fn a_broken_system_is_whole_again_where_users_may_not_destroy_subvolumes() {
    let test = "rollback::a_broken_system_is_whole_again_where_users_may_not_destroy_subvolumes";
    on_disk(test, Disk::Restricted, break_and_look);
}
