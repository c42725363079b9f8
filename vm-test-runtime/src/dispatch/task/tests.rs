//! A task without a node: what its job says and is told, and the answers that a body gets.

use super::*;
use crate::client::Agent;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use vm_test_protocol::agent::End;
use vm_test_protocol::frame::{self, FrameBuffer};
use vm_test_protocol::lab::{Answered, MOST_ASKED};

/// A body that asks, and hears the answers.
struct Body {
    agent: Agent,
    stream: UnixStream,
    waiting: Arc<AtomicUsize>,
}

fn pair() -> (Agent, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    theirs
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    (Agent::new(ours, FrameBuffer::default()), theirs)
}

impl Body {
    fn new() -> Self {
        let (agent, stream) = pair();
        Self {
            agent,
            stream,
            waiting: Arc::default(),
        }
    }

    fn asks(&self, number: u64) -> Reply {
        let to = self.agent.speaker().unwrap();
        Reply::new(number, &to, &self.waiting).unwrap()
    }

    fn hears(&self) -> (u64, Answer) {
        match frame::read(&self.stream).unwrap() {
            Some(ToAgent::Answered(answered)) => {
                let Answered { number, answer } = *answered;
                (number, answer)
            }
            other => panic!("{other:?}"),
        }
    }

    fn hears_nothing(&self) {
        let short = Duration::from_millis(20);
        self.stream.set_read_timeout(Some(short)).unwrap();
        let read: std::io::Result<Option<ToAgent>> = frame::read(&self.stream);
        assert!(read.is_err(), "{read:?}");
        let ample = Duration::from_secs(60);
        self.stream.set_read_timeout(Some(ample)).unwrap();
    }
}

/// Returns a task, and its job's end of the stream.
fn task(kind: Kind, input: usize) -> (Task, UnixStream) {
    let (agent, stream) = pair();
    (Task::new(kind, agent.speaker().unwrap(), input), stream)
}

fn told(stream: &UnixStream) -> Option<ToAgent> {
    frame::read(stream).unwrap()
}

fn ran() -> Ran {
    Ran {
        end: End::Exited(0),
        returned: None,
        stdout: Vec::new(),
        stderr: Vec::new(),
        dropped_bytes: 0,
    }
}

fn line(words: &str) -> Answer {
    Answer::Next(words.into())
}

fn refused(words: &str) -> Answer {
    Answer::Refused(Failure::new(words))
}

#[test]
fn lines_go_to_those_who_ask_in_their_order_whether_they_ask_before_or_after() {
    let (body, (task, _job)) = (Body::new(), task(Kind::Command, 0));
    task.next(body.asks(1));
    task.next(body.asks(2));
    body.hears_nothing();
    task.says(b"a\nb\nc\nd").unwrap();
    assert_eq!(body.hears(), (1, line("a")));
    assert_eq!(body.hears(), (2, line("b")));
    task.next(body.asks(3));
    assert_eq!(body.hears(), (3, line("c")));
    task.next(body.asks(4));
    body.hears_nothing();
    assert!(!task.finish(false, body.asks(5)));
    assert!(task.end(Ok(ran())));
    assert_eq!(body.hears(), (4, line("d")));
    assert_eq!(body.hears(), (5, Answer::Ran(Box::new(ran()))));
    task.next(body.asks(6));
    assert_eq!(body.hears(), (6, Answer::NoMore));
    assert!(task.finish(false, body.asks(7)));
    assert_eq!(body.hears(), (7, Answer::Ran(Box::new(ran()))));
}

#[test]
fn a_node_that_dies_answers_all_who_wait_with_the_cause() {
    let (body, (task, _job)) = (Body::new(), task(Kind::Command, INPUT_WINDOW));
    task.next(body.asks(1));
    task.input(b"a".to_vec(), false, body.asks(2));
    task.finish(false, body.asks(3));
    body.hears_nothing();
    task.end(Err(Failure::new("it died")));
    assert_eq!(body.hears(), (1, refused("it died")));
    assert_eq!(body.hears(), (3, refused("it died")));
    assert_eq!(body.hears(), (2, refused("it has ended")));
    task.next(body.asks(4));
    assert_eq!(body.hears(), (4, refused("it died")));
}

