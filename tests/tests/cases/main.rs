//! Reports that users of other tools have made about tests and programs in guests, each as a test
//! of one's own would meet it: in a container over the host's root, in one of an image, which has
//! no cargo, and on a VM.

mod cargo;
mod compiler;
mod guests;
mod harness;
mod in_full;
mod overlay;
mod snapshots;
mod table;
mod workspace;
mod world;

vm_test_tests::tests_at! {
    each_place {
        cargo {
            a_build_without_cargo_fails_by_its_own_words,
            a_packages_program_is_found_and_runs_as_on_the_host,
            variables_of_cargo_have_the_same_values_as_on_the_host,
        }
        harness {
            a_panic_is_shown_though_standard_error_is_redirected,
            a_time_limit_below_the_attribute_loses_no_other_test,
        }
        overlay {
            directories_links_and_mappings_are_as_the_documents_say,
        }
        snapshots {
            a_members_snapshot_is_found_and_a_new_one_comes_back_beside_its_test,
        }
        world {
            a_guest_finds_its_own_host_name,
            a_process_that_gave_up_root_opens_standard_error_in_every_guest,
        }
    }
}
