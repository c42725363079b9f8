//! Jobs of a scripted agent at the other end of a socket pair.

use super::*;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;
use vm_test_protocol::agent::End;
use vm_test_protocol::frame::{self, FrameBuffer};
use vm_test_protocol::harvest::FileKind;

/// No test waits as long unless something is wrong.
const AMPLE: Duration = Duration::from_secs(60);

/// Remembers everything.
#[derive(Default)]
struct Witness {
    heard: Vec<FromAgent>,
    wants_end: bool,
    refuses: Option<FromAgent>,
}

impl Follower for Witness {
    fn take(&mut self, message: FromAgent) -> Result<(), Failure> {
        if self.refuses.as_ref() == Some(&message) {
            return Err(Failure::new("it must not say that"));
        }
        self.heard.push(message);
        Ok(())
    }

    fn wants_end(&self) -> bool {
        self.wants_end
    }
}

/// An agent that does this with its end of the stream, which closes afterwards, and what it
/// returns.
fn agent<T: Send + 'static>(
    script: impl FnOnce(&UnixStream) -> T + Send + 'static,
) -> (Agent, JoinHandle<T>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let script = std::thread::spawn(move || script(&theirs));
    (Agent::new(ours, FrameBuffer::default()), script)
}

fn say(stream: &UnixStream, message: &FromAgent) {
    // A caller that no longer listens has heard enough.
    let _ = frame::write(stream, message);
}

fn ended(end: End) -> FromAgent {
    FromAgent::Ended(Ended::with_end(end))
}

fn output(text: &str) -> FromAgent {
    FromAgent::Stdout(text.into())
}

fn end_of(followed: Followed) -> End {
    followed.ended.expect("it ended").end
}

