//! Guests whose root does its worst. The attacks are in the fixture; this suite checks the host,
//! other guests, and the verdicts. On VMs the attackers also have their own kernel; attacks that
//! make no sense there are left out by name, with the reason.

mod agents;
mod arena;
mod attacks;
mod canary;
mod keyring;
mod library;
mod limits;
mod privileged;
mod rows;

vm_test_tests::tests_at! {
    each_place {
        agents {
            only_the_body_itself_can_give_its_verdict,
            output_without_end_is_not_kept_without_end,
            whoever_takes_the_agents_place_fails_its_own_test_and_hangs_nothing,
        }
        attacks { no_attack_on_the_host_has_any_effect_on_it }
        limits {
            bombs_of_processes_end_with_their_tests_and_hurt_no_other,
            what_fills_memory_is_ended_whether_it_is_called_a_file_or_not,
        }
        rows { every_attack_that_is_left_out_here_is_one_that_there_is }
    }
}
