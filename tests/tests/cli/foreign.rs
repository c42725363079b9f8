//! A workspace with files of others: of a supplementary group of the user, of root, of an id that
//! no guest has.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use vm_test_tests::account::{Ordinary, is_root};
use vm_test_tests::host::Host;
use vm_test_tests::process::Running;
use vm_test_tests::workshop::Workshop;

/// Set to the workspace when the test runs again as an ordinary user.
const WORKSPACE: &str = "FOREIGN_WORKSPACE";

/// A group of which the user may be a member, and which no guest of the user has.
const GROUP: u32 = 100;

/// The programs with which a guest changes a workspace, besides those of every workshop.
const PROGRAMS: [&str; 5] = ["chmod", "chown", "ln", "setpriv", "stat"];

const FILES: [&str; 6] = [
    "of-another",
    "d/a",
    "d/e/f",
    "target/debug/x",
    ".git/index",
    "group",
];

/// Returns everything in it, the top first.
fn content(workspace: &Path) -> Vec<PathBuf> {
    let mut all = vec![workspace.to_path_buf()];
    let mut at = 0;
    while at < all.len() {
        let entries = fs::read_dir(&all[at]).into_iter().flatten().flatten();
        all.extend(entries.map(|entry| entry.path()));
        at += 1;
    }
    all
}

/// Makes a workspace that belongs to a user and a group, except for one file.
fn workspace(user: u32, group: u32) -> TempDir {
    let directory = tempfile::tempdir_in("/tmp").unwrap();
    let at = |path: &str| directory.path().join(path);
    for path in FILES {
        fs::create_dir_all(at(path).parent().unwrap()).unwrap();
        fs::write(at(path), "1\n").unwrap();
    }
    fs::write(at("target/CACHEDIR.TAG"), "").unwrap();
    symlink("d/a", at("link")).unwrap();
    for path in content(directory.path()) {
        std::os::unix::fs::lchown(&path, Some(user), Some(group)).unwrap();
        if path.is_dir() {
            fs::set_permissions(&path, PermissionsExt::from_mode(0o2775)).unwrap();
        }
    }
    chown(at("of-another"), Some(4_000_000_000), Some(4_000_000_000)).unwrap();
    fs::set_permissions(at("group"), PermissionsExt::from_mode(0o660)).unwrap();
    directory
}

/// Changes everything there, in a guest over the host's root and in one of an image.
fn change(workspace: &Path, owner: &str) {
    change_in(&mut Host::new().vm_test(), &[], workspace, owner);
    let workshop = Workshop::new();
    workshop.add_programs(&PROGRAMS);
    workshop.recipe("small", "");
    workshop.run(&["image", "build", "small"]);
    let image = ["--image", "small"];
    change_in(&mut workshop.vm_test(&[]), &image, workspace, owner);
}

/// Changes everything there in a guest with these settings, in every way; in the guest it belongs
/// to `owner`.
fn change_in(vm_test: &mut Command, settings: &[&str], workspace: &Path, owner: &str) {
    let script = "set -e; umask 022; echo 2 >> d/a; echo 3 > d/new; mkdir d/sub; cat d/a; rm d/a; chmod 600 d/e/f
        touch -d @1 d/e/f; chown 1:1 d/e/f; mv d/e/f d/e/g; ln d/e/g d/e/h; rm link; rm -r d/e; mkdir d/e; ls d d/e
        echo 2 >> of-another; cat of-another group; touch target/debug/y .git/index.lock; MADE
        mv d dd; rm -r dd; mkdir new; ls -A
        ! setpriv --reuid=65534 --regid=65534 --clear-groups touch nobodys new/nobodys 2>/dev/null; stat -c %u:%g . target";
    // Files made by cargo and git are not copied; the kernel lets nobody remove those of ids that
    // the guest does not have.
    let made = "rm target/debug/x; mv .git/index.lock .git/index";
    let made = if is_root() && owner == "0:0" {
        ":"
    } else {
        made
    };
    let script = script.replace("MADE", made);
    vm_test
        .args(["run", "host"])
        .args(settings)
        .args(["--", "sh", "-c", &script])
        .current_dir(workspace);
    let finished = Running::start(vm_test).finish();
    let words: Vec<_> = finished.out.split_whitespace().collect();
    assert_eq!(
        words,
        [
            "1",
            "2",
            "d:",
            "e",
            "new",
            "sub",
            "d/e:",
            "1",
            "2",
            "1",
            ".git",
            "group",
            "new",
            "of-another",
            "target",
            owner,
            owner
        ],
        "{settings:?}: {}",
        finished.err
    );
}

#[test]
fn a_workspace_of_others_is_changed_in_the_guest_and_nowhere_else() {
    if let Some(workspace) = std::env::var_os(WORKSPACE) {
        change(Path::new(&workspace), "0:0");
        return;
    }
    if !is_root() {
        eprintln!(
            "not tried: only root makes files of others, and runs this as an ordinary user as well"
        );
        return;
    }
    let test = "foreign::a_workspace_of_others_is_changed_in_the_guest_and_nowhere_else";
    let user = Ordinary::find();
    assert_ne!(user.gid(), GROUP);
    let of_its_group = workspace(user.uid(), GROUP);
    let of_a_group = workspace(user.uid(), 0);
    let of_nobody = workspace(4_000_000_000, 4_000_000_000);
    fs::set_permissions(
        of_nobody.path().join("group"),
        PermissionsExt::from_mode(0o664),
    )
    .unwrap();
    // Root's guests have all ids that are assigned to people.
    let owner = |group: u32| format!("{}:{group}", user.uid());
    for (place, group, owner) in [
        (&of_its_group, Some(GROUP), &*owner(GROUP)),
        (&of_a_group, None, &*owner(0)),
        (&of_nobody, None, "0:0"),
    ] {
        user.run_again_in(group, test, &[(WORKSPACE, place.path())]);
        change(place.path(), owner);
        for path in FILES {
            let content = fs::read_to_string(place.path().join(path)).unwrap();
            assert_eq!(content, "1\n", "{path}");
        }
        assert_eq!(content(place.path()).len(), 14);
    }
}
