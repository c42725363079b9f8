//! What only the full form runs, and only as root: all the crates on VMs. The account that started
//! a VM has no influence on what runs inside it.

use super::rows::{
    CAPS, DEVICEMAPPER, Failing, Guest, INOTIFY, IPTABLES, LANDLOCK, NIX, NONE, PRIVDROP, RTNETLINK,
};

/// Links of a kind that Debian 12's kernel, 6.1, does not have yet.
const NEWER_LINKS: Failing = Failing::These(&["link::test::create_get_delete_netkit"]);

/// `mkfs.xfs` of Debian 12 writes more than this test's pool holds.
const FULL_POOL: Failing = Failing::These(&["thindev::tests::loop_test_snapshot_usage"]);

#[test]
fn caps_on_a_vm_with_systemd() {
    CAPS.ends_alike_on(Guest::Booted, NONE);
}

#[test]
fn devicemapper_on_a_vm() {
    DEVICEMAPPER.ends_alike_on(Guest::Vm, FULL_POOL);
}

#[test]
fn devicemapper_on_a_vm_with_systemd() {
    DEVICEMAPPER.ends_alike_on(Guest::Booted, FULL_POOL);
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
fn iptables_on_a_vm() {
    IPTABLES.ends_alike_on(Guest::Vm, NONE);
}

#[test]
fn iptables_on_a_vm_with_systemd() {
    IPTABLES.ends_alike_on(Guest::Booted, NONE);
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
fn nix_on_a_vm() {
    NIX.ends_alike_on(Guest::Vm, NONE);
}

#[test]
fn nix_on_a_vm_with_systemd() {
    NIX.ends_alike_on(Guest::Booted, NONE);
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
fn rtnetlink_on_a_vm() {
    RTNETLINK.ends_alike_on(Guest::Vm, NEWER_LINKS);
}

#[test]
fn rtnetlink_on_a_vm_with_systemd() {
    RTNETLINK.ends_alike_on(Guest::Booted, NEWER_LINKS);
}
