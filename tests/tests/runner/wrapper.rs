//! Commands that start a test binary themselves: whether the binary is in the guest. The fixture is
//! built outside of the directory that the commands run in, which guests see anyway.

use std::path::Path;
use std::process::Output;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;

const ALL: &str = "\
moved_and_fails: test
moved_and_hangs: test
moved_into_a_guest: test
moved_with_its_binary: test
stays_here: test
";

/// Runs a command in a guest of the VMs' fixture.
fn run(host: &Host, guest: &str, image: &str, command: &[&str]) -> Output {
    let fixture = Fixture::new("kvm");
    host.build_images(fixture.directory(), &["debian-12"]);
    let mut run = host.vm_test();
    run.args(["run", "--image", image, guest, "--"])
        .args(command);
    run.current_dir(fixture.directory()).output().unwrap()
}

fn lists_its_tests(host: &Host, guest: &str) {
    let binary = Fixture::new("runner").binary(host, "moving");
    let binary = binary.to_str().unwrap();
    let script = format!("true; exec {binary} --list --format=terse");
    let output = run(host, guest, "debian-12", &["sh", "-c", &script]);
    // Standard error may say that the VM boots for the first time.
    let listed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(listed, ALL, "{}", text_of(&output));
    let output = run(
        host,
        guest,
        "debian-12",
        &["env", "A=1", binary, "moved_into", "--list"],
    );
    assert!(
        text_of(&output).contains("moved_into_a_guest: test\n"),
        "{}",
        text_of(&output)
    );
    assert!(Path::new(binary).is_file());
}

#[test]
fn a_container_has_the_binary_that_a_wrapper_names() {
    lists_its_tests(&Host::new().with_shared_store(), "host");
}

#[test]
fn a_machine_has_the_binary_that_a_wrapper_names() {
    lists_its_tests(&Host::new().with_shared_store(), "machine");
}
