//! A terminal of a test's own, with `vm-test` on it, and what a command in a guest finds of it.

use crate::process::{await_end, await_that, instances};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use vm_test_tests::host::Host;

const PATIENCE: Duration = Duration::from_secs(15);

/// A terminal with a program on it.
pub(crate) struct Terminal {
    keyboard: Option<File>,
    /// The program's end, kept to look at its settings.
    line: Option<File>,
    screen: Arc<Screen>,
    reader: Option<JoinHandle<()>>,
    child: Child,
}

/// What a terminal shows, until it is switched off.
#[derive(Default)]
struct Screen {
    bytes: Mutex<Vec<u8>>,
    off: AtomicBool,
}

impl Screen {
    fn show(&self, mut terminal: File) {
        let tick = Timespec {
            tv_sec: 0,
            tv_nsec: 20_000_000,
        };
        let mut bytes = [0; 4096];
        while !self.off.load(Ordering::SeqCst) {
            let mut fds = [PollFd::new(&terminal, PollFlags::IN)];
            if poll(&mut fds, Some(&tick)) == Ok(0) {
                continue;
            }
            // The end of a terminal is an error.
            let Ok(count @ 1..) = terminal.read(&mut bytes) else {
                return;
            };
            self.bytes.lock().unwrap().extend(&bytes[..count]);
        }
    }
}

impl Terminal {
    /// Starts a program with the terminal in control of it.
    pub(crate) fn with(host: &Host, rows: u16, columns: u16, args: &[&str]) -> Self {
        Self::start(host, (rows, columns), args, |_| {})
    }

    /// The same for a user who wants none.
    pub(crate) fn without_colours(host: &Host, args: &[&str]) -> Self {
        Self::start(host, (24, 80), args, |command| {
            command.env("NO_COLOR", "1");
        })
    }

