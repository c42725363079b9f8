//! The direction from the client to the server: cuts out requests, lets behaviors decide, and tells
//! the other direction which replies to expect.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::buffers::{Inbox, MOST_WAITING, Outbox};
use super::carrier::Affected;
use super::course::Course;
use super::end::{End, LINGER, RelayError, of_client, of_server};
use super::events::Outcome;
use super::link::Link;
use super::moment::Moment;
use super::pending::{Passed, Pending};
use crate::behavior::Action;
use crate::protocol::{Answer, Answers, Fault, Request, Step, Taken, Violation};

/// The state of this direction.
pub(super) struct Requests<'a, R, W> {
    pub(super) link: &'a Link,
    pub(super) client: Inbox<R>,
    pub(super) server: Outbox<W>,
    pub(super) replies: mpsc::Sender<Pending>,
    pub(super) course: Course,
}

impl<'a, R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Requests<'a, R, W> {
    pub(super) fn new(
        link: &'a Link,
        client: Inbox<R>,
        server: Outbox<W>,
        replies: mpsc::Sender<Pending>,
    ) -> Self {
        Self {
            link,
            client,
            server,
            replies,
            course: Course::Idle,
        }
    }

    /// Carries requests until the client has ended.
    ///
    /// If bytes of no protocol end the connection, the server still gets what was whole before.
    pub(super) async fn run(mut self) -> Result<(), End> {
        let ended = self.carry().await;
        if ended.as_ref().is_err_and(End::is_violation) {
            let _ = timeout(LINGER, self.server.flush()).await;
        }
        ended
    }

    async fn carry(&mut self) -> Result<(), End> {
        if self.link.carrier.protocol().server_speaks_first() {
            self.greet().await?;
        }
        let mut needs_more = false;
        loop {
            if self.link.is_opaque.is_given() {
                return self.pass_untouched().await;
            }
            if needs_more || self.client.waiting().is_empty() {
                self.server.flush().await.map_err(of_server)?;
                tokio::select! {
                    biased;
                    read = self.client.fill() => if read.map_err(of_client)? == 0 {
                        return self.finish().await;
                    },
                    () = self.link.is_opaque.given() => continue,
                }
                needs_more = false;
            }
            let waiting = self.client.waiting();
            let step = self.link.ask(|it| it.request(waiting));
            match self.link.checked(step, waiting.len(), of_request)? {
                Step::More if waiting.len() >= MOST_WAITING => {
                    let violation = Violation("the head of a request is too long".to_owned());
                    let protocol = self.link.carrier.protocol().name();
                    return Err(End::Failed(of_request(protocol, violation)));
                }
                Step::More => needs_more = true,
                Step::Wait => {
                    if self.wait_for_reply().await? {
                        return self.finish().await;
                    }
                }
                Step::Taken(taken) => self.take(taken, None).await?,
                Step::Rewritten(taken, bytes) => self.take(taken, Some(&bytes)).await?,
                Step::Unanswered => return Err(self.link.wrong("a request has no reply to skip")),
                Step::Opaque => {
                    self.expect(Pending::Opaque).await?;
                    return self.pass_untouched().await;
                }
            }
        }
    }

    /// Begins with the exchange that the server opens.
    async fn greet(&mut self) -> Result<(), End> {
        let Some(request) = self.link.ask(|it| it.greeting()) else {
            return Err(self.link.wrong("it has no greeting"));
        };
        self.begin(request, 0).await?;
        if let Course::Discard(Some(substitute)) = &mut self.course {
            // The server's own greeting comes all the same: only the end keeps it away.
            substitute.answer.closes = true;
        }
        self.end().await
    }

    /// Waits until the server has said more. Returns whether one of the two ends has ended.
    async fn wait_for_reply(&mut self) -> Result<bool, End> {
        self.server.flush().await.map_err(of_server)?;
        let has_room = self.client.waiting().len() < MOST_WAITING;
        tokio::select! {
            () = self.link.replied.notified() => return Ok(false),
            () = self.link.is_opaque.given() => return Ok(false),
            read = self.client.fill(), if has_room => return Ok(read.map_err(of_client)? == 0),
            () = self.replies.closed() => {}
        }
        // There will be no reply: nobody can tell what the client's bytes are.
        self.swallow().await?;
        Ok(true)
    }

