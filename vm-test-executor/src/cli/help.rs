//! The long texts of `--help`: examples, variables, exit codes. Words only.

/// What `run`, `runner`, `shell`, `attach` and `debug` exit with.
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

mod failures;
mod suites;
mod times;

pub(super) use failures::{
    ATTACH, ATTACH_AFTER, DEBUG, DEBUG_AFTER, LOGS, LOGS_AFTER, RM, RM_AFTER,
};
pub(super) use suites::{RUNNER, RUNNER_AFTER, SKIPPED, SKIPPED_AFTER};
pub(super) use times::{REPORT, REPORT_AFTER};

pub(super) const ROOT: &str = "\
Runs tests and commands in fresh containers, and rolls back everything they did.

A Rust test gets into a guest with the attribute #[on_vm] of the crate vm-test-runtime, and then runs with plain \
`cargo test` or `cargo nextest`. This program is what starts the guests, and what lets you look at them and run \
anything else in them.";

pub(super) const ROOT_AFTER: &str = "\
GUESTS
  host    built in: your own root file system, in a container; writes go to memory and vanish
  others  declared in the nearest vm-test.toml, here or above:
              [guest.worker-1]
              memory = \"1G\"

EXAMPLES
  vm-test doctor                        find out whether guests work here, and the cure if not
  vm-test run host -- nft list ruleset  any command in a fresh guest, as its root
  vm-test shell                         look around in a fresh guest
  vm-test attach host-1f2e-3            open the guest of a test that has failed and was kept
  vm-test logs host-1f2e-3              what that guest and its test have said
  vm-test debug host -- tests::name     one test on this terminal, or below gdb
  vm-test report                        the times of the last run's tests
  vm-test ps                            which test holds which instance
  vm-test skipped                       which tests were skipped with VM_TEST_MISSING=skip
  vm-test stop                          end everything now
  vm-test gc                            remove what a killed daemon left
  vm-test completions bash              complete commands with the Tab key
  CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER='vm-test runner host' cargo test
                                        whole test binaries in guests, unmodified

