//! The progress of a build, on a terminal and elsewhere.

use std::collections::BTreeSet;
use std::fs;
use vm_test_tests::fixture::text_of;
use vm_test_tests::terminal::Terminal;
use vm_test_tests::workshop::Workshop;

/// Two layers, the second of which takes a moment and prints something.
const STEPS: &str = "[[run]]\ncommand = \"echo said; sleep 1\"\n\
    [[run]]\ncommand = \"mkdir /data; dd if=/dev/zero of=/data/bulk bs=1M count=40 2>/dev/null\"\n";

fn on_terminal(workshop: &Workshop, args: &[&str]) -> (String, Option<i32>) {
    let mut terminal = Terminal::start(&workshop.host, (24, 70), args, |command| {
        command
            .current_dir(workshop.workspace())
            .env("VM_TEST_STORE", workshop.store());
    });
    let code = terminal.finish().code();
    (terminal.last_screen(), code)
}

/// Returns each piece of the screen that begins where a line is cleared.
fn drawn(screen: &str) -> Vec<&str> {
    screen.split("\r\x1b[2K").skip(1).collect()
}

#[test]
fn a_terminal_shows_a_bar_with_the_steps_and_the_phase_and_keeps_only_lines() {
    let workshop = Workshop::new();
    workshop.recipe("tiny", STEPS);
    let guests = "[guest.a]\nimage = \"tiny\"\n";
    fs::write(workshop.workspace().join("vm-test.toml"), guests).unwrap();
    for (command, is_prepare) in [
        (&["image", "build", "tiny"][..], false),
        (&["prepare"], true),
    ] {
        let (screen, code) = on_terminal(&workshop, command);
        assert_eq!(code, Some(0), "{screen}");
        let pieces = drawn(&screen);
        let shows = |words: &str| pieces.iter().any(|piece| piece.contains(words));
        for words in [
            "[....................] 0/3 ",
            "[######..............] 1/3 ",
            "[#############.......] 2/3 ",
            " s check: unpack ",
            " s hash: run mkdir /data",
        ] {
            assert!(shows(words), "{words}: {screen:?}");
        }
        // A command of the build has the terminal to itself, below a line that names it.
        assert!(
            screen.contains("vm-test: run echo said; sleep 1\r\nsaid\r\n"),
            "{screen:?}"
        );
        let lines = pieces.iter().flat_map(|piece| piece.split("\r\n"));
        let mut bars = lines.filter(|line| line.starts_with('['));
        assert!(
            bars.all(|bar| bar.trim_end().chars().count() <= 70),
            "{screen:?}"
        );
        assert!(screen.contains(": done in "), "{screen:?}");
        // The last line is not a bar.
        let last = pieces.last().unwrap();
        assert!(last.starts_with("vm-test: image `tiny` is "), "{last:?}");
        assert_eq!(
            screen.contains("images built for"),
            is_prepare,
            "{screen:?}"
        );
        // The next command has to do everything again.
        assert_eq!(workshop.cleared(), BTreeSet::new());
    }
    let (screen, code) = on_terminal(&workshop, &["image", "import", "again", "images/root.tar"]);
    assert_eq!(code, Some(0), "{screen}");
    assert!(
        drawn(&screen).iter().any(|piece| piece.contains("0/1 ")),
        "{screen:?}"
    );
    let (screen, code) = on_terminal(&workshop, &["image", "import", "bad", "images/tiny.toml"]);
    assert_eq!(code, Some(1), "{screen}");
    assert_eq!(workshop.cleared(), BTreeSet::new());
}

#[test]
fn without_a_terminal_there_are_plain_lines() {
    let workshop = Workshop::new();
    workshop.recipe("tiny", "");
    let mut build = workshop.vm_test(&["image", "build", "tiny"]);
    let output = build.env("TERM", "xterm").output().unwrap();
    let text = text_of(&output);
    assert!(
        output.status.success() && !text.contains(['\r', '\x1b', '[']),
        "{text}"
    );
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("vm-test: unpack "), "{text}");
    assert!(lines[1].contains(": done in "), "{text}");
    assert!(lines[2].starts_with("vm-test: image `tiny` is "), "{text}");
    assert_eq!(workshop.cleared(), BTreeSet::new());
}

#[test]
fn a_terminal_that_cannot_draw_gets_plain_lines() {
    let workshop = Workshop::new();
    workshop.recipe("tiny", "");
    let mut terminal = Terminal::start(
        &workshop.host,
        (24, 70),
        &["image", "build", "tiny"],
        |command| {
            command
                .current_dir(workshop.workspace())
                .env("VM_TEST_STORE", workshop.store())
                .env("TERM", "dumb");
        },
    );
    assert!(terminal.finish().success());
    terminal.await_words("vm-test: image `tiny` is ");
    assert!(
        !terminal.screen().contains('\x1b'),
        "{:?}",
        terminal.screen()
    );
    assert_eq!(workshop.cleared(), BTreeSet::new());
}
