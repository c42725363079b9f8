//! Where the host's files are that a VM gets on its disks.

use super::prepared;
use rustix::process::getuid;
use std::fs;
use std::path::PathBuf;
use vm_test_tests::fixture::text_of;

#[test]
fn a_workspace_below_run_is_brought_like_any_other() {
    // A payload disk is made even where something else is mounted at /run.
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

#[test]
fn a_directory_of_the_workspace_is_renamed_and_a_hard_link_stays_one() {
    let (host, _) = prepared(&["debian-12"]);
    let own = tempfile::tempdir().unwrap();
    let guests = "[guest.own]\nbackend = \"kvm\"\nimage = \"debian-12\"\naccelerator = \"tcg\"\n";
    fs::write(own.path().join("vm-test.toml"), guests).unwrap();
    fs::create_dir(own.path().join("old")).unwrap();
    fs::write(own.path().join("old/one"), "from the host").unwrap();
    fs::hard_link(own.path().join("old/one"), own.path().join("other")).unwrap();
    // A plain rename, where `mv` would copy.
    let steps = "echo from the guest > other && cat old/one && stat -c 'names %h' old/one \
        && perl -e 'rename(\"old\", \"new\") or die $!' && cat new/one && ! test -e old";
    let output = host
        .vm_test()
        .args(["run", "own", "--", "sh", "-c", steps])
        .current_dir(own.path())
        .output()
        .unwrap();
    let text = text_of(&output);
    assert!(output.status.success(), "{text}");
    assert!(
        text.ends_with("from the guest\nnames 2\nfrom the guest\n"),
        "{text}"
    );
    assert_eq!(
        fs::read_to_string(own.path().join("other")).unwrap(),
        "from the host"
    );
    assert!(own.path().join("old").is_dir());
}
