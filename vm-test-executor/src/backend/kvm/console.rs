//! Copies a VM's console to the file that its daemon reads, with the time of each line. Recognises
//! only the kernel's last message: a panic or a halt.

use super::super::stamp::Stamper;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// When the file has reached this size in bytes, it is truncated.
const MOST: u64 = 1 << 20;

/// Longer lines, in bytes, are not a kernel's last message.
const LONGEST: usize = 1 << 10;

/// How long a VM may run once its kernel has ended.
///
/// More lines may come in this time. A kernel that neither resets nor powers off the VM would
/// otherwise keep it forever.
const GRACE: Duration = Duration::from_millis(500);

/// The beginning of a kernel's panic message, and its last message when it has stopped.
///
/// A program can write the first one into the kernel's log, too, without an end of the kernel.
const PANIC: &str = "Kernel panic - not syncing: ";
const STOPPED: &str = "---[ end Kernel panic - not syncing: ";
const HALTED: &str = "reboot: System halted";

/// What the kernel says when the first process ends.
const OF_INIT: &str = "Attempted to kill init!";

/// The beginning of the agent's message when it cannot go on.
const AGENT: &str = "vm-test-agent: ";

/// The file that the console is written to.
#[derive(Debug)]
pub(super) struct Console {
    pump: Option<JoinHandle<Listener>>,
}

impl Console {
    /// Writes everything that arrives to the file until the VM ends.
    ///
    /// Calls `end` if the kernel has ended but the VM has not.
    pub(super) fn pump(
        mut source: UnixStream,
        mut sink: File,
        end: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let pump = std::thread::Builder::new()
            .name("console".to_owned())
            .spawn(move || {
                let mut bytes = [0; 1 << 12];
                let mut written = 0;
                let mut stamper = Stamper::default();
                let mut listener = Listener::default();
                let mut end = Some(end);
                let mut deadline = None;
                loop {
                    let left =
                        deadline.map(|at: Instant| at.saturating_duration_since(Instant::now()));
                    if left.is_some_and(|left| left.is_zero()) {
                        deadline = None;
                        let _ = source.set_read_timeout(None);
                        if let Some(end) = end.take() {
                            end();
                        }
                    } else if left.is_some() {
                        let _ = source.set_read_timeout(left);
                    }
                    let count = match source.read(&mut bytes) {
                        Ok(count @ 1..) => count,
                        Err(error) if deadline.is_some() && is_timeout(&error) => continue,
                        _ => return listener,
                    };
                    if written > MOST {
                        written = 0;
                        let _ = sink.set_len(0).and_then(|()| sink.rewind());
                    }
                    let stamped = stamper.stamp(&bytes[..count]);
                    written += stamped.len() as u64;
                    let _ = sink.write_all(&stamped);
                    let knew = listener.has_stopped;
                    listener.hear(&bytes[..count]);
                    if !knew && listener.has_stopped {
                        deadline = Some(Instant::now() + GRACE);
                    }
                }
            })?;
        Ok(Self { pump: Some(pump) })
    }

    /// Returns how the kernel ended, if it said so. Call it after the VM has ended.
    pub(super) fn last_words(&mut self) -> Option<String> {
        self.pump.take()?.join().ok()?.last
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

/// Looks for a kernel's last message in pieces of output.
#[derive(Debug, Default)]
struct Listener {
    /// The beginning of a line.
    line: Vec<u8>,
    /// How the kernel ended, for people.
    last: Option<String>,
    /// Whether the kernel has stopped, and will neither reset nor power off the VM.
    has_stopped: bool,
    /// The agent's last message, if the agent is the first process.
    agent: Option<String>,
}

impl Listener {
    fn hear(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.line.len() + piece.len() > LONGEST {
                self.line.clear();
            }
            self.line.extend(piece);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.take_in(&String::from_utf8_lossy(&line));
            }
        }
    }
}

impl Listener {
    fn take_in(&mut self, line: &str) {
        self.has_stopped |= [STOPPED, HALTED]
            .iter()
            .any(|words| says(line, words).is_some());
        if self.last.is_some() {
            return;
        }
        if let Some(words) = line.strip_prefix(AGENT) {
            let words: String = words.chars().filter(|c| !c.is_control()).collect();
            self.agent = Some(words);
        }
        self.last = understand(line).map(|words| match &self.agent {
            // The kernel reports only the end; the agent has said why.
            Some(cause) if words.contains(OF_INIT) => format!("its agent failed: {cause}"),
            _ => words,
        });
    }
}

