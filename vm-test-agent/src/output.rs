//! A job's output on its way to the host: removes what libtest prints around the body, and
//! truncates excessive output.

/// How many bytes of a job's output are sent to the host; the rest is only counted.
pub(super) const MOST_OUTPUT: u64 = 256 << 20;

/// How many bytes before the body are kept, in case the body never begins.
const MOST_PREAMBLE: usize = 16 << 10;

/// One output stream of a test: only what is between its two markers belongs to the test.
#[derive(Debug)]
pub(super) struct Cutter {
    begin: Vec<u8>,
    end: Vec<u8>,
    phase: Phase,
    held: Vec<u8>,
    preamble: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Before,
    Body,
    After,
}

impl Cutter {
    /// Returns a cutter for a stream with these markers.
    pub(super) fn new(begin: Vec<u8>, end: Vec<u8>) -> Self {
        Self {
            begin,
            end,
            phase: Phase::Before,
            held: Vec::new(),
            preamble: Vec::new(),
        }
    }

    /// Returns a cutter that passes on the whole stream.
    pub(super) fn uncut() -> Self {
        Self {
            phase: Phase::Body,
            ..Self::new(Vec::new(), Vec::new())
        }
    }

    /// Returns the bytes of the body, given the next bytes of the stream.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        let mut body = Vec::new();
        loop {
            let marker = match self.phase {
                Phase::Before => &self.begin,
                Phase::Body => &self.end,
                Phase::After => {
                    self.held.clear();
                    return body;
                }
            };
            let (known, found) = split(&self.held, marker);
            let rest = self.held.split_off(known);
            let part = std::mem::replace(&mut self.held, rest);
            match self.phase {
                Phase::Before => {
                    let room = MOST_PREAMBLE.saturating_sub(self.preamble.len());
                    self.preamble
                        .extend_from_slice(&part[..part.len().min(room)]);
                }
                _ => body.extend_from_slice(&part),
            }
            if !found {
                return body;
            }
            self.held.drain(..marker.len());
            self.phase = match self.phase {
                Phase::Before => Phase::Body,
                _ => Phase::After,
            };
        }
    }

    /// Returns what is left at the end of the stream, and what preceded the body.
    pub(super) fn finish(mut self) -> (Vec<u8>, Vec<u8>) {
        let rest = std::mem::take(&mut self.held);
        match self.phase {
            Phase::Before => {
                self.preamble.extend_from_slice(&rest);
                (Vec::new(), self.preamble)
            }
            Phase::Body => (rest, self.preamble),
            Phase::After => (Vec::new(), self.preamble),
        }
    }
}

/// Returns how many bytes certainly precede the marker, and whether the marker follows them.
fn split(bytes: &[u8], marker: &[u8]) -> (usize, bool) {
    if marker.is_empty() {
        return (bytes.len(), false);
    }
    let mut at = 0;
    while let Some(next) = memchr::memchr(marker[0], &bytes[at..]) {
        at += next;
        let rest = &bytes[at..];
        if rest.starts_with(marker) {
            return (at, true);
        }
        if marker.starts_with(rest) {
            return (at, false);
        }
        at += 1;
    }
    (bytes.len(), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(stream: &[u8], size: usize) -> (Vec<u8>, Vec<u8>) {
        let mut cutter = Cutter::new(b"\0B\0".to_vec(), b"\0E\0".to_vec());
        let mut body = Vec::new();
        for piece in stream.chunks(size) {
            body.extend(cutter.push(piece));
        }
        let (rest, preamble) = cutter.finish();
        body.extend(rest);
        (body, preamble)
    }

    #[test]
    fn only_the_body_comes_through_whatever_the_pieces() {
        for size in 1..30 {
            let (body, preamble) = through(b"running 1 test\n\0B\0a\0\0E b\0E\0 ... ok\n", size);
            assert_eq!(body, b"a\0\0E b", "in pieces of {size}");
            assert_eq!(preamble, b"running 1 test\n");
        }
    }

    #[test]
    fn without_an_end_all_that_follows_is_the_bodys() {
        assert_eq!(
            through(b"x\0B\0abc\0E", 3),
            (b"abc\0E".to_vec(), b"x".to_vec())
        );
    }

    #[test]
    fn without_a_beginning_all_is_kept_as_preamble() {
        assert_eq!(
            through(b"ld.so: no", 4),
            (Vec::new(), b"ld.so: no".to_vec())
        );
    }

    #[test]
    fn an_uncut_stream_is_unchanged() {
        let mut cutter = Cutter::uncut();
        assert_eq!(cutter.push(b"a\0B\0b"), b"a\0B\0b");
    }
}
