//! What `vm-test logs` shows: for a kept instance, for one that is gone, for one that never
//! existed.

use crate::{BACKENDS, Kept, kept_id};
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::host::Host;
use vm_test_tests::process::Running;
use vm_test_tests::terminal::Terminal;

/// Runs `vm-test logs` where the fixture's tests ran.
fn logs(host: &Host, fixture: &Fixture, id: &str) -> vm_test_tests::process::Finished {
    let mut command = host.vm_test();
    command
        .args(["logs", id])
        .current_dir(fixture.directory())
        .env("CARGO_TARGET_DIR", fixture.target());
    Running::start(&mut command).finish()
}

#[test]
fn the_log_of_a_kept_instance_says_why_and_what_its_test_wrote() {
    for backend in BACKENDS {
        let it = Kept::by(&format!("{backend}::leaves_things"));
        let mut terminal = Terminal::without_colours(&it.host, &["logs", &it.id]);
        assert!(terminal.finish().success());
        terminal.await_words(&format!(
            "--- why the test failed\r\nthread '{backend}::leaves_things' panicked at tests/endings.rs:"
        ));
        let screen = terminal.screen();
        let (words, output) = screen
            .split_once("--- output of the test\r\n")
            .expect("its output");
        assert!(words.contains(":\r\non purpose\r\n"), "{screen}");
        assert!(output.contains("before the end\r\n"), "{screen}");
        assert!(output.contains("\r\non purpose\r\n"), "{screen}");
        assert!(!output.contains("to re-run"), "{screen}");
    }
}

#[test]
fn the_log_outlives_the_instance_and_the_daemon() {
    for backend in BACKENDS {
        let it = Kept::by(&format!("{backend}::leaves_things"));
        let run = it.fixture.run(
            &it.host,
            Runner::CargoTest,
            &format!("{backend}::leaves_things_to_nobody"),
        );
        assert_eq!(kept_id(&run.text), None);
        let (_, rest) = run.text.split_once(", instance ").expect("its instance");
        let (gone, _) = rest.split_once(' ').expect("its name");
        it.host.stop();
        for id in [&it.id, gone] {
            let log = logs(&it.host, &it.fixture, id);
            assert_eq!(log.code(), Some(0), "{log:?}");
            assert!(
                log.out
                    .starts_with(&format!("test {backend}::leaves_things")),
                "{log:?}"
            );
            let words = format!("--- why the test failed\nthread '{backend}::leaves_things");
            assert!(log.out.contains(&words), "{log:?}");
            assert!(log.out.contains(":\non purpose\n--- "), "{log:?}");
            assert!(log.out.contains("before the end\n"), "{log:?}");
        }
    }
}

#[test]
fn an_unknown_instance_has_no_log() {
    let (fixture, host) = crate::fixture();
    for id in ["host-0-0", "../host", ""] {
        let log = logs(&host, &fixture, id);
        assert_eq!(log.code(), Some(1));
        assert!(
            log.err
                .starts_with(&format!("error: cannot find the log of {id}: ")),
            "{log:?}"
        );
    }
}
