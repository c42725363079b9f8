//! Leases that wait, spares, kept instances, and several daemons.

use super::*;

#[test]
fn a_lease_waits_until_another_one_ends_and_one_that_gave_up_blocks_nobody() {
    let admission = Admission::new(Budget {
        memory: 100 << 20,
        cpus: 8,
    });
    let first = admission.admit(60 << 20, 1, |_| true).unwrap().unwrap();
    assert!(admission.admit(60 << 20, 1, |_| false).unwrap().is_none());
    let other = admission.clone();
    let second = std::thread::spawn(move || other.admit(60 << 20, 1, |_| true).unwrap().unwrap());
    drop(first);
    assert_eq!(second.join().unwrap().memory, 60 << 20);
    assert_eq!(admission.status().1, 0);
}

#[test]
fn a_lease_that_waits_may_itself_have_room_given_back() {
    let admission = Admission::new(Budget {
        memory: 100 << 20,
        cpus: 8,
    });
    let mut spare = admission.admit_spare(40 << 20, 1);
    assert!(spare.is_some());
    let admitted = admission.admit(80 << 20, 1, |_| {
        spare = None;
        true
    });
    assert!(admitted.unwrap().is_some());
}

#[test]
fn kept_instances_hold_memory_and_never_so_much_that_tests_cannot_go_on() {
    let admission = Admission::new(Budget {
        memory: 100 << 20,
        cpus: 2,
    });
    let first = admission.admit(40 << 20, 1, |_| true).unwrap().unwrap();
    let second = admission.admit(40 << 20, 1, |_| true).unwrap().unwrap();
    // Once for each node of a lab.
    first.keep().unwrap();
    first.keep().unwrap();
    assert_eq!(
        second.keep().unwrap_err(),
        "kept instances hold 40 MiB already, and may hold 50 MiB"
    );
    drop(second);
    let mut reasons = Vec::new();
    let refused = admission.admit(61 << 20, 2, |reason| {
        reasons.push(reason.to_owned());
        false
    });
    assert!(refused.unwrap().is_none());
    assert_eq!(
        reasons,
        [
            "40 of 100 MiB and 0 of 2 processor shares are in use, 0 ahead in the queue; kept instances hold 40 MiB, and `vm-test rm --all` ends them"
        ]
    );
    drop(first);
    assert_eq!(admission.status().1, 0);
    assert_eq!(admission.lock().promised.kept, 0);
}

#[test]
fn more_than_the_host_has_is_refused_at_once() {
    let admission = Admission::new(Budget {
        memory: 100 << 20,
        cpus: 8,
    });
    let error = admission.admit(101 << 20, 1, |_| true).unwrap_err();
    assert_eq!(
        error.message,
        "cannot give a guest 101 MiB of memory: this host has 100 MiB for all guests"
    );
}

#[test]
fn daemons_share_one_budget_and_what_they_keep() {
    let parent = tempfile::tempdir().unwrap();
    let budget = Budget {
        memory: 100 << 20,
        cpus: 4,
    };
    let among = |run: &str| {
        let claims = Claims::of(parent.path().join("claims"), run);
        Admission::among(budget, claims)
    };
    let (one, other) = (among("one"), among("other"));
    let first = one.admit(60 << 20, 3, |_| true).unwrap().unwrap();
    assert!(!other.has_room(60 << 20, 1) && !other.has_room(1 << 20, 2));
    assert!(other.admit_spare(1 << 20, 1).is_none());
    let mut reasons = Vec::new();
    let refused = other.admit(60 << 20, 1, |reason| {
        reasons.push(reason.to_owned());
        false
    });
    assert!(refused.unwrap().is_none());
    assert_eq!(
        reasons,
        [
            "60 of 100 MiB and 3 of 4 processor shares are in use, 0 ahead in the queue; other daemons hold 60 MiB and 3 shares of that"
        ]
    );
    let second = other.admit(40 << 20, 1, |_| true).unwrap().unwrap();
    second.keep().unwrap();
    assert_eq!(
        first.keep().unwrap_err(),
        "kept instances hold 40 MiB already, and may hold 50 MiB"
    );
    drop(second);
    assert!(one.has_room(40 << 20, 1));
    let waiting = other.clone();
    let waiting = std::thread::spawn(move || waiting.admit(60 << 20, 1, |_| true));
    drop(first);
    assert!(waiting.join().unwrap().unwrap().is_some());
    one.leave();
    other.leave();
    assert!(!parent.path().join("claims").exists());
}

#[test]
fn a_daemon_that_cannot_share_its_budget_gives_guests_all_the_same() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("claims");
    std::fs::write(&file, "").unwrap();
    let budget = Budget {
        memory: 100 << 20,
        cpus: 4,
    };
    let admission = Admission::among(budget, Claims::of(file, "one"));
    assert!(admission.admit(60 << 20, 1, |_| true).unwrap().is_some());
}
