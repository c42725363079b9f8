//! What a user would start a program with instead of a test on a container: `unshare`, `bwrap`,
//! `crun` and `lxc-execute`, each once for one program. Says why one of them cannot be measured.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};

use super::contestant::{run, silence};
use super::rows::{Kind, Worker};
use crate::command;

/// What all of them run.
const PROGRAM: &str = "/bin/true";

/// The links of a root whose programs are all below `/usr`.
const LINKS: [(&str, &str); 4] = [
    ("bin", "usr/bin"),
    ("sbin", "usr/sbin"),
    ("lib", "usr/lib"),
    ("lib64", "usr/lib64"),
];

/// The control groups that `crun` refuses are out of its sight in here; whoever writes a line has it
/// started once more.
const LOOP: &str = "mount -t cgroup2 none /sys/fs/cgroup || exit; cd \"$1\"; while read -r _; do \
     crun --root \"$1/state\" --cgroup-manager=disabled run \"bench-$$\" </dev/null >/dev/null 2>&1; \
     echo $?; done";

/// What a bundle says: the namespaces of a guest, and the host's programs.
const BUNDLE: &str = r#"{"ociVersion": "1.0.0",
"process": {"terminal": false, "user": {"uid": 0, "gid": 0}, "args": ["/bin/true"], "env": ["PATH=/usr/bin:/bin"], "cwd": "/"},
"root": {"path": "root", "readonly": false}, "hostname": "bench",
"mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=65536k"]},
{"destination": "/usr", "type": "none", "source": "/usr", "options": ["bind", "ro"]}],
"linux": {"namespaces": [{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}, {"type": "network"}]}}"#;

/// Returns all of them that can be measured here.
pub(super) fn kinds(scratch: &Path) -> Vec<Kind> {
    let root = rustix::process::geteuid().is_root();
    let mut kinds = vec![
        Kind::new("unshare", move |_| Ok(of_command(unshare(root)))),
        Kind::new("bwrap", |_| Ok(of_command(bwrap()))),
    ];
    let directory = scratch.to_path_buf();
    kinds.push(Kind::new("crun", move |number| {
        Crun::start(root, &directory.join(format!("crun-{number}")))
    }));
    if root {
        let directory = scratch.to_path_buf();
        kinds.push(Kind::new("lxc-execute", move |number| {
            let name = format!("vm-test-bench-{number}");
            Ok(of_command(lxc_execute(&directory.join(&name), &name)?))
        }));
    } else {
        println!(
            "lxc-execute: not measured, it needs root (or a set-up of its own) over the host's root"
        );
    }
    kinds
}

/// Returns a worker that runs this command.
pub(super) fn of_command(mut command: Command) -> Worker {
    silence(&mut command);
    Box::new(move || run(&mut command))
}

fn unshare(root: bool) -> Command {
    let mut command = Command::new("unshare");
    command.args((!root).then_some("-Ur"));
    command.args(["-mpiun", "--fork", "--mount-proc", PROGRAM]);
    command
}

fn bwrap() -> Command {
    let mut command = Command::new("bwrap");
    command.args(["--unshare-all", "--ro-bind", "/usr", "/usr"]);
    for (name, target) in LINKS {
        command.args(["--symlink", target, &format!("/{name}")]);
    }
    command.args(["--proc", "/proc", "--dev", "/dev", "--", PROGRAM]);
    command
}

/// Returns the closest equivalent without vm-test: the same root file system, discarded after one
/// command.
pub(super) fn lxc_execute(directory: &Path, name: &str) -> Result<Command> {
    let upper = directory.join("upper");
    fs::create_dir_all(&upper)?;
    let config = directory.join("config");
    let text = format!(
        "lxc.rootfs.path = overlay:/:{}\nlxc.net.0.type = empty\nlxc.mount.auto = proc:rw sys:rw\nlxc.autodev = 1\n",
        upper.display()
    );
    fs::write(&config, text)?;
    let mut command = Command::new("lxc-execute");
    command.args(["-n", name, "-P"]).arg(directory);
    command.arg("-f").arg(&config).args(["--", PROGRAM]);
    Ok(command)
}

/// A shell that starts `crun` when it is told to: as a child of the bench it would find the host's
/// control groups, and it refuses a mixture of both versions.
struct Crun {
    shell: Child,
    orders: Option<ChildStdin>,
    ends: BufReader<ChildStdout>,
}

impl Crun {
    fn start(root: bool, directory: &Path) -> Result<Worker> {
        let files = directory.join("root");
        for name in ["usr", "proc", "dev", "sys", "tmp"] {
            fs::create_dir_all(files.join(name))?;
        }
        for (name, target) in LINKS {
            symlink(target, files.join(name))?;
        }
        fs::write(directory.join("config.json"), BUNDLE)?;
        let mut command = Command::new("unshare");
        command.arg(if root { "-m" } else { "-UrmC" });
        command.args(["sh", "-c", LOOP, "sh"]).arg(directory);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut shell = command
            .spawn()
            .with_context(|| command::cannot_start(&command))?;
        let orders = shell.stdin.take();
        let ends = shell.stdout.take().context("it has no output")?;
        let mut crun = Self {
            shell,
            orders,
            ends: BufReader::new(ends),
        };
        Ok(Box::new(move || crun.run()))
    }

    fn run(&mut self) -> Result<()> {
        let orders = self.orders.as_mut().context("it has no input")?;
        orders.write_all(b"\n").context("cannot order a crun")?;
        let mut code = String::new();
        self.ends.read_line(&mut code)?;
        if code.trim() != "0" {
            bail!("cannot measure crun: it ended with `{}`", code.trim());
        }
        Ok(())
    }
}

impl Drop for Crun {
    fn drop(&mut self) {
        // The shell ends with its input.
        self.orders = None;
        let _ = self.shell.wait();
    }
}
