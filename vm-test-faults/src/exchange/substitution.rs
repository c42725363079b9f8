//! The end of a request: what else the server and the client get if it is not passed on, and who is
//! told.

use std::mem;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;

use super::course::{Course, Substitute};
use super::end::{End, of_client, of_server};
use super::pending::{Answered, Pending};
use super::requests::Requests;
use crate::protocol::{Answer, Request};

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Requests<'_, R, W> {
    /// Has a request thrown away and something else said in its place: behind its end, so that the
    /// client has sent all of it; at once, if the client need not send the rest.
    pub(super) async fn substitute(&mut self, request: Request, answer: Answer) -> Result<(), End> {
        let closes = answer.closes;
        self.course = Course::Discard(Some(Box::new(Substitute { request, answer })));
        if closes { self.end().await } else { Ok(()) }
    }

    /// Ends a request.
    pub(super) async fn end(&mut self) -> Result<(), End> {
        match mem::replace(&mut self.course, Course::Idle) {
            Course::Pass(Some(told)) => {
                self.server.flush().await.map_err(of_server)?;
                // Nobody listens if the server has ended meanwhile.
                let _ = told.send(());
                Ok(())
            }
            Course::Discard(Some(substitute)) => self.replace(*substitute).await,
            Course::Idle | Course::Pass(None) | Course::Discard(None) => Ok(()),
        }
    }

    /// Puts another request and another reply in the place of a request.
    async fn replace(&mut self, substitute: Substitute) -> Result<(), End> {
        let Substitute { request, answer } = substitute;
        let has_hidden = !answer.to_server.is_empty();
        if has_hidden || !answer.to_client.is_empty() || answer.closes {
            self.expect(Pending::Answered(Answered {
                hidden: has_hidden.then_some(request),
                to_client: answer.to_client,
                closes: answer.closes,
            }))
            .await?;
        }
        self.server
            .put(&answer.to_server)
            .await
            .map_err(of_server)?;
        if answer.closes {
            self.server.flush().await.map_err(of_server)?;
            self.swallow().await?;
            // The other direction closes behind the answer, or has done so.
            return Err(self.wait_for_close().await);
        }
        Ok(())
    }

    /// Tells the other direction, which may be behind: then the server gets first what it has to
    /// answer.
    pub(super) async fn expect(&mut self, pending: Pending) -> Result<(), End> {
        match self.replies.try_send(pending) {
            Err(mpsc::error::TrySendError::Full(pending)) => {
                self.server.flush().await.map_err(of_server)?;
                // The other direction has ended if this fails: nobody waits for a reply.
                let _ = self.replies.send(pending).await;
            }
            // The same.
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
        }
        Ok(())
    }

    /// Reads and throws away until the client has ended.
    pub(super) async fn swallow(&mut self) -> Result<(), End> {
        loop {
            let length = self.client.waiting().len();
            self.client.take(length);
            if self.client.fill().await.map_err(of_client)? == 0 {
                self.link.client_ended.give().await;
                return Ok(());
            }
        }
    }

    async fn wait_for_close(&mut self) -> End {
        self.replies.closed().await;
        End::Closed
    }
}