    /// Does what is to be done with a part of a request, or with other bytes in its place.
    async fn take(&mut self, taken: Taken, instead: Option<&[u8]>) -> Result<(), End> {
        if let Some(request) = taken.begins {
            self.begin(request, taken.length).await?;
        } else if matches!(self.course, Course::Idle) {
            return Err(self.link.wrong("a request goes on that has not begun"));
        }
        if matches!(self.course, Course::Pass(_)) {
            let part = self.client.waiting().get(..taken.length);
            let part = instead.or(part).unwrap_or_default();
            self.server.put(part).await.map_err(of_server)?;
        }
        self.client.take(taken.length);
        if taken.ends {
            self.end().await?;
        }
        Ok(())
    }

    /// Decides what becomes of a request whose first part is at the front of what has been read.
    async fn begin(&mut self, request: Request, first_part: usize) -> Result<(), End> {
        self.link
            .carrier
            .tell(self.link.connection, Moment::Request);
        if let Some(instead) = request.instead.clone() {
            let answer = Answer {
                to_client: instead.to_client,
                to_server: instead.to_server,
                closes: false,
            };
            return self.substitute(request, answer).await;
        }
        let first_part = self.client.waiting().get(..first_part).unwrap_or_default();
        let carrier = &self.link.carrier;
        let Some(affected) = carrier.choose(self.link.connection, &request, first_part) else {
            return self.pass(request, None).await;
        };
        // A hook may wait; earlier requests are none of its business.
        self.server.flush().await.map_err(of_server)?;
        match affected.behavior.before(&affected.exchange).await {
            Action::PassOn => self.pass(request, Some(affected)).await,
            Action::Ignore => {
                self.link.carrier.note(&affected, Outcome::Ignored);
                self.pass(request, None).await
            }
            Action::Answer(fault) => self.answer(request, &affected, &fault).await,
            Action::Insert(_) => {
                let why = "there is no reply yet to insert bytes into".to_owned();
                self.link.carrier.note(&affected, Outcome::Refused(why));
                self.pass(request, None).await
            }
            Action::Hang => {
                self.link.carrier.note(&affected, Outcome::Hung);
                self.link.hangs.give().await;
                self.swallow().await?;
                Err(End::Closed)
            }
            Action::Close => {
                self.link.carrier.note(&affected, Outcome::Closed);
                Err(End::Closed)
            }
        }
    }

    /// Has a request answered with an error, if the protocol can do that here.
    async fn answer(
        &mut self,
        request: Request,
        affected: &Affected,
        fault: &Fault,
    ) -> Result<(), End> {
        match self.link.ask(|it| it.error(&request, fault)) {
            Ok(answer) => {
                let outcome = Outcome::Answered(fault.code.clone());
                self.link.carrier.note(affected, outcome);
                self.substitute(request, answer).await
            }
            Err(unsupported) => {
                let outcome = Outcome::Refused(unsupported.to_string());
                self.link.carrier.note(affected, outcome);
                self.pass(request, None).await
            }
        }
    }

    /// Has a request passed on, and its reply expected.
    async fn pass(&mut self, request: Request, affected: Option<Affected>) -> Result<(), End> {
        let (told, sent) = match &affected {
            Some(_) => {
                let (told, sent) = oneshot::channel();
                (Some(told), Some(sent))
            }
            None => (None, None),
        };
        self.course = Course::Pass(told);
        if affected.is_none() && request.answers == Answers::None {
            return Ok(());
        }
        self.expect(Pending::Passed(Passed {
            request,
            affected,
            sent,
        }))
        .await
    }

    /// Passes on all that comes.
    async fn pass_untouched(&mut self) -> Result<(), End> {
        loop {
            let waiting = self.client.waiting();
            let length = waiting.len();
            self.server.put(waiting).await.map_err(of_server)?;
            self.client.take(length);
            self.server.flush().await.map_err(of_server)?;
            if self.client.fill().await.map_err(of_client)? == 0 {
                return self.finish().await;
            }
        }
    }

    /// Passes on that the client has ended, behind what it has sent of an unfinished request.
    async fn finish(&mut self) -> Result<(), End> {
        if !matches!(self.course, Course::Discard(_)) {
            let rest = self.client.waiting();
            self.server.put(rest).await.map_err(of_server)?;
        }
        self.link.client_ended.give().await;
        self.server.shut_down().await.map_err(of_server)
    }
}

fn of_request(protocol: &'static str, violation: Violation) -> RelayError {
    RelayError::Request {
        protocol,
        violation,
    }
}