VARIABLES
  VM_TEST_BIN            the program vm-test whose daemon is used [default: this one; for tests the
                         one beside their target directory, in PATH, or in cargo's bin]
  VM_TEST_RUNTIME_DIR    the directory of sockets and locks, at most 50 bytes
                         [default: $XDG_RUNTIME_DIR/vm-test, else /tmp/vm-test-UID]
  VM_TEST_MISSING        what becomes of tests whose guests cannot be had here: fail or skip [default: fail];
                         `vm-test skipped` names the skipped ones
  VM_TEST_IDLE_SECONDS   how long the daemon stays without a lease [default: 15]
  VM_TEST_SPARE_SECONDS  seconds that a machine prepared for the next test waits; 0 for none [default: 10]
  VM_TEST_MEMORY_BUDGET  MiB of all instances together [default: four fifths of the host's]
  VM_TEST_CPU_BUDGET     processor shares of all instances together [default: 4 per processor]
  VM_TEST_KEEP           on-failure: an instance whose test fails stays, and the failure says how to
                         get in; never: none does [default: what vm-test.toml or the test says]
  NO_COLOR               if set, nothing is coloured; only terminals get colours at all
  The daemon reads its own ones when it starts; after `vm-test stop` the next one reads them anew.

EXIT CODES
  run, runner, shell, attach, debug
              the command's own, or 124 to 127 and 128+N, which their help explains
  others      0 done, 1 not done, 2 the command line is wrong";

pub(super) const RUN: &str = "\
Runs a command in a fresh instance of a guest, as its root, and rolls back everything it did.

Standard input, output and error pass through byte by byte. If both input and output are a terminal, the command \
gets one of its own, of the same size. SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 are passed on. The \
exit code is the command's. When vm-test ends, for whatever reason, so does the instance.

The guest has this workspace, this directory and the command's own at their paths; what is written there \
vanishes, too. Of the variables here it gets TERM, TZ, LC_*, RUST_*, NEXTEST_*, cargo's and the like, those that \
vm-test.toml names, and those of --env. Input is read ahead of what the command takes: in a loop that reads lines \
itself, use </dev/null.";

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
`vm-test run GUEST -- CMD` needs none.";

pub(super) const SHELL_AFTER: &str = concat!(
    "\
EXAMPLES
  vm-test shell                             in guest `host`: your own system, with nothing to lose
  vm-test shell worker-1                    in a guest of vm-test.toml
  vm-test shell --env SHELL=/usr/bin/fish --directory /etc",
    exit_codes!()
);

pub(super) const PS: &str = "\
Lists the instances that are alive: of all daemons of this user, oldest first. Starts no daemon.

HOLDER is the process that has the lease (a test binary, or `vm-test run`), KEEPER the one whose end ends the \
instance, MEMORY what is promised to it.";

pub(super) const PS_AFTER: &str = "\
EXAMPLES
  vm-test ps
  watch vm-test ps                          while tests run
  vm-test ps --json | jq -r '.instances[].purpose'

JSON
  { \"instances\": [{ instance, guest, description, kernel, purpose, holder, keeper, age_ms, memory }],
    \"daemons\": [{ pid, version, uptime_s, waiting, spares, memory_used, memory_limit }] }
  Memory is in bytes, `waiting` counts leases that wait for room.

EXIT CODES
  0 listed, also if there are none; 1 a daemon did not answer; 2 the command line is wrong";

pub(super) const STOP: &str = "\
Stops all daemons of this user, of this and of other versions of vm-test, and waits until they are gone. Their \
instances end, and the tests in them fail. Without this, a daemon ends by itself when it has been idle.";

pub(super) const STOP_AFTER: &str = "\
EXAMPLES
  vm-test stop
  VM_TEST_RUNTIME_DIR=/tmp/ci-7 vm-test stop

EXIT CODES
  0 none is left, also if there was none; 1 one does not end; 2 the command line is wrong";

pub(super) const IMAGE: &str = "\
Builds, lists, checks and removes images.

An image is what a guest starts from, instead of your own root file system. A recipe says step by step what is in it; \
each step becomes a layer, which is stored once under the hash of all that went into it, so that a changed step makes \
only itself and those after it anew.";

pub(super) const IMAGE_AFTER: &str = "\
RECIPES
  images/NAME.toml:
      base     = \"debian:bookworm\"       # or tar:, dir:, oci: and a path, host, or another image
      without  = [\"/opt/large\"]          # with base host: what is left out besides
      packages = [\"nftables\"]            # Debian packages, with base debian:
      kernel   = \"linux-image-cloud-amd64\"   # for machines; or \"none\", or { vmlinuz = PATH, modules = DIRECTORY }
      [[users]]
      name   = \"tester\"                # and, if wanted: id, groups, shell
      [[files]]
      from = \"nginx.conf\"                # beside the recipe
      to   = \"/etc/nginx/nginx.conf\"
      mode = \"0644\"
      [[run]]
      command = \"nginx -t\"               # by the image's shell, in a container
      network = false

BASE HOST
  The programs and settings of this host, copied once: /usr /bin /sbin /lib* /etc /opt /var. Left out are what not everybody \
may read (keys, passwords, data of services), homes, other mounts, files of caches and logs, directories tagged as caches, \
temporary files, and what makes this machine itself: machine-id, host name, fstab. All else of / is empty.
  The copy stays as it is, whatever becomes of the host; `image build --refresh NAME` makes another, which every image on the \
host gets when it is built next.

EXAMPLES
  vm-test image build debian-12        a recipe that comes with vm-test
  vm-test image list
  vm-test image verify debian-12
  vm-test image machine debian-12      what machines boot from: made now, not by the first test
  vm-test image commit worker-1 with-tools -- sh -c 'make install'
  vm-test shell worker-1 --commit with-tools
  vm-test image export debian-12 debian-12.tar
  vm-test image rm debian-12 && vm-test gc --images

REMOVAL
  `rm` takes the name away at once, also while guests run from the image; its layers stay until they end.

VARIABLES
  VM_TEST_STORE  where images are [default: $XDG_DATA_HOME/vm-test or ~/.local/share/vm-test]";

pub(super) const PREPARE: &str = "\
Builds every image that the guests of the nearest vm-test.toml name, so that no test has to wait for one or fails without \
it. Made for CI and for setup scripts of nextest: it does nothing when all are there and their recipes are unchanged.";

pub(super) const PREPARE_AFTER: &str = "\
EXAMPLES
  vm-test prepare && cargo nextest run
  vm-test prepare --json | jq -r '.[] | select(.built) | .name'

JSON
  [{ name, digest, built }]; built is false if the image was there already

EXIT CODES
  0 all images are there; 1 one cannot be built; 2 the command line is wrong";

pub(super) const STORE: &str = "\
The store holds images and the layers they are made of. It is a directory, made when it is first needed, and may be on \
any file system that overlays can have below them: ext4, xfs, btrfs, tmpfs.

On btrfs a guest can also have a snapshot of its image as its root (rollback = \"snapshot\" in vm-test.toml or at the test, or \
--rollback snapshot). What it writes is then on that disk and not in memory.";

pub(super) const STORE_AFTER: &str = "\
EXAMPLES
  vm-test store create --btrfs --size 20G
  vm-test store create --btrfs --size 20G --owner ann --at /home/ann/.local/share/vm-test
  vm-test run --rollback snapshot --image debian-12 host -- findmnt /

VARIABLES
  VM_TEST_STORE  where images are [default: $XDG_DATA_HOME/vm-test or ~/.local/share/vm-test]";

pub(super) const IMPORT_AFTER: &str = "\
SOURCES
  rootfs.tar, .tar.gz, .tar.xz, .tar.zst   a root file system, packed: tar:PATH
  a directory                              a root file system: dir:PATH
  a directory with the file oci-layout     an OCI image, also as a tar archive of it: oci:PATH, oci:PATH@sha256:HEX
  disk.qcow2, disk.img, disk.raw           a disk with a root file system on it: qcow2:PATH, raw:PATH
  machine.box                              a Vagrant box for libvirt: box:PATH

What a file is, its name or you say; content is not guessed from. Archives are read to their end in a process without \
network and without rights before anything is unpacked. Device nodes below /dev are left out: guests get their own.

A disk is opened by a machine of image debian-12 only, which is built first if it is not there, and is never written to. Its \
root is the one file system (ext4, xfs, btrfs; on a partition or on the whole disk) that has /etc/os-release. The newest of \
its kernels becomes the image's; its bootloader is never run.

EXAMPLES
  vm-test image import alpine alpine-minirootfs.tar.gz
  vm-test image import cloud debian-12-genericcloud-amd64.qcow2
  skopeo copy docker://nginx oci:nginx; vm-test image import nginx oci:nginx

VARIABLES
  VM_TEST_IMAGE_LIMIT  how much an archive may unpack to [default: 20G]";

pub(super) const GC: &str = "\
Removes what daemons left that were killed: sockets, locks, logs, control groups, loop devices, snapshots. Everything else of \
theirs the kernel has removed already. Living daemons and their leases are untouched. Every start of a daemon does \
this, too.

With --images also layers that no image names any more, and what killed builds left. Layers that a guest or a build uses \
stay; the next --images takes them.";

pub(super) const GC_AFTER: &str = "\
EXAMPLES
  vm-test gc
  vm-test gc --json

JSON
  { \"files\": 3, \"groups\": 0, \"loop_devices\": 0, \"snapshots\": 0 }: how many of each were removed; with
  --images also \"images\": { layers, subvolumes, bytes, remains, in_use }

EXIT CODES
  0 nothing is left; 1 the runtime directory cannot be used; 2 the command line is wrong";

pub(super) const DOCTOR: &str = "\
Finds out by trying whether this host can run guests for this user: it makes namespaces, maps ids, opens devices, \
starts an instance. One line per check; what is missing is followed by its consequence and a hint for the cure. A \
warning means that guests work, but something about them is less than it could be.";

pub(super) const DOCTOR_AFTER: &str = "\
EXAMPLES
  vm-test doctor
  vm-test doctor --json | jq '.[] | select(.status != \"pass\")'

JSON
  [{ name, status, finding, consequence, hint }]; status is \"pass\", \"warn\" or \"fail\"

EXIT CODES
  0 no check failed; 1 some check failed; 2 the command line is wrong";

pub(super) const COMPLETIONS: &str = "\
Prints completions of this command line for a shell, to be stored where that shell looks for them.";

pub(super) const COMPLETIONS_AFTER: &str = "\
EXAMPLES
  vm-test completions bash > ~/.local/share/bash-completion/completions/vm-test
  vm-test completions zsh > ~/.zfunc/_vm-test
  vm-test completions fish > ~/.config/fish/completions/vm-test.fish
  source <(vm-test completions bash)        for this shell only";
