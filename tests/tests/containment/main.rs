//! Whether guests are contained, examined file by file and namespace by namespace: changes to the
//! host's files and to those of the workspace, what another guest holds, fork bombs, forged
//! verdicts. The fixture `containment` has the bodies. The suite `hostile` has the attacks on the
//! kernel, on devices, on the agent.
//!
//! `loads` is for containers only: its fork bombs would need VMs with gigabytes of memory, and each
//! new size of memory boots anew. Other suites show the same for VMs: `outcomes` counts a VM's
//! threads, and `hostile` has fork bombs and bodies that fill the memory. `loads` compares the
//! memory that is free on the host: with `cargo test`, which runs tests of both places at once,
//! choose `container::`, `vm::` or `loads`.

mod bait;
mod endings;
mod loads;
mod neighbours;
mod raid;
mod tree;
mod verdicts;

vm_test_tests::tests_at! {
    each_place {
        neighbours { what_one_guest_holds_another_at_the_same_time_does_not_find }
        raid { whatever_a_guest_does_to_files_the_hosts_stay_as_they_are }
        verdicts {
            a_verdict_from_a_process_that_came_before_the_body_does_not_count_either,
            a_verdict_from_another_process_never_counts_and_never_hangs,
        }
    }
}
