//! The long texts of `vm-test --help` itself. Words only.

pub(in super::super) const ROOT: &str = "\
Runs tests and commands in fresh containers or VMs, and rolls back everything they did.

The attribute #[on_vm] of the crate vm-test makes a Rust test run in a guest, with plain `cargo test` or \
`cargo nextest`. This program starts the guests, and lets you inspect them and run any other command in them.";

pub(in super::super) const ROOT_AFTER: &str = "\
GUESTS
  host    built in: your own root file system, in a container; writes go to memory and vanish
  others  declared in the nearest vm-test.toml, here or above; a VM, for example:
              [guest.worker-1]
              backend = \"kvm\"
              image   = \"debian-12\"
              memory  = \"1G\"

WHAT COMES BACK
  the verdict    a test passes only if its guest says so; its panic and its output are the guest's
  coverage       what guests execute counts in cargo llvm-cov, and with -C instrument-coverage
  artifacts      what a test writes below $VM_TEST_ARTIFACTS, which is set in the guest, is in
                 target/vm-test/artifacts/PACKAGE/BINARY/TEST afterwards, whether it passed or not
  exports        files of the workspace that fit a pattern of `export`, of the guest or at the test
  time limits    a test that does not end within `timeout`, or whose guest does not boot within
                 `boot_timeout`, fails with the reason; each is 60s, four times that where QEMU
                 emulates the processor
  a failure      is kept for inspection with keep = \"on-failure\" or VM_TEST_KEEP=on-failure, for
                 vm-test attach; vm-test logs shows its output
  Everything else is rolled back.

EXAMPLES
  vm-test doctor                        check whether guests work here, with hints if not
  vm-test init                          a first test and a commented vm-test.toml, in your crate
  vm-test guests                        the guests, their settings, and which line says so
  vm-test config check                  all mistakes in vm-test.toml and recipes
  vm-test run host -- nft list ruleset  any command in a fresh guest, as its root
  vm-test shell                         look around in a fresh guest
  vm-test attach host-1f2e-3            open the kept instance of a failed test
  vm-test logs host-1f2e-3              the output of that guest and its test
  vm-test debug host -- tests::name     one test on this terminal, or below gdb
  vm-test report                        the times of the last run's tests
  vm-test ps                            which test holds which instance
  vm-test rm --all                      end what was kept
  vm-test lab up office                 start a lab without a test, and look around in it
  vm-test image build debian-12         what guests can start from, instead of your own root
  vm-test store create --btrfs --size 20G
                                        a store of images on which guests can have snapshots
  vm-test prepare                       build and boot what vm-test.toml names, before tests do
  vm-test skipped                       which tests were skipped with VM_TEST_MISSING=skip
  vm-test proxy --behavior 20:hang      a server that does not answer each fifth time
  vm-test stop                          end everything now
  vm-test gc                            remove what a killed daemon left
  vm-test completions bash              complete commands with the Tab key
  CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER='vm-test runner host' cargo test
                                        whole test binaries in guests, unmodified

