//! The guest belongs to the test: a test may break anything in it, and no other test will notice.
//! Each of these would be vandalism on a real host. None of them cleans up.

mod kernel;
mod topology;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use kernel::ruleset;
use topology::Topology;
use vm_test::on_vm;

#[on_vm]
#[test]
fn system_files_may_be_replaced() -> Result<(), Box<dyn Error>> {
    let Topology {
        client,
        router,
        server,
    } = Topology::new();
    let _site = server.serve(8080, "hello");
    let names = format!(
        "{} gateway.test\n{} shop.test\n",
        router.address, server.address
    );
    fs::write("/etc/hosts.new", names)?;
    // A mount instead of a rename: if the host is itself a container, this file is often a separate
    // mount.
    router.run("mount --bind /etc/hosts.new /etc/hosts");

    // Both names are looked up in the new file: one by nft, the other by the client.
    firewall::forward(80, "shop.test:8080")?;
    assert_eq!(client.http_get("http://gateway.test/")?.text, "hello");
    Ok(())
}

/// A whole directory of programs disappears under an empty mount, nft among them.
#[on_vm]
#[test]
fn a_machine_without_nft_is_told_what_to_install() -> Result<(), Box<dyn Error>> {
    let status = Command::new("mount")
        .args(["-t", "tmpfs", "none", "/usr/sbin"])
        .status()?;
    assert!(status.success());

    let error = firewall::forward(80, "10.1.0.2:8080").unwrap_err();

    assert!(
        error
            .to_string()
            .ends_with("hint: install the package nftables and have nft on the PATH"),
        "{error}"
    );
    Ok(())
}

/// Two tests that could not both pass on one host. They pass in any order, and at the same time.
#[on_vm]
#[test]
fn the_first_of_two_tests_finds_a_machine_nobody_has_touched() {
    touch_an_untouched_machine();
}

#[on_vm]
#[test]
fn the_second_of_two_tests_finds_a_machine_nobody_has_touched() {
    touch_an_untouched_machine();
}

/// Leaves a mark in the file system and one in the kernel, and fails if it finds either.
fn touch_an_untouched_machine() {
    let mark = Path::new("/etc/somebody-was-here");
    assert!(!mark.exists(), "another test's file is visible here");
    assert_eq!(ruleset(), "", "another test's rules are in force here");

    fs::write(mark, "and did not clean up").unwrap();
    firewall::block(80).unwrap();

    assert!(mark.exists());
    assert!(ruleset().contains("tcp dport 80"), "{}", ruleset());
}
