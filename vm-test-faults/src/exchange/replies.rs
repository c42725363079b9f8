//! The direction from the server to the client: cuts out replies, gives each to its request, and
//! puts answers that are not the server's in their place.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::buffers::{Inbox, MOST_WAITING, Outbox};
use super::carrier::Affected;
use super::end::{End, LINGER, RelayError, of_client, of_server};
use super::link::Link;
use super::moment::Moment;
use super::pending::{Answered, Pending};
use crate::protocol::{Answers, Step, Taken, Violation};

/// How long a request that may stay unanswered holds up an answer that is not the server's.
const PATIENCE: Duration = Duration::from_millis(200);

/// How many exchanges are known behind a request that may stay unanswered.
const MOST_BEHIND: usize = 1_024;

/// The state of this direction.
pub(super) struct Replies<'a, R, W> {
    pub(super) link: &'a Link,
    pub(super) server: Inbox<R>,
    pub(super) client: Outbox<W>,
    pub(super) requests: mpsc::Receiver<Pending>,
    pub(super) requests_ended: bool,
    /// The oldest exchange, and those behind it that are known.
    pub(super) front: Option<Pending>,
    pub(super) behind: VecDeque<Pending>,
    /// The exchange at the front, if a behavior has begun with its reply.
    pub(super) affected: Option<Affected>,
    pub(super) insertion: Option<Bytes>,
    /// The server has begun to say something, and has not finished.
    pub(super) is_inside: bool,
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
            behind: VecDeque::new(),
            affected: None,
            insertion: None,
            is_inside: false,
        }
    }

    /// Carries replies until the server has ended.
    ///
    /// If bytes of no protocol end the connection, the client still gets what was whole before.
    pub(super) async fn run(mut self) -> Result<(), End> {
        let ended = self.carry().await;
        if ended.as_ref().is_err_and(End::is_violation) {
            let _ = timeout(LINGER, self.client.flush()).await;
        }
        ended
    }

    async fn carry(&mut self) -> Result<(), End> {
        if self.link.carrier.protocol().server_speaks_first() {
            // A behavior may hold back the greeting, which has come already.
            self.behind.extend(self.requests.recv().await);
        }
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
                    self.link.is_opaque.give().await;
                    return self.pass_untouched().await;
                }
            }
        }
    }

    /// Brings the oldest exchange to the front, and does what is to be done before its reply.
    /// Returns whether nothing more is to be understood.
    async fn advance(&mut self) -> Result<bool, End> {
        while self.front.is_none() && !self.is_inside {
            let known = self.behind.pop_front();
            let next = known.or_else(|| self.requests.try_recv().ok());
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

    /// Waits for the server, or for what the other direction has to tell. Returns how much was
    /// read, if something was.
    async fn wait(&mut self) -> Result<Option<usize>, End> {
        self.client.flush().await.map_err(of_client)?;
        let is_uncertain = self
            .front
            .as_ref()
            .is_some_and(Pending::may_stay_unanswered);
        let is_free = self.front.is_none() && !self.is_inside;
        // Behind a reply that has begun there is nothing to be found out.
        let has_room = self.behind.len() <= MOST_BEHIND;
        let listens = !self.requests_ended && (is_free || is_uncertain && has_room);
        let is_silent = !self.is_inside && self.server.waiting().is_empty();
        let holds_up =
            is_uncertain && is_silent && self.behind.front().is_some_and(Pending::is_ready);
        tokio::select! {
            biased;
            () = told(&self.requests), if listens => {
                // What is free takes the next one itself.
                if is_uncertain {
                    self.behind.extend(self.requests.try_recv().ok());
                }
                self.requests_ended = self.requests.is_empty() && self.requests.is_closed();
                // With so many behind it, waiting longer could keep the server from replying.
                if is_uncertain && is_silent && self.behind.len() > MOST_BEHIND {
                    self.end().await?;
                }
            },
            read = self.server.fill() => return read.map(Some).map_err(of_server),
            () = async { sleep(PATIENCE).await }, if holds_up => self.end().await?,
        }
        Ok(None)
    }

    /// Passes on or hides a part of a reply, or other bytes in its place.
    async fn take(&mut self, taken: &Taken, instead: Option<&[u8]>) -> Result<(), End> {
        self.is_inside = !taken.ends;
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
        if !taken.ends {
            return Ok(());
        }
        if !matches!(self.front, Some(Pending::Answered(_))) {
            self.link.carrier.tell(self.link.connection, Moment::Reply);
        }
        self.end().await
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
        self.link.carrier.tell(self.link.connection, Moment::Reply);
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
    async fn pass_untouched(&mut self) -> Result<(), End> {
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
    async fn finish(&mut self) -> Result<(), End> {
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

/// Returns once the other direction has told something, or has ended.
///
/// It never asks to be woken: the other direction is part of the same task, and polled first. Being
/// woken would cost each exchange another turn of the task, and often a wake-up of another thread.
async fn told(requests: &mpsc::Receiver<Pending>) {
    poll_fn(|_| {
        if requests.is_empty() && !requests.is_closed() {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
}

fn of_reply(protocol: &'static str, violation: Violation) -> RelayError {
    RelayError::Reply {
        protocol,
        violation,
    }
}
