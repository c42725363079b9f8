//! Attackers that use up limited resources: processes, memory, disk space.

use super::arena::{Arena, assert_failed_for, limit};
use std::time::Instant;
use vm_test_tests::fixture::text_of;
use vm_test_tests::place::Place;

const BOMBS: [&str; 2] = [
    "limits::forks_without_end",
    "limits::leaves_dead_orphans_without_end",
];

/// Tests that pass while bombs go off elsewhere.
const SIBLINGS: [&str; 3] = [
    "others::one_guest_keeps_what_it_has_while_another_looks_for_it",
    "others::another_guest_keeps_what_it_has_while_the_first_looks_for_it",
    "processes::only_processes_of_the_guest_can_be_seen",
];

pub(crate) fn bombs_of_processes_end_with_their_tests_and_hurt_no_other(place: Place) {
    let arena = Arena::new(place);
    // On a shared host, two would leave no processor for others.
    let at_once = match place {
        Place::Container => 1,
        Place::Vm => BOMBS.len(),
    };
    for bombs in BOMBS.chunks(at_once) {
        let mut command = arena.run(&["--exact", "--include-ignored", "--test-threads", "5"]);
        let began = Instant::now();
        let output = command.args(bombs).args(SIBLINGS).output();
        let output = output.expect("cargo starts");
        let took = began.elapsed();
        let text = text_of(&output);
        // It ends on its own, not only with the run; how soon depends on the load of the host.
        assert!(took < limit(place), "{took:?}:\n{text}");
        for bomb in bombs {
            assert_failed_for(place, &text, bomb, &reasons(place));
        }
        for sibling in SIBLINGS {
            assert!(text.contains(&format!("test {sibling} ... ok")), "{text}");
        }
    }
    arena.assert_unharmed();
}

/// Returns the reasons that a bomb's failure may have.
///
/// A host's processors are shared, and an emulated VM needs long to end a thousand processes.
fn reasons(place: Place) -> Vec<&'static str> {
    match place {
        Place::Container => vec![
            "the test did not end within 2s and was killed",
            "the guest did not answer for 10s after the time limit of 2000 ms",
            "the guest ran out of memory",
        ],
        Place::Vm => vec![
            "the test did not end within 8s and was killed",
            "the guest did not answer for 10s after the time limit of 8000 ms",
        ],
    }
}

pub(crate) fn what_fills_memory_is_ended_whether_it_is_called_a_file_or_not(place: Place) {
    let arena = Arena::new(place);
    let mut fillers = vec![
        "limits::fills_every_file_system_there_is",
        "limits::fills_a_file_system_of_its_own",
    ];
    let many = "limits::many_processes_together_get_no_more_memory_than_there_is";
    let nameless = "limits::fills_memory_that_is_a_file_without_a_name";
    // Without a control group, the agent enforces the limit. It kills the whole job, but does not
    // see unnamed memory that belongs to no process; the host's OOM killer deals with that, and
    // kills tests. A VM has only its own memory.
    let held = place == Place::Vm || rustix::process::getuid().is_root();
    fillers.push(if held { nameless } else { many });
    let mut command = arena.run(&["--exact", "--include-ignored", "--test-threads", "4"]);
    command.args(&fillers);
    if held {
        command.arg(many);
    }
    let output = command.output().expect("cargo starts");
    let text = text_of(&output);
    assert!(!text.contains("no limit"), "{text}");
    if held {
        assert!(text.contains(&format!("test {many} ... ok")), "{text}");
    }
    for filler in fillers {
        assert_failed_for(
            place,
            &text,
            filler,
            &["the guest ran out of memory (128 MiB"],
        );
    }
    arena.assert_unharmed();
}
