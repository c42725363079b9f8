//! What a body may report, ask and return, in which order, and who may be the body.

use super::*;
use rustix::process::{getpid, getppid};
use vm_test_protocol::body::BodyOutcome;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{Answer, Asked, MOST_ASKED, Question, Returned};

fn body(process: Pid, in_child: bool) -> Body {
    body_of(None, process, in_child)
}

fn body_of(call: Option<Vec<u8>>, process: Pid, in_child: bool) -> Body {
    let test = TestJob {
        name: "t".to_owned(),
        length_bytes: 0,
        modified: Duration::ZERO,
        in_child,
        call,
    };
    Body::new(7, &test, process)
}

fn asked(number: u64) -> FromBody {
    FromBody::Asked(Asked {
        number,
        question: Question::Nodes,
    })
}

fn returned() -> FromBody {
    FromBody::Returned(Returned::Value(Vec::new()))
}

fn verdict(nonce: u128) -> FromBody {
    FromBody::Verdict {
        nonce,
        outcome: BodyOutcome::Passed,
        took: Duration::from_micros(1),
    }
}

fn begin(nonce: u128, test: &str) -> FromBody {
    FromBody::Begin {
        nonce,
        test: test.to_owned(),
        mailbox: 0,
    }
}

#[test]
fn only_one_verdict_after_the_beginning_with_the_right_nonce_counts() {
    let table: [(&[FromBody], Option<&str>); 6] = [
        (&[begin(7, "t"), verdict(7)], None),
        (&[verdict(7)], Some("a verdict before the beginning")),
        (
            &[begin(7, "t"), verdict(8)],
            Some("a verdict with another job's nonce"),
        ),
        (
            &[begin(7, "t"), verdict(7), verdict(7)],
            Some("a second verdict"),
        ),
        (&[begin(7, "u")], Some("the beginning of another test")),
        (&[begin(7, "t"), begin(7, "t")], Some("a second beginning")),
    ];
    for (reports, breach) in table {
        let mut body = body(getpid(), false);
        for report in reports {
            body.judge(report.clone());
        }
        assert_eq!(body.breach.as_deref(), breach, "{reports:?}");
    }
}

#[test]
fn a_body_asks_and_a_call_returns_once_and_neither_does_what_the_other_may() {
    let table: [(bool, &[FromBody], Option<&str>); 7] = [
        (
            false,
            &[begin(7, "t"), asked(1), asked(2), verdict(7)],
            None,
        ),
        (true, &[begin(7, "t"), returned(), verdict(7)], None),
        (false, &[asked(1)], Some("a question outside of the body")),
        (
            false,
            &[begin(7, "t"), verdict(7), asked(1)],
            Some("a question outside of the body"),
        ),
        (
            true,
            &[begin(7, "t"), asked(1)],
            Some("a question of a call"),
        ),
        (
            false,
            &[begin(7, "t"), returned()],
            Some("a result of no call"),
        ),
        (
            true,
            &[begin(7, "t"), returned(), returned()],
            Some("a second result"),
        ),
    ];
    for (is_call, reports, breach) in table {
        let mut body = body_of(is_call.then(Vec::new), getpid(), false);
        for report in reports {
            body.judge(report.clone());
        }
        assert_eq!(body.breach.as_deref(), breach, "{reports:?}");
    }
}

#[test]
fn only_so_many_questions_may_wait_for_an_answer_but_any_number_is_answered() {
    let mut body = body(getpid(), false);
    body.judge(begin(7, "t"));
    for number in 0..10 * MOST_REPORTS as u64 {
        assert!(body.judge(asked(number)).is_some());
        let answer = Answer::Refused(Failure::new("no"));
        body.answer(Box::new(Answered { number, answer }));
    }
    for number in 0..MOST_ASKED as u64 {
        assert!(body.judge(asked(number)).is_some());
    }
    assert!(body.judge(asked(0)).is_none());
    let breach = body.breach.as_deref();
    assert_eq!(breach, Some("too many questions without an answer"));
}

#[test]
fn a_flood_of_reports_is_a_breach() {
    let mut body = body(getpid(), false);
    for _ in 0..=MOST_REPORTS {
        body.judge(begin(7, "t"));
    }
    assert!(body.breach.is_some());
}

/// Returns whether a connection of this process is answered.
fn is_admitted(body: &mut Body, listener: &UnixListener, path: &std::path::Path) -> bool {
    let mut client = UnixStream::connect(path).unwrap();
    body.accept(listener);
    client.read_exact(&mut [0; ADMITTED.len()]).is_ok()
}

#[test]
fn only_the_jobs_own_process_gets_the_one_place_and_others_do_not_take_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("agent.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let parent = getppid().unwrap();
    for (process, in_child, admitted) in [
        (getpid(), false, true),
        (getpid(), true, true),
        (parent, false, false),
        // This process is its child.
        (parent, true, true),
        (Pid::INIT, true, false),
    ] {
        let mut body = body(process, in_child);
        assert_eq!(is_admitted(&mut body, &listener, &path), admitted);
        // The stranger has not used up the one connection.
        body.process = getpid();
        assert_eq!(is_admitted(&mut body, &listener, &path), !admitted);
    }
}
