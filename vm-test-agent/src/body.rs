//! What the test body reports, checked: only the job's own process, only this job's nonce, only
//! this test, one beginning and one verdict. Also passes on to the body what it must know: the call
//! that it is to run, and answers to its questions.

mod outgoing;

use super::mailbox::Mailbox;
use outgoing::Outgoing;
use rustix::net::sockopt::socket_peercred;
use rustix::process::Pid;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};
use vm_test_protocol::agent::{FromAgent, TestJob};
use vm_test_protocol::body::{ADMITTED, FromBody, ToBody};
use vm_test_protocol::frame::FrameBuffer;
use vm_test_protocol::lab::Answered;
use vm_test_sys::process::Process;

/// A body that sends more reports than this is not a test but a flood.
const MOST_REPORTS: usize = 200;

/// The one connection that a body may make.
#[derive(Debug)]
pub(super) struct Body {
    nonce: u128,
    test: String,
    process: Pid,
    /// Whether the body runs in a child of the process.
    in_child: bool,
    connection: Option<(UnixStream, FrameBuffer)>,
    taken: bool,
    /// The call that it runs instead of its own statements, until it has been told.
    call: Option<Vec<u8>>,
    /// Whether it runs a call: then it may return a result, and asks nothing.
    is_call: bool,
    has_returned: bool,
    outgoing: Outgoing,
    /// The process at the other end of the connection.
    speaker: Option<Pid>,
    /// Where the body leaves what it cannot send.
    mailbox: Option<Mailbox>,
    begun: Option<Instant>,
    /// When its process ended.
    over: Option<Instant>,
    verdict: bool,
    /// How long the body took, as it reported.
    took: Option<Duration>,
    reports: usize,
    /// The first breach of the protocol.
    pub(super) breach: Option<String>,
}

impl Body {
    /// Returns the body of a test that this process runs.
    pub(super) fn new(nonce: u128, test: &TestJob, process: Pid) -> Self {
        Self {
            nonce,
            test: test.name.clone(),
            process,
            in_child: test.in_child,
            connection: None,
            taken: false,
            call: test.call.clone(),
            is_call: test.call.is_some(),
            has_returned: false,
            outgoing: Outgoing::default(),
            speaker: None,
            mailbox: None,
            begun: None,
            over: None,
            verdict: false,
            took: None,
            reports: 0,
            breach: None,
        }
    }

    /// Accepts the first connection of the job's process and answers it.
    ///
    /// Others are closed at once: processes that the test has started have the job's variables,
    /// too, and may connect before the body does.
    pub(super) fn accept(&mut self, listener: &UnixListener) {
        if let Ok((mut stream, _)) = listener.accept()
            && let Some(speaker) = self.speaker_of(&stream)
            && !std::mem::replace(&mut self.taken, true)
            && stream.write_all(&ADMITTED).is_ok()
            && stream.set_nonblocking(true).is_ok()
        {
            self.connection = Some((stream, FrameBuffer::default()));
            self.speaker = Some(speaker);
            if let Some(call) = self.call.take() {
                self.tell(&ToBody::Call(call));
            }
        }
    }

    /// Passes on the answer to one of its questions.
    pub(super) fn answer(&mut self, answered: Box<Answered>) {
        self.tell(&ToBody::Answered(answered));
    }

    fn tell(&mut self, message: &ToBody) {
        self.outgoing.add(message);
        self.send_some();
    }

    /// Sends what the body takes at once; nothing waits for a body that takes nothing.
    pub(super) fn send_some(&mut self) {
        if let Some((stream, _)) = &mut self.connection {
            self.outgoing.send_some(stream);
        }
    }

    /// Returns whether the body has not taken everything that it was sent.
    pub(super) fn is_pending(&self) -> bool {
        self.connection.is_some() && !self.outgoing.is_empty()
    }

    /// Returns the process that has connected, as the kernel reports it, if it belongs to the job.
    ///
    /// If the harness starts a child for the body, another child of the harness cannot be told from
    /// it.
    fn speaker_of(&self, stream: &UnixStream) -> Option<Pid> {
        let peer = socket_peercred(stream).ok()?.pid;
        let is_of_the_job =
            peer == self.process || self.in_child && parent(peer) == Some(self.process);
        is_of_the_job.then_some(peer)
    }

