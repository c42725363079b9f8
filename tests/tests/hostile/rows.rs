//! Which of the fixture's attacks run in a place, and why the others do not. Every attack runs on
//! every kind of guest unless a row here says otherwise.

use std::process::Command;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::place::Place;

/// Names, or prefixes of names, of attacks that are not run in a place, with the reason.
type Rows = &'static [(&'static str, &'static str)];

/// What root does to its own VM.
const NOT_IN_A_CONTAINER: Rows = &[(
    "own::",
    "the kernel, its clock, its modules and its disks are the host's; that a container cannot reach them is what the others check",
)];

const ITS_KERNEL: &str = "root may do this to a kernel of its own, and `own::` does it";
const ITS_DISKS: &str = "its disks are its own, and `own::` writes to them";
const ITS_FILES: &str = "its files are its own kernel's; the host's have no inode there";
const ITS_GROUPS: &str = "its control groups are its own kernel's";
const ITS_KEYS: &str = "its kernel knows only users of its own";
const ITS_END: &str = "the suite `outcomes` has every end of a VM with its words";

const NOT_ON_A_VM: Rows = &[
    ("agent::reboots_the_machine", ITS_END),
    ("disks::", ITS_DISKS),
    (
        "files::devices_that_every_guest_has_are_not_changed_for_the_host",
        ITS_FILES,
    ),
    (
        "files::mounts_of_the_host_are_not_changed_by_mounting_them_anew",
        ITS_FILES,
    ),
    (
        "files::no_inode_of_the_host_can_be_opened_by_its_number",
        ITS_FILES,
    ),
    (
        "files::the_first_process_has_no_file_of_the_host_to_take",
        "its first process has the VM's ports, which `stream::` takes",
    ),
    ("groups::", ITS_GROUPS),
    ("kernel::another_kernel_cannot_be_booted", ITS_KERNEL),
    ("kernel::every_setting_that_can_be_written", ITS_KERNEL),
    ("kernel::file_systems_that_show_the_kernel", ITS_KERNEL),
    ("kernel::global_kernel_resources", ITS_KERNEL),
    ("kernel::modules_can_be_neither_loaded", ITS_KERNEL),
    ("kernel::nothing_in_sys_can_be_written", ITS_KERNEL),
    ("kernel::settings_that_are_the_hosts", ITS_KERNEL),
    ("kernel::the_hosts_clock_cannot_be_set", ITS_KERNEL),
    ("kernel::the_kernels_memory_is_out_of_reach", ITS_KERNEL),
    ("kernel::the_magic_keys_are_out_of_reach", ITS_END),
    ("keys::", ITS_KEYS),
    (
        "limits::the_number_of_processes_is_limited",
        "the suite `outcomes` counts its threads; what asks for more memory boots a VM anew",
    ),
    (
        "processes::being_first_in_line_for_the_processor_is_denied",
        "its processor is its own, and `own::` takes it",
    ),
    ("users::", ITS_KEYS),
    (
        "stream::closes_its_stream_and_stays",
        "a port is no connection that one end could close; `own::` removes its driver",
    ),
];

/// Returns the rows of the attacks that are not run here.
pub(crate) fn left_out(place: Place) -> Rows {
    match place {
        Place::Container => NOT_IN_A_CONTAINER,
        Place::Vm => NOT_ON_A_VM,
    }
}

/// Returns whether an attack is run here.
pub(crate) fn is_here(place: Place, test: &str) -> bool {
    !left_out(place)
        .iter()
        .any(|(begin, _)| test.starts_with(begin))
}

pub(crate) fn every_attack_that_is_left_out_here_is_one_that_there_is(place: Place) {
    let fixture = Fixture::new("hostile");
    let binary = fixture.binary(&place.host(), "hostile");
    let list = Command::new(binary).arg("--list").output().unwrap();
    let list = text_of(&list);
    let there = |begin: &str| list.lines().any(|line| line.starts_with(begin));
    let unknown: Vec<_> = left_out(place).iter().filter(|row| !there(row.0)).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
}
