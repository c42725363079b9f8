//! Directories whose names contain separators of options of an overlay, an emulator or a shell.

use std::collections::BTreeSet;
use std::fs;
use vm_test_tests::fixture::text_of;
use vm_test_tests::workshop::Workshop;

/// Separators, quotes, and what looks like an option.
const NAME: &str = "-monitor stdio,a:b=c \\ \"d\" 'e' $(f) %s,upperdir=";

#[test]
fn no_character_in_the_name_of_a_directory_is_taken_for_more_than_that() {
    let mut workshop = Workshop::new();
    workshop.move_store(workshop.directory().join(format!("store {NAME}")));
    let place = workshop.workspace().join(NAME);
    fs::create_dir(&place).unwrap();
    fs::write(place.join("file"), "here\n").unwrap();
    workshop.recipe(
        "tiny",
        "[[run]]\ncommand = \"mkdir /data && echo x > /data/x\"\n",
    );
    workshop.run(&["image", "build", "tiny"]);
    workshop.run(&["image", "verify", "tiny"]);
    for image in ["host", "tiny"] {
        let script = "cat file && echo y > file && cat file && echo z > new";
        let mut command = workshop.vm_test(&["run", "host", "--image", image]);
        let output = command
            .args(["--", "sh", "-c", script])
            .current_dir(&place)
            .output()
            .unwrap();
        assert_eq!(output.stdout, b"here\ny\n", "{}", text_of(&output));
    }
    assert_eq!(fs::read_to_string(place.join("file")).unwrap(), "here\n");
    assert_eq!(fs::read_dir(&place).unwrap().count(), 1);
    let mut commit = workshop.vm_test(&["run", "host", "--image", "tiny", "--commit", "child"]);
    let output = commit
        .args(["--", "touch", "/data/y"])
        .current_dir(&place)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text_of(&output));
    let archive = place.join("child.tar");
    workshop.run(&["image", "export", "child", archive.to_str().unwrap()]);
    workshop.run(&[
        "image",
        "import",
        "again",
        &format!("tar:{}", archive.display()),
    ]);
    let list = ["run", "host", "--image", "again", "--", "ls", "/data"];
    assert_eq!(workshop.run(&list), "x\ny\n");
    assert_eq!(workshop.cleared(), BTreeSet::new());
}
