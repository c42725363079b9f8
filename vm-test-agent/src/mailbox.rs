//! Reads the reports that a body leaves in its memory because it cannot send them, and tells it
//! that they were taken.

use rustix::process::Pid;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};
use vm_test_protocol::body::FromBody;
use vm_test_protocol::frame::{CAP, FrameBuffer};
use vm_test_protocol::mailbox::{
    ADDRESS, LENGTH, NONCE_HIGH, NONCE_LOW, POSTED, TAKEN, WORDS, halves,
};

/// How often a mailbox is read while its process seems to be connected.
const SELDOM: Duration = Duration::from_millis(500);

/// The size of a word in bytes.
const WORD: usize = size_of::<u64>();

/// The mailbox of a process.
#[derive(Debug)]
pub(super) struct Mailbox {
    memory: String,
    address: u64,
    nonce: u128,
    taken: u64,
    looked: Instant,
}

impl Mailbox {
    /// Returns the mailbox at this address in the memory of this process.
    ///
    /// The process may have reported any address: only its own memory is read.
    pub(super) fn new(process: Pid, address: u64, nonce: u128) -> Self {
        Self {
            memory: format!("/proc/{process}/mem"),
            address,
            nonce,
            taken: 0,
            looked: Instant::now(),
        }
    }

    /// Returns whether it is time to read it without a specific reason.
    pub(super) fn is_due(&self) -> bool {
        self.looked.elapsed() >= SELDOM
    }

    /// Takes the next report, if there is one.
    ///
    /// There is none if the process has ended or has executed another program.
    ///
    /// # Errors
    /// If there is something with the right nonce that is not a report.
    pub(super) fn take(&mut self) -> Result<Option<FromBody>, String> {
        self.looked = Instant::now();
        let open = File::options().read(true).write(true).open(&self.memory);
        let Ok(memory) = open else {
            return Ok(None);
        };
        let is_posted = |words: &[u64; WORDS]| words[POSTED] != self.taken;
        // Words that are read while the process writes them may belong to two reports. Once one is
        // marked as posted, all of its words are written, and they do not change before the process
        // has seen that the report is taken.
        if !self.words(&memory).as_ref().is_some_and(is_posted) {
            return Ok(None);
        }
        let Some(words) = self.words(&memory) else {
            return Ok(None);
        };
        if [words[NONCE_LOW], words[NONCE_HIGH]] != halves(self.nonce) {
            return Ok(None);
        }
        let posted = words[POSTED];
        let length = usize::try_from(words[LENGTH]).unwrap_or(usize::MAX);
        if length > CAP + WORD {
            return Err(format!("a report of {length} bytes in its memory"));
        }
        let mut frame = vec![0; length];
        memory
            .read_exact_at(&mut frame, words[ADDRESS])
            .map_err(|error| format!("a report that cannot be read in its memory: {error}"))?;
        let mut buffer = FrameBuffer::default();
        buffer.push(&frame);
        let report = buffer
            .pop::<FromBody>()
            .map_err(|error| error.to_string())?;
        self.taken = posted;
        let of_taken = self.address.saturating_add((TAKEN * WORD) as u64);
        // If this fails, the process waits in vain for a while, without harm.
        let _ = memory.write_all_at(&posted.to_ne_bytes(), of_taken);
        report
            .map(Some)
            .ok_or_else(|| "a part of a report in its memory".to_owned())
    }

    /// Returns the present words.
    fn words(&self, memory: &File) -> Option<[u64; WORDS]> {
        let mut bytes = [0; WORDS * WORD];
        memory.read_exact_at(&mut bytes, self.address).ok()?;
        Some(std::array::from_fn(|index| {
            let mut word = [0; WORD];
            word.copy_from_slice(&bytes[index * WORD..(index + 1) * WORD]);
            u64::from_ne_bytes(word)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};
    use vm_test_protocol::body::BodyOutcome;
    use vm_test_protocol::frame;

    const NONCE: u128 = 7 << 64 | 9;

    fn report() -> FromBody {
        FromBody::Verdict {
            nonce: NONCE,
            outcome: BodyOutcome::Passed,
            took: Duration::from_micros(1),
        }
    }

    /// Returns the words of a mailbox that contains this.
    fn words(nonce: u128, frame: &'static [u8], length: usize) -> &'static [AtomicU64; WORDS] {
        let words: &'static [AtomicU64; WORDS] = Box::leak(Box::default());
        let [low, high] = halves(nonce);
        let address = frame.as_ptr().expose_provenance() as u64;
        for (index, value) in [
            (NONCE_LOW, low),
            (NONCE_HIGH, high),
            (ADDRESS, address),
            (LENGTH, length as u64),
            (POSTED, 1),
        ] {
            words[index].store(value, Ordering::SeqCst);
        }
        words
    }

    fn mailbox(words: &'static [AtomicU64; WORDS]) -> Mailbox {
        let address = words.as_ptr().expose_provenance() as u64;
        Mailbox::new(rustix::process::getpid(), address, NONCE)
    }

    #[test]
    fn a_report_is_taken_once_and_its_owner_sees_that() {
        let frame = Vec::leak(frame::encode(&report()).unwrap());
        let words = words(NONCE, frame, frame.len());
        let mut mailbox = mailbox(words);
        assert_eq!(mailbox.take(), Ok(Some(report())));
        assert_eq!(words[TAKEN].load(Ordering::SeqCst), 1);
        assert_eq!(mailbox.take(), Ok(None));
        words[POSTED].store(2, Ordering::SeqCst);
        assert_eq!(mailbox.take(), Ok(Some(report())));
    }

    #[test]
    fn nothing_counts_with_another_nonce_or_where_nothing_is() {
        let frame = Vec::leak(frame::encode(&report()).unwrap());
        let mut others = mailbox(words(NONCE + 1, frame, frame.len()));
        assert_eq!(others.take(), Ok(None));
        for address in [0, 1, u64::MAX] {
            let mut nowhere = Mailbox::new(rustix::process::getpid(), address, NONCE);
            assert_eq!(nowhere.take(), Ok(None));
        }
    }

    #[test]
    fn what_is_no_report_is_refused_before_its_length_is_believed() {
        let frame = Vec::leak(frame::encode(&report()).unwrap());
        for (bytes, length) in [
            (&frame[..], usize::MAX),
            (&frame[..], CAP * 2),
            (&frame[..], frame.len() - 1),
            (b"\x01\0\0\0\xff".as_slice(), 5),
        ] {
            let taken = mailbox(words(NONCE, bytes, length)).take();
            assert!(taken.is_err(), "{taken:?}");
        }
    }
}
