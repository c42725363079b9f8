//! Tests that need an image of their own, and are therefore left to the full form.

use super::{Column, LOGIN, PROBE, faults, parse, prepared, probe, run};
use vm_test_tests::fixture::Runner;

#[test]
fn a_login_on_a_booted_debian_finds_what_is_written_down() {
    let (host, fixture) = prepared(&["kvm-login"]);
    let login = "printf %s \"$0\" > /tmp/probe; exec systemd-run --quiet --wait --pipe --collect \
                 -p PAMName=login -p User=root -p IgnoreSIGPIPE=no sh /tmp/probe";
    let found = run(&host, &fixture, "login", &["sh", "-c", login, PROBE]);
    let changed: Vec<_> = found
        .iter()
        .filter(|(key, value)| parse(LOGIN).get(*key) != Some(value))
        .collect();
    assert!(
        changed.is_empty() && found.len() == parse(LOGIN).len(),
        "{changed:#?}"
    );
    let beside = probe(&host, &fixture, "login");
    let faults = faults(&beside, &found, Column::System);
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn udev_handles_devices_on_a_vm_whose_image_has_it_although_no_init_boots() {
    let (host, fixture) = prepared(&["kvm-login"]);
    // A device that exists at the start has its link, and one that comes later its group.
    let script = "cd /dev/char && echo \"first =$(basename $(readlink 1:3))\"
                  losetup /dev/loop9 /etc/passwd && udevadm settle && echo \"later =$(stat -c %G:%a /dev/loop9)\"
                  echo \"group =$(cat /proc/$(pidof -s systemd-udevd udevadm)/cgroup)\"";
    let found = run(&host, &fixture, "udev", &["sh", "-c", script]);
    let expected = "first =null\nlater =disk:660\ngroup =0::/udev.service\n";
    assert_eq!(found, parse(expected));
}

#[test]
fn a_loop_device_is_made_where_the_driver_begins_with_none() {
    let (host, fixture) = prepared(&["debian-12", "kvm-loopless"]);
    let run = fixture.run(
        &host,
        Runner::CargoTest,
        "a_loop_device_is_made_where_the_driver_begins_with_none",
    );
    assert!(run.success, "{}", run.text);
}
