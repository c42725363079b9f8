//! The direction from the server to the client: cuts out replies, gives each to its request, and
//! puts answers that are not the server's in their place.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::buffers::{Inbox, MOST_WAITING, Outbox};
use super::carrier::Affected;
use super::end::{End, RelayError};
use super::events::Outcome;
use super::link::Link;
use super::pending::{Answered, Passed, Pending};
use crate::behavior::Action;
use crate::protocol::{Answers, Step, Taken, Violation};

/// How long a request that may stay unanswered holds up an answer that is not the server's.
const PATIENCE: Duration = Duration::from_millis(200);

/// How long a client has to read the last answer and close.
const LINGER: Duration = Duration::from_secs(1);

/// The state of this direction.
pub(super) struct Replies<'a, R, W> {
    link: &'a Link,
    server: Inbox<R>,
    client: Outbox<W>,
    requests: mpsc::Receiver<Pending>,
    requests_ended: bool,
    /// The oldest exchange, and the one behind it if that is known.
    front: Option<Pending>,
    second: Option<Pending>,
    /// The exchange at the front, if a behavior has begun with its reply.
    affected: Option<Affected>,
    insertion: Option<Bytes>,
    /// The server says something unasked, and has not finished.
    is_unasked: bool,
}

impl<'a, R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Replies<'a, R, W> {
    pub(super) fn new(
        link: &'a Link,
        server: Inbox<R>,
        client: Outbox<W>,
        requests: mpsc::Receiver<Pending>,
    ) -> Self {
        Self {
            link,
            server,
            client,
            requests,
            requests_ended: false,
            front: None,
            second: None,
            affected: None,
            insertion: None,
            is_unasked: false,
        }
    }

    /// Carries replies until the server has ended.
    pub(super) async fn run(mut self) -> Result<(), End> {
        let mut needs_more = false;
        loop {
            if self.advance().await? {
                return self.pass_untouched().await;
            }
            if needs_more || self.server.waiting().is_empty() {
                match self.wait().await? {
                    Some(0) => return self.finish().await,
                    Some(_) => needs_more = false,
                    None => {}
                }
                // Whose reply it is may have become known with it.
                continue;
            }
            let waiting = self.server.waiting();
            let request = self.front.as_ref().and_then(Pending::request);
            let step = self.link.ask(|it| it.reply(request, waiting));
            self.link.replied.notify_one();
            match self.link.checked(step, waiting.len(), of_reply)? {
                Step::More if waiting.len() >= MOST_WAITING => {
                    let violation = Violation("the head of a reply is too long".to_owned());
                    let protocol = self.link.carrier.protocol().name();
                    return Err(End::Failed(of_reply(protocol, violation)));
                }
                Step::More => needs_more = true,
                Step::Taken(taken) => self.take(&taken, None).await?,
                Step::Rewritten(taken, bytes) => self.take(&taken, Some(&bytes)).await?,
                Step::Wait => return Err(self.link.wrong("a reply waits for nothing")),
                Step::Unanswered if self.front.is_some() => self.end().await?,
                Step::Unanswered => return Err(self.link.wrong("no request is left to skip")),
                Step::Opaque => {
                    self.link.is_opaque.give();
                    return self.pass_untouched().await;
                }
            }
        }
    }

    /// Brings the oldest exchange to the front, and does what is to be done before its reply.
    /// Returns whether nothing more is to be understood.
    async fn advance(&mut self) -> Result<bool, End> {
        while self.front.is_none() && !self.is_unasked {
            let next = self.second.take().or_else(|| self.requests.try_recv().ok());
            match next {
                None => break,
                Some(Pending::Opaque) => return Ok(true),
                Some(Pending::Answered(answered)) if answered.hidden.is_none() => {
                    self.deliver(answered).await?;
                }
                Some(Pending::Passed(mut passed)) => {
                    self.prepare(&mut passed).await?;
                    if passed.request.answers == Answers::None {
                        self.end().await?;
                    } else {
                        self.front = Some(Pending::Passed(passed));
                    }
                }
                Some(hidden) => self.front = Some(hidden),
            }
        }
        Ok(false)
    }

    /// Lets the behavior of a passed request decide on the reply.
    async fn prepare(&mut self, passed: &mut Passed) -> Result<(), End> {
        let Some(affected) = passed.affected.take() else {
            return Ok(());
        };
        // Earlier replies need not wait for what a hook waits for.
        self.client.flush().await.map_err(of_client)?;
        if let Some(sent) = passed.sent.take() {
            // An error means that the request will never be sent to its end.
            let _ = sent.await;
        }
        let action = affected.behavior.between(&affected.exchange).await;
        match action {
            Action::Insert(bytes) => {
                self.link.carrier.note(&affected, Outcome::Damaged);
                self.insertion = Some(bytes);
            }
            other => self.obey(&affected, other).await?,
        }
        self.affected = Some(affected);
        Ok(())
    }

