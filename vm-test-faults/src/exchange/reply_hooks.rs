//! What behaviors want once the server has a request: their hooks, and what the hooks return.

use tokio::io::{AsyncRead, AsyncWrite};

use super::carrier::Affected;
use super::end::{End, of_client};
use super::events::Outcome;
use super::pending::Passed;
use super::replies::Replies;
use crate::behavior::Action;

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Replies<'_, R, W> {
    /// Lets the behavior of a passed request decide on the reply.
    pub(super) async fn prepare(&mut self, passed: &mut Passed) -> Result<(), End> {
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
    pub(super) async fn obey(&mut self, affected: &Affected, action: Action) -> Result<(), End> {
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
}
