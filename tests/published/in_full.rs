//! What the short form leaves out: all the crates on all the guests.

use super::rows::{
    DEVICEMAPPER, Failing, Guest, INOTIFY, IPTABLES, LANDLOCK, NIX, NONE, PRIVDROP, RTNETLINK,
};

#[test]
fn caps_on_a_vm_with_systemd() {
    super::CAPS.ends_alike_on(Guest::Booted, NONE);
}

#[test]
fn devicemapper_in_a_container() {
    // A container has neither device mapper nor loop devices, and its semaphores are not udev's.
    let parts = &["loop_test_", "sudo_", "udevsync"];
    DEVICEMAPPER.ends_alike_on(Guest::Container, Failing::Among(parts));
}

#[test]
fn devicemapper_on_a_vm() {
    DEVICEMAPPER.ends_alike_on(Guest::Vm, NONE);
}

#[test]
fn devicemapper_on_a_vm_with_systemd() {
    DEVICEMAPPER.ends_alike_on(Guest::Booted, NONE);
}

#[test]
fn inotify_in_a_container() {
    INOTIFY.ends_alike_on(Guest::Container, NONE);
}

#[test]
fn inotify_on_a_vm() {
    INOTIFY.ends_alike_on(Guest::Vm, NONE);
}

#[test]
fn inotify_on_a_vm_with_systemd() {
    INOTIFY.ends_alike_on(Guest::Booted, NONE);
}

#[test]
fn iptables_in_a_container() {
    IPTABLES.ends_alike_on(Guest::Container, NONE);
}

#[test]
fn iptables_on_a_vm() {
    IPTABLES.ends_alike_on(Guest::Vm, NONE);
}

#[test]
fn iptables_on_a_vm_with_systemd() {
    IPTABLES.ends_alike_on(Guest::Booted, NONE);
}

#[test]
fn landlock_in_a_container() {
    LANDLOCK.ends_alike_on(Guest::Container, NONE);
}

#[test]
fn landlock_on_a_vm() {
    LANDLOCK.ends_alike_on(Guest::Vm, NONE);
}

#[test]
fn landlock_on_a_vm_with_systemd() {
    LANDLOCK.ends_alike_on(Guest::Booted, NONE);
}

#[test]
fn nix_in_a_container() {
    // Loading modules, fanotify and some options of sockets need more than a user namespace, or another kernel.
    let parts = &[
        "test_kmod::",
        "test_fanotify",
        "sys::test_socket::",
        "test_unistd::test_acct",
    ];
    NIX.ends_alike_on(Guest::Container, Failing::Among(parts));
}

#[test]
fn nix_on_a_vm() {
    NIX.ends_alike_on(Guest::Vm, NONE);
}

#[test]
fn nix_on_a_vm_with_systemd() {
    NIX.ends_alike_on(Guest::Booted, NONE);
}

#[test]
fn privdrop_in_a_container() {
    PRIVDROP.ends_alike_on(Guest::ImageContainer, NONE);
}

#[test]
fn privdrop_on_a_vm() {
    PRIVDROP.ends_alike_on(Guest::Vm, NONE);
}

#[test]
fn privdrop_on_a_vm_with_systemd() {
    PRIVDROP.ends_alike_on(Guest::Booted, NONE);
}

#[test]
fn rtnetlink_in_a_container() {
    // Most of what it makes are drivers that the host may not have.
    let parts = &["link::test::", "traffic_control::"];
    RTNETLINK.ends_alike_on(Guest::Container, Failing::Among(parts));
}

#[test]
fn rtnetlink_on_a_vm() {
    RTNETLINK.ends_alike_on(Guest::Vm, NONE);
}

#[test]
fn rtnetlink_on_a_vm_with_systemd() {
    RTNETLINK.ends_alike_on(Guest::Booted, NONE);
}
