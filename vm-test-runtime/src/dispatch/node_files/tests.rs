//! Files of a scripted agent, and what is said of those that did not come.

use super::*;
use crate::harvest::Places;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::thread::JoinHandle;
use vm_test_protocol::agent::{End, ToAgent};
use vm_test_protocol::frame::{self, FrameBuffer};
use vm_test_protocol::harvest::{FileKind, Sum};

/// A directory for artifacts, made without another crate.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let name = format!("vm-test-node-files-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    /// Returns the files of a node where a job has run, which has left artifacts.
    fn files(&self) -> NodeFiles {
        let places = Places {
            artifacts: Some(self.0.clone()),
            ..Places::default()
        };
        let files = NodeFiles::new("t1", &Destination::new(places));
        assert!(files.of_job().stay);
        let mut ended = Ended::with_end(End::Exited(0));
        ended.has_artifacts = true;
        files.note(&ended);
        files
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An agent that says this once it is asked, and is then gone.
fn agent(messages: Vec<FromAgent>) -> (Agent, JoinHandle<()>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let script = std::thread::spawn(move || {
        let asked: Option<ToAgent> = frame::read(&theirs).unwrap();
        assert!(matches!(asked, Some(ToAgent::Bring(_))), "{asked:?}");
        for message in &messages {
            // A caller that no longer listens has heard enough.
            let _ = frame::write(&theirs, message);
        }
        let _ = theirs.shutdown(std::net::Shutdown::Write);
        let _ = (&theirs).read(&mut [0]);
    });
    (Agent::new(ours, FrameBuffer::default()), script)
}

fn file(name: &str, content: &[u8]) -> Vec<FromAgent> {
    let mut sum = Sum::default();
    sum.add(content);
    vec![
        FromAgent::File {
            kind: FileKind::Artifact,
            name: name.into(),
            length: content.len() as u64,
        },
        FromAgent::FileBytes(content.to_vec()),
        FromAgent::FileEnd(sum.value()),
    ]
}

/// Brings what this agent says; returns what is said of the rest.
fn bring(files: &NodeFiles, messages: Vec<FromAgent>) -> Vec<String> {
    let (agent, script) = agent(messages);
    let cause = |lost| match lost {
        Lost::Died => Failure::new("it died"),
        Lost::Failed(failure) => failure,
    };
    files.bring(|| Ok((agent, "host-1-1".to_owned())), cause);
    script.join().unwrap();
    files.remarks()
}

#[test]
fn what_jobs_have_left_comes_below_the_name_of_the_node_and_only_once() {
    let place = Place::new("once");
    let files = place.files();
    let ended = FromAgent::Ended(Ended::with_end(End::Exited(0)));
    let messages = [file("a/b", b"words"), vec![ended]].concat();
    assert_eq!(bring(&files, messages), [""; 0]);
    assert_eq!(std::fs::read(place.0.join("t1/a/b")).unwrap(), b"words");
    files.bring(|| panic!("it is asked again"), |_| panic!("it was lost"));
}

#[test]
fn a_node_that_dies_or_says_anything_else_costs_only_what_had_not_come() {
    let breach = "it broke the protocol: a message that is not about files";
    let unasked = "it broke the protocol: bytes of an unknown file";
    for (last, cause) in [
        (vec![], "it died"),
        (vec![FromAgent::Begun], breach),
        (vec![FromAgent::Stdout(vec![b'a'; 1 << 16])], breach),
        (vec![FromAgent::FileEnd(1), FromAgent::FileEnd(1)], unasked),
    ] {
        let place = Place::new("dies");
        let files = place.files();
        let remarks = bring(&files, [file("a", b"words"), last].concat());
        let expected = format!("not all artifacts of node `t1` were brought back: {cause}");
        assert_eq!(remarks, [expected]);
        assert_eq!(std::fs::read(place.0.join("t1/a")).unwrap(), b"words");
    }
}

#[test]
fn a_node_that_cannot_be_asked_is_named_if_something_is_known_to_be_there() {
    let place = Place::new("off");
    let files = place.files();
    let off = || Err(Failure::new("it is off").hint("boot() switches it on"));
    files.bring(off, |_| panic!("it was lost"));
    let expected = "artifacts of node `t1` were not brought back: it is off";
    assert_eq!(files.remarks(), [expected]);
    files.of_job();
    files.bring(off, |_| panic!("it was lost"));
    assert_eq!(files.remarks(), [""; 0]);
}

#[test]
fn what_is_lost_with_an_instance_is_said_once() {
    let place = Place::new("lost");
    let files = place.files();
    files.are_lost("switched off");
    files.are_lost("switched off");
    let expected = "artifacts from before node `t1` was switched off were not brought back";
    assert_eq!(files.remarks(), [expected]);
    files.bring(|| panic!("it is asked"), |_| panic!("it was lost"));
    files.are_restored();
    let ended = FromAgent::Ended(Ended::with_end(End::Exited(0)));
    assert_eq!(bring(&files, vec![ended]), [""; 0]);
}
