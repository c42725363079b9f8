//! The store under stress: builders that are killed, two at once, images removed while guests run
//! from them, sessions committed as images, full disks. Each test has its own store.

mod commit;
mod damage;
mod disks;
mod kills;
mod names;
mod rollback;
mod snapshots;
mod unmounted;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};
use vm_test_tests::fixture::text_of;
use vm_test_tests::patience;
use vm_test_tests::workshop::{Workshop, users_of};

/// Longer than any of these builds takes.
const LIMIT: Duration = Duration::from_secs(120);

/// How long the children of a killed process may take to end.
const AFTERMATH: Duration = Duration::from_secs(10);

/// Waits until a condition holds.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let limit = Instant::now() + AFTERMATH;
    while !holds() {
        assert!(Instant::now() < limit, "not after {AFTERMATH:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn two_builds_at_once_share_the_work() {
    let workshop = Workshop::new();
    let step = "mkdir /made && sleep 2 && echo done > /made/it";
    workshop.recipe("shared", &format!("[[run]]\ncommand = \"{step}\"\n"));
    let builders =
        [0, 1].map(|_| patience::start(&mut workshop.vm_test(&["image", "build", "shared"])));
    let texts = builders.map(|builder| {
        let finished = builder.finish(LIMIT);
        let text = finished.stderr.text();
        assert_eq!(finished.code, Some(0), "{text}");
        text
    });
    let did = |text: &String| text.contains(&format!("{step}: done in"));
    assert_eq!(
        texts.iter().filter(|text| did(text)).count(),
        1,
        "{texts:?}"
    );
    let waited = texts
        .iter()
        .any(|text| text.contains("waiting for another build"));
    assert!(waited, "{texts:?}");
    workshop.run(&["image", "verify", "shared"]);
    assert_eq!(workshop.cleared(), BTreeSet::new());
}

#[test]
fn an_image_that_is_removed_stays_whole_for_the_guests_that_run_from_it() {
    let workshop = Workshop::new();
    workshop.recipe("tiny", "");
    workshop.run(&["image", "build", "tiny"]);
    let script = "read line; cat /etc/origin";
    let mut guest = workshop
        .vm_test(&["run", "host", "--image", "tiny", "--", "sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("the guest runs", || {
        workshop.json(&["ps", "--json"])["instances"]
            .as_array()
            .is_some_and(|instances| instances.len() == 1)
    });
    let key = workshop.layers("tiny").unwrap().remove(0);
    workshop.run(&["image", "rm", "tiny"]);
    let collected = workshop.json(&["gc", "--images", "--json"]);
    assert_eq!(collected["images"]["in_use"], 1, "{collected}");
    assert_eq!(collected["images"]["layers"], 0, "{collected}");
    assert!(workshop.store().join("layers").join(&key).is_dir());
    guest.stdin.take().unwrap().write_all(b"go\n").unwrap();
    let output = guest.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"tar\n", "{}", text_of(&output));
    eventually("the layer is collected", || {
        workshop.run(&["gc", "--images"]);
        !workshop.store().join("layers").join(&key).exists()
    });
    let error = workshop.fail(&["run", "host", "--image", "tiny", "--", "ls"]);
    assert!(
        error.contains("cannot use image `tiny`: it is not in the store"),
        "{error}"
    );
    assert_eq!(workshop.cleared(), BTreeSet::new());
}

#[test]
fn layers_that_another_image_needs_are_not_collected() {
    let workshop = Workshop::new();
    workshop.recipe("one", "");
    workshop.recipe("two", "[[run]]\ncommand = \"touch /two\"\n");
    workshop.run(&["image", "build", "one"]);
    workshop.run(&["image", "build", "two"]);
    workshop.run(&["image", "rm", "one"]);
    let collected = workshop.json(&["gc", "--images", "--json"]);
    assert_eq!(collected["images"]["layers"], 0, "{collected}");
    workshop.run(&["image", "verify", "two"]);
    assert_eq!(workshop.cleared(), BTreeSet::new());
}

#[test]
fn a_record_that_cannot_be_understood_stops_the_collection() {
    let workshop = Workshop::new();
    workshop.recipe("one", "");
    workshop.run(&["image", "build", "one"]);
    let record = workshop.store().join("images/one.json");
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, text.replace("\"digest\"", "\"digits\"")).unwrap();
    let error = workshop.fail(&["gc", "--images"]);
    assert!(error.contains("cannot find out which layers"), "{error}");
    fs::write(&record, text).unwrap();
    workshop.run(&["image", "verify", "one"]);
    assert_eq!(workshop.cleared(), BTreeSet::new());
}

#[test]
fn prepare_builds_what_guests_and_nodes_name_once() {
    let workshop = Workshop::new();
    workshop.recipe("tiny", "");
    workshop.recipe("small", "");
    let error = workshop.fail(&["prepare"]);
    assert!(error.contains("there is no vm-test.toml"), "{error}");
    let declared = r#"
        [guest.a]
        image = "tiny"
        [guest.b]
        image = "tiny"
        [guest.c]
        [lab.l.networks]
        lan = {}
        [lab.l.nodes]
        d = { guest = "c", image = "small", networks = ["lan"] }
    "#;
    fs::write(workshop.workspace().join("vm-test.toml"), declared).unwrap();
    for built in [true, false] {
        let prepared = workshop.json(&["prepare", "--json"]);
        assert_eq!(prepared.as_array().unwrap().len(), 2, "{prepared}");
        for (at, name) in ["small", "tiny"].into_iter().enumerate() {
            assert_eq!(prepared[at]["name"], name);
            assert_eq!(prepared[at]["built"], built, "{prepared}");
        }
    }
    // Without its recipe it cannot be built again, and need not be.
    fs::remove_file(workshop.file("tiny.toml")).unwrap();
    assert_eq!(workshop.json(&["prepare", "--json"])[1]["built"], false);
    workshop.run(&["image", "rm", "tiny"]);
    let error = workshop.fail(&["prepare"]);
    assert!(
        error.contains("cannot find a recipe for image `tiny`"),
        "{error}"
    );
    assert!(error.contains("vm-test.toml names it"), "{error}");
    assert_eq!(workshop.cleared(), BTreeSet::new());
    assert_eq!(users_of(workshop.store()), [""; 0]);
}