/// Returns how the kernel ended, if this line says so.
fn understand(line: &str) -> Option<String> {
    if let Some(cause) = says(line, PANIC) {
        let cause: String = cause.chars().filter(|c| !c.is_control()).collect();
        return Some(format!("guest kernel panicked: {cause}"));
    }
    says(line, HALTED).map(|_| "the VM was halted".to_owned())
}

/// Returns what follows `words` in a line that begins with them, optionally after the kernel's
/// timestamp.
///
/// Output of others may precede the timestamp.
fn says<'a>(line: &'a str, words: &str) -> Option<&'a str> {
    let at = line.find(words)?;
    let is_kernels = at == 0 || line[..at].ends_with("] ");
    is_kernels.then(|| line[at + words.len()..].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn heard(pieces: &[&str]) -> Option<String> {
        let mut listener = Listener::default();
        for piece in pieces {
            listener.hear(piece.as_bytes());
        }
        listener.last
    }

    #[test]
    fn a_kernels_last_words_are_understood_wherever_they_are_cut() {
        let panicked = Some("guest kernel panicked: sysrq triggered crash".to_owned());
        for pieces in [
            &["[   12.5] Kernel panic - not syncing: sysrq triggered crash\r\n"][..],
            &[
                "login: [   12.5] Kernel pan",
                "ic - not syncing: sysrq trig",
                "gered crash\r\nmore",
            ],
            &["Kernel panic - not syncing: sysrq triggered crash\n[ 1.0] reboot: System halted\n"],
        ] {
            assert_eq!(heard(pieces), panicked, "{pieces:?}");
        }
        assert_eq!(
            heard(&["[   40.1] reboot: System halted\r\n"]).as_deref(),
            Some("the VM was halted")
        );
    }

    #[test]
    fn words_of_a_panic_end_no_machine_that_goes_on() {
        let (source, mut wire) = UnixStream::pair().unwrap();
        let sink = tempfile::tempfile().unwrap();
        let (ended, end) = mpsc::channel();
        let mut console = Console::pump(source, sink, move || ended.send(()).unwrap()).unwrap();
        // Written by a test into the kernel's log, to see whether it is taken for a panic.
        let written = b"[ 1.0] Kernel panic - not syncing: only a test\n";
        wire.write_all(written).unwrap();
        assert!(end.recv_timeout(GRACE * 4).is_err());
        wire.write_all(b"[ 9.0] ---[ end Kernel panic - not syncing: sysrq triggered crash ]---\n")
            .unwrap();
        end.recv_timeout(GRACE * 20).unwrap();
        drop(wire);
        assert!(console.last_words().is_some());
    }

    #[test]
    fn where_the_agent_ended_first_it_says_why() {
        let panic =
            "[ 1.6] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100\n";
        let agent =
            "vm-test-agent: cannot load driver virtio_blk: No such device (os error 19)\r\n";
        assert_eq!(
            heard(&["[ 1.0] booting\n", agent, panic]).as_deref(),
            Some("its agent failed: cannot load driver virtio_blk: No such device (os error 19)")
        );
        assert_eq!(
            heard(&[panic, agent]).as_deref(),
            Some("guest kernel panicked: Attempted to kill init! exitcode=0x00000100")
        );
        assert_eq!(
            heard(&[
                agent,
                "[ 9.0] Kernel panic - not syncing: sysrq triggered crash\n"
            ])
            .as_deref(),
            Some("guest kernel panicked: sysrq triggered crash")
        );
    }

    #[test]
    fn words_about_a_panic_are_none() {
        assert_eq!(heard(&["expected: Kernel panic - not syncing: x\n"]), None);
        assert_eq!(heard(&["[ 1.0] reboot: Power down\n"]), None);
        assert_eq!(
            heard(&["[ 1.0] Kernel panic - not syncing: not ", "ended"]),
            None
        );
    }

    #[test]
    fn a_machine_whose_kernel_has_ended_is_ended_a_moment_later_and_its_last_lines_are_there() {
        let (source, mut wire) = UnixStream::pair().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("console");
        let (ended, end) = mpsc::channel();
        let sink = File::create(&path).unwrap();
        let mut console = Console::pump(source, sink, move || ended.send(()).unwrap()).unwrap();
        wire.write_all(b"[ 1.0] reboot: System halted\n").unwrap();
        std::thread::sleep(GRACE / 4);
        wire.write_all(b"the last line\n").unwrap();
        assert!(end.try_recv().is_err());
        end.recv_timeout(GRACE * 20).unwrap();
        drop(wire);
        assert_eq!(console.last_words().as_deref(), Some("the VM was halted"));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.ends_with("the last line\n"), "{text}");
    }
}
