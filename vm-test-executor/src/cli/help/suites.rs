//! The long texts of `--help` about whole test binaries and whole runs. Words only.

pub(in super::super) const RUNNER: &str = "\
Runs a whole, unmodified test binary in a fresh instance of a guest, as its root, and rolls back everything it did. Made to \
be the runner of cargo, or a wrapper script of nextest, which then gives every test an instance of its own.

Arguments, standard input and output, signals and the exit code pass through; if a signal ends the binary, it ends vm-test, \
too. Listing tests happens in a guest as well, since a binary without the standard harness may do anything when it is \
started. Coverage of binaries that were built for it comes back to where they would write it here. What the tests write below \
$VM_TEST_ARTIFACTS comes back to target/vm-test/artifacts/PACKAGE/BINARY, under nextest with the test's name behind it, and \
replaces what was there; a list leaves it alone.

With VM_TEST_KEEP=on-failure, or keep = \"on-failure\" of the guest, the instance of a binary that fails stays, and the command \
that opens it is named. One that a signal of yours ends does not.

Under nextest, which has a process for each test, the first SIGTERM, with which its slow-timeout begins, is not passed on: it \
ends the test as --timeout would, with coverage, artifacts and what it was doing, and vm-test after it. A second one ends vm-test at \
once.";

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
Names the tests that the last run with guests in this workspace has skipped, or another run, and counts them. A test is skipped only with \
VM_TEST_MISSING=skip, and only because this host cannot give it its guest: no user namespaces, no liblxc, no such image or \
device. libtest and nextest have no word for that and count it as passed, and nextest hides what passing tests say.";

pub(in super::super) const SKIPPED_AFTER: &str = "\
EXAMPLES
  vm-test skipped                           after VM_TEST_MISSING=skip cargo nextest run
  vm-test skipped cargo-8812                of that run
  vm-test skipped --json | jq length

JSON
  [{ run, name, reason }]

EXIT CODES
  0 listed, also if there are none; 1 the list cannot be read; 2 the command line is wrong";
