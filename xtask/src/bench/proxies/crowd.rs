//! Many connections that are open at once, and exchange at once. One thread has them all, so that
//! it costs the same whatever they lead through.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::client::{PATIENCE, connect};
use super::poll::Poll;
use super::talk::{SMALL, Talk};

/// How many connections there are.
pub(super) const SIZE: usize = 1_000;

/// Connections, and what is said on them.
pub(super) struct Crowd {
    members: Vec<Member>,
    poll: Poll,
    talk: Talk,
}

struct Member {
    stream: TcpStream,
    reply: [u8; SMALL],
    length: usize,
    /// How many exchanges it has yet to make in this round.
    left: usize,
}

impl Crowd {
    pub(super) fn connect(address: SocketAddr, talk: &Talk) -> Result<Self> {
        let poll = Poll::new()?;
        let mut members = Vec::with_capacity(SIZE);
        for number in 0..SIZE {
            let stream = connect(address)
                .with_context(|| format!("cannot have {SIZE} connections, only {number}"))?;
            poll.add(&stream, number)?;
            members.push(Member {
                stream,
                reply: [0; SMALL],
                length: 0,
                left: 0,
            });
        }
        Ok(Self {
            members,
            poll,
            talk: talk.clone(),
        })
    }

    /// Has each connection make so many exchanges; returns how many all have made in a second.
    ///
    /// # Errors
    ///
    /// Returns an error unless each of them gets all its replies.
    pub(super) fn exchange(&mut self, each: usize) -> Result<f64> {
        let began = Instant::now();
        for member in &mut self.members {
            member.left = each;
            member.stream.write_all(&self.talk.request)?;
        }
        let mut busy = self.members.len();
        let mut ready = Vec::new();
        while busy > 0 {
            self.poll.wait(&mut ready, Some(PATIENCE))?;
            if ready.is_empty() {
                bail!("cannot measure: {busy} of {SIZE} connections get no reply");
            }
            for number in ready.drain(..) {
                busy -= usize::from(self.members[number].go_on(&self.talk)?);
            }
        }
        let made = self.members.len() * each;
        Ok(made as f64 / began.elapsed().as_secs_f64())
    }
}

impl Member {
    /// Reads what has come, and makes the next request when that is a reply. Returns whether this
    /// was the last.
    fn go_on(&mut self, talk: &Talk) -> Result<bool> {
        let read = self.stream.read(&mut self.reply[self.length..])?;
        self.length += read;
        if read == 0 || self.left == 0 {
            bail!("cannot measure: one of {SIZE} connections has ended, or got too much");
        }
        if self.length < SMALL {
            return Ok(false);
        }
        if self.reply[..] != talk.reply {
            bail!("cannot measure: a reply is not the right one");
        }
        self.length = 0;
        self.left -= 1;
        if self.left > 0 {
            self.stream.write_all(&talk.request)?;
        }
        Ok(self.left == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::server;
    use super::*;

    #[test]
    fn every_member_makes_its_exchanges() {
        let talk = Talk::echo();
        let mut crowd = Crowd::connect(server::start().unwrap(), &talk).unwrap();
        for each in [1, 3] {
            assert!(crowd.exchange(each).unwrap() > 0.0);
        }
    }

    #[test]
    fn a_reply_that_is_not_the_right_one_is_an_error() {
        let mut talk = Talk::echo();
        talk.reply[1] = b'y';
        let mut crowd = Crowd::connect(server::start().unwrap(), &talk).unwrap();
        let error = crowd.exchange(1).unwrap_err().to_string();
        assert!(error.contains("not the right one"), "{error}");
    }
}
