//! The example that the page about set-ups names: its tests pass, from accounts that are made once.

use std::path::Path;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;

/// Runs those of its tests that these words choose; `count` of them must pass.
#[track_caller]
fn passes(words: &[&str], count: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let example = Fixture::of(root.join("examples/accounts/Cargo.toml"));
    let host = Host::new().with_shared_store();
    host.build_images(example.directory(), &["debian-12"]);
    let mut command = example.cargo(&host, &["test", "--test", "people"]);
    let output = command.arg("--").args(words).output().unwrap();
    let text = text_of(&output);
    assert!(output.status.success(), "{text}");
    assert!(text.contains(&format!("{count} passed")), "{text}");
}

#[test]
fn accounts_in_containers_are_changed_without_harm_to_other_tests() {
    passes(&["--skip", "_on_machine"], 4);
}

mod vm {
    #[test]
    fn a_vm_has_the_accounts_that_a_container_has() {
        super::passes(&["_on_machine"], 1);
    }
}