    /// Returns the connection to wait on.
    pub(super) fn waits_on(&self) -> Option<BorrowedFd<'_>> {
        self.connection.as_ref().map(|(stream, _)| stream.as_fd())
    }

    /// Returns whether the body has given its verdict.
    pub(super) fn has_verdict(&self) -> bool {
        self.verdict
    }

    /// Returns the full name of the test.
    pub(super) fn test(&self) -> &str {
        &self.test
    }

    /// Notes that its process has ended. What it has sent may still arrive.
    pub(super) fn is_over(&mut self) {
        self.over = Some(Instant::now());
    }

    /// How long the body took; of one that gave no verdict, until its process was over.
    pub(super) fn took(&self) -> Option<Duration> {
        let so_far = || Some(self.over?.saturating_duration_since(self.begun?));
        self.took.or_else(so_far)
    }

    /// Reads what has arrived and returns what the host should know.
    pub(super) fn read(&mut self) -> Vec<FromAgent> {
        let mut messages = Vec::new();
        let mut closed = false;
        while let Some((stream, buffer)) = &mut self.connection
            && !closed
            && self.breach.is_none()
        {
            let mut bytes = [0; 1 << 14];
            match stream.read(&mut bytes) {
                Ok(0) => closed = true,
                Ok(count) => buffer.push(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => closed = true,
            }
            while let Some((_, buffer)) = &mut self.connection {
                match buffer.pop::<FromBody>() {
                    Ok(Some(report)) => messages.extend(self.judge(report)),
                    Ok(None) => break,
                    Err(error) => {
                        self.breach = Some(error.to_string());
                        break;
                    }
                }
            }
        }
        if closed || self.breach.is_some() {
            self.connection = None;
        }
        messages
    }

    /// Returns whether the body has begun, has no connection any more, and has given no verdict: it
    /// may have closed the connection.
    pub(super) fn is_mute(&self) -> bool {
        self.begun.is_some() && !self.verdict && self.connection.is_none() && self.breach.is_none()
    }

    /// Collects what the body has left in its memory because it could not send it.
    ///
    /// Checks at once if the body has no connection, and now and then if it seems to have one.
    pub(super) fn collect(&mut self) -> Option<FromAgent> {
        let is_mute = self.is_mute();
        let mailbox = self.mailbox.as_mut()?;
        if self.verdict
            || self.breach.is_some()
            || self.over.is_some()
            || !(is_mute || mailbox.is_due())
        {
            return None;
        }
        match mailbox.take() {
            Ok(report) => self.judge(report?),
            Err(breach) => self.refuse(&breach),
        }
    }

    fn judge(&mut self, report: FromBody) -> Option<FromAgent> {
        // Questions are limited by their answers.
        self.reports += usize::from(!matches!(report, FromBody::Asked(_)));
        if self.reports > MOST_REPORTS {
            return self.refuse("too many reports");
        }
        match report {
            FromBody::Begin {
                nonce,
                test,
                mailbox,
            } => {
                if nonce != self.nonce || test != self.test {
                    return self.refuse("the beginning of another test");
                }
                if self.begun.replace(Instant::now()).is_some() {
                    return self.refuse("a second beginning");
                }
                let speaker = self.speaker;
                self.mailbox = speaker.map(|speaker| Mailbox::new(speaker, mailbox, nonce));
                Some(FromAgent::Begun)
            }
            FromBody::Panic(report) => Some(FromAgent::Panic(report)),
            FromBody::Asked(asked) => {
                if self.is_call {
                    return self.refuse("a question of a call");
                }
                if self.begun.is_none() || self.verdict {
                    return self.refuse("a question outside of the body");
                }
                if let Err(breach) = self.outgoing.expect_answer() {
                    return self.refuse(breach);
                }
                Some(FromAgent::Asked(Box::new(asked)))
            }
            FromBody::Returned(returned) => {
                if !self.is_call || self.begun.is_none() || self.verdict {
                    return self.refuse("a result of no call");
                }
                if std::mem::replace(&mut self.has_returned, true) {
                    return self.refuse("a second result");
                }
                Some(FromAgent::Returned(returned))
            }
            FromBody::Verdict {
                nonce,
                outcome,
                took,
            } => {
                if nonce != self.nonce {
                    return self.refuse("a verdict with another job's nonce");
                }
                if self.begun.is_none() {
                    return self.refuse("a verdict before the beginning");
                }
                if std::mem::replace(&mut self.verdict, true) {
                    return self.refuse("a second verdict");
                }
                self.took = Some(took);
                Some(FromAgent::Verdict { nonce, outcome })
            }
        }
    }

    fn refuse(&mut self, what: &str) -> Option<FromAgent> {
        self.breach.get_or_insert_with(|| what.to_owned());
        None
    }
}

/// Returns the parent of a process.
fn parent(process: Pid) -> Option<Pid> {
    Pid::from_raw(Process::of(process)?.parent)
}

#[cfg(test)]
mod tests;
