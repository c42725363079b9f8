//! A VM that plain QEMU boots under emulation, watched at its console until the awaited text
//! appears. Knows QEMU's command line, but no guests.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::footprint;
use crate::command;

/// The emulator.
const QEMU: &str = "qemu-system-x86_64";

/// Longer than any boot takes, even on a busy host.
const PATIENCE: Duration = Duration::from_secs(300);

/// How many characters of a VM's last output an error repeats.
const TAIL: usize = 600;

/// A VM, and what its boot waits for.
#[derive(Clone)]
pub(crate) struct Boot {
    /// The kernel.
    pub(crate) kernel: PathBuf,
    /// The initramfs.
    pub(crate) initramfs: PathBuf,
    /// The root's disk, which is not changed.
    pub(crate) disk: Option<PathBuf>,
    /// The kernel's command line, apart from the console.
    pub(crate) words: &'static str,
    /// What the console prints at the end of the boot.
    pub(crate) awaited: &'static str,
}

impl Boot {
    /// Boots the VM, and ends it when the console has printed the text; returns how long that took.
    pub(crate) fn run(&self) -> Result<Duration> {
        let began = Instant::now();
        self.start()?.await_word(self.awaited, began)
    }

    /// Boots the VM, and ends it when the console has printed the text; returns its proportional
    /// share of memory then, in KiB.
    pub(crate) fn memory(&self) -> Result<u64> {
        let mut running = self.start()?;
        running.await_word(self.awaited, Instant::now())?;
        Ok(footprint::share(running.0.id()))
    }

    fn start(&self) -> Result<Running> {
        let mut command = self.command();
        let child = command.spawn();
        Ok(Running(
            child.with_context(|| command::cannot_start(&command))?,
        ))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(QEMU);
        command
            .args(["-nodefaults", "-no-user-config", "-no-reboot"])
            .args(["-display", "none", "-serial", "stdio"])
            .args(["-machine", "q35", "-accel", "tcg", "-m", "512M"])
            .arg("-kernel")
            .arg(&self.kernel)
            .arg("-initrd")
            .arg(&self.initramfs)
            .arg("-append")
            .arg(format!("console=ttyS0 quiet panic=-1 {}", self.words));
        if let Some(disk) = &self.disk {
            let drive = format!("file={},format=raw,if=virtio,snapshot=on", disk.display());
            command.args(["-drive", &drive]);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        command
    }
}

/// QEMU, killed when this is dropped.
struct Running(Child);

impl Running {
    fn await_word(&mut self, word: &str, began: Instant) -> Result<Duration> {
        let mut console = self.0.stdout.take().context("cannot read the console")?;
        let mut said = Vec::new();
        let mut bytes = [0; 4096];
        loop {
            let left = PATIENCE.saturating_sub(began.elapsed());
            let left = Timespec {
                tv_sec: i64::try_from(left.as_secs())?,
                tv_nsec: left.subsec_nanos().into(),
            };
            let ready = poll(&mut [PollFd::new(&console, PollFlags::IN)], Some(&left))?;
            let count = match ready {
                0 => 0,
                _ => console.read(&mut bytes)?,
            };
            if count == 0 {
                let text = String::from_utf8_lossy(&said);
                let skipped = text.chars().count().saturating_sub(TAIL);
                let tail: String = text.chars().skip(skipped).collect();
                bail!("cannot boot a machine: its console never said `{word}`: {tail}");
            }
            said.extend_from_slice(&bytes[..count]);
            if says(&said, word) {
                return Ok(began.elapsed());
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn says(said: &[u8], word: &str) -> bool {
    said.windows(word.len()).any(|part| part == word.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console(script: &str) -> Running {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdout(Stdio::piped());
        Running(command.spawn().unwrap())
    }

    #[test]
    fn a_word_is_heard_though_it_comes_in_pieces_and_the_machine_goes_on() {
        let mut console = console("printf 'host log'; sleep 0.05; printf 'in: '; exec sleep 1000");
        console.await_word("login:", Instant::now()).unwrap();
    }

    #[test]
    fn a_vm_that_ends_without_the_awaited_text_is_an_error_with_its_output() {
        let mut console = console("echo Kernel panic");
        let error = console.await_word("login:", Instant::now()).unwrap_err();
        let words = error.to_string();
        assert!(
            words.contains("never said `login:`: Kernel panic"),
            "{words}"
        );
    }
}
