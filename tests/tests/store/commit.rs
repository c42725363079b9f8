//! Sessions that are committed as images, and exports.

use rustix::fs::{XattrFlags, lgetxattr, lsetxattr};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use vm_test_tests::fixture::text_of;
use vm_test_tests::workshop::Workshop;

#[test]
fn a_session_becomes_an_image_and_its_parent_stays_what_it_was() {
    let workshop = Workshop::new();
    workshop.recipe(
        "tiny",
        "[[run]]\ncommand = \"mkdir /data && echo old > /data/old\"\n",
    );
    workshop.run(&["image", "build", "tiny"]);
    let guests = "[guest.parent]\nimage = \"tiny\"\n[guest.child]\nimage = \"child\"\n";
    fs::write(workshop.workspace().join("vm-test.toml"), guests).unwrap();
    fs::write(workshop.workspace().join("artefact"), "brought along\n").unwrap();
    let parent = workshop.layers("tiny").unwrap();
    let script = "rm /data/old && echo new > /data/new && cat artefact > /data/artefact";
    let text = workshop.run(&[
        "image", "commit", "parent", "child", "--", "sh", "-c", script,
    ]);
    assert!(text.contains("image `child` is "), "{text}");
    for image in ["tiny", "child"] {
        workshop.run(&["image", "verify", image]);
    }
    assert_eq!(workshop.layers("tiny").unwrap(), parent);
    assert_eq!(
        workshop.layers("child").unwrap()[..parent.len()],
        parent[..]
    );
    let listed = workshop.run(&["run", "child", "--", "ls", "/data"]);
    assert_eq!(listed, "artefact\nnew\n");
    assert_eq!(
        workshop.run(&["run", "parent", "--", "ls", "/data"]),
        "old\n"
    );
    let read = workshop.run(&["run", "child", "--", "cat", "/data/artefact"]);
    assert_eq!(read, "brought along\n");
    let error = workshop.fail(&["run", "parent", "--commit", "child", "--", "ls"]);
    assert!(
        error.contains("cannot commit image `child`: an image of that name already exists"),
        "{error}"
    );
    assert_eq!(workshop.cleared(), BTreeSet::new());
}

#[test]
fn a_session_that_fails_is_not_kept() {
    let workshop = Workshop::new();
    workshop.recipe("tiny", "");
    workshop.run(&["image", "build", "tiny"]);
    let command = ["run", "host", "--image", "tiny", "--commit", "child"];
    let script = ["--", "sh", "-c", "touch /x; exit 3"];
    let mut vm_test = workshop.vm_test(&command);
    let output = vm_test.args(script).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text_of(&output));
    assert!(
        text_of(&output).contains("image `child` was not created"),
        "{}",
        text_of(&output)
    );
    assert_eq!(workshop.layers("child"), None);
    for name in ["../x", ".x", "", "a/b"] {
        let mut vm_test = workshop.vm_test(&command[..5]);
        let output = vm_test.args([name, "--", "ls"]).output().unwrap();
        assert_eq!(output.status.code(), Some(125), "{}", text_of(&output));
    }
    let error = workshop.fail(&["run", "host", "--commit", "child", "--", "ls"]);
    assert!(error.contains("starts from the host's own root"), "{error}");
    assert_eq!(workshop.cleared(), BTreeSet::new());
}

#[test]
fn an_export_is_what_a_guest_sees_and_an_image_again() {
    let workshop = Workshop::new();
    let steps = "[[run]]\ncommand = \"rm /etc/origin && mkdir -p /data && echo new > /data/new\"\n\
        [[run]]\ncommand = \"mv /data/new /data/newer\"\n";
    workshop.recipe("tiny", steps);
    workshop.run(&["image", "build", "tiny"]);
    let guests = "[guest.t]\nimage = \"tiny\"\n";
    fs::write(workshop.workspace().join("vm-test.toml"), guests).unwrap();
    // The file comes with an attribute, which `mv` keeps.
    let note = workshop.workspace().join("note");
    fs::write(&note, "").unwrap();
    let (key, value) = ("user.note", b"a\nb");
    lsetxattr(&note, key, value, XattrFlags::CREATE).unwrap();
    workshop.run(&[
        "run",
        "t",
        "--commit",
        "child",
        "--",
        "mv",
        "note",
        "/data/kept",
    ]);
    let archive = workshop.file("child.tar");
    workshop.run(&["image", "export", "child", archive.to_str().unwrap()]);
    let mut tar = Command::new("tar");
    let output = tar
        .arg("--list")
        .arg("--file")
        .arg(&archive)
        .output()
        .unwrap();
    let names = text_of(&output);
    let names: Vec<_> = names.lines().collect();
    for (name, there) in [
        ("./data/newer", true),
        ("./data/kept", true),
        ("./bin/sh", true),
        ("./data/new", false),
        ("./etc/origin", false),
    ] {
        assert_eq!(names.contains(&name), there, "{name}: {names:?}");
    }
    // The workspace was mounted there, and no trace of the mount is kept.
    let workspace = format!(".{}/", workshop.workspace().display());
    assert!(!names.contains(&workspace.as_str()), "{names:?}");
    let error = workshop.fail(&["image", "export", "child", "/nowhere/x.tar"]);
    assert!(error.contains("cannot write /nowhere/x.tar"), "{error}");
    let recipe = "base = \"tar:child.tar\"\n";
    fs::write(workshop.file("again.toml"), recipe).unwrap();
    workshop.run(&["image", "build", "again"]);
    let command = [
        "run",
        "host",
        "--image",
        "again",
        "--",
        "cat",
        "/data/newer",
    ];
    assert_eq!(workshop.run(&command), "new\n");
    let layers = workshop.layers("again").unwrap();
    let [layer] = &layers[..] else {
        panic!("{layers:?}");
    };
    let kept = workshop.store().join("layers").join(layer);
    let mut found = [0; 16];
    let length = lgetxattr(kept.join("files/data/kept"), key, &mut found).unwrap();
    assert_eq!(found[..length], value[..]);
    assert_eq!(workshop.cleared(), BTreeSet::new());
}
