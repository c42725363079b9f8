//! Several frames of packet sockets with one request to the kernel, each with its header: they are
//! received into memory that stays the same, and sent from there. Decides about none.

use crate::packet::{HEADER, LONGEST, Packets, Received};
use crate::tag::{put_tag, tag_beside};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd};

/// How many frames there are at most.
pub const MOST: usize = 64;

/// The room for each frame. The odd line keeps the beginnings of frames apart in caches.
const ROOM: usize = (HEADER + LONGEST).next_multiple_of(64) + 64;

/// So many bytes stay in the cache of a processor until they are sent.
const AT_ONCE: usize = 256 << 10;

/// What the kernel says beside a frame, in words.
type Beside = [u64; 8];

/// Frames with their headers, by numbers from 0.
#[derive(Debug)]
pub struct Batch {
    memory: Box<[u8]>,
    /// The lengths of frames. What could not be received has none.
    lengths: [Option<usize>; MOST],
    beside: Box<[Beside; MOST]>,
    parts: Box<[libc::iovec; MOST]>,
    messages: Box<[libc::mmsghdr; MOST]>,
    /// The longest of the frames that came last.
    longest: usize,
}

// SAFETY: the pointers lead to the batch's own memory, and are used in calls with exclusive access
// to the batch alone.
unsafe impl Send for Batch {}

impl Default for Batch {
    fn default() -> Self {
        Self::new()
    }
}

impl Batch {
    /// Returns room for frames.
    #[must_use]
    pub fn new() -> Self {
        let nowhere = libc::iovec {
            iov_base: std::ptr::null_mut(),
            iov_len: 0,
        };
        // SAFETY: all-zero bytes are a valid message header.
        let message: libc::mmsghdr = unsafe { std::mem::zeroed() };
        Self {
            // The kernel gives memory once it is used: short frames take a page each.
            memory: vec![0; MOST * ROOM].into(),
            lengths: [None; MOST],
            beside: Box::new([[0; 8]; MOST]),
            parts: Box::new([nowhere; MOST]),
            messages: Box::new([message; MOST]),
            longest: HEADER,
        }
    }

    /// Receives frames that wait, at most so many; returns how many there are now, and whether more
    /// may wait. Frames that came before are gone.
    ///
    /// Long ones come in smaller numbers.
    ///
    /// # Errors
    /// If the interface is down or gone.
    pub fn receive(&mut self, packets: &Packets, most: usize) -> io::Result<(usize, bool)> {
        let most = most.min(AT_ONCE / self.longest).clamp(1, MOST);
        let (beside, parts) = (self.beside.as_mut_ptr(), self.parts.as_mut_ptr());
        let memory = self.memory.as_mut_ptr();
        for (number, message) in self.messages[..most].iter_mut().enumerate() {
            let part = libc::iovec {
                iov_base: memory.wrapping_add(number * ROOM).cast(),
                // The kernel takes a tag out of the frame, and there must be room to put it back.
                iov_len: ROOM - 4,
            };
            let header = &mut message.msg_hdr;
            header.msg_iov = parts.wrapping_add(number);
            // SAFETY: there are as many parts as messages.
            unsafe { header.msg_iov.write(part) };
            header.msg_iovlen = 1;
            header.msg_control = beside.wrapping_add(number).cast();
            header.msg_controllen = size_of::<Beside>() as _;
            header.msg_flags = 0;
        }
        let socket = packets.as_fd().as_raw_fd();
        let (messages, count) = (self.messages.as_mut_ptr(), most as libc::c_uint);
        // SAFETY: the messages lead to the batch's own memory, and have its sizes.
        let came = unsafe { libc::recvmmsg(socket, messages, count, 0, std::ptr::null_mut()) };
        let Ok(came) = usize::try_from(came) else {
            let error = io::Error::last_os_error();
            return match (error.kind(), error.raw_os_error()) {
                (ErrorKind::WouldBlock | ErrorKind::Interrupted, _) => Ok((0, false)),
                // A frame of a kind that headers do not describe.
                (_, Some(libc::EINVAL)) => {
                    self.lengths[0] = None;
                    Ok((1, true))
                }
                _ => Err(error),
            };
        };
        self.longest = HEADER;
        for number in 0..came {
            let message = &self.messages[number];
            let mut length = message.msg_len as usize;
            self.longest = self.longest.max(length);
            if let Some(tag) = tag_beside(&message.msg_hdr) {
                let frame = &mut self.memory[number * ROOM..][..ROOM];
                length = put_tag(frame, length, HEADER, tag);
            }
            let is_whole = message.msg_hdr.msg_flags & libc::MSG_TRUNC == 0;
            self.lengths[number] = is_whole.then_some(length);
        }
        // With fewer than were asked for there are no more, or the next one cannot be received.
        Ok((came, came == most))
    }

