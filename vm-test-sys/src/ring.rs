//! The frames of one network interface by way of memory that this process shares with the kernel
//! (`TPACKET_V3`): the kernel copies the beginning of each frame into a block, and no frame costs a
//! system call. Keeps nothing itself.

use crate::packet::Packets;
use crate::tag::{tag, with_tag};
use std::io;
use std::mem::offset_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How many bytes of a frame are taken.
pub const MOST_BYTES: u32 = 2048;

/// After this time the kernel hands out a block that is not full.
pub const DELAY: Duration = Duration::from_millis(25);

const BLOCK: usize = 32 << 10;
const BLOCKS: usize = 16;

/// The beginning of a frame that has come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When it came, since the epoch.
    pub at: Duration,
    /// How long it was, its tag included.
    pub length: u32,
    /// Its first bytes, with the tag of its VLAN.
    pub bytes: Vec<u8>,
}

/// The shared memory of one interface.
#[derive(Debug)]
pub struct Ring {
    packets: Packets,
    memory: NonNull<u8>,
    /// The block that is filled next.
    next: usize,
}

// SAFETY: the memory belongs to the ring alone, and reading it needs exclusive access to the ring.
unsafe impl Send for Ring {}

impl Ring {
    /// Begins to take the frames that come in through the interface of this name.
    ///
    /// # Errors
    /// If there is no such interface, or this process may not see its frames, or memory is short.
    pub fn on(interface: &str) -> io::Result<Self> {
        let packets = Packets::unbound()?;
        packets.set(
            libc::PACKET_VERSION,
            &(libc::tpacket_versions::TPACKET_V3 as libc::c_int),
        )?;
        let number = |value: usize| u32::try_from(value).unwrap_or_default();
        let request = libc::tpacket_req3 {
            tp_block_size: number(BLOCK),
            tp_block_nr: number(BLOCKS),
            tp_frame_size: 4096,
            tp_frame_nr: number(BLOCKS * BLOCK / 4096),
            tp_retire_blk_tov: u32::try_from(DELAY.as_millis()).unwrap_or_default(),
            tp_sizeof_priv: 0,
            tp_feature_req_word: 0,
        };
        packets.set(libc::PACKET_RX_RING, &request)?;
        packets.set::<libc::c_int>(libc::PACKET_IGNORE_OUTGOING, &1)?;
        packets.take_at_most(MOST_BYTES)?;
        // SAFETY: a new mapping of the ring that the kernel has just made; nothing else changes.
        let memory = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                BLOCK * BLOCKS,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                packets.as_fd().as_raw_fd(),
                0,
            )
        };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let memory = NonNull::new(memory.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        let ring = Self {
            packets,
            memory,
            next: 0,
        };
        ring.packets.bind(interface)?;
        Ok(ring)
    }

    /// Calls `take` with all frames that the kernel has handed out, and gives their blocks back.
    pub fn read(&mut self, mut take: impl FnMut(Seen)) {
        // More come in meanwhile: each block is read at most once, so that this ends.
        for _ in 0..BLOCKS {
            let at = self.next * BLOCK + offset_of!(libc::tpacket_block_desc, hdr);
            // SAFETY: the status is the first word of a block's header, in this ring's memory, which
            // stays mapped; both sides access it as an atomic word.
            let status = unsafe { &*self.memory.as_ptr().add(at).cast::<AtomicU32>() };
            if status.load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
                return;
            }
            // SAFETY: by its status, the kernel leaves this block alone until it is given back.
            let block = unsafe {
                std::slice::from_raw_parts(self.memory.as_ptr().add(self.next * BLOCK), BLOCK)
            };
            frames(block, &mut take);
            status.store(libc::TP_STATUS_KERNEL, Ordering::Release);
            self.next = (self.next + 1) % BLOCKS;
        }
    }

    /// Returns how many frames found no room since this was last asked.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.packets.lost()
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.packets.as_fd()
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: this is the mapping that `on` made, and nobody has a reference to it.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), BLOCK * BLOCKS) };
    }
}

/// Calls `take` with the frames of a block.
fn frames(block: &[u8], take: &mut impl FnMut(Seen)) {
    let word = |at: usize| {
        let bytes = block.get(at..at + 4)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    };
    let half = |at: usize| {
        let bytes = block.get(at..at + 2)?;
        Some(u16::from_ne_bytes(bytes.try_into().ok()?))
    };
    let of_block =
        |field: usize| word(offset_of!(libc::tpacket_block_desc, hdr) + field).unwrap_or_default();
    let count = of_block(offset_of!(libc::tpacket_hdr_v1, num_pkts));
    let mut at = of_block(offset_of!(libc::tpacket_hdr_v1, offset_to_first_pkt)) as usize;
    for _ in 0..count {
        let frame = || {
            let field = |field: usize| word(at + field);
            let taken = field(offset_of!(libc::tpacket3_hdr, tp_snaplen))? as usize;
            let begin = at + usize::from(half(at + offset_of!(libc::tpacket3_hdr, tp_mac))?);
            let hash = offset_of!(libc::tpacket3_hdr, hv1);
            let tci = field(hash + offset_of!(libc::tpacket_hdr_variant1, tp_vlan_tci))?;
            let tpid = half(at + hash + offset_of!(libc::tpacket_hdr_variant1, tp_vlan_tpid))?;
            let status = field(offset_of!(libc::tpacket3_hdr, tp_status))?;
            let tag = tag(status, tpid, u16::try_from(tci).unwrap_or_default());
            let seconds = field(offset_of!(libc::tpacket3_hdr, tp_sec))?;
            let nanos = field(offset_of!(libc::tpacket3_hdr, tp_nsec))?;
            let length = field(offset_of!(libc::tpacket3_hdr, tp_len))?;
            Some(Seen {
                at: Duration::new(seconds.into(), nanos.min(999_999_999)),
                length: length.saturating_add(if tag.is_some() { 4 } else { 0 }),
                bytes: with_tag(block.get(begin..begin + taken)?, tag),
            })
        };
        if let Some(seen) = frame() {
            take(seen);
        }
        match word(at) {
            None | Some(0) => return,
            Some(next) => at += next as usize,
        }
    }
}