VARIABLES
  of tests:
  VM_TEST_GUEST          the guest that tests of guest `host` run on [default: host]
  VM_TEST_KEEP           on-failure: an instance whose test fails stays, and the failure says how to
                         get in; never: none does [default: what vm-test.toml or the test says]
  VM_TEST_MISSING        what to do with tests whose guest is not available: fail or skip
                         [default: fail]; `vm-test skipped` names the skipped ones
  VM_TEST_ANNOTATE       github: a failed test prints the command that shows it beside the source;
                         junit: it prints the lines that attach its files to a report [default: none]
  of tests and of this program:
  VM_TEST_BIN            the program vm-test whose daemon is used [default: this one; for tests the
                         one beside their target directory, in PATH, or in cargo's bin]
  VM_TEST_RUNTIME_DIR    the directory of sockets and locks, at most 50 bytes
                         [default: $XDG_RUNTIME_DIR/vm-test, else /tmp/vm-test-UID]
  VM_TEST_STORE          the directory of images
                         [default: $XDG_DATA_HOME/vm-test or ~/.local/share/vm-test]
  VM_TEST_IMAGE_LIMIT    how much an imported archive may unpack to [default: 20G]
  VM_TEST_PLAIN_HTTP     registries to reach without encryption, with commas between
                         [default: none but those on this host]
  NO_COLOR               if set, output has no colours; only terminals get them anyway
  of the daemon, which reads them when it starts; after `vm-test stop` the next one reads them again:
  VM_TEST_IDLE_SECONDS   how long it stays idle before it ends, in seconds or as in 5m
                         [default: 15]
  VM_TEST_SPARE_SECONDS  how long a VM prepared for the next test waits, in seconds or as in 5m;
                         0 for none [default: 10]
  VM_TEST_MEMORY_BUDGET  memory of all instances together, in MiB or as in 4G
                         [default: four fifths of the host's]
  VM_TEST_CPU_BUDGET     processor shares of all instances together [default: 4 per processor]
  VM_TEST_CLAIMS_DIR     the directory in which all daemons of a user share these two
                         [default: /tmp/vm-test-UID.claims]
  VM_TEST_QEMU           the program QEMU, by its path [default: qemu-system-x86_64 in PATH]

OF YOUR VARIABLES A GUEST SEES
  what cargo and nextest tell a test:
    CARGO, CARGO_BIN_EXE_*, CARGO_HOME, CARGO_LLVM_COV, CARGO_MANIFEST_*, CARGO_PKG_*,
    CARGO_TARGET_TMPDIR, CARGO_WORKSPACE_DIR, LD_LIBRARY_PATH, NEXTEST, NEXTEST_*, OUT_DIR,
    RUSTUP_HOME, RUSTUP_TOOLCHAIN
  how tests that build code build it:
    CARGO_BUILD_BUILD_DIR, CARGO_BUILD_TARGET, CARGO_BUILD_TARGET_DIR,
    CARGO_ENCODED_RUSTFLAGS, CARGO_INCREMENTAL, CARGO_NET_OFFLINE, CARGO_PROFILE_*,
    CARGO_TARGET_DIR, RUSTDOCFLAGS, RUSTFLAGS
  what test libraries read:
    ARBTEST_*, INSTA_*, LOOM_*, MACROTEST, PROPTEST_*, QUICKCHECK_*, RSTEST_TIMEOUT,
    RUST_MIN_STACK, RUST_TEST_*, SNAPSHOTS, TRYBUILD, UPDATE_EXPECT, UPDATE_GOLDENFILES
  who runs the tests:
    APPVEYOR, BUILDKITE, CI, CIRCLECI, GITHUB_ACTIONS, GITLAB_CI, JENKINS_URL,
    TEAMCITY_VERSION, TF_BUILD, TRAVIS
  what is shown, and how:
    CARGO_TERM_COLOR, CLICOLOR, CLICOLOR_FORCE, COLORTERM, FORCE_COLOR, LC_*, NO_COLOR,
    RUST_BACKTRACE, RUST_LIB_BACKTRACE, RUST_LOG, RUST_LOG_STYLE, TERM, TZ
  and those that `env` names in vm-test.toml or at the test, and those of --env
  vm-test itself sets these in a guest:
    VM_TEST_GUEST_NAME, VM_TEST_GUEST_INSTANCE, VM_TEST_GUEST_BACKEND (lxc or kvm), and for tests
    VM_TEST_ARTIFACTS and VM_TEST_LAB

EXIT CODES
  run, runner, shell, attach, debug, lab shell, lab exec
              the command's own, or 124 to 127 and 128+N, which their help explains
  others      0 done, 1 not done, 2 the command line is wrong";

#[cfg(test)]
mod tests {
    use super::ROOT_AFTER;
    use std::path::Path;
    use vm_test_runtime::client::FORWARDED;

    /// Returns the words of a text that are names of variables.
    fn names<'a>(text: &'a str, separators: &[char]) -> Vec<&'a str> {
        text.split(separators)
            .map(str::trim)
            .filter(|word| !word.is_empty())
            .collect()
    }

    #[test]
    fn the_variables_that_guests_see_are_listed_in_this_help_and_in_the_documentation() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/environment.md");
        let page = std::fs::read_to_string(page).unwrap();
        let (_, help) = ROOT_AFTER
            .split_once("OF YOUR VARIABLES A GUEST SEES")
            .unwrap();
        for (about, known) in FORWARDED {
            let (_, rest) = help.split_once(about).unwrap_or_else(|| panic!("{about}"));
            let list = rest.trim_start_matches(':').split("\n  ").skip(1);
            let list: Vec<_> = list
                .take_while(|line| line.starts_with("  "))
                .flat_map(|line| names(line, &[',']))
                .collect();
            assert_eq!(list, *known, "in vm-test --help: {about}");
            let heading = about[..1].to_uppercase() + &about[1..];
            let (_, rest) = page
                .split_once(&format!("## {heading}\n\n"))
                .unwrap_or_else(|| panic!("{heading}"));
            let list = rest.split("\n\n").next().unwrap().trim_end_matches('.');
            assert_eq!(
                names(list, &[',', '`', '\n']),
                *known,
                "in docs/environment.md: {about}"
            );
        }
    }
}
