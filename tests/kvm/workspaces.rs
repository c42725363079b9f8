//! Where the files of the host are that a machine gets on its disks.

use super::prepared;
use rustix::process::getuid;
use std::fs;
use std::path::PathBuf;
use vm_test_tests::fixture::text_of;

#[test]
fn a_workspace_below_run_is_brought_like_any_other() {
    // A disk with files is made where something else is mounted at /run.
    let users = PathBuf::from(format!("/run/user/{}", getuid().as_raw()));
    let parents = [PathBuf::from("/run"), users];
    let own = parents
        .iter()
        .find_map(|parent| tempfile::tempdir_in(parent).ok());
    let Some(own) = own else {
        eprintln!("this user may not make a directory below /run, so there is nothing to see");
        return;
    };
    let (host, _) = prepared(&["debian-12"]);
    let guests = "[guest.own]\nbackend = \"kvm\"\nimage = \"debian-12\"\naccelerator = \"tcg\"\n";
    fs::write(own.path().join("vm-test.toml"), guests).unwrap();
    fs::create_dir(own.path().join("below")).unwrap();
    fs::write(own.path().join("below/file"), "from the host\n").unwrap();
    let output = host
        .vm_test()
        .args(["run", "own", "--", "cat", "below/file"])
        .current_dir(own.path())
        .output()
        .unwrap();
    let text = text_of(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.ends_with("from the host\n"), "{text}");
}
