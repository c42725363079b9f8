//! What the short form leaves out: all the crates in a container.

use super::rows::{
    DEVICEMAPPER, Failing, Guest, INOTIFY, IPTABLES, LANDLOCK, NIX, NONE, PRIVDROP, RTNETLINK,
};

#[test]
fn devicemapper_in_a_container() {
    // A container has neither device mapper nor loop devices, and its semaphores are not udev's.
    let parts = &["loop_test_", "sudo_", "udevsync"];
    DEVICEMAPPER.ends_alike_on(Guest::Container, Failing::Among(parts));
}

#[test]
fn inotify_in_a_container() {
    INOTIFY.ends_alike_on(Guest::Container, NONE);
}

#[test]
fn iptables_in_a_container() {
    IPTABLES.ends_alike_on(Guest::Container, NONE);
}

#[test]
fn landlock_in_a_container() {
    LANDLOCK.ends_alike_on(Guest::Container, NONE);
}

#[test]
fn nix_in_a_container() {
    // Loading modules, fanotify and some socket options need more than a user namespace, or another
    // kernel.
    let parts = &[
        "test_kmod::",
        "test_fanotify",
        "sys::test_socket::",
        "test_unistd::test_acct",
    ];
    NIX.ends_alike_on(Guest::Container, Failing::Among(parts));
}

#[test]
fn privdrop_in_a_container() {
    PRIVDROP.ends_alike_on(Guest::ImageContainer, NONE);
}

#[test]
fn rtnetlink_in_a_container() {
    // Most of what it makes needs drivers that the host may not have.
    let parts = &["link::test::", "traffic_control::"];
    RTNETLINK.ends_alike_on(Guest::Container, Failing::Among(parts));
}
