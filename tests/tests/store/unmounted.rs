//! A store whose file system is unmounted while guests run from it and builds write to it.

use super::disks::{Mounted, refused};
use super::{LIMIT, eventually};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use vm_test_tests::account::is_root;
use vm_test_tests::fixture::text_of;
use vm_test_tests::patience;
use vm_test_tests::workshop::Workshop;

/// How soon a command must have failed.
const FAST: Duration = Duration::from_secs(10);

/// Starts a guest that waits for a line, and then reads a file of its image.
fn guest(workshop: &Workshop, rollback: &str) -> Child {
    let script = "touch /here; read line; cat /etc/origin";
    let mut command = workshop.vm_test(&["run", "host", "--image", "small"]);
    command.args(["--rollback", rollback, "--", "sh", "-c", script]);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    pipes.stderr(Stdio::piped()).spawn().unwrap()
}

fn names_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn an_unmounted_store_is_named_at_once_and_nothing_is_written_below_it() {
    let mut workshop = Workshop::new();
    if !is_root() {
        return refused(&workshop);
    }
    let store = workshop.directory().join("btrfs");
    workshop.move_store(store.clone());
    workshop.run(&["store", "create", "--btrfs", "--size", "512M"]);
    let mounted = Mounted(store.clone());
    workshop.recipe("small", "");
    workshop.run(&["image", "build", "small"]);
    workshop.recipe("slow", "[[run]]\ncommand = \"touch /began && sleep 3\"\n");
    let guests = ["overlay", "snapshot"].map(|rollback| guest(&workshop, rollback));
    let build = patience::start(&mut workshop.vm_test(&["image", "build", "slow"]));
    eventually("both guests and the step run", || {
        let instances = workshop.json(&["ps", "--json"]);
        let count = instances["instances"].as_array().map_or(0, Vec::len);
        let begun = fs::read_dir(store.join("building")).unwrap().flatten();
        let begun = begun.filter(|entry| entry.path().join("files/began").exists());
        count == 3 && begun.count() == 1
    });
    drop(mounted);
    assert_eq!(names_in(&store), [""; 0], "it is not unmounted");
    let words = format!(
        "error: cannot use the store {0}: its file system {0}.btrfs is not mounted\nhint: as root: ",
        store.display()
    );
    let mut mount = String::new();
    for arguments in [
        &["run", "host", "--image", "small", "--", "ls"][..],
        &["image", "build", "small"],
        &["image", "list"],
        &["gc", "--images"],
    ] {
        let began = Instant::now();
        let error = workshop.fail(arguments);
        assert!(began.elapsed() < FAST, "{arguments:?}");
        let cure = error
            .strip_prefix(&words)
            .unwrap_or_else(|| panic!("{arguments:?}: {error}"));
        mount = cure.to_owned();
        assert_eq!(names_in(&store), [""; 0], "{arguments:?}");
    }
    let finished = build.finish(LIMIT);
    let error = finished.stderr.text();
    assert_eq!(finished.code, Some(1), "{error}");
    assert!(error.contains("cannot continue with the store "), "{error}");
    assert!(error.contains("was its file system unmounted?"), "{error}");
    // Running guests have what they need.
    for mut guest in guests {
        guest.stdin.take().unwrap().write_all(b"go\n").unwrap();
        let output = guest.wait_with_output().unwrap();
        assert_eq!(output.stdout, b"tar\n", "{}", text_of(&output));
    }
    workshop.host.stop();
    assert_eq!(names_in(&store), [""; 0]);
    // After the remedy in the hint, everything is as it was.
    let status = Command::new("sh").args(["-c", &mount]).status().unwrap();
    assert!(status.success(), "{mount}");
    let _mounted = Mounted(store.clone());
    workshop.run(&["image", "verify", "small"]);
    workshop.run(&["gc"]);
    assert_eq!(names_in(&store.join("instances")), [""; 0]);
    workshop.run(&["image", "build", "slow"]);
    assert_eq!(workshop.cleared(), BTreeSet::new());
    workshop.host.stop();
}