#[test]
fn input_waits_for_room_and_comes_in_order_and_nothing_comes_after_its_end() {
    let (body, (task, job)) = (Body::new(), task(Kind::Command, INPUT_WINDOW - 1));
    task.input(b"a".to_vec(), false, body.asks(1));
    assert_eq!(body.hears(), (1, Answer::Taken));
    assert_eq!(told(&job), Some(ToAgent::Input(b"a".to_vec())));
    task.input(b"bc".to_vec(), true, body.asks(2));
    task.took(1);
    body.hears_nothing();
    task.input(b"d".to_vec(), false, body.asks(3));
    assert_eq!(body.hears(), (3, refused("its standard input is closed")));
    task.took(1);
    assert_eq!(body.hears(), (2, Answer::Taken));
    assert_eq!(told(&job), Some(ToAgent::Input(b"bc".to_vec())));
    assert_eq!(told(&job), Some(ToAgent::InputEnd));
    let (call, _job) = self::task(Kind::Call, 0);
    call.input(Vec::new(), true, body.asks(4));
    assert_eq!(body.hears(), (4, refused("a call has no standard input")));
}

#[test]
fn a_task_that_is_killed_gets_the_signal_and_is_waited_for() {
    let (body, (task, job)) = (Body::new(), task(Kind::Command, 0));
    assert!(!task.finish(true, body.asks(1)));
    assert_eq!(told(&job), Some(ToAgent::Signal(9)));
    body.hears_nothing();
    assert!(task.end(Ok(ran())));
    assert_eq!(body.hears(), (1, Answer::Ran(Box::new(ran()))));
    // Its stream is closed with its end.
    assert_eq!(told(&job), None);
}

#[test]
fn what_nobody_reads_waits_at_its_job_until_somebody_reads_it_or_its_end_is_awaited() {
    let long = [vec![b'a'; MOST_UNREAD / 16], vec![b'\n']].concat();
    let (body, (task, _job)) = (Body::new(), task(Kind::Command, 0));
    let lines = 40;
    std::thread::scope(|scope| {
        let saying = scope.spawn(|| (0..lines).for_each(|_| task.says(&long).unwrap()));
        for number in 0..10 {
            task.next(body.asks(number));
            let (_, answer) = body.hears();
            assert!(matches!(answer, Answer::Next(_)), "{answer:?}");
        }
        assert!(!saying.is_finished());
        task.finish(false, body.asks(100));
        saying.join().unwrap();
    });
    task.next(body.asks(11));
    let (_, answer) = body.hears();
    let words = "more than 1048576 bytes that it said were not asked for, and are lost";
    assert_eq!(answer, refused(words));
}

#[test]
fn a_call_that_prints_more_than_is_kept_does_not_wait_for_a_reader() {
    let (body, (task, _job)) = (Body::new(), task(Kind::Call, 0));
    for _ in 0..3 * MOST_UNREAD / 1000 {
        task.says(&[&[b'a'; 999][..], b"\n"].concat()).unwrap();
    }
    task.next(body.asks(1));
    let (_, answer) = body.hears();
    assert!(matches!(answer, Answer::Refused(_)), "{answer:?}");
    task.next(body.asks(2));
    assert_eq!(body.hears(), (2, line(&"a".repeat(999))));
}

#[test]
fn what_is_no_frame_of_a_tool_is_a_breach_of_the_protocol() {
    let (task, _job) = task(Kind::Tool, 0);
    let failure = task.says(&[1, 0, 0, 0, 0xff]).unwrap_err();
    let words = "it broke the protocol: protocol error";
    assert!(failure.message.starts_with(words), "{failure}");
}

#[test]
fn a_question_is_always_answered_and_too_many_of_them_are_a_breach() {
    let body = Body::new();
    drop(body.asks(1));
    assert_eq!(body.hears(), (1, refused("nothing has answered it")));
    let most = u64::try_from(MOST_ASKED).unwrap();
    let mut waiting: Vec<_> = (0..most).map(|number| body.asks(number)).collect();
    let to = body.agent.speaker().unwrap();
    let failure = Reply::new(64, &to, &body.waiting).err().unwrap();
    let words = "the guest broke the protocol: too many questions without an answer";
    assert_eq!(failure.message, words);
    waiting.pop().unwrap().give(Answer::NoMore);
    drop(body.asks(65));
}