    fn start(
        host: &Host,
        size: (u16, u16),
        args: &[&str],
        change: impl FnOnce(&mut Command),
    ) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .and_then(|terminal| grantpt(&terminal).map(|()| terminal))
            .and_then(|terminal| unlockpt(&terminal).map(|()| terminal))
            .expect("a new terminal");
        let name = ptsname(&keyboard, Vec::new()).expect("the terminal's name");
        let keyboard = File::from(keyboard);
        resize(&keyboard, size.0, size.1);
        let line = File::options()
            .read(true)
            .write(true)
            .custom_flags(OFlags::NOCTTY.bits().cast_signed())
            .open(std::ffi::OsStr::from_bytes(name.as_bytes()))
            .expect("the terminal's other end");
        // It makes its standard input the terminal in control, which takes a session of its own.
        let mut command = Command::new("setsid");
        host.adopt(&mut command)
            .args(["--ctty", "--wait"])
            .arg(Host::program())
            .args(args)
            .env("TERM", "xterm")
            .stdin(line.try_clone().expect("a copy"))
            .stdout(line.try_clone().expect("a copy"))
            .stderr(line.try_clone().expect("a copy"));
        change(&mut command);
        let child = command.spawn().expect("setsid is there");
        let screen = Arc::new(Screen::default());
        let (shown, shows) = (Arc::clone(&screen), keyboard.try_clone().expect("a copy"));
        let reader = std::thread::spawn(move || shown.show(shows));
        Self {
            keyboard: Some(keyboard),
            line: Some(line),
            screen,
            reader: Some(reader),
            child,
        }
    }

    /// Everything that was ever shown.
    pub(crate) fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.bytes.lock().unwrap()).into_owned()
    }

    /// Waits until this is shown.
    #[track_caller]
    pub(crate) fn await_words(&self, words: &str) {
        let limit = std::time::Instant::now() + PATIENCE;
        while !self.screen().contains(words) {
            let late = std::time::Instant::now() > limit;
            assert!(!late, "`{words}` is not among {:?}", self.screen());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn type_keys(&mut self, keys: &str) {
        let keyboard = self.keyboard.as_mut().expect("it is still there");
        keyboard.write_all(keys.as_bytes()).expect("a keyboard");
    }

    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        resize(self.keyboard.as_ref().expect("it is there"), rows, columns);
    }

    /// Whether keys are shown and lines are made by this terminal, as before any program changed that.
    fn is_as_before(&self) -> bool {
        let modes = tcgetattr(self.line.as_ref().expect("it is there"));
        modes.is_ok_and(|modes| {
            modes
                .local_modes
                .contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
        })
    }

    /// Takes the terminal away.
    fn unplug(&mut self) {
        self.line = None;
        self.keyboard = None;
        self.screen.off.store(true, Ordering::SeqCst);
        // It has the last copy.
        let reader = self.reader.take().expect("it is unplugged once");
        reader.join().expect("it only reads");
    }

    pub(crate) fn finish(&mut self) -> ExitStatus {
        await_end(&mut self.child)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn resize(terminal: &File, rows: u16, columns: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(terminal, size).expect("a terminal has a size");
}

#[test]
fn the_command_has_a_terminal_of_the_same_size_that_follows_its_changes() {
    let host = Host::new();
    // The size is told once more at the beginning, in case it has changed before anybody listened.
    let script = "tty; stty size; trap 'stty size' WINCH; echo ready; \
        until stty size | grep -q '40 120'; do sleep 0.05; done; sleep 0.2; echo end";
    let mut terminal = Terminal::with(&host, 31, 97, &["run", "host", "--", "sh", "-c", script]);
    terminal.await_words("ready\r\n");
    let screen = terminal.screen();
    assert!(screen.starts_with("/dev/pts/"), "{screen:?}");
    assert!(screen.contains("\r\n31 97\r\n"), "{screen:?}");
    terminal.resize(40, 120);
    terminal.await_words("40 120\r\n");
    terminal.await_words("end\r\n");
    assert!(terminal.finish().success());
}

#[test]
fn keys_go_to_the_command_and_ctrl_c_ends_it() {
    let host = Host::new();
    let script = "read line; echo got $line; trap 'echo interrupted; exit 7' INT; echo ready; \
        while :; do sleep 0.05; done";
    let mut terminal = Terminal::with(&host, 24, 80, &["run", "host", "--", "sh", "-c", script]);
    await_that("an instance is alive", PATIENCE, || {
        !instances(&host).is_empty()
    });
    terminal.type_keys("hello\r");
    terminal.await_words("got hello\r\n");
    terminal.await_words("ready\r\n");
    assert!(!terminal.is_as_before(), "it is the guest's now");
    terminal.type_keys("\x03");
    terminal.await_words("interrupted\r\n");
    assert_eq!(terminal.finish().code(), Some(7));
    assert!(terminal.is_as_before(), "it was not put back");
}

#[test]
fn the_terminal_is_put_back_when_the_instance_is_lost() {
    let host = Host::new();
    let args = ["run", "host", "--", "sh", "-c", "echo ready; sleep 60"];
    let mut terminal = Terminal::with(&host, 24, 80, &args);
    terminal.await_words("ready\r\n");
    assert!(!terminal.is_as_before());
    host.stop();
    assert_eq!(terminal.finish().code(), Some(125));
    assert!(terminal.is_as_before(), "it was not put back");
    terminal.await_words("error:");
}

#[test]
fn a_terminal_that_goes_away_takes_the_instance_with_it() {
    let host = Host::new();
    let args = [
        "run",
        "host",
        "--",
        "sh",
        "-c",
        "trap '' HUP; echo ready; sleep 60",
    ];
    let mut terminal = Terminal::with(&host, 24, 80, &args);
    terminal.await_words("ready\r\n");
    terminal.unplug();
    assert_eq!(terminal.finish().code(), Some(128 + 1));
    await_that("no instance is left", Duration::from_secs(5), || {
        instances(&host).is_empty()
    });
}

#[test]
fn all_that_is_written_to_the_terminal_comes_through() {
    let host = Host::new();
    let mut terminal = Terminal::with(&host, 24, 80, &["run", "host", "--", "seq", "100000"]);
    assert!(terminal.finish().success());
    terminal.await_words("\r\n100000\r\n");
    assert_eq!(terminal.screen().lines().count(), 100_000);
}

#[test]
fn without_a_terminal_at_both_ends_the_command_has_none() {
    let host = Host::new();
    let output = tempfile::NamedTempFile::new_in("/tmp").unwrap();
    let file = output.reopen().unwrap();
    let args = ["run", "host", "--", "tty"];
    let mut terminal = Terminal::start(&host, (24, 80), &args, |command| {
        command.stdout(file);
    });
    assert_eq!(terminal.finish().code(), Some(1));
    let text = std::fs::read_to_string(output.path()).unwrap();
    assert_eq!(text, "not a tty\n");
}
