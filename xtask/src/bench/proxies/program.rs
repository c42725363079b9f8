//! A program that runs while the bench measures through it, or what is behind it. It is killed when
//! this is dropped, and by the kernel when the bench is killed.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::command;

/// How long a program may take until it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often to look whether it does.
const GLANCE: Duration = Duration::from_millis(20);

/// A program that runs.
pub(super) struct Program(Child);

impl Program {
    /// Starts it, and waits until it accepts connections at these addresses.
    ///
    /// What it says goes to a file of this name.
    pub(super) fn start(
        name: &str,
        words: &[&str],
        addresses: &[SocketAddr],
        scratch: &Path,
    ) -> Result<Self> {
        let log = scratch.join(name).with_extension("log");
        let out = File::create(&log).with_context(|| format!("cannot make {}", log.display()))?;
        let (program, words) = words.split_first().context("no program is named")?;
        let mut command = command::tied(Command::new(program).args(words));
        command
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out);
        let child = command.spawn();
        let mut program = Self(child.with_context(|| command::cannot_start(&command))?);
        for address in addresses {
            if let Err(error) = program.await_listener(*address) {
                let said = fs::read_to_string(&log).unwrap_or_default();
                bail!("cannot use {name}: {error:#}\n{said}");
            }
        }
        Ok(program)
    }

    /// Returns the number of its process.
    pub(super) fn pid(&self) -> u32 {
        self.0.id()
    }

    fn await_listener(&mut self, address: SocketAddr) -> Result<()> {
        let limit = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = self.0.try_wait()? {
                bail!("it has ended: {status}");
            }
            if Instant::now() > limit {
                let seconds = PATIENCE.as_secs();
                bail!("it does not listen at {address} after {seconds} s");
            }
            thread::sleep(GLANCE);
        }
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns an address that nobody listens at.
pub(super) fn free_address() -> Result<SocketAddr> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot find a free port")?;
    Ok(listener.local_addr()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ends_is_an_error_with_what_it_said() {
        let scratch = tempfile::tempdir().unwrap();
        let words = ["sh", "-c", "echo why; exit 3"];
        let address = free_address().unwrap();
        let error = Program::start("it", &words, &[address], scratch.path());
        let error = error.err().unwrap().to_string();
        assert_eq!(error, "cannot use it: it has ended: exit status: 3\nwhy\n");
    }

    #[test]
    fn a_program_that_is_dropped_has_ended() {
        let scratch = tempfile::tempdir().unwrap();
        let program = Program::start("it", &["sleep", "60"], &[], scratch.path()).unwrap();
        let process = format!("/proc/{}", program.pid());
        assert!(Path::new(&process).exists());
        drop(program);
        assert!(!Path::new(&process).exists());
    }
}
