//! Answers the requests of a network block device from a file, or with an error where they are to
//! fail. Knows no device.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const REQUEST: u32 = 0x2560_9513;
const REPLY: u32 = 0x6744_6698;

/// The length of a request without its data.
const HEAD: usize = 28;

/// The most data of one request, in bytes; the kernel sends less.
const MOST: u32 = 32 << 20;

const READ: u16 = 0;
const WRITE: u16 = 1;
const DISCONNECT: u16 = 2;
const FLUSH: u16 = 3;

const EIO: u32 = 5;
const EINVAL: u32 = 22;

/// Which requests fail, and how many have.
#[derive(Debug, Default)]
pub(super) struct Failing {
    pub(super) reads: AtomicBool,
    pub(super) writes: AtomicBool,
    pub(super) count: AtomicU64,
}

impl Failing {
    fn fails(&self, kind: u16) -> bool {
        let fails = match kind {
            READ => &self.reads,
            _ => &self.writes,
        };
        let fails = fails.load(Ordering::Acquire);
        self.count.fetch_add(fails.into(), Ordering::Relaxed);
        fails
    }
}

/// What the kernel asks for.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    kind: u16,
    handle: [u8; 8],
    from: u64,
    length: u32,
}

impl Request {
    fn parse(head: &[u8; HEAD]) -> io::Result<Self> {
        let number = |at: usize| {
            let mut bytes = [0; 4];
            bytes.copy_from_slice(&head[at..at + 4]);
            u32::from_be_bytes(bytes)
        };
        let mut handle = [0; 8];
        handle.copy_from_slice(&head[8..16]);
        let request = Self {
            kind: u16::from_be_bytes([head[6], head[7]]),
            handle,
            from: u64::from(number(16)) << 32 | u64::from(number(20)),
            length: number(24),
        };
        if number(0) != REQUEST || request.length > MOST {
            return Err(ErrorKind::InvalidData.into());
        }
        Ok(request)
    }
}

/// Answers requests until the kernel ends the connection.
pub(super) fn serve(
    mut stream: impl Read + Write,
    file: &File,
    failing: &Failing,
) -> io::Result<()> {
    let mut head = [0; HEAD];
    let mut data = Vec::new();
    loop {
        match stream.read_exact(&mut head) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let request = Request::parse(&head)?;
        if request.kind == DISCONNECT {
            return Ok(());
        }
        data.resize(request.length as usize, 0);
        if request.kind == WRITE {
            stream.read_exact(&mut data)?;
        }
        let error = answer(&request, &mut data, file, failing);
        let mut reply = REPLY.to_be_bytes().to_vec();
        reply.extend(error.to_be_bytes());
        reply.extend(request.handle);
        if request.kind == READ && error == 0 {
            reply.append(&mut data);
        }
        stream.write_all(&reply)?;
    }
}

/// Does what is asked, and returns the number of its error.
fn answer(request: &Request, data: &mut [u8], file: &File, failing: &Failing) -> u32 {
    if failing.fails(request.kind) {
        return EIO;
    }
    let done = match request.kind {
        READ => file.read_exact_at(data, request.from),
        WRITE => file.write_all_at(data, request.from),
        FLUSH => Ok(()),
        _ => return EINVAL,
    };
    done.map_or(EIO, |()| 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::thread;

    /// The kernel's side of a device.
    struct Device {
        stream: UnixStream,
        failing: Arc<Failing>,
        server: thread::JoinHandle<io::Result<()>>,
    }

    impl Device {
        fn new(size: u64) -> Self {
            let (stream, theirs) = UnixStream::pair().unwrap();
            let file = tempfile::tempfile().unwrap();
            file.set_len(size).unwrap();
            let failing = Arc::new(Failing::default());
            let of_server = Arc::clone(&failing);
            let server = thread::spawn(move || serve(theirs, &file, &of_server));
            Self {
                stream,
                failing,
                server,
            }
        }

        /// Asks for something; returns the error and the data.
        fn ask(&mut self, kind: u16, from: u64, length: u32, data: &[u8]) -> (u32, Vec<u8>) {
            let mut bytes = REQUEST.to_be_bytes().to_vec();
            bytes.extend(u32::from(kind).to_be_bytes());
            bytes.extend(*b"12345678");
            bytes.extend(from.to_be_bytes());
            bytes.extend(length.to_be_bytes());
            bytes.extend(data);
            self.stream.write_all(&bytes).unwrap();
            let mut head = [0; 16];
            self.stream.read_exact(&mut head).unwrap();
            assert_eq!(head[..4], REPLY.to_be_bytes());
            assert_eq!(&head[8..], b"12345678");
            let error = u32::from_be_bytes(head[4..8].try_into().unwrap());
            let mut data = Vec::new();
            if kind == READ && error == 0 {
                data = vec![0; length as usize];
                self.stream.read_exact(&mut data).unwrap();
            }
            (error, data)
        }
    }

    #[test]
    fn what_was_written_is_read_and_what_is_to_fail_fails_and_is_counted() {
        let mut device = Device::new(8192);
        assert_eq!(device.ask(WRITE, 4096, 3, b"abc"), (0, vec![]));
        assert_eq!(device.ask(READ, 4096, 4, b""), (0, b"abc\0".to_vec()));
        device.failing.writes.store(true, Ordering::Release);
        assert_eq!(device.ask(WRITE, 4096, 3, b"def").0, EIO);
        assert_eq!(device.ask(FLUSH, 0, 0, b"").0, EIO);
        assert_eq!(device.ask(READ, 4096, 3, b""), (0, b"abc".to_vec()));
        device.failing.writes.store(false, Ordering::Release);
        device.failing.reads.store(true, Ordering::Release);
        assert_eq!(device.ask(READ, 4096, 3, b"").0, EIO);
        assert_eq!(device.ask(FLUSH, 0, 0, b"").0, 0);
        assert_eq!(device.failing.count.load(Ordering::Relaxed), 3);
        device.failing.reads.store(false, Ordering::Release);
        // Beyond the end of the file, and a request that is none.
        assert_eq!(device.ask(READ, 8192, 4, b"").0, EIO);
        assert_eq!(device.ask(9, 0, 0, b"").0, EINVAL);
        drop(device.stream);
        device.server.join().unwrap().unwrap();
    }

    #[test]
    fn a_request_that_is_none_or_too_long_ends_it() {
        for (magic, length) in [(REQUEST, MOST + 1), (7, 0)] {
            let mut device = Device::new(4096);
            let mut bytes = magic.to_be_bytes().to_vec();
            bytes.resize(24, 0);
            bytes.extend(u32::to_be_bytes(length));
            device.stream.write_all(&bytes).unwrap();
            let ended = device.server.join().unwrap();
            assert_eq!(ended.unwrap_err().kind(), ErrorKind::InvalidData);
        }
    }
}
