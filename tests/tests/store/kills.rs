//! Builders that are killed at moments that a seed decides.

use super::{AFTERMATH, LIMIT, eventually};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};
use vm_test_tests::campaign;
use vm_test_tests::patience;
use vm_test_tests::workshop::{Workshop, users_of};

/// How often a builder is killed, in full and in the short form, and how often it is interrupted.
const KILLS: [u32; 2] = [30, 10];
const INTERRUPTIONS: u32 = 10;

/// How often a build is measured.
const MEASURED: u32 = 3;

/// Determines the moments, unless `VM_TEST_SEED` does.
const SEED: u64 = 0x5eed;

/// A file whose hashing takes the builder a moment, and the time between moments.
const BULK: usize = 8 << 20;

/// Steps with every kind of work; the note differs in every round, so that everything after the
/// base is made again.
const STEPS: &str = "[[files]]\nfrom = \"note\"\nto = \"/etc/note\"\n\
    [[files]]\nfrom = \"bulk\"\nto = \"/bulk\"\n\
    [[run]]\ncommand = \"mkdir -p /data && dd if=/bulk of=/data/copy 2>/dev/null && rm /bulk\"\n\
    [[run]]\ncommand = \"cat /etc/note > /data/note\"\n";

/// Marsaglia's xorshift: moments need no better randomness.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}

fn seed() -> u64 {
    let seed = std::env::var("VM_TEST_SEED")
        .ok()
        .and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or(SEED);
    eprintln!("VM_TEST_SEED={seed} repeats these moments");
    seed
}

fn write_note(workshop: &Workshop, round: u32) {
    fs::write(workshop.file("note"), format!("{round}\n")).unwrap();
}

fn kill_at_random_moments(signal: Signal, rounds: u32) {
    let workshop = Workshop::new();
    workshop.recipe("victim", STEPS);
    fs::write(workshop.file("bulk"), vec![7; BULK]).unwrap();
    write_note(&workshop, 0);
    workshop.run(&["image", "build", "victim"]);
    // One that was disturbed takes longer than those that are killed.
    let measured = (1..=MEASURED).map(|round| {
        write_note(&workshop, round);
        let began = Instant::now();
        workshop.run(&["image", "build", "victim"]);
        began.elapsed()
    });
    // A little longer than a build takes, so that some moments are after its end.
    let longest = u64::try_from(measured.min().unwrap().as_micros()).unwrap() * 11 / 10;
    let mut random = Random(seed());
    let mut seen = [0; 2];
    for round in MEASURED + 1..=MEASURED + rounds {
        let old = workshop.layers("victim").expect("there was one before");
        write_note(&workshop, round);
        let builder = patience::start(&mut workshop.vm_test(&["image", "build", "victim"]));
        let moment = Duration::from_micros(random.below(longest));
        std::thread::sleep(moment);
        let pid = Pid::from_raw(i32::try_from(builder.pid()).unwrap()).unwrap();
        // It may have ended already.
        let _ = kill_process(pid, signal);
        let finished = builder.finish(LIMIT);
        let found = workshop
            .layers("victim")
            .expect("the old image or the new one");
        let context = format!("round {round}, {moment:?}: {}", finished.stderr.text());
        workshop.run(&["image", "verify", "victim"]);
        eventually(&context, || {
            let collected = workshop.json(&["gc", "--images", "--json"]);
            collected["images"]["in_use"] == 0 && users_of(workshop.store()).is_empty()
        });
        let rubbish: Vec<_> = fs::read_dir(workshop.store().join("building"))
            .unwrap()
            .collect();
        assert!(rubbish.is_empty(), "{context}: {rubbish:?}");
        let kept = fs::read_dir(workshop.store().join("layers"))
            .unwrap()
            .count();
        assert_eq!(kept, found.len(), "{context}");
        workshop.run(&["image", "build", "victim"]);
        let new = workshop.layers("victim").unwrap();
        assert_ne!(old, new, "{context}");
        assert!(found == old || found == new, "{context}: {found:?}");
        seen[usize::from(found == new)] += 1;
        let command = [
            "run",
            "host",
            "--image",
            "victim",
            "--",
            "cat",
            "/data/note",
        ];
        assert_eq!(workshop.run(&command), format!("{round}\n"), "{context}");
    }
    eprintln!(
        "{signal:?}: {} times the old image, {} times the new one",
        seen[0], seen[1]
    );
    assert!(
        seen[0] > 0,
        "no moment was early enough to interrupt a build"
    );
    assert_eq!(workshop.cleared(), BTreeSet::new());
}

#[test]
fn a_builder_killed_at_any_moment_leaves_the_old_image_or_the_new_one() {
    let [full, short] = KILLS;
    kill_at_random_moments(Signal::KILL, campaign::length(full, short));
}

#[test]
fn a_builder_interrupted_at_any_moment_leaves_the_old_image_or_the_new_one() {
    kill_at_random_moments(Signal::INT, INTERRUPTIONS);
}

#[test]
fn a_bootstrap_that_is_killed_leaves_no_process() {
    let workshop = Workshop::new();
    let recipe = "base = \"debian:bookworm\"\n";
    fs::write(workshop.file("debian.toml"), recipe).unwrap();
    // While it starts, while it downloads, while it unpacks.
    for moment in [300, 2500, 6000].map(Duration::from_millis) {
        let builder = patience::start(&mut workshop.vm_test(&["image", "build", "debian"]));
        std::thread::sleep(moment);
        eventually("somebody works in the store", || {
            !users_of(workshop.store()).is_empty()
        });
        let pid = Pid::from_raw(i32::try_from(builder.pid()).unwrap()).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        let killed = Instant::now();
        let _ = builder.finish(LIMIT);
        eventually("all processes of the bootstrap are gone", || {
            users_of(workshop.store()).is_empty()
        });
        assert!(killed.elapsed() < AFTERMATH);
        assert_eq!(workshop.cleared(), BTreeSet::new(), "{moment:?}");
    }
}
