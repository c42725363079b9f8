//! What makes a set-up run again: another binary, another image; and what becomes of results that
//! nobody uses.

use crate::bench::{Bench, count};
use std::fs::{self, OpenOptions};
use std::io::Write;
use vm_test_tests::process::Finished;

#[track_caller]
fn assert_ran(finished: &Finished, times: usize) {
    assert_eq!(finished.code(), Some(0), "{finished:?}");
    assert_eq!(count(&finished.out), times, "{finished:?}");
}

#[test]
fn a_changed_binary_or_image_runs_it_again() {
    let bench = Bench::new();
    let binary = bench.binary("shared");
    let own = bench.workshop.directory().join("binaries");
    fs::create_dir(&own).unwrap();
    let copy = own.join("shared");
    fs::copy(&binary, &copy).unwrap();
    let run = || bench.run(&copy, "small::", "1");
    assert_ran(&run(), 1);
    // The same content at another place is the same binary.
    assert_ran(&bench.run(&binary, "small::", "1"), 0);
    let mut file = OpenOptions::new().append(true).open(&copy).unwrap();
    file.write_all(b"changed").unwrap();
    drop(file);
    assert_ran(&run(), 1);
    assert_ran(&run(), 0);
    bench
        .workshop
        .recipe("small", "[[run]]\ncommand = \"touch /srv-more\"\n");
    bench.workshop.run(&["image", "build", "small"]);
    assert_ran(&run(), 1);
    assert_ran(&run(), 0);
    assert_eq!(bench.results().len(), 3);
}

#[test]
fn results_that_no_instance_uses_go_with_what_is_collected() {
    let bench = Bench::new();
    let binary = bench.binary("shared");
    assert_ran(&bench.run(&binary, "small::a", "1"), 1);
    let [name] = &bench.results()[..] else {
        panic!("{:?}", bench.results());
    };
    assert!(name.starts_with("small+setup-"), "{name}");
    let layers = || bench.workshop.layers(name);
    let [below, above] = &layers().unwrap()[..] else {
        panic!("{:?}", layers());
    };
    let is_there = |key: &str| bench.workshop.store().join("layers").join(key).exists();
    assert!(is_there(below) && is_there(above));
    // The daemon holds what was started ahead.
    bench.workshop.host.stop();
    bench.workshop.run(&["gc", "--images"]);
    assert_eq!(layers(), None);
    assert!(is_there(below) && !is_there(above));
    assert_ran(&bench.run(&binary, "small::a", "1"), 1);
    assert_ran(&bench.run(&binary, "small::a", "1"), 0);
    bench.workshop.host.stop();
    assert!(bench.workshop.cleared().is_empty());
}

#[test]
fn the_results_that_were_used_last_are_kept() {
    let bench = Bench::new();
    let binary = bench.binary("shared");
    let own = bench.workshop.directory().join("binaries");
    fs::create_dir(&own).unwrap();
    let copy = |number: usize| {
        let copy = own.join(format!("shared-{number}"));
        fs::copy(&binary, &copy).unwrap();
        let mut file = OpenOptions::new().append(true).open(&copy).unwrap();
        file.write_all(number.to_string().as_bytes()).unwrap();
        copy
    };
    let first = copy(0);
    assert_ran(&bench.run(&first, "small::a", "1"), 1);
    for number in 1..18 {
        assert_ran(&bench.run(&copy(number), "small::a", "1"), 1);
        fs::remove_file(own.join(format!("shared-{number}"))).unwrap();
        assert_ran(&bench.run(&first, "small::a", "1"), 0);
    }
    assert_eq!(bench.results().len(), 16);
    let layers = fs::read_dir(bench.workshop.store().join("layers")).unwrap();
    assert_eq!(layers.count(), 17);
}
