//! What only the full form runs: labs whose VMs have no saved state to start from, on a host whose
//! processors are busy.

use super::{LIMIT, PATIENCE};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use vm_test_tests::census::Census;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending::Passed;

/// How many labs start, and all must come up.
const LABS: usize = 30;

/// How many VMs each has.
const VMS: usize = 4;

#[test]
fn thirty_labs_of_four_cold_vms_come_up_while_the_processors_are_busy() {
    let shared = Host::new().with_shared_store();
    let fixture = Fixture::new("labs");
    shared.build_images(fixture.directory(), &["debian-12"]);
    let copy = copy_of(&shared.store());
    let host = Host::new().with_store(copy.path());
    let group = Group {
        targets: &["--test=cold"],
        filters: &[],
        environment: &[],
        limit: LIMIT,
    };
    group.build(&fixture, &host);
    let before = Census::take(&host);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _stop = Stop(&stop);
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        for lab in 1..=LABS {
            templates(copy.path()).for_each(|template| fs::remove_dir_all(template).unwrap());
            let outcome = group.run(&fixture, &host, Runner::CargoTest);
            let told = outcome.tests.get("four_vms_come_up_and_talk");
            let text = outcome.text();
            assert_eq!(told.map(|told| told.ending), Some(Passed), "{lab}: {text}");
            let stopped = host.vm_test().arg("stop").status();
            assert!(stopped.is_ok_and(|it| it.success()), "{lab}");
            // Each has booted: that is how a template is made.
            assert_eq!(templates(copy.path()).count(), VMS, "{lab}: {text}");
            eprintln!("{lab} of {LABS} labs came up");
        }
    });
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}

/// Sets the flag when it is dropped, also by a panic.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Returns a store with the same images, beside the one that all suites share.
fn copy_of(store: &Path) -> tempfile::TempDir {
    let beside = store.parent().expect("the store's directory");
    let copy = tempfile::Builder::new()
        .prefix("cold-")
        .tempdir_in(beside)
        .expect("a directory beside the store");
    // Published files are never changed in place.
    let copied = Command::new("cp")
        .arg("-al")
        .args(["images", "layers", "machines"].map(|part| store.join(part)))
        .arg(copy.path())
        .status();
    assert!(copied.expect("cp starts").success());
    copy
}

/// Returns the saved states of VMs in a store.
fn templates(store: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(store.join("machines")).expect("a store with VMs");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("template-")
    })
}
