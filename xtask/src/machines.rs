//! What `cargo xtask bench` compares where guests are machines of their own: a test on one that goes on from its template,
//! and a boot of the same kernel to its first program, by the same QEMU. The translator for both, so that the figures are the
//! same kind with and without `/dev/kvm`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::command;
use crate::worktree::Worktree;

/// The image that all start from.
const IMAGE: &str = "debian-12";

/// The guest of the fixtures that is a machine of its own.
const GUEST: &str = "machine";

/// How many idle instances are looked at.
const IDLE: usize = 3;

/// How long they may take until they are idle.
const SETTLING: Duration = Duration::from_secs(8);

/// What is needed to start machines.
pub(crate) struct Machines {
    program: PathBuf,
    agent: PathBuf,
    runtime: PathBuf,
    store: PathBuf,
    fixture: PathBuf,
}

impl Machines {
    /// Builds the image, unless it is there.
    pub(crate) fn prepare(worktree: &Worktree, program: &Path, scratch: &Path) -> Result<Self> {
        let machines = Self {
            program: program.to_path_buf(),
            agent: program.with_file_name("vm-test-agent"),
            runtime: scratch.join("run"),
            store: worktree.target().join("suites-store"),
            fixture: worktree.root.join("tests/fixtures/speed"),
        };
        command::run(machines.vm_test().args(["image", "build", IMAGE]))?;
        Ok(machines)
    }

    fn adopt<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .current_dir(&self.fixture)
            // cargo has set it to this program's own package.
            .env("CARGO_MANIFEST_DIR", &self.fixture)
            .env("VM_TEST_BIN", &self.program)
            .env("VM_TEST_RUNTIME_DIR", &self.runtime)
            .env("VM_TEST_STORE", &self.store)
            .env("VM_TEST_GUEST", GUEST)
    }

    fn vm_test(&self) -> Command {
        let mut command = Command::new(&self.program);
        self.adopt(&mut command);
        command
    }

    /// The empty test, on a machine.
    pub(crate) fn on_test(&self, binary: &Path) -> Command {
        let mut command = Command::new(binary);
        command.args(["--exact", "on_guest", "--nocapture"]);
        self.adopt(&mut command);
        command
    }

    /// The same kernel, booted to its first program, which ends at once, and the machine with it.
    pub(crate) fn boot(&self) -> Result<Command> {
        let mut files = self.vm_test();
        files.args(["image", "machine", IMAGE, "--init"]);
        let files = command::capture(files.arg(&self.agent))?;
        let path = |name: &str| {
            let line = files.lines().find_map(|line| line.strip_prefix(name));
            line.map(str::trim)
                .with_context(|| format!("cannot find {name} of image {IMAGE}"))
        };
        let mut command = Command::new("qemu-system-x86_64");
        command
            .args(["-nodefaults", "-no-reboot", "-display", "none"])
            .args(["-machine", "q35", "-accel", "tcg", "-m", "512M"])
            .args(["-kernel", path("vmlinuz ")?])
            .args(["-initrd", path("initramfs ")?])
            .args(["-append", "console=ttyS0 quiet panic=-1"]);
        Ok(command)
    }

    /// What instances that do nothing take of the host's memory, and on its disk.
    pub(crate) fn print_footprint(&self) -> Result<()> {
        let mut children: Vec<Child> = Vec::new();
        for _ in 0..IDLE {
            let mut run = self.vm_test();
            run.args(["run", GUEST, "--", "sleep", "60"])
                .stdin(Stdio::null())
                .stdout(Stdio::null());
            children.push(run.spawn()?);
        }
        std::thread::sleep(SETTLING);
        let mut shares = Vec::new();
        for entry in fs::read_dir("/proc")?.flatten() {
            let process = entry.path();
            let line = fs::read(process.join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).into_owned();
            // Only those of the daemon of this run, which are the only ones that it may look into as an ordinary user.
            if line.starts_with("qemu-system") || line.contains("/qemu-system-x86_64\0") {
                let text = fs::read_to_string(process.join("smaps_rollup")).unwrap_or_default();
                let pss = text.lines().find_map(|line| line.strip_prefix("Pss:"));
                let pss = pss.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<u64>().ok());
                let disk = fs::metadata(process.join("root/run/disk.qcow2"));
                if let (Some(pss), Ok(disk)) = (pss, disk) {
                    shares.push((pss / 1024, disk.len() / 1024));
                }
            }
        }
        for child in &mut children {
            child.kill()?;
            child.wait()?;
        }
        println!("\n{} idle instances:", shares.len());
        for (memory, disk) in shares {
            println!("  {memory} MiB of memory (PSS), {disk} KiB of disk, which is memory, too");
        }
        Ok(())
    }
}
