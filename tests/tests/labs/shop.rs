//! The example of a shop on redis and mariadb: its tests show what each fault does to it and to its
//! naive twin. Here is that they pass, and that nothing is left.

mod in_full {
    use crate::{LIMIT, PATIENCE, endings};
    use std::collections::BTreeMap;
    use std::path::Path;
    use vm_test_tests::census::Census;
    use vm_test_tests::fixture::{Fixture, Runner};
    use vm_test_tests::group::Group;
    use vm_test_tests::host::Host;
    use vm_test_tests::report::Ending::Passed;

    /// Tests of the example, one for each fault. All pass.
    const TESTS: [&str; 5] = [
        "an_order_counts_once_wherever_the_connection_is_lost",
        "customers_do_not_wait_for_a_server_that_never_answers",
        "an_order_waits_until_the_server_has_a_connection_for_it",
        "an_order_waits_until_the_server_can_open_its_files",
        "a_page_that_arrives_in_parts_is_shown_whole",
    ];

    #[test]
    fn the_shop_survives_each_fault_and_its_twin_does_not() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the workspace");
        let example = Fixture::of(root.join("examples/faults/Cargo.toml"));
        let host = Host::new().with_shared_store();
        host.build_images(example.directory(), &["shop"]);
        let group = Group {
            targets: &["--test=faults"],
            filters: &[],
            environment: &[],
            limit: LIMIT,
        };
        group.build(&example, &host);
        let before = Census::take(&host);
        let outcome = group.run(&example, &host, Runner::CargoTest);
        let text = outcome.text();
        let expected = TESTS.map(|name| (name, Passed));
        assert_eq!(endings(&outcome), BTreeMap::from(expected), "{text}");
        let stopped = host.vm_test().arg("stop").status();
        assert!(stopped.expect("vm-test starts").success());
        assert_eq!(before.settle(PATIENCE), [""; 0]);
    }
}
