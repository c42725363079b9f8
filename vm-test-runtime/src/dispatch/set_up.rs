//! The set-up of a test's guest: what tells it from others, and its run, which the daemon asks one
//! test for. Does not know what is kept of it.

use super::node_job::{Watch, breach_of};
use super::tail::Tail;
use super::waiting::waiting;
use super::{environment_hash, job};
use crate::call;
use crate::client::{Follower, Lease};
use crate::set_up::SetUp;
use crate::site::Site;
use std::time::Duration;
use vm_test_protocol::agent::{End, FromAgent, ToAgent};
use vm_test_protocol::daemon::{LayerBuild, LeaseRequest};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::harvest::Wanted;
use vm_test_protocol::lab::{MOST_BYTES, Returned};
use vm_test_protocol::set_up;
use vm_test_settings::quantity::show_duration;

/// The time limit, unless the guest's own is longer: packages take minutes to install.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// How many of the last lines of a set-up that failed are quoted, and how many characters of each.
const LAST_LINES: usize = 20;
const LONGEST_LINE: usize = 200;

/// How many lines a backtrace may have that is left out.
const LONGEST_TRACE: usize = 400;

/// What helps if it has failed by itself.
const HINT: &str = "it ran once, for all tests that name it, and runs again in the next run; it ran in a container of the guest's image, on the host's kernel and without the image's init, whatever the guest is";

/// Returns the set-up of a site, if it has one.
pub(super) fn of(site: &Site) -> Result<Option<set_up::SetUp>, Failure> {
    let Some(set_up) = site.set_up.map(|of| of()) else {
        return Ok(None);
    };
    Ok(Some(set_up::SetUp {
        name: set_up.name.to_owned(),
        call: call_of(&set_up)?,
        binary: job::this_binary()?,
        variables: environment_hash::of_all(),
    }))
}

/// Runs the set-up of a site in an instance of its own, which makes this layer; `request` is that
/// of the test.
pub(super) fn run(
    site: &'static Site,
    test: &str,
    request: &LeaseRequest,
    layer: LayerBuild,
) -> Result<(), Failure> {
    let Some(set_up) = site.set_up.map(|of| of()) else {
        return Err(Failure::new("this test has no set-up"));
    };
    let (guest, name) = (site.guest(), set_up.name);
    eprintln!("vm-test: `{test}` runs the set-up `{name}` of guest `{guest}`, once for all tests");
    let request = LeaseRequest {
        build: Some(layer),
        set_up: None,
        entry: None,
        purpose: format!("set-up {name}"),
        ..request.clone()
    };
    let done = have_run(site, test, &request, &set_up);
    done.map_err(|failure| {
        let hint = failure.hint.clone().unwrap_or_else(|| HINT.to_owned());
        let what = format!("cannot set up guest `{guest}` with `{name}`");
        let worded = failure.reworded(|words| format!("{what}: {words}"));
        worded.hint(hint)
    })
}

fn have_run(
    site: &'static Site,
    test: &str,
    request: &LeaseRequest,
    set_up: &SetUp,
) -> Result<(), Failure> {
    let waiting = |reason: &str| waiting(test, reason);
    let mut lease = Lease::obtain(request, waiting)?;
    let granted = &lease.granted;
    let mut job = job::for_test(site, &site.guest(), test, granted, Wanted::default())?;
    if let Some(test) = &mut job.test {
        test.call = Some(call_of(set_up)?);
    }
    job.stop_at_timeout = false;
    let mut following = Following {
        watch: Watch::of_call(job.nonce),
        tail: Tail::default(),
    };
    let limit = granted.timeout.max(LIMIT);
    // That it cannot be sent shows as the end of the stream.
    let _ = lease.agent.send(&ToAgent::Job(Box::new(job)));
    let followed = lease.follow(Some(limit), &mut following);
    let Following { watch, tail } = following;
    watch.print();
    let concluded = match followed.ended {
        Err(lost) => Err(lease.cause_of(lost)),
        Ok(ended) => match &ended.breach {
            Some(breach) => Err(breach_of(breach)),
            None => {
                let ran = watch.conclude(ended.end, ended.dropped_bytes);
                conclude(set_up, &ran.end, ran.returned, limit)
            }
        },
    };
    // The daemon waits for its end before it reads what it wrote.
    lease.give_up();
    concluded.map_err(|failure| {
        let lines = tail.last_lines(LAST_LINES + LONGEST_TRACE, LONGEST_LINE);
        failure.with_lines("the last lines that it wrote", before_panic(&lines))
    })
}

/// Returns the last lines before a panic, which is told anyway, and whose backtrace is long; or the
/// last of all.
fn before_panic(lines: &[String]) -> &[String] {
    let begins = |line: &String| line.starts_with("thread '") && line.contains(" panicked at ");
    let end = lines.iter().position(begins).unwrap_or(lines.len());
    let own = &lines[..end];
    &own[own.len().saturating_sub(LAST_LINES)..]
}

