//! What is drawn of a build, on a terminal that only remembers what is written to it.

use super::*;
use indicatif::TermLike;
use std::sync::{Arc, Mutex};

/// The order to clear the line.
const CLEAR: &str = "\r\x1b[2K";

#[derive(Clone, Debug)]
struct Screen {
    width: u16,
    written: Arc<Mutex<String>>,
}

impl Screen {
    fn new(width: u16) -> Self {
        let written = Arc::default();
        Self { width, written }
    }

    fn display(&self) -> Display {
        Display::on(ProgressDrawTarget::term_like(Box::new(self.clone())))
    }

    fn written(&self) -> String {
        self.written.lock().unwrap().clone()
    }

    /// The line that the cursor is in, without the blanks that fill it up.
    fn line(&self) -> String {
        let written = self.written();
        let last = written.rsplit(CLEAR).next().unwrap_or_default();
        last.trim_end().to_owned()
    }

    fn write(&self, text: &str) -> io::Result<()> {
        self.written.lock().unwrap().push_str(text);
        Ok(())
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        self.width
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        match lines {
            0 => Ok(()),
            _ => self.write(&format!("\x1b[{lines}A")),
        }
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.write(&format!("\x1b[{lines}B"))
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.write(&format!("\x1b[{columns}C"))
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.write(&format!("\x1b[{columns}D"))
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write(&format!("{text}\n"))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        self.write(text)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.write(CLEAR)
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_bar_shows_the_steps_and_the_phase_and_cannot_steer_the_terminal() {
    let screen = Screen::new(80);
    let mut display = screen.display();
    display.expect(0);
    assert_eq!(screen.written(), "", "nothing is known yet");
    display.expect(3);
    display.expect(1);
    assert!(
        screen.line().starts_with("[....................] 0/4 "),
        "{}",
        screen.line()
    );
    display.begin("run first");
    assert!(screen.line().ends_with(" s run first"), "{}", screen.line());
    assert_eq!(display.count().unwrap().0, "run first");
    display.phase("run a\x1b[2J\nb", "hash");
    let line = screen.line();
    assert!(line.starts_with("[#####...............] 1/4 "), "{line}");
    assert!(
        line.ends_with(" s hash: run a\u{fffd}[2J\u{fffd}b"),
        "{line}"
    );
    display.bar().progress("1 of 2 MiB");
    let line = screen.line();
    assert!(line.contains(" s 1 of 2 MiB: run a"), "{line}");
    display.begin("run b");
    assert!(screen.line().ends_with(" s run b"), "{}", screen.line());
}

#[test]
fn the_bar_stays_on_one_line_of_the_terminal() {
    let screen = Screen::new(40);
    let mut display = screen.display();
    display.expect(1);
    display.begin(&"long ".repeat(20));
    assert_eq!(screen.line().chars().count(), 40);
    // Each of these takes two columns, and nine are free.
    display.begin(&"界".repeat(20));
    let shown = screen.line().matches('界').count();
    assert_eq!(shown, 4, "{}", screen.line());
    display.count();
    let written = screen.written();
    assert!(!written.contains(['\n', 'A', 'B']), "{written:?}");
}

#[test]
fn nothing_is_drawn_while_a_command_has_the_terminal() {
    let screen = Screen::new(80);
    let mut display = screen.display();
    display.expect(2);
    let bar = display.bar();
    let answer = bar.leave_to(|| {
        let before = screen.written();
        assert!(before.ends_with(CLEAR), "{before:?}");
        std::thread::sleep(3 * TICK);
        assert_eq!(screen.written(), before);
        7
    });
    assert_eq!(answer, 7);
    assert!(screen.line().contains("] 0/2 "), "{}", screen.line());
}

#[test]
fn the_bar_goes_with_the_last_that_has_it() {
    let screen = Screen::new(80);
    let mut display = screen.display();
    display.expect(2);
    let bar = display.bar();
    drop(display);
    assert!(screen.line().contains("] 0/2 "), "{}", screen.line());
    drop(bar);
    assert!(screen.written().ends_with(CLEAR), "{:?}", screen.written());
}

#[test]
fn without_a_terminal_a_command_runs_all_the_same() {
    let mut display = Display::on(ProgressDrawTarget::hidden());
    display.expect(1);
    display.phase("run a", "check");
    assert_eq!(display.bar().leave_to(|| 7), 7);
    assert_eq!(display.count().unwrap().0, "run a");
}
