//! The long texts of `--help` about whole test binaries and whole runs. Words only.

pub(in super::super) const RUNNER: &str = "\
Runs a whole, unmodified test binary in a fresh instance of a guest, as its root, and rolls back everything it did. Intended \
as cargo's runner, or as a wrapper script of nextest, which then gives every test its own instance.

Arguments, standard input and output, signals and the exit code pass through; if a signal ends the binary, it ends vm-test, \
too. Listing tests happens in a guest as well, since a binary without the standard harness may do anything when it is \
started. Coverage profiles come back to the paths where a local run would write them. What the tests write below \
$VM_TEST_ARTIFACTS comes back to target/vm-test/artifacts/PACKAGE/BINARY (with nextest, followed by the test's name) and \
replaces what was there; listing tests leaves it unchanged.

With VM_TEST_KEEP=on-failure, or keep = \"on-failure\" of the guest, the instance of a failed binary is kept, and the command \
that opens it is printed. If you end the binary with a signal, its instance is not kept.

Under nextest, which runs each test in its own process, the first SIGTERM (the first step of its slow-timeout) is not passed on: \
it ends the test as --timeout would, with coverage, artifacts and a report of what it was doing, and then vm-test. A second one \
ends vm-test at once.";

pub(in super::super) const RUNNER_AFTER: &str = concat!(
    "\
EXAMPLES
  vm-test runner host target/debug/deps/my_test-0123456789abcdef --exact a_test
  CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER='vm-test runner host' cargo test
  CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER='vm-test runner worker-1' cargo llvm-cov nextest

  .config/nextest.toml, for some tests only:
      experimental = [\"wrapper-scripts\"]
      [scripts.wrapper.guest]
      command = 'vm-test runner worker-1'
      [[profile.default.scripts]]
      filter = 'binary(netlink)'
      run-wrapper = 'guest'",
    exit_codes!()
);

pub(in super::super) const SKIPPED: &str = "\
Lists and counts the tests that a run skipped: the last run with guests in this workspace, or the one named. A test is skipped \
only with VM_TEST_MISSING=skip, and only if this host cannot provide its guest: no user namespaces, no liblxc, no such image or \
device. libtest and nextest count such a test as passed, and nextest hides the output of passing tests.";

pub(in super::super) const SKIPPED_AFTER: &str = "\
EXAMPLES
  vm-test skipped                           after VM_TEST_MISSING=skip cargo nextest run
  vm-test skipped cargo-8812                of that run
  vm-test skipped --json | jq length

JSON
  [{ run, name, reason }]

EXIT CODES
  0 listed, even if there are none; 1 the list cannot be read; 2 the command line is wrong";
