//! Files of a store that were changed or deleted: each is found, reported, and repaired as the hint
//! says.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use vm_test_tests::workshop::Workshop;

/// Makes a store with an image of two layers, whose directories `damage` changes.
fn damaged(damage: impl Fn(&[PathBuf])) -> Workshop {
    let workshop = Workshop::new();
    workshop.recipe(
        "tiny",
        "[[run]]\ncommand = \"mkdir /data && echo x > /data/x\"\n",
    );
    workshop.run(&["image", "build", "tiny"]);
    let layers = workshop.layers("tiny").unwrap().into_iter();
    let layers: Vec<_> = layers
        .map(|key| workshop.store().join("layers").join(key))
        .collect();
    damage(&layers);
    workshop
}

/// Repairs an image that has changed.
fn build_anew(workshop: &Workshop) {
    workshop.run(&["image", "rm", "tiny"]);
    workshop.run(&["gc", "--images"]);
    workshop.run(&["image", "build", "tiny"]);
    workshop.run(&["image", "verify", "tiny"]);
    assert_eq!(workshop.cleared(), BTreeSet::new());
}

#[test]
fn a_changed_and_a_deleted_file_are_found_with_what_was_expected_and_what_is_there() {
    let damages: [fn(&[PathBuf]); 2] = [
        |layers| fs::write(layers[0].join("files/etc/origin"), "changed\n").unwrap(),
        |layers| fs::remove_file(layers[0].join("files/etc/origin")).unwrap(),
    ];
    for damage in damages {
        let workshop = damaged(damage);
        let inspected = workshop.json(&["image", "inspect", "tiny", "--json"]);
        let key = inspected["layers"][0].as_str().unwrap();
        let error = workshop.fail(&["image", "verify", "tiny"]);
        let words = format!(
            "error: cannot verify image `tiny`: it has changed since it was built: layer {key}: expected sha256:"
        );
        let digests = error
            .strip_prefix(&words)
            .unwrap_or_else(|| panic!("{error}"));
        let (expected, got) = digests.split_once(", got sha256:").unwrap();
        let got = got.lines().next().unwrap();
        assert!(
            expected.len() == 64 && got.len() == 64 && expected != got,
            "{error}"
        );
        assert!(
            error.contains(
                "hint: remove it and build it again: vm-test image rm tiny; vm-test gc --images"
            ),
            "{error}"
        );
        build_anew(&workshop);
    }
}

#[test]
fn a_layer_that_was_deleted_is_named_and_built_again() {
    let workshop = damaged(|layers| {
        let mut remove = std::process::Command::new("rm");
        assert!(remove.arg("-r").arg(&layers[1]).status().unwrap().success());
    });
    let key = workshop.layers("tiny").unwrap().remove(1);
    let command = ["run", "host", "--image", "tiny", "--", "cat", "/data/x"];
    let words = format!(
        "error: cannot use image `tiny`: its layer {key} is not in the store\nhint: build it again: vm-test image build tiny\n"
    );
    for arguments in [&command[..], &["image", "verify", "tiny"]] {
        assert_eq!(workshop.fail(arguments), words);
    }
    let text = workshop.run(&["image", "build", "tiny"]);
    assert!(text.contains("root.tar: in the store"), "{text}");
    assert_eq!(workshop.run(&command), "x\n");
    build_anew(&workshop);
}