    /// Takes frames from elsewhere, one after the other, at most so many; returns how many there are
    /// now, and whether more may wait. Frames that came before are gone.
    ///
    /// # Errors
    /// As `next` does, if it has returned no frame before that.
    pub fn fill(
        &mut self,
        most: usize,
        mut next: impl FnMut(&mut [u8]) -> io::Result<Received>,
    ) -> io::Result<(usize, bool)> {
        let most = most.clamp(1, MOST);
        for (number, room) in self.memory.chunks_mut(ROOM).take(most).enumerate() {
            self.lengths[number] = match next(room) {
                Ok(Received::Frame { length, .. }) => Some(length),
                Ok(Received::Lost) => None,
                Ok(Received::Nothing) => return Ok((number, false)),
                // It comes again.
                Err(_) if number > 0 => return Ok((number, true)),
                Err(error) => return Err(error),
            };
        }
        Ok((most, true))
    }

    /// Returns a frame, if it could be received.
    #[must_use]
    pub fn frame(&self, number: usize) -> Option<&[u8]> {
        let length = (*self.lengths.get(number)?)?;
        self.memory.get(number * ROOM..)?.get(..length)
    }

    /// Sends the frames with these numbers. An interface that is full, down or gone loses them.
    pub fn send(&mut self, packets: &Packets, numbers: impl IntoIterator<Item = usize>) {
        let (memory, parts) = (self.memory.as_mut_ptr(), self.parts.as_mut_ptr());
        let mut count = 0;
        for number in numbers.into_iter().take(MOST) {
            let Some(length) = self.lengths.get(number).copied().flatten() else {
                continue;
            };
            let part = libc::iovec {
                iov_base: memory.wrapping_add(number * ROOM).cast(),
                iov_len: length,
            };
            let header = &mut self.messages[count].msg_hdr;
            header.msg_iov = parts.wrapping_add(count);
            // SAFETY: there are as many parts as messages.
            unsafe { header.msg_iov.write(part) };
            header.msg_iovlen = 1;
            header.msg_control = std::ptr::null_mut();
            header.msg_controllen = 0;
            count += 1;
        }
        let socket = packets.as_fd().as_raw_fd();
        let mut sent = 0;
        while sent < count {
            let rest = &mut self.messages[sent..count];
            let (messages, length) = (rest.as_mut_ptr(), rest.len() as libc::c_uint);
            // SAFETY: the messages lead to frames in the batch's own memory.
            let went = unsafe { libc::sendmmsg(socket, messages, length, 0) };
            // The first of them that is not taken is lost, and the others are tried.
            sent += usize::try_from(went).map_or(1, |went| went.max(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Fills a batch with as many as there are of these; a number is the length of a frame.
    fn fill(batch: &mut Batch, waiting: &mut VecDeque<Received>, most: usize) -> (usize, bool) {
        let next = |room: &mut [u8]| {
            let received = waiting.pop_front().unwrap_or(Received::Nothing);
            if let Received::Frame { length, .. } = received {
                room[..length].fill(length as u8);
            }
            Ok(received)
        };
        batch.fill(most, next).unwrap()
    }

    fn frame(length: usize) -> Received {
        Received::Frame {
            length,
            is_outgoing: false,
        }
    }

    #[test]
    fn frames_of_any_length_have_numbers_and_those_that_are_lost_have_no_bytes() {
        let mut batch = Batch::new();
        let longest = HEADER + LONGEST;
        let mut waiting = VecDeque::from([frame(3), Received::Lost, frame(longest), frame(5)]);
        assert_eq!(fill(&mut batch, &mut waiting, 3), (3, true));
        assert_eq!(batch.frame(0), Some(&[3; 3][..]));
        assert_eq!(batch.frame(1), None);
        assert_eq!(batch.frame(2).map(<[u8]>::len), Some(longest));
        assert_eq!(fill(&mut batch, &mut waiting, MOST), (1, false));
        assert_eq!(batch.frame(0), Some(&[5; 5][..]));
        assert_eq!(batch.frame(MOST), None);
    }

    #[test]
    fn an_error_is_told_once_what_came_before_it_is_known() {
        let mut batch = Batch::new();
        let mut left = 2;
        let mut next = |_: &mut [u8]| {
            if left == 0 {
                return Err(ErrorKind::NotConnected.into());
            }
            left -= 1;
            Ok(frame(1))
        };
        assert_eq!(batch.fill(MOST, &mut next).unwrap(), (2, true));
        assert!(batch.fill(MOST, &mut next).is_err());
    }
}