fn failure_of(followed: Followed) -> Failure {
    match followed.ended {
        Err(Lost::Failed(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_job_is_followed_until_its_agent_says_how_it_ended_and_no_further() {
    let (mut agent, _script) = agent(|stream| {
        for message in [
            output("a"),
            FromAgent::Begun,
            ended(End::Exited(3)),
            output("b"),
        ] {
            say(stream, &message);
        }
    });
    let mut witness = Witness::default();
    let followed = agent.follow(Some(AMPLE), &mut witness);
    assert!(!followed.told_to_end);
    assert_eq!(end_of(followed), End::Exited(3));
    assert_eq!(witness.heard, [output("a"), FromAgent::Begun]);
}

#[test]
fn a_stream_that_ends_before_the_job_is_a_death_and_one_within_a_message_is_not_understood() {
    let (mut dying, _script) = agent(|stream| say(stream, &output("a")));
    let mut witness = Witness::default();
    let followed = dying.follow(None, &mut witness);
    assert!(matches!(followed.ended, Err(Lost::Died)), "{followed:?}");
    assert_eq!(witness.heard, [output("a")]);
    let (mut torn, _script) = agent(|mut stream| stream.write_all(&[9, 0, 0, 0, 1]).unwrap());
    let failure = failure_of(torn.follow(None, &mut witness));
    let words = "cannot understand the guest: unexpected end of file";
    assert_eq!(failure.message, words);
}

#[test]
fn a_message_that_is_none_or_begins_anew_or_is_refused_ends_the_following() {
    let hello = FromAgent::Hello {
        protocol: 0,
        kernel: String::new(),
        degraded: None,
    };
    let mut witness = Witness {
        refuses: Some(FromAgent::Begun),
        ..Witness::default()
    };
    let frames = [
        (
            vec![1, 0, 0, 0, 0xff],
            "cannot understand the guest: protocol error",
        ),
        (
            frame::encode(&hello).unwrap(),
            "the guest was restarted before its job ended",
        ),
        (
            frame::encode(&FromAgent::Begun).unwrap(),
            "it must not say that",
        ),
    ];
    for (bytes, words) in frames {
        let (mut agent, _script) = agent(move |mut stream| stream.write_all(&bytes).unwrap());
        let failure = failure_of(agent.follow(Some(AMPLE), &mut witness));
        assert!(failure.message.starts_with(words), "{failure}");
    }
    assert_eq!(witness.heard, []);
}

#[test]
fn at_the_limit_the_agent_is_told_once_and_has_its_grace_to_say_how_the_job_ended() {
    let (mut agent, script) = agent(|stream| {
        let told: Option<ToAgent> = frame::read(stream).unwrap();
        say(stream, &output("late"));
        say(stream, &ended(End::TimedOut));
        let more: Option<ToAgent> = frame::read(stream).unwrap();
        (told, more)
    });
    let mut witness = Witness::default();
    let followed = agent.follow(Some(Duration::from_millis(30)), &mut witness);
    assert!(!followed.told_to_end);
    assert_eq!(end_of(followed), End::TimedOut);
    assert_eq!(witness.heard, [output("late")]);
    drop(agent);
    assert_eq!(script.join().unwrap(), (Some(ToAgent::End), None));
}

#[test]
fn a_follower_that_wants_the_end_does_not_wait_for_the_limit() {
    let (mut agent, _script) = agent(|stream| {
        let told: Option<ToAgent> = frame::read(stream).unwrap();
        assert_eq!(told, Some(ToAgent::End));
        say(stream, &ended(End::TimedOut));
    });
    let mut witness = Witness {
        wants_end: true,
        ..Witness::default()
    };
    let followed = agent.follow(None, &mut witness);
    assert!(followed.told_to_end);
    assert_eq!(end_of(followed), End::TimedOut);
}

#[test]
fn an_agent_that_is_silent_after_the_limit_is_given_up() {
    let (limit, grace) = (Duration::from_millis(20), Duration::from_millis(50));
    for (wants_end, since) in [
        (false, "the time limit of 20 ms"),
        (true, "this process received SIGTERM"),
    ] {
        let (mut silent, script) = agent(|stream| {
            // Until the follower hangs up.
            while let Ok(Some(_)) = frame::read::<ToAgent>(stream) {}
        });
        let mut witness = Witness {
            wants_end,
            ..Witness::default()
        };
        let followed = silent.follow_with(Some(limit), grace, &mut witness);
        assert_eq!(followed.told_to_end, wants_end);
        let words = format!("the guest did not answer for 50ms after {since}");
        assert_eq!(failure_of(followed).message, words);
        drop(silent);
        script.join().unwrap();
    }
}

#[test]
fn an_agent_that_never_falls_silent_gets_no_more_time_than_one_that_does() {
    let (mut agent, script) = agent(
        |stream| {
            while frame::write(stream, &output("more")).is_ok() {}
        },
    );
    let (limit, grace) = (Duration::from_millis(20), Duration::from_millis(50));
    let followed = agent.follow_with(Some(limit), grace, &mut Witness::default());
    let words = "the guest did not answer for 50ms after the time limit of 20 ms";
    assert_eq!(failure_of(followed).message, words);
    drop(agent);
    script.join().unwrap();
}

#[test]
fn files_of_a_job_that_was_over_in_time_may_come_after_its_limit() {
    let file = FromAgent::File {
        kind: FileKind::Artifact,
        name: b"a".to_vec(),
        length: 0,
    };
    let first = file.clone();
    let (mut agent, script) = agent(move |stream| {
        say(stream, &first);
        std::thread::sleep(Duration::from_millis(100));
        say(stream, &FromAgent::FileEnd(0));
        say(stream, &ended(End::Exited(0)));
        frame::read::<ToAgent>(stream).unwrap()
    });
    let (limit, grace) = (Duration::from_millis(50), Duration::from_millis(10));
    let mut witness = Witness::default();
    let followed = agent.follow_with(Some(limit), grace, &mut witness);
    assert_eq!(end_of(followed), End::Exited(0));
    assert_eq!(witness.heard, [file, FromAgent::FileEnd(0)]);
    drop(agent);
    // Nobody has told it to end.
    assert_eq!(script.join().unwrap(), None);
}

#[test]
fn an_agent_that_is_asked_for_files_and_says_nothing_is_waited_for_no_longer_than_its_grace() {
    let (mut agent, script) = agent(|mut stream| {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut stream, &mut bytes).unwrap();
    });
    let mut witness = Witness::default();
    let grace = Duration::from_millis(50);
    let lost = agent.bring_with(Wanted::default(), grace, &mut witness);
    let Err(Lost::Failed(failure)) = lost else {
        panic!("{lost:?}");
    };
    let words = "the guest did not answer for 50ms after it was asked for what jobs have left";
    assert_eq!(failure.message, words);
    drop(agent);
    script.join().unwrap();
}

#[test]
fn what_jobs_have_left_is_asked_for_and_passed_on() {
    let kept = FromAgent::FileKept {
        kind: FileKind::Artifact,
        name: b"a".to_vec(),
        reason: "no".to_owned(),
    };
    let (messages, expected) = (vec![kept.clone(), ended(End::Exited(0))], vec![kept]);
    let (mut agent, _script) = agent(move |stream| {
        let asked: Option<ToAgent> = frame::read(stream).unwrap();
        assert_eq!(asked, Some(ToAgent::Bring(Wanted::default())));
        messages.iter().for_each(|message| say(stream, message));
    });
    let mut witness = Witness::default();
    assert!(agent.bring(Wanted::default(), &mut witness).is_ok());
    assert_eq!(witness.heard, expected);
}
