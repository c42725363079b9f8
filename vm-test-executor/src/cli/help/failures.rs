//! The long texts of `--help` about failures that can be opened. Words only.

pub(in super::super) const ATTACH: &str = "\
Opens a shell, or runs a command, as root in an instance that was kept when its test failed. Everything is as the test left \
it: files, mounts, networks, running processes. A test that exceeded its time limit is still there, but stopped; `kill -CONT` \
resumes it, and a debugger can attach to it.

An instance is kept with keep = \"on-failure\" in vm-test.toml or at the test, or with VM_TEST_KEEP=on-failure. It stays for \
30 minutes (keep_for), and as long again after every `vm-test attach`. It keeps its memory; all kept instances together may use at most half of the memory \
budget. `vm-test ps` lists what is kept, `vm-test rm` ends it sooner.";

pub(in super::super) const ATTACH_AFTER: &str = concat!(
    "\
EXAMPLES
  VM_TEST_KEEP=on-failure cargo test
  vm-test attach host-1f2e-3
  vm-test attach host-1f2e-3 -- nft list ruleset",
    exit_codes!()
);

pub(in super::super) const LOGS: &str = "\
Shows the console of an instance (if its own init boots), why its test failed, and the end of the test's output. For a \
running instance, its daemon is asked. The log of a test that did not pass is stored at vm-test/runs/RUN/INSTANCE.log in cargo's \
target directory, for the last 20 runs.

Of a lab, what programs on its nodes wrote and the consoles of its VMs are shown together, line by line with the time of day (UTC) by \
the host's clock and the name of the node. The log of the lab of a test that did not pass is stored in the same place.";

pub(in super::super) const LOGS_AFTER: &str = "\
EXAMPLES
  vm-test logs host-1f2e-3
  vm-test logs office-1f2e-1            all nodes of a lab, by one clock

EXIT CODES
  0 shown; 1 nothing is known of the instance; 2 the command line is wrong";

pub(in super::super) const DEBUG: &str = "\
Runs one test of this workspace in a fresh instance of a guest, on this terminal: for dbg!, interactive input and gdb. Cargo \
builds the tests and tells which binary contains the test; if you name the binary, nothing is built. There is no time limit \
without --timeout, and no verdict. The settings of #[on_vm] (guest, memory, image, env and so on) exist only in the test's code \
and are not known here: name the guest, and use the options. Test binaries without the standard harness are not asked for their \
tests. Arguments after the test's name go to the test harness.";

pub(in super::super) const DEBUG_AFTER: &str = concat!(
    "\
EXAMPLES
  vm-test debug host -- tests::port_80_is_forwarded
  vm-test debug worker-1 --package firewall --test forwarding -- port_80_is_forwarded
  vm-test debug host --under 'gdb --args' -- tests::port_80_is_forwarded
  vm-test debug host -- target/debug/deps/firewall-0123456789abcdef tests::port_80_is_forwarded",
    exit_codes!()
);

pub(in super::super) const RM: &str = "\
Ends instances that were kept when their tests failed, before their time is up. Instances in use are refused: end the process \
that holds them. `vm-test stop` ends everything; `vm-test gc` leaves running instances alone.";

pub(in super::super) const RM_AFTER: &str = "\
EXAMPLES
  vm-test rm host-1f2e-3
  vm-test rm --all

EXIT CODES
  0 they are gone; 1 one is not; 2 the command line is wrong";
