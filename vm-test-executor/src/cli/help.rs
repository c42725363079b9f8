//! The long texts of `--help`: examples, variables, exit codes. Words only.

/// The exit codes of `run`, `runner`, `shell`, `attach` and `debug`.
macro_rules! exit_codes {
    () => {
        "\n\nEXIT CODES
  the command's own, and
  124    it was killed because its time was up
  125    vm-test itself failed: wrong options, unknown guest, no instance, instance lost
  126    the guest has the command, but cannot execute it
  127    the guest does not have the command
  128+N  signal N killed it"
    };
}

mod configuration;
mod failures;
mod faults;
mod images;
mod labs;
mod root;
mod suites;
mod times;

pub(super) use configuration::{
    CHECK_AFTER, CONFIG, CONFIG_AFTER, GUESTS, GUESTS_AFTER, INIT, INIT_AFTER, SCHEMA_AFTER,
};
pub(super) use failures::{
    ATTACH, ATTACH_AFTER, DEBUG, DEBUG_AFTER, LOGS, LOGS_AFTER, RM, RM_AFTER,
};
pub(super) use faults::{PROXY, PROXY_AFTER};
pub(super) use images::{
    IMAGE, IMAGE_AFTER, IMPORT_AFTER, PREPARE, PREPARE_AFTER, STORE, STORE_AFTER,
};
pub(super) use labs::{LAB, LAB_AFTER};
pub(super) use root::{ROOT, ROOT_AFTER};
pub(super) use suites::{RUNNER, RUNNER_AFTER, SKIPPED, SKIPPED_AFTER};
pub(super) use times::{REPORT, REPORT_AFTER};

pub(super) const RUN: &str = "\
Runs a command in a fresh instance of a guest, as its root, and rolls back everything it did.

Standard input, output and error pass through byte by byte. If both input and output are a terminal, the command \
gets its own terminal of the same size. SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 are passed on. The \
exit code is the command's. When vm-test ends, for whatever reason, so does the instance.

The guest has this workspace, this directory and the command's directory at the same paths; what is written there \
vanishes, too. It gets the environment variables that `vm-test --help` lists, those that vm-test.toml names, and those of --env. \
vm-test may read more input than the command consumes: in a shell loop that reads lines itself, use </dev/null.";

pub(super) const RUN_AFTER: &str = concat!(
    "\
EXAMPLES
  vm-test run host -- make install          see what an installation does, without doing it
  vm-test run host -- sh -c 'ip link add v type veth && ip link'
  tar c . | vm-test run host -- tar xC /mnt
  vm-test run --memory 2G --timeout 5m host -- ./soak
  vm-test run --env DATABASE_URL --env MODE=fast worker-1 -- ./check
  vm-test run --device /dev/net/tun host -- ip tuntap add tun0 mode tun
  vm-test runner --help                     for whole test binaries",
    exit_codes!()
);

pub(super) const SHELL: &str = "\
Opens a shell in a fresh instance of a guest, as its root. Everything is rolled back when you leave.

The shell is $SHELL if --env sets it, else bash, else sh. Standard input must be a terminal; \
use `vm-test run GUEST -- CMD` without one.";

pub(super) const SHELL_AFTER: &str = concat!(
    "\
EXAMPLES
  vm-test shell                             in guest `host`: your own system, where nothing can break
  vm-test shell worker-1                    in a guest of vm-test.toml
  vm-test shell --env SHELL=/usr/bin/fish --directory /etc",
    exit_codes!()
);

pub(super) const PS: &str = "\
Lists the running instances of all daemons of this user, oldest first. Does not start a daemon.

HOLDER is the process that has the lease (a test binary, or `vm-test run`), KEEPER the one that the instance \
ends with, MEMORY what is reserved for it.";

pub(super) const PS_AFTER: &str = "\
EXAMPLES
  vm-test ps
  watch vm-test ps                          while tests run
  vm-test ps --json | jq -r '.instances[].purpose'

JSON
  { \"instances\": [{ instance, guest, description, kernel, purpose, holder, keeper, age_ms, memory,
                    lab, kept }],
    \"daemons\": [{ pid, version, uptime_s, waiting, spares, memory_used, memory_limit }] }
  Memory is in bytes, `waiting` counts leases that wait for room, `spares` VMs that wait for a
  lease. `lab` is { lab, node } of a node of a lab, else null, and `kept` is { expires_in_ms,
  attached } of an instance that was kept, else null.

EXIT CODES
  0 listed, even if there are none; 1 a daemon did not answer; 2 the command line is wrong";

pub(super) const STOP: &str = "\
Stops all daemons of this user, including those of other versions of vm-test, and waits until they are gone. Their \
instances end, and the tests in them fail. Otherwise, a daemon ends by itself when it has been idle for a while.";

pub(super) const STOP_AFTER: &str = "\
EXAMPLES
  vm-test stop
  VM_TEST_RUNTIME_DIR=/tmp/ci-7 vm-test stop

EXIT CODES
  0 none is left, even if there was none; 1 one does not end; 2 the command line is wrong";

pub(super) const GC: &str = "\
Removes what killed daemons left behind: sockets, locks, logs, control groups, loop devices, snapshots, and unfinished \
files of theirs or of a build in the store. The kernel has already removed everything else. Running daemons and their \
leases are not affected. Every daemon also does this when it starts; its first VM, and every build, clean up the store.

With --images it also removes layers that no image uses, and files for VMs that can be made again: templates of booted \
VMs, disks with files of the host, and files of removed images. What a guest or a build is using stays until the next \
`gc --images`.";

pub(super) const GC_AFTER: &str = "\
EXAMPLES
  vm-test gc
  vm-test gc --json

JSON
  { \"files\": 3, \"groups\": 0, \"loop_devices\": 0, \"snapshots\": 0, \"remains\": 0 }: how many of
  each; with --images also \"images\": { layers, subvolumes, machines, bytes, remains, in_use }

EXIT CODES
  0 nothing is left; 1 the runtime directory cannot be used; 2 the command line is wrong";

pub(super) const DOCTOR: &str = "\
Tests whether this host can run guests for this user: it creates namespaces, maps ids, opens devices, and starts an \
instance. Prints one line per check; a failed check is followed by its consequence and a hint how to fix it. A warning means \
that guests work, but with restrictions.";

pub(super) const DOCTOR_AFTER: &str = "\
EXAMPLES
  vm-test doctor
  vm-test doctor --json | jq '.[] | select(.status != \"pass\")'

JSON
  [{ name, status, finding, consequence, hint }]; status is \"pass\", \"warn\" or \"fail\"

EXIT CODES
  0 no check failed; 1 some check failed; 2 the command line is wrong";

pub(super) const COMPLETIONS: &str = "\
Prints a completion script for a shell, to be stored where that shell looks for completions.";

pub(super) const COMPLETIONS_AFTER: &str = "\
EXAMPLES
  vm-test completions bash > ~/.local/share/bash-completion/completions/vm-test
  vm-test completions zsh > ~/.zfunc/_vm-test
  vm-test completions fish > ~/.config/fish/completions/vm-test.fish
  source <(vm-test completions bash)        for this shell only";
