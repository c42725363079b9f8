//! Reports that users of other tools have made about tests and programs in guests, each as a test
//! of one's own would meet it: in a container over the host's root, in one of an image, which has
//! no cargo, and on a VM.

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
            a_process_that_gave_up_root_opens_standard_error_no_more_than_on_the_host,
        }
    }
}