    /// Does what a hook wants once the server has the request.
    async fn obey(&mut self, affected: &Affected, action: Action) -> Result<(), End> {
        let carrier = &self.link.carrier;
        match action {
            Action::PassOn | Action::Ignore => Ok(()),
            Action::Answer(_) | Action::Insert(_) => {
                let why = "it is too late: the server has the request".to_owned();
                carrier.note(affected, Outcome::Refused(why));
                Ok(())
            }
            Action::Hang => {
                carrier.note(affected, Outcome::Hung);
                self.client.flush().await.map_err(of_client)?;
                // The other direction must not wait for this one, or it would not see the end.
                self.requests.close();
                while self.requests.recv().await.is_some() {}
                self.link.client_ended.given().await;
                Err(End::Closed)
            }
            Action::Close => {
                carrier.note(affected, Outcome::Closed);
                self.client.flush().await.map_err(of_client)?;
                Err(End::Closed)
            }
        }
    }

    /// Waits for the server, or for what the other direction has to tell. Returns how much was
    /// read, if something was.
    async fn wait(&mut self) -> Result<Option<usize>, End> {
        self.client.flush().await.map_err(of_client)?;
        let is_uncertain = self
            .front
            .as_ref()
            .is_some_and(Pending::may_stay_unanswered);
        let listens = !self.requests_ended
            && !self.is_unasked
            && self.second.is_none()
            && (self.front.is_none() || is_uncertain);
        let holds_up = is_uncertain && self.second.as_ref().is_some_and(Pending::is_ready);
        tokio::select! {
            read = self.server.fill() => return read.map(Some).map_err(of_server),
            next = self.requests.recv(), if listens => match next {
                Some(next) => self.second = Some(next),
                None => self.requests_ended = true,
            },
            () = sleep(PATIENCE), if holds_up => self.end().await?,
        }
        Ok(None)
    }

    /// Passes on or hides a part of a reply, or other bytes in its place.
    async fn take(&mut self, taken: &Taken, instead: Option<&[u8]>) -> Result<(), End> {
        self.is_unasked = self.front.is_none() && !taken.ends;
        if !matches!(self.front, Some(Pending::Answered(_))) {
            let part = self.server.waiting().get(..taken.length);
            let part = instead.or(part).unwrap_or_default();
            let whole = match self.insertion.take() {
                None => part,
                Some(insertion) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    self.client.put(first).await.map_err(of_client)?;
                    self.client.put(&insertion).await.map_err(of_client)?;
                    second
                }
            };
            self.client.put(whole).await.map_err(of_client)?;
        }
        self.server.take(taken.length);
        if taken.ends { self.end().await } else { Ok(()) }
    }

    /// Ends the exchange at the front.
    async fn end(&mut self) -> Result<(), End> {
        if let Some(Pending::Answered(answered)) = self.front.take() {
            self.deliver(answered).await?;
        }
        if let Some(affected) = self.affected.take() {
            self.client.flush().await.map_err(of_client)?;
            self.link.carrier.note_passed(&affected);
            let action = affected.behavior.after(&affected.exchange).await;
            self.obey(&affected, action).await?;
        }
        Ok(())
    }

    /// Tells the client what is not from the server.
    async fn deliver(&mut self, answered: Answered) -> Result<(), End> {
        self.client
            .put(&answered.to_client)
            .await
            .map_err(of_client)?;
        if !answered.closes {
            return Ok(());
        }
        self.client.shut_down().await.map_err(of_client)?;
        // Closing with unread bytes would reset the connection, and the client lose the answer.
        let _ = timeout(LINGER, self.link.client_ended.given()).await;
        Err(End::Closed)
    }

    /// Passes on all that comes.
    async fn pass_untouched(mut self) -> Result<(), End> {
        loop {
            let waiting = self.server.waiting();
            let length = waiting.len();
            self.client.put(waiting).await.map_err(of_client)?;
            self.server.take(length);
            self.client.flush().await.map_err(of_client)?;
            if self.server.fill().await.map_err(of_server)? == 0 {
                return self.finish().await;
            }
        }
    }

    /// Passes on that the server has ended, behind what it has sent of an unfinished reply.
    async fn finish(mut self) -> Result<(), End> {
        if !matches!(self.front, Some(Pending::Answered(_))) {
            let rest = self.server.waiting();
            self.client.put(rest).await.map_err(of_client)?;
        }
        self.client.flush().await.map_err(of_client)?;
        if self.link.hangs.is_given() {
            self.link.client_ended.given().await;
        }
        self.client.shut_down().await.map_err(of_client)
    }
}

fn of_client(error: io::Error) -> End {
    End::Failed(RelayError::Client(error))
}

fn of_server(error: io::Error) -> End {
    End::Failed(RelayError::Server(error))
}

fn of_reply(protocol: &'static str, violation: Violation) -> RelayError {
    RelayError::Reply {
        protocol,
        violation,
    }
}
