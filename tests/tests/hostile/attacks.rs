//! Attacks that pass if they were denied, or had no effect outside the guest: all in one run.

use super::arena::Arena;
use super::rows::left_out;
use vm_test_tests::fixture::text_of;
use vm_test_tests::place::Place;

pub(crate) fn no_attack_on_the_host_has_any_effect_on_it(place: Place) {
    let arena = Arena::new(place);
    let mut args = vec!["--test-threads", "4"];
    args.extend(
        left_out(place)
            .iter()
            .flat_map(|(name, _)| ["--skip", name]),
    );
    let output = arena.run(&args).output().expect("cargo starts");
    arena.assert_unharmed();
    assert!(output.status.success(), "{}", text_of(&output));
}
