//! A terminal for one test, with `vm-test` on it: a keyboard, a screen, a size. Makes no
//! assertions.

use crate::host::Host;
use crate::process::await_end;
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

const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal with a program on it.
pub struct Terminal {
    keyboard: Option<File>,
    /// The program's end of the terminal, kept for reading its settings.
    line: Option<File>,
    screen: Arc<Screen>,
    reader: Option<JoinHandle<()>>,
    child: Child,
}

/// The output of a terminal, until it is closed.
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
            // Reading a terminal that was closed is an error.
            let Ok(count @ 1..) = terminal.read(&mut bytes) else {
                return;
            };
            self.bytes.lock().unwrap().extend(&bytes[..count]);
        }
    }
}

impl Terminal {
    /// Starts a program with this as its controlling terminal.
    pub fn with(host: &Host, rows: u16, columns: u16, args: &[&str]) -> Self {
        Self::start(host, (rows, columns), args, |_| {})
    }

    /// Does the same, with colours turned off by the user.
    pub fn without_colours(host: &Host, args: &[&str]) -> Self {
        Self::start(host, (24, 80), args, |command| {
            command.env("NO_COLOR", "1");
        })
    }

    /// Does the same, with the command changed before it starts.
    pub fn start(
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
        // Makes standard input the controlling terminal, which requires a new session.
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

    /// Returns everything that was ever shown.
    pub fn screen(&self) -> String {
        String::from_utf8_lossy(&self.screen.bytes.lock().unwrap()).into_owned()
    }

    /// Waits until this is shown.
    #[track_caller]
    pub fn await_words(&self, words: &str) {
        let limit = std::time::Instant::now() + PATIENCE;
        while !self.screen().contains(words) {
            let late = std::time::Instant::now() > limit;
            assert!(!late, "`{words}` is not among {:?}", self.screen());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Types on its keyboard.
    pub fn type_keys(&mut self, keys: &str) {
        let keyboard = self.keyboard.as_mut().expect("it is still there");
        keyboard.write_all(keys.as_bytes()).expect("a keyboard");
    }

    /// Changes its size.
    pub fn resize(&self, rows: u16, columns: u16) {
        resize(self.keyboard.as_ref().expect("it is there"), rows, columns);
    }

    /// Returns whether the terminal echoes keys and edits lines, as before any program changed
    /// that.
    pub fn is_as_before(&self) -> bool {
        let modes = tcgetattr(self.line.as_ref().expect("it is there"));
        modes.is_ok_and(|modes| {
            modes
                .local_modes
                .contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
        })
    }

    /// Closes the terminal.
    pub fn unplug(&mut self) {
        self.line = None;
        self.keyboard = None;
        self.screen.off.store(true, Ordering::SeqCst);
        // The reader has the last copy.
        let reader = self.reader.take().expect("it is unplugged once");
        reader.join().expect("it only reads");
    }

    /// Waits for the end of the program.
    pub fn finish(&mut self) -> ExitStatus {
        await_end(&mut self.child)
    }

    /// Returns everything that was ever shown by a program that has ended, to the last byte.
    ///
    /// # Panics
    /// If another process holds the terminal.
    #[track_caller]
    pub fn last_screen(&mut self) -> String {
        // With the last of its line's descriptors, the terminal ends, and with it the reader.
        self.line = None;
        let reader = self.reader.take().expect("it is not unplugged");
        let limit = std::time::Instant::now() + PATIENCE;
        while !reader.is_finished() {
            let late = std::time::Instant::now() > limit;
            assert!(!late, "the terminal is held: {:?}", self.screen());
            std::thread::sleep(Duration::from_millis(5));
        }
        reader.join().expect("it only reads");
        self.screen()
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