/// Returns why a set-up that ended like this has failed, if it has.
fn conclude(
    set_up: &SetUp,
    end: &End,
    returned: Option<Returned>,
    limit: Duration,
) -> Result<(), Failure> {
    let words = match returned {
        Some(Returned::Value(value)) => match set_up.function.decode(&value) {
            // libtest says 101 if the test is one that should panic.
            Ok(None) if matches!(end, End::Exited(0 | 101)) => return Ok(()),
            Ok(None) => how(end, limit),
            Ok(Some(reason)) => format!("it returned: {reason}"),
            Err(refusal) => refusal.to_string(),
        },
        Some(Returned::Panicked { message, location }) => {
            let at = location.map_or(String::new(), |place| format!(" at {place}"));
            let message = message.unwrap_or_else(|| "something that is no text".to_owned());
            format!("it panicked{at}: {message}")
        }
        Some(Returned::Failed(reason)) => reason,
        None => how(end, limit),
    };
    Err(Failure::new(words))
}

/// Describes how the process of a set-up ended that returned nothing.
fn how(end: &End, limit: Duration) -> String {
    match end {
        End::Exited(code) => format!("its process exited with code {code}"),
        End::Signaled(signal) => format!("signal {signal} killed its process"),
        End::TimedOut => format!("it did not end within {}", show_duration(limit)),
        End::OutOfMemory => "its guest ran out of memory, and its process was killed".to_owned(),
        End::NotStarted { reason, .. } => format!("its process was not started: {reason}"),
    }
}

fn call_of(set_up: &SetUp) -> Result<Vec<u8>, Failure> {
    let argument = set_up.function.encode(&(), MOST_BYTES);
    let argument = argument.map_err(|refusal| Failure::new(refusal.to_string()))?;
    let call = call::encode(set_up.function.address(), &argument);
    call.map_err(|error| Failure::new(format!("cannot call `{}`: {error}", set_up.name)))
}

/// Takes what the agent says of a set-up.
struct Following {
    watch: Watch,
    tail: Tail,
}

impl Follower for Following {
    fn take(&mut self, message: FromAgent) -> Result<(), Failure> {
        if let FromAgent::Stdout(bytes) | FromAgent::Stderr(bytes) = &message {
            self.tail.push(bytes);
        }
        self.watch.take(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install() -> Result<(), String> {
        Err("no such package".to_owned())
    }

    #[test]
    fn what_was_written_before_a_panic_is_quoted_and_its_backtrace_is_not() {
        let of = |lines: &[&str]| -> Vec<String> {
            let lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
            before_panic(&lines).to_vec()
        };
        assert_eq!(of(&["a", "b"]), ["a", "b"]);
        let panic = "thread 'one' (3) panicked at a.rs:1:2:";
        assert_eq!(of(&["a", panic, "no", "   0: b"]), ["a"]);
        assert_eq!(of(&[panic, "no"]), [""; 0]);
        assert_eq!(of(&["a"; 100]).len(), LAST_LINES);
    }

    #[test]
    fn every_way_in_which_a_set_up_can_end_has_its_own_words() {
        let set_up = SetUp::of(install);
        assert!(set_up.name.ends_with("set_up::tests::install"));
        let value = |value: Option<&str>| {
            let value = value.map(str::to_owned);
            let double = vm_test_call::Function::of(|text: Option<String>| text);
            Some(Returned::Value(double.encode(&(value), 1024).unwrap()))
        };
        let panicked = |message: Option<&str>, location: Option<&str>| {
            Some(Returned::Panicked {
                message: message.map(str::to_owned),
                location: location.map(str::to_owned),
            })
        };
        let limit = Duration::from_secs(60);
        let words = |end, returned| match conclude(&set_up, &end, returned, limit) {
            Ok(()) => "done".to_owned(),
            Err(failure) => failure.text(),
        };
        for (end, returned, expected) in [
            (End::Exited(0), value(None), "done"),
            (End::Exited(101), value(None), "done"),
            (
                End::Exited(0),
                value(Some("Error: no")),
                "it returned: Error: no",
            ),
            (
                End::Exited(3),
                value(None),
                "its process exited with code 3",
            ),
            (
                End::Exited(101),
                panicked(Some("no\nmore"), Some("a.rs:1:2")),
                "it panicked at a.rs:1:2: no\nmore",
            ),
            (
                End::Exited(101),
                panicked(None, None),
                "it panicked: something that is no text",
            ),
            (
                End::Exited(0),
                Some(Returned::Failed("there is no function".to_owned())),
                "there is no function",
            ),
            (End::Signaled(9), None, "signal 9 killed its process"),
            (End::TimedOut, None, "it did not end within 1m"),
            (
                End::OutOfMemory,
                None,
                "its guest ran out of memory, and its process was killed",
            ),
        ] {
            assert_eq!(words(end, returned), expected);
        }
    }
}
