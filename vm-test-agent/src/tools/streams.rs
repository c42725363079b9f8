//! The streams of a tool: what it is to do, what it is asked, and what it says. Knows no tool.

use super::stop::Stop;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;
use vm_test_protocol::frame::{self, FrameBuffer};
use vm_test_protocol::tool::{Ask, PIECE, Told, Tool};

/// Both streams of a tool.
#[derive(Debug)]
pub(super) struct Streams {
    input: File,
    output: File,
    heard: FrameBuffer,
}

/// What there is to be read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ready {
    pub(super) source: bool,
    pub(super) input: bool,
}

impl Streams {
    /// Takes the standard streams of this process.
    pub(super) fn take() -> io::Result<Self> {
        let input = io::stdin().as_fd().try_clone_to_owned()?;
        let output = io::stdout().as_fd().try_clone_to_owned()?;
        Ok(Self::new(input, output))
    }

    pub(super) fn new(input: OwnedFd, output: OwnedFd) -> Self {
        Self {
            input: input.into(),
            output: output.into(),
            heard: FrameBuffer::default(),
        }
    }

    /// Reads what is to be done, which comes first.
    pub(super) fn tool(&mut self) -> io::Result<Tool> {
        frame::read(&self.input)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// Says something.
    pub(super) fn say(&mut self, told: &Told) -> Result<(), Stop> {
        frame::write(&self.output, told).map_err(Stop::Unheard)
    }

    /// Says bytes in pieces.
    pub(super) fn say_bytes(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let mut pieces = bytes.chunks(PIECE);
        pieces.try_for_each(|piece| self.say(&Told::Bytes(piece.to_vec())))
    }

    /// Waits until there is something to be read here or from the source, at most for so long.
    pub(super) fn await_any(
        &self,
        source: BorrowedFd<'_>,
        at_most: Option<Duration>,
    ) -> Result<Ready, Stop> {
        let mut fds = [
            PollFd::from_borrowed_fd(source, PollFlags::IN),
            PollFd::new(&self.input, PollFlags::IN),
        ];
        await_one_of(&mut fds, at_most)?;
        let [source, input] = fds.map(|fd| !fd.revents().is_empty());
        Ok(Ready { source, input })
    }

    /// Waits until there is something to be read from the source, at most for so long.
    pub(super) fn await_source(
        &self,
        source: BorrowedFd<'_>,
        at_most: Duration,
    ) -> Result<(), Stop> {
        await_one_of(
            &mut [PollFd::from_borrowed_fd(source, PollFlags::IN)],
            Some(at_most),
        )
    }

    /// Waits until there is something to be read here, at most for so long; returns whether there is.
    pub(super) fn await_input(&self, at_most: Duration) -> Result<bool, Stop> {
        let mut fds = [PollFd::new(&self.input, PollFlags::IN)];
        await_one_of(&mut fds, Some(at_most))?;
        Ok(!fds[0].revents().is_empty())
    }

    /// Waits for the end of the input; what it is asked until then has no answer.
    pub(super) fn await_end(&mut self) -> Result<(), Stop> {
        while self.hear()?.is_some() {}
        Ok(())
    }

    /// Reads what it is asked, once there is something; `None` at the end of its input.
    pub(super) fn hear(&mut self) -> Result<Option<Vec<Ask>>, Stop> {
        let mut bytes = [0; 1 << 12];
        let count = match self.input.read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                return Ok(Some(Vec::new()));
            }
            read => read.map_err(Stop::Unheard)?,
        };
        if count == 0 {
            return Ok(None);
        }
        self.heard.push(&bytes[..count]);
        let mut asks = Vec::new();
        while let Some(ask) = self.heard.pop().map_err(Stop::Unheard)? {
            asks.push(ask);
        }
        Ok(Some(asks))
    }
}

fn await_one_of(fds: &mut [PollFd<'_>], at_most: Option<Duration>) -> Result<(), Stop> {
    let limit = at_most.map(|limit| Timespec {
        tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    });
    match poll(fds, limit.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(Stop::cannot("wait", io::Error::from(error))),
    }
}

/// The test's ends of the streams of a tool in this process.
#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;
    use std::thread::JoinHandle;

    /// A tool that runs in a thread of its own.
    pub(in super::super) struct Played {
        line: UnixStream,
        thread: JoinHandle<()>,
    }

    impl Played {
        /// Begins a tool.
        pub(in super::super) fn begin(
            work: impl FnOnce(&mut Streams) -> Result<(), Stop> + Send + 'static,
        ) -> Self {
            let (line, theirs) = UnixStream::pair().unwrap();
            let output = theirs.try_clone().unwrap();
            let thread = std::thread::spawn(move || {
                let mut streams = Streams::new(theirs.into(), output.into());
                let told = match work(&mut streams) {
                    Ok(()) => Told::Over,
                    Err(Stop::Hindered(hindrance)) => Told::Hindered(hindrance),
                    Err(Stop::Failed(failure)) => Told::Failed(failure),
                    Err(Stop::Unable(unable)) => Told::Unable(unable),
                    Err(Stop::Unheard(error)) => panic!("{error}"),
                };
                streams.say(&told).unwrap();
            });
            Self { line, thread }
        }

        pub(in super::super) fn told(&self) -> Told {
            frame::read(&self.line).unwrap().expect("it says more")
        }

        pub(in super::super) fn ask(&self, ask: &Ask) -> Told {
            frame::write(&self.line, ask).unwrap();
            self.told()
        }

        /// Ends its input, and returns the rest of what it says.
        pub(in super::super) fn end(self) -> Vec<Told> {
            self.line.shutdown(std::net::Shutdown::Write).unwrap();
            let mut told = Vec::new();
            while let Some(more) = frame::read(&self.line).unwrap() {
                told.push(more);
            }
            self.thread.join().unwrap();
            told
        }
    }
}
