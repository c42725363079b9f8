//! A tool on the test's own node: the agent's program, as a child of this process.

use crate::here::Backend;
use crate::variables::{self, BACKEND};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use vm_test_protocol::machine::ENV_MACHINE;
use vm_test_protocol::tool::{TOOL, Told, Tool};
use vm_test_protocol::{AGENT_PATH, LIBRARIES, frame};

/// A running tool.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
}

impl Program {
    /// Starts it.
    pub(super) fn start(tool: &Tool) -> io::Result<Self> {
        let mut child = command()
            .arg(TOOL)
            .env_clear()
            .envs(is_in_vm().then_some((ENV_MACHINE, "1")))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let output = output.ok_or(io::ErrorKind::BrokenPipe)?;
        let mut program = Self {
            child,
            input,
            output,
        };
        program.tell(&frame::encode(tool)?)?;
        Ok(program)
    }

    /// Gives it these bytes.
    pub(super) fn tell(&mut self, bytes: &[u8]) -> io::Result<()> {
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        io::Write::write_all(input, bytes)
    }

    /// Ends its input.
    pub(super) fn close(&mut self) {
        self.input = None;
    }

    /// Returns what it says next, or `None` if it says no more.
    pub(super) fn told(&mut self) -> io::Result<Option<Told>> {
        frame::read(&mut self.output)
    }

    /// Waits for its end, after it said no more.
    pub(super) fn wait(&mut self) -> io::Result<ExitStatus> {
        self.child.wait()
    }
}

/// Dropped, it ends. It has an orderly end, in which it undoes what it did.
impl Drop for Program {
    fn drop(&mut self) {
        self.close();
        while let Ok(Some(_)) = self.told() {}
        let _ = self.child.wait();
    }
}

/// Returns whether this guest is a VM: a tool must know whose kernel it changes.
fn is_in_vm() -> bool {
    variables::get(BACKEND).is_some_and(|backend| backend == Backend::Kvm.name())
}

/// Returns the command that starts the agent's program.
///
/// If a loader was brought from the host, it can start it in any guest.
fn command() -> Command {
    let mut libraries = fs::read_dir(LIBRARIES).into_iter().flatten().flatten();
    let is_loader = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with("ld-")
    };
    match libraries.find_map(|entry| Some(entry.path()).filter(is_loader)) {
        Some(loader) => {
            let mut command = Command::new(loader);
            command.args(["--library-path", LIBRARIES, AGENT_PATH]);
            command
        }
        None => Command::new(AGENT_PATH),
    }
}
