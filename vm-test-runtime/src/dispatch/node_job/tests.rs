//! What is kept of what a node says, and what it may not say.

use super::*;
use vm_test_protocol::body::BodyOutcome;
use vm_test_protocol::lab::{Asked, Question};

fn watch() -> Watch {
    Watch {
        nonce: 7,
        ..Watch::default()
    }
}

fn report(message: &str) -> FromAgent {
    FromAgent::Panic(PanicReport {
        thread: None,
        message: Some(message.to_owned()),
        location: Some("a.rs:1:2".to_owned()),
    })
}

#[test]
fn of_long_output_the_end_is_kept_and_the_rest_counted() {
    let mut watch = watch();
    for _ in 0..3 {
        watch
            .take(FromAgent::Stdout(vec![b'a'; MOST_OUTPUT]))
            .unwrap();
    }
    watch.take(FromAgent::Stdout(b"end".to_vec())).unwrap();
    watch.take(FromAgent::Stderr(b"error".to_vec())).unwrap();
    let ran = watch.conclude(End::Exited(0), 1);
    assert_eq!(ran.stdout.len(), MOST_OUTPUT);
    assert!(ran.stdout.ends_with(b"aend"));
    assert_eq!(ran.stderr, b"error");
    assert_eq!(ran.dropped_bytes, 2 * MOST_OUTPUT as u64 + 3 + 1);
}

#[test]
fn a_panic_has_its_place_whether_or_not_its_process_could_report_it_twice() {
    let expected = Returned::Panicked {
        message: Some("no".to_owned()),
        location: Some("a.rs:1:2".to_owned()),
    };
    for reports in [1, 2] {
        let mut watch = watch();
        watch.take(report("no")).unwrap();
        if reports == 2 {
            let returned = Returned::Panicked {
                message: Some("no".to_owned()),
                location: None,
            };
            watch.take(FromAgent::Returned(returned)).unwrap();
        }
        let ran = watch.conclude(End::Exited(101), 0);
        assert_eq!(ran.returned.as_ref(), Some(&expected));
    }
}

#[test]
fn a_node_that_asks_or_says_something_twice_or_with_another_nonce_breaks_the_protocol() {
    let returned = || FromAgent::Returned(Returned::Value(Vec::new()));
    let asked = || {
        FromAgent::Asked(Box::new(Asked {
            number: 1,
            question: Question::Nodes,
        }))
    };
    let verdict = |nonce| FromAgent::Verdict {
        nonce,
        outcome: BodyOutcome::Passed,
    };
    let table = [
        (vec![FromAgent::Begun, returned(), verdict(7)], None),
        (vec![returned(), returned()], Some("a second result")),
        (vec![asked()], Some("a question of a node")),
        (vec![verdict(8)], Some("a verdict with another job's nonce")),
        (
            vec![FromAgent::NotUp("no".to_owned())],
            Some("NotUp(\"no\")"),
        ),
    ];
    for (messages, breach) in table {
        let mut watch = watch();
        let taken: Result<(), Failure> = messages
            .into_iter()
            .try_for_each(|message| watch.take(message));
        let expected = breach.map(|what| format!("it broke the protocol: {what}"));
        assert_eq!(taken.err().map(|failure| failure.message), expected);
    }
}
